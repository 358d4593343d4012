"""Keeping entries: each once, durably, whatever order and however often they come.

Permission never rejects a fact. What was told to a person at a door happened, whatever the card's
state is now and whether or not anyone knows the card.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.ids import EventId, InstitutionId, KioskId, VolunteerId
from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    CameBack,
    ClockTrust,
    Entry,
    Left,
    Stamp,
    WentOut,
)
from presence.roster import CardState
from server.cards.models import Card
from server.people.models import Volunteer
from server.visits.models import EventKind, EventRow

LATEST = timedelta(minutes=5)
"""So far ahead of our own time a kiosk's may be; no fact is from later than that."""

_KINDS: Mapping[type, EventKind] = {
    Arrived: EventKind.ARRIVED,
    Left: EventKind.LEFT,
    WentOut: EventKind.WENT_OUT,
    CameBack: EventKind.CAME_BACK,
    BriefingAcknowledged: EventKind.BRIEFING_ACKNOWLEDGED,
    AttemptRefused: EventKind.ATTEMPT_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """Which chip made the message that an entry carries, and at which of its reads."""

    chip: str
    """Its name in the register."""
    counter: int


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, who told it, and its very bytes."""

    kiosk: KioskId
    institution: InstitutionId
    entry: Entry
    raw: bytes
    heard: Heard | None = None
    """None: the entry carries no chip's message, or one that no chip of ours made."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is, and how it stands now."""

    volunteer: VolunteerId
    state: CardState
    state_changed_at: datetime
    valid_until: date
    last_home: InstitutionId | None
    """Where the person had been seen last when this was stored."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A new fact, after it was stored."""

    told: Told
    at: datetime
    is_uncertain: bool
    holder: Holder | None


def keep_new(session: Session, now: datetime, told: Sequence[Told]) -> list[Kept]:
    """Store those entries that are not stored yet, and say which they are."""
    first: dict[EventId, Told] = {}
    for one in told:
        first.setdefault(one.entry.event, one)
    for known in session.scalars(_known, {"events": list(first)}):
        del first[EventId(known)]
    if not first:
        return []
    holders = _holders(session, {one.entry.what.card for one in first.values()})
    kept = [_kept(one, now, holders) for one in first.values()]
    session.connection().execute(_insert, [_row(one, now) for one in kept])
    return kept


def resolve(stamp: Stamp, received: datetime) -> tuple[datetime, bool]:
    """When a stamped event happened, and whether that is uncertain.

    A kiosk's clock is believed when it was set or kept by a battery; under a mere floor the time
    is kept and marked. Nothing can have happened later than it was received.
    """
    at = min(stamp.wall, received + LATEST)
    return at, stamp.trust is ClockTrust.FLOOR or at != stamp.wall


def _holders(session: Session, cards: set[CardRef]) -> dict[CardRef, Holder]:
    rows = session.execute(_by_place, {"places": [(card.list, card.index) for card in cards]})
    return {
        CardRef(number, index): Holder(volunteer, state, changed, valid_until, home)
        for number, index, volunteer, state, changed, valid_until, home in rows
    }


def _kept(told: Told, now: datetime, holders: Mapping[CardRef, Holder]) -> Kept:
    at, is_uncertain = resolve(told.entry.stamp, now)
    return Kept(told, at, is_uncertain, holders.get(told.entry.what.card))


def _row(kept: Kept, now: datetime) -> dict[str, Any]:
    entry, what = kept.told.entry, kept.told.entry.what
    stamp = entry.stamp
    return {
        "id": entry.event,
        "kiosk_id": kept.told.kiosk,
        "institution_id": kept.told.institution,
        "kind": _KINDS[type(what)],
        "sequence": stamp.sequence,
        "boot": stamp.boot,
        "boot_ms": stamp.boot_ms,
        "wall": stamp.wall,
        "trust": stamp.trust,
        "received_at": now,
        "at": kept.at,
        "is_uncertain": kept.is_uncertain,
        "volunteer_id": kept.holder.volunteer if kept.holder else None,
        "card_list": what.card.list,
        "card_index": what.card.index,
        "visit": what.visit if isinstance(what, Arrived) else None,
        "is_doubtful": isinstance(what, Left) and what.is_doubtful,
        "is_vigil": isinstance(what, Arrived) and what.is_vigil,
        "basis": None if isinstance(what, BriefingAcknowledged) else what.basis,
        "raw": kept.told.raw,
    }


_insert = sa.insert(EventRow.metadata.tables[EventRow.__tablename__])
_known = sa.select(EventRow.id).where(EventRow.id.in_(sa.bindparam("events", expanding=True)))
_by_place = (
    sa.select(
        Card.list,
        Card.index,
        Card.volunteer_id,
        Card.state,
        Card.state_changed_at,
        Card.valid_until,
        Volunteer.seen_institution_id,
    )
    .join(Volunteer, Volunteer.id == Card.volunteer_id)
    .where(sa.tuple_(Card.list, Card.index).in_(sa.bindparam("places", expanding=True)))
)
