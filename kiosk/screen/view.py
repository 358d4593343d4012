"""What is on the screen, word for word: a function of what the session says and the time.

It decides nothing but words, icons and colours. What must not be seen at the door (a reason, a
surname, a card's number) is not in `View`, so no page can show it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kiosk.events import (
    AlarmRaised,
    BriefingOpen,
    BriefingRead,
    CannotRead,
    Idle,
    Reading,
    Stage,
    Starting,
    Surroundings,
    Told,
    Touch,
    Way,
)
from kiosk.screen import verdicts
from kiosk.screen.signs import signs
from kiosk.screen.words import Words, words_in
from presence.card import Unreadable
from presence.policy import Emergency, EmergencyNumber
from presence.verdict import Saying


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
    tone, icon = verdicts.looks(stage)
    return View(
        key="told",
        tone=tone,
        icon=icon,
        title=verdicts.title(stage, words, now),
        lines=verdicts.lines(stage, words),
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
        notice=_plain_notice(stage.notice, words, now) if stage.notice else None,
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

# --- the small things ------------------------------------------------------------------------


def _before(earlier: Sequence[Told], words: Words, now: datetime) -> list[str]:
    return [words.say("before_you", words=verdicts.title(told, words, now)) for told in earlier]


def _notice(said: Told | CannotRead, words: Words, now: datetime) -> Notice:
    if isinstance(said, CannotRead):
        icon, title, _ = _unread(said)
        return Notice("staff", icon, words.say(title))
    tone, icon = verdicts.looks(said)
    titles = [verdicts.title(told, words_in(told.language), now) for told in (said, *said.earlier)]
    return Notice(tone, icon, " · ".join(titles))


def _plain_notice(said: Told | CannotRead | Reading, words: Words, now: datetime) -> Notice:
    """During an alarm: what was recorded, for "welcome" would call somebody in."""
    if isinstance(said, Reading):
        return Notice("calm", "wait", words.say("reading_line"))
    if isinstance(said, CannotRead):
        return _notice(said, words, now)
    tone, icon = verdicts.looks(said)
    facts = [verdicts.plainly(told, now) for told in (said, *said.earlier)]
    return Notice(tone, icon, " · ".join(facts))


def _more_time(told: Told, words: Words) -> tuple[Button, ...]:
    """Where there is something to note down; "speak to the staff" needs no such time."""
    if not told.is_long or told.verdict.saying in (Saying.SEE_STAFF, Saying.CANNOT_READ):
        return ()
    return (Button(Touch.MORE_TIME, words.say("more_time")),)
