"""Every wire message, both directions, versioned, in one table (`presence.topics.CHANNELS`).

Both machines encode and decode these same types: strict in what they send, tolerant in what they
read (unknown fields are ignored). A change that an older program could misread needs a new `v`.
Times are RFC 3339 in UTC.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct

from presence.briefing import Briefing
from presence.card import CardRef, Evidence, SunMessage
from presence.dates import check_utc
from presence.ids import (
    Count,
    VolunteerId,
    WireBootId,
    WireEventId,
    WireKioskId,
    WirePresentationId,
    WireVisitId,
)
from presence.reason import Reason
from presence.roster import NOTHING_UNSETTLED, House, RosterRow, Unsettled
from presence.verdict import Basis, Outcome, Verdict

MAX_ENTRIES = 100
"""Outbox entries in one message at most."""


class Message(Struct, frozen=True, kw_only=True):
    """Root of all messages. `v` is the version of that message's own shape."""

    VERSION: ClassVar[int] = 1
    v: Count = 1


class FromKiosk(Message, frozen=True, kw_only=True):
    """A message that says which kiosk it is from; the topic must say the same."""

    kiosk: WireKioskId


# --- a card is held up -----------------------------------------------------------------------


class Question(FromKiosk, frozen=True, kw_only=True):
    """What was presented, and what the kiosk knows that the server may not know yet."""

    presentation: WirePresentationId
    evidence: Evidence
    presented: datetime
    uptime_ms: Count
    unsettled: Unsettled = NOTHING_UNSETTLED
    """What this person did at this kiosk and has no receipt yet, so that a second tap is not
    misjudged while the first is still on its way."""

    def __post_init__(self) -> None:
        check_utc(self.presented, "presented")


class Answer(Message, frozen=True, kw_only=True):
    """The verdict, and the person's row so that the kiosk knows as much as the server."""

    presentation: WirePresentationId
    verdict: Verdict
    at: datetime
    """The server's time."""
    row: RosterRow | None = None
    card: CardRef | None = None
    """Which card it was, where the evidence alone does not tell the kiosk."""

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


# --- what happened, told until it is receipted -----------------------------------------------


class ClockTrust(StrEnum):
    """How far a kiosk's wall clock is to be believed (SECURITY, "Clock")."""

    SYNCED = "synced"
    RTC = "rtc"
    FLOOR = "floor"


class Stamp(Struct, frozen=True):
    """When an entry was made, by every clock the kiosk has."""

    sequence: Count
    boot: WireBootId
    boot_ms: Count
    """Milliseconds since that boot."""
    wall: datetime
    trust: ClockTrust

    def __post_init__(self) -> None:
        check_utc(self.wall, "wall")


class Arrived(Struct, frozen=True, tag="arrived"):
    """The person was told "welcome" (or, without contact for long, "see staff": present anyway)."""

    card: CardRef
    visit: WireVisitId
    presentation: WirePresentationId
    basis: Basis
    outcome: Outcome
    is_vigil: bool = False
    """May sit through the night."""
    sun: SunMessage | None = None
    """What a chip said, without its code, where the kiosk decided alone: the server checks it when
    it hears of it."""


class Left(Struct, frozen=True, tag="left"):
    """The person was told "goodbye"."""

    card: CardRef
    presentation: WirePresentationId
    basis: Basis
    is_doubtful: bool = False
    sun: SunMessage | None = None
    """As in `Arrived`."""


class WentOut(Struct, frozen=True, tag="went_out"):
    """Out with residents: the shift goes on."""

    card: CardRef
    presentation: WirePresentationId
    basis: Basis


class CameBack(Struct, frozen=True, tag="came_back"):
    """The person was told "welcome back"."""

    card: CardRef
    presentation: WirePresentationId
    basis: Basis
    sun: SunMessage | None = None
    """As in `Arrived`."""


class BriefingAcknowledged(Struct, frozen=True, tag="briefing_acknowledged"):
    """ "I have read and understood", with the evidence that it was."""

    card: CardRef
    major: Count
    minor: Count
    language: Annotated[str, Meta(max_length=8)]
    seconds: Count


class AttemptRefused(Struct, frozen=True, tag="attempt_refused"):
    """A genuine card was not accepted. Its holder may stand in the house all the same."""

    card: CardRef
    presentation: WirePresentationId
    basis: Basis
    reason: Reason


What = Arrived | Left | WentOut | CameBack | BriefingAcknowledged | AttemptRefused


class Entry(Struct, frozen=True):
    """One row of the outbox. `event` never changes, so the server stores it once."""

    event: WireEventId
    stamp: Stamp
    what: What


class Entries(FromKiosk, frozen=True, kw_only=True):
    """Up to 100 entries. Each is read by itself, so a bad one spoils no other."""

    entries: Annotated[tuple[msgspec.Raw, ...], Meta(max_length=MAX_ENTRIES)]


class Settlement(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Receipt(Struct, frozen=True, omit_defaults=True):
    """The server's answer for one entry, given only after it has been committed."""

    event: WireEventId
    settlement: Settlement
    reason: str | None = None
    """Why it was rejected: what was wrong, for the people who look after it."""


class Receipts(Message, frozen=True, kw_only=True):
    receipts: tuple[Receipt, ...]
    at: datetime

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


# --- the kiosk itself ------------------------------------------------------------------------


class Link(FromKiosk, frozen=True, kw_only=True):
    """Connected or gone. The Last Will says "gone" with the same connection number."""

    is_up: bool
    connection: Count


class ReaderState(StrEnum):
    READY = "ready"
    SILENT = "silent"
    """Has not come back from its last look in time: it may hang."""
    RECOVERING = "recovering"
    """Is being opened afresh; nobody had to be told yet."""
    LOST = "lost"


class HeldList(Struct, frozen=True):
    """A status list that the kiosk holds, and when it was issued."""

    list: Annotated[int, Meta(ge=0, lt=2**31)]
    issued: datetime

    def __post_init__(self) -> None:
        check_utc(self.issued, "issued")


class Heartbeat(FromKiosk, frozen=True, kw_only=True):
    """Alive, and how well. Sent every minute."""

    at: datetime
    boot: WireBootId
    program: str
    uptime_ms: Count
    outbox_depth: Count
    oldest_entry_ms: Count | None
    parked: Count
    unreadable: Count
    """Things held to the readers since boot that were no genuine card."""
    trust: ClockTrust
    readers: dict[str, ReaderState]
    roster_issued: datetime | None
    free_disk_mb: Count
    status_lists: tuple[HeldList, ...] = ()
    lists_refused: Count = 0
    """Status lists since boot that were not believed: wrongly signed, or going back."""
    is_alarm: bool = False
    """The fire alarm's relay is open."""

    def __post_init__(self) -> None:
        check_utc(self.at, "at")
        if self.roster_issued is not None:
            check_utc(self.roster_issued, "roster_issued")


class Have(FromKiosk, frozen=True, kw_only=True):
    """Digests of what the kiosk holds. The server sends what differs."""

    roster: str | None
    briefings: str | None


# --- what a kiosk needs to know when it is alone ---------------------------------------------


class Roster(Message, frozen=True, kw_only=True):
    """The rows a home may see (signed). `whole` replaces everything; otherwise rows are merged by
    volunteer and version, so that messages may come in any order."""

    kiosk: WireKioskId
    whole: bool
    house: House
    rows: tuple[RosterRow, ...]
    gone: tuple[VolunteerId, ...] = ()
    digest: str = ""
    """What `presence.roster.digest` must give afterwards; else the kiosk asks again by `Have`."""


class Briefings(Message, frozen=True, kw_only=True):
    """The home's published briefing, once for each language."""

    kiosk: WireKioskId
    briefings: tuple[Briefing, ...]
