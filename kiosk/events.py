"""What happened (events) and what to do about it (effects): the session's whole vocabulary.

`Stage` is what the person at the door should see (`kiosk.shown`, whose names are found here too).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kiosk.shown import (
    GREETINGS,
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
    Way,
)
from presence.briefing import Briefing
from presence.card import CardRef, ChipUid, Evidence, Unreadable
from presence.ids import BootId, PresentationId
from presence.messages import Answer, ClockTrust, Question, ReaderState, What
from presence.roster import House, RosterRow, Unsettled
from presence.statuslist import Listed

__all__ = [
    "GREETINGS",
    "AlarmRaised",
    "BriefingOpen",
    "BriefingRead",
    "CannotRead",
    "Idle",
    "Note",
    "Reading",
    "Stage",
    "Starting",
    "Surroundings",
    "Told",
    "Way",
]


class Signal(StrEnum):
    """What lamps and buzzer say."""

    IDLE = "idle"
    WAIT = "wait"
    """Something was read; nothing is decided yet. A lamp and a soft click, never a verdict."""
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    ASK_STAFF = "ask_staff"
    FAULT = "fault"
    ALARM = "alarm"
    ALARM_SILENCED = "alarm_silenced"
    """The alarm goes on; its sound was silenced by hand."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Every clock of the kiosk at one moment."""

    wall: datetime
    trust: ClockTrust
    boot: BootId
    uptime: timedelta
    """Since the power came on, never stepped (CLOCK_BOOTTIME)."""


# --- events: what happened -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Presented:
    """A card was held up. Said once per presentation: a resting card is not presented again."""

    reader: str
    evidence: Evidence | Unreadable


@dataclass(frozen=True, slots=True)
class Removed:
    """The card last presented to this reader is gone."""

    reader: str


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader works (again)."""

    reader: str


@dataclass(frozen=True, slots=True)
class ReaderLost:
    """The reader stopped answering; `why` is the driver's fault in a few words, for the log."""

    reader: str
    why: str


@dataclass(frozen=True, slots=True)
class ReaderFaltering:
    """The reader is SILENT or RECOVERING: neither ready nor lost yet. Told for the heartbeat and a
    small sign; ReaderReady or ReaderLost follows."""

    reader: str
    state: ReaderState


ReaderEvent = Presented | Removed | ReaderReady | ReaderLost | ReaderFaltering


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The button was pressed and let go; `is_long`: it was held, told while it is still down and
    not once more when it is let go.

    Short, it is a touch on the main button of what is shown, for hands that cannot use a touch
    screen. Long, it silences the buzzer during an alarm; otherwise it does nothing yet.
    """

    is_long: bool = False


@dataclass(frozen=True, slots=True)
class AlarmChanged:
    """The fire alarm's relay: raised when its contact opens, or its wire is cut (DOMAIN, "Roll
    call")."""

    is_raised: bool


SwitchEvent = ButtonPressed | AlarmChanged


@dataclass(frozen=True, slots=True)
class Consulted:
    """What the kiosk itself knows about what was presented."""

    presentation: PresentationId
    row: RosterRow | None
    unsettled: Unsettled
    as_of: datetime | None
    """Last contact with the server; None: never."""
    listed: Listed | None = None
    """What the status list says of the card; None: its list is not held."""
    card: CardRef | None = None
    """Which card it is; None: nobody here knows."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The server's answer to a question."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The connection to the server came or went."""

    is_up: bool


@dataclass(frozen=True, slots=True)
class HouseChanged:
    """What the kiosk knows of its home, and its briefing by language. Said at start, and when
    new. `house.zone` names a time zone that exists: whoever stores a house has checked it."""

    house: House | None
    briefings: Mapping[str, Briefing]


class Touch(StrEnum):
    """What can be touched on the screen."""

    NEXT = "next"
    BACK = "back"
    UNDERSTOOD = "understood"
    MORE_TIME = "more_time"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Touched:
    touch: Touch


class TimerName(StrEnum):
    ANSWER = "answer"
    """The server's time to answer is over."""
    IDLE = "idle"
    """What was told has been seen."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of this name; a new one of the same name replaces it. `about` tells an old one,
    already on its way, from the one that counts."""

    name: TimerName
    about: PresentationId | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    timer: Timer


Event = (
    ReaderEvent
    | SwitchEvent
    | Consulted
    | Answered
    | LinkChanged
    | HouseChanged
    | Touched
    | TimerFired
)


@dataclass(frozen=True, slots=True)
class At:
    """The moment of an event, and a fresh id for whatever it may begin."""

    wall: datetime
    uptime: timedelta
    fresh: PresentationId
    is_clock_sure: bool = True
    """False: the wall clock may be behind."""


# --- effects: what to do ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consult:
    """Look up what the kiosk knows; answered by `Consulted`, at once."""

    presentation: PresentationId
    about: CardRef | ChipUid | None
    """A card, or a chip that may be known. None: only the server can tell which card it is."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Put the question to the server; answered by `Answered`, perhaps."""

    question: Question


@dataclass(frozen=True, slots=True)
class Record:
    """Write it down durably. Nothing after it in the list of effects happens before that."""

    what: What


@dataclass(frozen=True, slots=True)
class Learn:
    """Keep the newer row that an answer brought. `at` is the server's time of that answer."""

    row: RosterRow
    at: datetime


@dataclass(frozen=True, slots=True)
class LearnChip:
    """Remember which card a chip is, by an answer. None: it is a card no more."""

    chip: ChipUid
    card: CardRef | None


@dataclass(frozen=True, slots=True)
class Show:
    stage: Stage
    around: Surroundings


@dataclass(frozen=True, slots=True)
class Indicate:
    signal: Signal


@dataclass(frozen=True, slots=True)
class StartTimer:
    timer: Timer
    after: timedelta


@dataclass(frozen=True, slots=True)
class StopTimer:
    name: TimerName


@dataclass(frozen=True, slots=True)
class CountUnreadable:
    """Something that was no genuine card, or whose card nobody could tell; only how many there were
    is kept."""


Effect = (
    Consult
    | Ask
    | Record
    | Learn
    | LearnChip
    | Show
    | Indicate
    | StartTimer
    | StopTimer
    | CountUnreadable
)
