"""What is committed together, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId, KioskId
from presence.messages import Entries, FromKiosk, Heartbeat, Link
from server.db import reading, writing
from server.gateway.answers import Notice
from server.gateway.entries import Delivery
from server.kiosks.models import Kiosk
from server.kiosks.services import keep_heartbeat, keep_link, seen
from server.notices.services import alert
from server.visits.services import keep_entries
from server.visits.store import Told


@dataclass(frozen=True, slots=True)
class Fact:
    """An entry, and where its receipt belongs."""

    told: Told
    delivery: Delivery


Unit = Fact | FromKiosk | Notice
"""The smallest thing that is stored or fails by itself."""


def homes(engine: sa.Engine, kiosks: set[KioskId]) -> Mapping[KioskId, InstitutionId]:
    """The homes of those kiosks that there are."""
    with reading(engine) as session:
        rows = session.execute(_homes, {"kiosks": list(kiosks)})
        return {row.id: row.institution_id for row in rows}


def commit(engine: sa.Engine, now: datetime, units: Sequence[Unit]) -> None:
    """Store all units in one transaction, or none of them; then settle the entries."""
    facts = [unit for unit in units if isinstance(unit, Fact)]
    with writing(engine) as session, session.begin():
        new = set(keep_entries(session, now, [fact.told for fact in facts]))
        for kiosk in {fact.told.kiosk for fact in facts}:
            seen(session, now, kiosk)
        for unit in units:
            _store(session, now, unit)
    for fact in facts:
        event = fact.told.entry.event
        fact.delivery.settle(event, is_new=event in new)
        new.discard(event)


def _store(session: Session, now: datetime, unit: Unit) -> None:
    match unit:
        case Heartbeat():
            keep_heartbeat(session, now, unit)
        case Link():
            keep_link(session, now, unit)
        case Entries():
            seen(session, now, unit.kiosk)
        case Notice(tapped, kind, verdict, at):
            alert(session, at, tapped, kind, verdict.warning or verdict.reason, verdict.tell)


_homes = sa.select(Kiosk.id, Kiosk.institution_id).where(
    Kiosk.id.in_(sa.bindparam("kiosks", expanding=True))
)
