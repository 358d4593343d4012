"""Where people were last surely seen, and who would have had to travel too fast."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from presence.ids import EventId, InstitutionId, VolunteerId
from presence.messages import Arrived, AttemptRefused, BriefingAcknowledged, Left
from presence.travel import place, travel_time
from presence.verdict import Basis
from server.institutions.models import Institution
from server.institutions.services import house
from server.people.models import Volunteer
from server.visits.store import Kept


def keep_last_seen(session: Session, kept: Iterable[Kept]) -> None:
    """Note the newest sure sighting of each person. A doubtful leaving is none, nor is a time that
    is not to be relied on."""
    newest: dict[VolunteerId, tuple[datetime, InstitutionId]] = {}
    for one in kept:
        if one.holder is None or not _is_sighting(one):
            continue
        seen = (one.at, one.told.institution)
        newest[one.holder.volunteer] = max(seen, newest.get(one.holder.volunteer, seen))
    rows = [
        {"who": volunteer, "when": at, "where": home} for volunteer, (at, home) in newest.items()
    ]
    if rows:
        session.connection().execute(_see, rows)


def out_of_reach(session: Session, now: datetime, kept: Iterable[Kept]) -> frozenset[EventId]:
    """Arrivals that a kiosk alone could not know to be impossible: the same person was at another
    home too short a time before or after. To be asked before they count as seen themselves."""
    alone = [
        one
        for one in kept
        if one.holder is not None
        and not one.is_uncertain
        and isinstance(one.told.entry.what, Arrived)
        and one.told.entry.what.basis is Basis.ROSTER
    ]
    if not alone:
        return frozenset()
    people = {one.holder.volunteer for one in alone if one.holder is not None}
    seen = {row[0]: row[1:] for row in session.execute(_seen, {"people": list(people)})}
    return frozenset(
        one.told.entry.event for one in alone if _is_out_of_reach(session, now, one, seen)
    )


def _is_out_of_reach(
    session: Session, now: datetime, kept: Kept, seen: Mapping[VolunteerId, Sequence[Any]]
) -> bool:
    if kept.holder is None or kept.holder.volunteer not in seen:
        return False
    at, home, latitude, longitude = seen[kept.holder.volunteer]
    here = session.get_one(Institution, kept.told.institution)
    if home == here.id:
        return False
    fastest = house(session, here.id, now).policy.fastest_kmh
    needed = travel_time(place(here.latitude, here.longitude), place(latitude, longitude), fastest)
    return bool(abs(kept.at - at) < needed)


def _is_sighting(kept: Kept) -> bool:
    what = kept.told.entry.what
    if kept.is_uncertain or isinstance(what, AttemptRefused | BriefingAcknowledged):
        return False
    return not (isinstance(what, Left) and what.is_doubtful)


_people = Volunteer.metadata.tables[Volunteer.__tablename__]
_see = (
    sa.update(_people)
    .where(
        _people.c.id == sa.bindparam("who"),
        sa.or_(_people.c.seen_at.is_(None), _people.c.seen_at < sa.bindparam("when")),
    )
    .values(seen_at=sa.bindparam("when"), seen_institution_id=sa.bindparam("where"))
)
_There = aliased(Institution)
_seen = (
    sa.select(
        Volunteer.id,
        Volunteer.seen_at,
        Volunteer.seen_institution_id,
        _There.latitude,
        _There.longitude,
    )
    .join(_There, _There.id == Volunteer.seen_institution_id)
    .where(Volunteer.id.in_(sa.bindparam("people", expanding=True)))
)
