"""What the person at the door sees: one stage, and what surrounds it.

A stage says what is going on; the screen turns it into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from presence.briefing import BriefingVersion, Section
from presence.card import CardRef, Unreadable
from presence.messages import ReaderState
from presence.roster import House
from presence.verdict import CourseDue, DogLapsed, LeavingDue, RenewalDue, Saying, Verdict


class Way(StrEnum):
    """How a card is shown to a reader."""

    CHIP = "chip"
    """Held to an antenna."""
    CODE = "code"
    """Its code is shown to a camera or a scanner."""


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
    """The briefing, one section at a time; moved on only by touch or button."""

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


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """The fire alarm: above everything else until its contact closes (DOMAIN, "Roll call")."""

    what_to_do: Mapping[str, tuple[str, ...]]
    """By language, from the home's briefing. A language that is missing has the kiosk's own."""
    is_silenced: bool = False
    """The buzzer was silenced by hand; lamp and screen stay."""
    notice: Told | CannotRead | Reading | None = None
    """Somebody's tap: greeted in one line."""


Stage = Starting | Idle | Reading | Told | CannotRead | BriefingOpen | BriefingRead | AlarmRaised


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the screen shows beside the stage, whatever the stage is."""

    house: House | None
    is_connected: bool
    ways: Mapping[Way, ReaderState] = field(default_factory=lambda: {Way.CHIP: ReaderState.READY})
    """Each way in which a card can be shown to this kiosk, with the state of the best reader for
    it. A reader of which nothing was heard yet counts as ready."""
    has_lost_spare: bool = False
    """A reader is lost and another one does its work."""

    @property
    def offered(self) -> frozenset[Way]:
        """The ways that work; those of a reader that falters are among them."""
        return frozenset(way for way, state in self.ways.items() if state is not ReaderState.LOST)
