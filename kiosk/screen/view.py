"""What is on the screen, word for word: a function of what the session says and the time.

It decides nothing but words, icons and colours. What must not be seen at the door (a reason, a
surname, a card's number) is not in `View`, so no page can show it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kiosk.events import (
    AlarmRaised,
    BriefingOpen,
    BriefingRead,
    CannotRead,
    Idle,
    Note,
    Reading,
    Stage,
    Starting,
    Surroundings,
    Told,
    Touch,
    Way,
)
from kiosk.screen.signs import signs
from kiosk.screen.words import Words, words_in
from presence.card import Unreadable
from presence.policy import Emergency, EmergencyNumber
from presence.verdict import (
    CourseDue,
    DogLapsed,
    LeavingDue,
    RenewalDue,
    Saying,
    Verdict,
)


class Button(Struct, frozen=True):
    touch: Touch
    label: str
    is_main: bool = False


class Notice(Struct, frozen=True):
    """One line to someone else."""

    tone: str
    icon: str
    text: str


class Number(Struct, frozen=True):
    """A number to call in an emergency, and what for."""

    number: str
    what: str


class View(Struct, frozen=True):
    """One screen. `key` stays the same as long as a touch on it means the same."""

    key: str
    tone: str
    """The colours: calm, in, out, staff, read or alarm."""
    icon: str
    title: str
    lines: Sequence[str] = ()
    before: Sequence[str] = ()
    """Others' greetings that they may have missed."""
    notice: Notice | None = None
    reader: str = ""
    page: str = ""
    buttons: Sequence[Button] = ()
    signs: Sequence[str] = ()
    """Small amber signs: no network, a broken reader."""
    language: str = ""
    home: str = ""
    clock: str = ""
    date: str = ""
    emergency: str = ""
    numbers: Sequence[Number] = ()
    wait: str = ""
    """What the page says by itself when it has lost the kiosk."""


def view(stage: Stage, around: Surroundings, language: str, now: datetime) -> View:
    """`language` is that of the home; a person's own comes with the stage. `now` is the time at
    the home, in the home's own zone, in which all other times are told too."""
    words = words_in(getattr(stage, "language", None) or language)
    house = around.house
    shown = _SCREENS[type(stage)](stage, around, words, now)
    return replace(
        shown,
        language=words.language,
        signs=signs(stage, around, words, now),
        home=house.name if house else "",
        clock=f"{now:%H:%M}",
        date=words.today(now),
        emergency=words.say("emergency"),
        wait=words.say("starting"),
        numbers=[
            Number(one.number, words.say(one.what))
            for one in (house.policy.emergency_numbers if house else _ANYWHERE)
        ],
    )


_ANYWHERE = (EmergencyNumber("112", Emergency.ALL),)
"""For a kiosk that does not know its home yet: all of Europe answers it."""


# --- one function for each stage -------------------------------------------------------------


def _waiting(stage: Starting | Idle, around: Surroundings, words: Words, _now: datetime) -> View:
    """What the eye falls on, picture and title, names one way only where only one works."""
    offered = around.offered
    if not offered:
        ask = words.say("see_staff")
        return View("broken", "staff", "fault", words.say("broken"), (ask,))
    is_code_only = offered == {Way.CODE}
    if isinstance(stage, Starting):
        line = words.say("starting_line_camera" if is_code_only else "starting_line")
        return View("starting", "calm", "wait", words.say("starting"), (line,))
    when = words.say("idle_line")
    if is_code_only:
        return View("idle", "calm", "code", words.say("idle_camera"), (when,))
    if offered == {Way.CHIP}:
        return View("idle", "calm", "card", words.say("idle"), (when,))
    lines = (words.say("idle_or_camera"), when)
    return View("idle", "calm", "card_or_code", words.say("idle"), lines)


def _reading(_stage: Reading, _around: Surroundings, words: Words, _now: datetime) -> View:
    return View("reading", "calm", "wait", words.say("reading"), (words.say("reading_line"),))


def _told(stage: Told, _around: Surroundings, words: Words, now: datetime) -> View:
    tone, icon = _LOOKS.get(stage.verdict.saying, _STAFF)
    return View(
        key="told",
        tone=tone,
        icon=icon,
        title=_title(stage, words, now),
        lines=_lines(stage, words),
        before=_before(stage.earlier, words, now),
        buttons=_more_time(stage, words),
    )


def _cannot_read(stage: CannotRead, _around: Surroundings, words: Words, now: datetime) -> View:
    icon, title, lines = _unread(stage)
    return View(
        key="cannot_read",
        tone="staff",
        icon=icon,
        title=words.say(title),
        lines=[words.say(line) for line in lines],
        before=_before(stage.earlier, words, now),
    )


def _unread(stage: CannotRead) -> tuple[str, str, tuple[str, ...]]:
    """Icon, title and lines: what to do rather than what is wrong, where there is something."""
    if stage.is_unanswered:
        return "staff", "see_staff", ("visit_noted", "cannot_check")
    match stage.why:
        case None:
            return "unread", "cannot_read", ("see_staff",)
        case Unreadable.GARBLED:
            return "unread", "try_again", ("hold_still", "or_see_staff")
        case Unreadable.UNSUPPORTED:
            return "unread", "not_this", ("only_id_card", "or_see_staff")
        case _:
            return "unread", "cannot_read", ("use_id_card", "or_see_staff")


def _briefing(stage: BriefingOpen, _around: Surroundings, words: Words, now: datetime) -> View:
    section = stage.sections[stage.page]
    is_first, is_last = stage.page == 0, stage.page == len(stage.sections) - 1
    left = Touch.LATER if is_first else Touch.BACK
    right = Touch.UNDERSTOOD if is_last else Touch.NEXT
    return View(
        key=f"briefing {stage.opened} {stage.page}",
        tone="read",
        icon="book",
        title=section.title,
        lines=section.lines,
        notice=_notice(stage.notice, words, now) if stage.notice else None,
        reader=stage.first_name or "",
        page=words.say("page", page=stage.page + 1, pages=len(stage.sections)),
        buttons=(
            Button(left, words.say(left.value)),
            Button(right, words.say(right.value), is_main=True),
        ),
    )


def _thanks(stage: BriefingRead, _around: Surroundings, words: Words, _now: datetime) -> View:
    lines = (words.say("thanks_line"), words.say("wear_card"))
    return View("thanks", "in", "check", words.to("thanks", stage.first_name), lines)


def _alarm(stage: AlarmRaised, _around: Surroundings, words: Words, now: datetime) -> View:
    """In one language: the home's own lines where it has them in that of the screen."""
    own = (words.say("alarm_leave"), words.say("alarm_follow"))
    return View(
        key="alarm",
        tone="alarm",
        icon="fire",
        title=words.say("alarm"),
        lines=stage.what_to_do.get(words.language) or own,
        notice=_notice(stage.notice, words, now) if stage.notice else None,
    )


_SCREENS: Mapping[type[Stage], Callable[[Any, Surroundings, Words, datetime], View]] = {
    Starting: _waiting,
    Idle: _waiting,
    Reading: _reading,
    Told: _told,
    CannotRead: _cannot_read,
    BriefingOpen: _briefing,
    BriefingRead: _thanks,
    AlarmRaised: _alarm,
}

# --- what a verdict sounds like in words -----------------------------------------------------

_STAFF = ("staff", "staff")
_LOOKS: Mapping[Saying, tuple[str, str]] = {
    Saying.WELCOME: ("in", "enter"),
    Saying.ALREADY_IN: ("in", "check"),
    Saying.WELCOME_BACK: ("in", "enter"),
    Saying.GOODBYE: ("out", "leave"),
    Saying.CANNOT_READ: ("staff", "unread"),
}


def _title(told: Told, words: Words, now: datetime) -> str:
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


def _lines(told: Told, words: Words) -> list[str]:
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


# --- the small things ------------------------------------------------------------------------


def _before(earlier: Sequence[Told], words: Words, now: datetime) -> list[str]:
    return [words.say("before_you", words=_title(told, words, now)) for told in earlier]


def _notice(said: Told | CannotRead | Reading, words: Words, now: datetime) -> Notice:
    if isinstance(said, Reading):
        return Notice("calm", "wait", words.say("reading_line"))
    if isinstance(said, CannotRead):
        icon, title, _ = _unread(said)
        return Notice("staff", icon, words.say(title))
    tone, icon = _LOOKS.get(said.verdict.saying, _STAFF)
    titles = [_title(told, words_in(told.language), now) for told in (said, *said.earlier)]
    return Notice(tone, icon, " · ".join(titles))


def _more_time(told: Told, words: Words) -> tuple[Button, ...]:
    """Where there is something to note down; "speak to the staff" needs no such time."""
    if not told.is_long or told.verdict.saying in (Saying.SEE_STAFF, Saying.CANNOT_READ):
        return ()
    return (Button(Touch.MORE_TIME, words.say("more_time")),)
