"""What a verdict sounds like in words, and what it looks like."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kiosk.events import Note, Told
from kiosk.screen.words import Words, words_in
from presence.verdict import CourseDue, DogLapsed, LeavingDue, RenewalDue, Saying, Verdict

_STAFF = ("staff", "staff")
_PLAIN: Mapping[Saying, str] = {
    Saying.WELCOME: "welcome_line",
    Saying.WELCOME_BACK: "welcome_back_line",
    Saying.GOODBYE: "goodbye_line",
}
_LOOKS: Mapping[Saying, tuple[str, str]] = {
    Saying.WELCOME: ("in", "enter"),
    Saying.ALREADY_IN: ("in", "check"),
    Saying.WELCOME_BACK: ("in", "enter"),
    Saying.GOODBYE: ("out", "leave"),
    Saying.CANNOT_READ: ("staff", "unread"),
}


def looks(told: Told) -> tuple[str, str]:
    """Tone and icon."""
    return _LOOKS.get(told.verdict.saying, _STAFF)


def title(told: Told, words: Words, now: datetime) -> str:
    """What stands largest. `now` is the time at the home."""
    match told.verdict.saying:
        case Saying.WELCOME:
            return words.to("welcome", told.first_name)
        case Saying.WELCOME_BACK:
            return words.to("welcome_back", told.first_name)
        case Saying.GOODBYE:
            return words.to("goodbye", told.first_name)
        case Saying.ALREADY_IN:
            since = _since(told.verdict)
            if since is None:
                return words.say("already_in_somehow")
            return words.say("already_in", time=words.time(since.astimezone(now.tzinfo)))
        case saying:
            return words.say(saying.value)


def lines(told: Told, words: Words) -> list[str]:
    """What stands below it."""
    verdict = told.verdict
    match verdict.saying:
        case Saying.WELCOME:
            due = [_due(one, words) for one in told.notes]
            if told.has_briefing:
                due.insert(0, words.say("briefing_follows"))
            return [words.say("welcome_line"), *(due or [words.say("wear_card")])]
        case Saying.GOODBYE:
            return [words.say("goodbye_line")]
        case Saying.ALREADY_IN:
            return [words.say("already_in_line")]
        case Saying.WELCOME_BACK:
            return [words.say("welcome_back_line")]
        case Saying.EXPIRED if verdict.expired_on:
            last_day = verdict.expired_on - timedelta(days=1)
            return [words.say("expired_line", date=words.day(last_day)), _call(verdict, words)]
        case Saying.COURSE_MISSING if verdict.course:
            return [verdict.course, _call(verdict, words)]
        case Saying.SEE_STAFF:
            return [words.say("see_staff_line")]
        case _:
            return [words.say("see_staff")]


def plainly(told: Told, now: datetime) -> str:
    """Only what was recorded, in the person's own language."""
    words, key = words_in(told.language), _PLAIN.get(told.verdict.saying)
    if key is None:
        return title(told, words, now)
    fact = words.say(key)
    return f"{told.first_name}: {fact}" if told.first_name else fact


def _due(due: Note, words: Words) -> str:
    match due:
        case RenewalDue(valid_until):
            return words.say("renewal_due", date=words.day(valid_until))
        case CourseDue(name, stops_on):
            return words.say("course_due", course=name, date=words.day(stops_on))
        case LeavingDue():
            return words.say("leaving_due")
        case DogLapsed(until):
            return words.say("dog_lapsed", date=words.day(until))


def _call(verdict: Verdict, words: Words) -> str:
    if verdict.call is None:
        return words.say("see_staff")
    return words.say("call", name=verdict.call.name, phone=verdict.call.phone)


def _since(verdict: Verdict) -> datetime | None:
    return verdict.visit.last_arrival or verdict.visit.arrived if verdict.visit else None
