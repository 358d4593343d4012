"""What the admission rule can answer: its verdicts and the words they are made of."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from presence.activity import Activity, DogPlace
from presence.briefing import BriefingVersion
from presence.card import Assurance
from presence.reason import Reason
from presence.roster import Contact
from presence.visit import Visit


class Basis(StrEnum):
    LIVE = "live"
    """Decided with the server."""
    ROSTER = "roster"
    """Decided from what the kiosk knows alone."""


class Move(StrEnum):
    IN = "in"
    OUT = "out"
    STAY = "stay"
    """A second touch: nothing changes."""
    BACK = "back"
    """Came back from outside with residents; was here all the while."""
    NONE = "none"
    """Not let in. The person may stand in the house all the same."""


class Outcome(StrEnum):
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    ASK_STAFF = "ask_staff"
    REFUSED = "refused"


class Saying(StrEnum):
    """What the person is told. Most refusals share one neutral text."""

    WELCOME = "welcome"
    GOODBYE = "goodbye"
    ALREADY_IN = "already_in"
    WELCOME_BACK = "welcome_back"
    SEE_STAFF = "see_staff"
    EXPIRED = "expired"
    COURSE_MISSING = "course_missing"
    CANNOT_READ = "cannot_read"


class Tell(StrEnum):
    """Who else is told."""

    CHAPTER = "chapter"
    INSTITUTION = "institution"
    OTHER_HOME = "other_home"
    """The home where the same person was last seen."""
    LEADER = "leader"


TOLD_OF_REFUSAL: Mapping[Reason, tuple[Tell, ...]] = {
    Reason.UNKNOWN_CARD: (Tell.CHAPTER,),
    Reason.TOO_WEAK: (Tell.CHAPTER,),
    Reason.CARD_BLOCKED: (Tell.CHAPTER,),
    Reason.PAUSED: (Tell.INSTITUTION, Tell.CHAPTER),
    Reason.REPLAYED: (Tell.INSTITUTION, Tell.CHAPTER),
    Reason.ELSEWHERE: (Tell.INSTITUTION, Tell.OTHER_HOME, Tell.CHAPTER),
    Reason.NOT_YET_VALID: (Tell.LEADER,),
    Reason.EXPIRED: (Tell.LEADER,),
    Reason.COURSE_MISSING: (Tell.LEADER,),
}
"""Who else is told of a refusal. An entry of a refused attempt carries only its reason, so the
server finds here whom a kiosk that decided alone would have named."""


class BriefingDue(Struct, frozen=True, tag="briefing"):
    """The home's briefing is to be read now.

    `acknowledged` is the major version known so far, so that only the news is shown; None when
    nothing was acknowledged, or so long ago that all of it is to be read again.
    """

    version: BriefingVersion
    acknowledged: int | None = None


class RenewalDue(Struct, frozen=True, tag="renewal"):
    """The card must be renewed by this day, its last valid one."""

    valid_until: date


class CourseDue(Struct, frozen=True, tag="course"):
    """A course to take before this day."""

    name: str
    stops_on: date


class LeavingDue(Struct, frozen=True, tag="leaving"):
    """An earlier visit was never closed: "When did you leave?"."""

    arrived: datetime | None


class ActivityDue(Struct, frozen=True, tag="activity"):
    """What did you come for? Only what this person may do at this home is offered."""

    offered: tuple[Activity, ...]
    with_dog: tuple[DogPlace, ...] = ()
    """Where the dog may go along."""


class DogLapsed(Struct, frozen=True, tag="dog_lapsed"):
    """The dog's approval or insurance is over: the person is welcome, without the dog."""

    until: date


Due = BriefingDue | RenewalDue | CourseDue | LeavingDue | ActivityDue | DogLapsed


class Verdict(Struct, frozen=True, omit_defaults=True):
    """The rule's answer. A technical failure is never a verdict."""

    move: Move
    outcome: Outcome
    reason: Reason
    saying: Saying
    basis: Basis
    assurance: Assurance
    warning: Reason | None = None
    """Let in although this speaks against it; `tell` says who is told."""
    is_doubtful: bool = False
    """Leaving with a card that may not be in its owner's hand."""
    visit: Visit | None = None
    """The current visit that the tap found here."""
    as_of: datetime | None = None
    """From when the knowledge is, when it is not the server's own."""
    expired_on: date | None = None
    """First day on which the card was no longer valid."""
    course: str | None = None
    call: Contact | None = None
    tell: tuple[Tell, ...] = ()
    due: tuple[Due, ...] = ()
