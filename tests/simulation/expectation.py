"""The visits there should be, worked out from what the kiosks committed and from nothing else."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId, VolunteerId
from presence.messages import Arrived, CameBack, ClockTrust, Entry, Left, WentOut
from presence.visit import Arrival, Departure, Fact, Outing, SeenElsewhere, Visit, visits
from server.institutions.services import house, zone_of
from server.visits.models import EventRow
from server.visits.store import LATEST
from tests.simulation import cast
from tests.simulation.watch import Watch

Whose = tuple[InstitutionId, VolunteerId]


def visits_of(session: Session, watch: Watch, now: datetime) -> Mapping[Whose, tuple[Visit, ...]]:
    """By home and person. Of the server only the time is taken at which it got each entry: nothing
    can have happened long after that, and what a doubtful clock stamped may have been as late."""
    rows = session.execute(sa.select(EventRow.id, EventRow.received_at))
    received: dict[str, datetime] = {row.id: row.received_at for row in rows}
    facts: dict[Whose, list[Fact]] = defaultdict(list)
    for event, kept in watch.entries.items():
        if event in received:
            at = min(kept.entry.stamp.wall, received[event] + LATEST)
            here, who = cast.DOORS[kept.kiosk], kept.person.id
            facts[here, who] += _facts_here(kept.entry, at, received[event])
            for home in cast.HOMES:
                if home != here:
                    facts[home, who] += _facts_elsewhere(kept.entry, at)
    rules = {}
    for home in cast.HOMES:
        known = house(session, home, now)
        rules[home] = known.stay_rules(zone_of(known.zone))
    found = {whose: visits(told, rules[whose[0]]) for whose, told in facts.items()}
    return {whose: stays for whose, stays in found.items() if stays}


def _facts_here(entry: Entry, at: datetime, received: datetime) -> list[Fact]:
    is_sure = entry.stamp.trust is not ClockTrust.FLOOR and at == entry.stamp.wall
    match entry.what:
        case Arrived(visit=visit, is_vigil=is_vigil):
            heard = None if is_sure else received
            return [Arrival(at, entry.event, visit, is_vigil, heard)]
        case Left(is_doubtful=is_doubtful):
            return [Departure(at, entry.event, is_doubtful)]
        case WentOut() | CameBack():
            return [Outing(at, entry.event, is_out=isinstance(entry.what, WentOut))]
        case _:
            return []


def _facts_elsewhere(entry: Entry, at: datetime) -> list[Fact]:
    return [SeenElsewhere(at, entry.event)] if isinstance(entry.what, Arrived) else []
