"""What happened (events) and what to do about it (effects): the session's whole vocabulary.

`Stage` is what the person at the door should see; the screen turns it into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from presence.briefing import Briefing, BriefingVersion, Section
from presence.card import CardRef, ChipUid, Evidence, Unreadable
from presence.ids import BootId, PresentationId
from presence.messages import Answer, ClockTrust, Question, ReaderState, What
from presence.roster import House, RosterRow, Unsettled
from presence.statuslist import Listed
from presence.verdict import CourseDue, DogLapsed, LeavingDue, RenewalDue, Saying, Verdict


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


class Way(StrEnum):
    """How a card is shown to a reader."""

    CHIP = "chip"
    """Held to an antenna."""
    CODE = "code"
    """Its code is shown to a camera or a scanner."""


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The button was pressed and let go; `is_long`: it was held (told while it is still down)."""

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


# --- stages: what the person sees ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Starting:
    """The kiosk does not know yet which home it stands in."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Hold your card to the reader."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A card was read; the verdict is on its way."""


GREETINGS = frozenset({Saying.WELCOME, Saying.ALREADY_IN, Saying.WELCOME_BACK, Saying.GOODBYE})
Note = RenewalDue | CourseDue | LeavingDue | DogLapsed


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, as the person is told it. `seen` is when the card was held up."""

    verdict: Verdict
    first_name: str | None
    language: str | None
    seen: datetime
    earlier: tuple["Told", ...] = ()
    """Others, told so shortly before that they may not have seen it yet; the latest first."""
    has_briefing: bool = False
    """The home's briefing opens after this."""

    @property
    def is_greeting(self) -> bool:
        """Said to someone who belongs here, by name; anything else names nobody."""
        return self.verdict.saying in GREETINGS

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is due and is told in a line."""
        return tuple(due for due in self.verdict.due if isinstance(due, Note))

    @property
    def is_long(self) -> bool:
        """There is more to read than a greeting."""
        return not self.is_greeting or bool(self.notes)


@dataclass(frozen=True, slots=True)
class CannotRead:
    """Nothing that could be a card of ours, as far as the kiosk can tell."""

    why: Unreadable | None
    earlier: tuple[Told, ...] = ()
    """As in `Told`."""
    is_unanswered: bool = False
    """Only the server knows whose card this is, and it did not say so in time."""


@dataclass(frozen=True, slots=True)
class BriefingOpen:
    """The briefing, one section at a time; moved on only by the reader's own touch."""

    version: BriefingVersion
    sections: tuple[Section, ...]
    page: int
    language: str
    first_name: str | None
    card: CardRef
    opened: timedelta
    """Uptime at which it was opened, to tell how long it was read."""
    is_unconfirmed: bool
    notice: Told | CannotRead | None = None
    """Another tap meanwhile: greeted in one line, the reading goes on."""


@dataclass(frozen=True, slots=True)
class BriefingRead:
    """Thanks: the briefing has been read and understood, and that has been recorded."""

    first_name: str | None
    language: str


Stage = Starting | Idle | Reading | Told | CannotRead | BriefingOpen | BriefingRead


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the screen shows beside the stage, whatever the stage is."""

    house: House | None
    is_connected: bool
    lost_readers: frozenset[str]
    can_read: bool = True
    """False: no reader is left that works."""


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
    """Something that was no genuine card; only its number is kept."""


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
