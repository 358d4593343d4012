"""Invented cards, clocks and entries, so that a test names only what it is about."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kiosk.events import ClockReading
from presence.card import CardRef
from presence.ids import BootId, EventId, PresentationId, VisitId
from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    CameBack,
    ClockTrust,
    Left,
    Receipt,
    Settlement,
    WentOut,
)
from presence.reason import Reason
from presence.verdict import Basis, Outcome

CARD = CardRef(1, 4711)
OTHER_CARD = CardRef(1, 4712)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BOOT = BootId("0192b3c4-d5e6-4f70-8a90-b1c2d3e4f506")
TAP = PresentationId("0192b3c4-d5e6-7f70-8a90-b1c2d3e4f507")
VISIT = VisitId("0192b3c4-d5e6-7f70-8a90-b1c2d3e4f508")


def seeded(seed: int = 1) -> Callable[[int], bytes]:
    """The same bytes in every run."""
    return random.Random(seed).randbytes


def reading(after: timedelta = timedelta(), trust: ClockTrust = ClockTrust.SYNCED) -> ClockReading:
    """The kiosk's clocks, `after` noon; it was switched on an hour before."""
    return ClockReading(NOON + after, trust, BOOT, timedelta(hours=1) + after)


def arrived(card: CardRef = CARD, visit: VisitId = VISIT, *, is_vigil: bool = False) -> Arrived:
    return Arrived(card, visit, TAP, Basis.ROSTER, Outcome.UNCONFIRMED, is_vigil)


def left(card: CardRef = CARD, *, is_doubtful: bool = False) -> Left:
    return Left(card, TAP, Basis.ROSTER, is_doubtful)


def went_out(card: CardRef = CARD) -> WentOut:
    return WentOut(card, TAP, Basis.LIVE)


def came_back(card: CardRef = CARD) -> CameBack:
    return CameBack(card, TAP, Basis.ROSTER)


def acknowledged(card: CardRef = CARD, major: int = 3) -> BriefingAcknowledged:
    return BriefingAcknowledged(card, major, 0, "nb", 80)


def refused(card: CardRef = CARD) -> AttemptRefused:
    return AttemptRefused(card, TAP, Basis.LIVE, Reason.EXPIRED)


def receipt(event: str, settlement: Settlement = Settlement.ACCEPTED) -> Receipt:
    return Receipt(EventId(event), settlement)
