"""Bringing what homes know of people up to date: those where something happened, and the other
homes of the same people."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import VolunteerId
from server import changes
from server.institutions.models import Standing
from server.institutions.services import house, standings, zone_of
from server.institutions.standings import keep
from server.visits import projection
from server.visits.projection import Whose


class Moved(NamedTuple):
    """A new fact about where somebody is."""

    whose: Whose
    at: datetime


def settle(
    session: Session, now: datetime, moves: Collection[Moved], others: Iterable[Whose] = ()
) -> Mapping[Whose, Standing]:
    """Work out anew what new facts may change, at this home and at others, and write it into the
    standings. `others` are pairs of which something else has changed. Returns their standings."""
    earliest, informed = _concerned(session, moves)
    pairs = list(dict.fromkeys((*others, *earliest, *informed)))
    if not pairs:
        return {}
    homes = {whose.institution for whose in earliest}
    houses = {home: house(session, home, now) for home in homes}
    rules = {home: one.stay_rules(zone_of(one.zone)) for home, one in houses.items()}
    here = projection.recompute(session, earliest, rules) if earliest else {}
    versions = changes.record_visits(session, now, pairs)
    known = standings(session, pairs)
    for whose, version in zip(pairs, versions, strict=True):
        known[whose].version = version
        if whose in here:
            keep(known[whose], here[whose])
    return {whose: known[whose] for whose in pairs}


def _concerned(
    session: Session, moves: Collection[Moved]
) -> tuple[dict[Whose, datetime], list[Whose]]:
    """Whose visits may change, and from when on; and the other homes that know the same people,
    whose kiosks are told how soon each of them can be there."""
    first: dict[VolunteerId, datetime] = {}
    for whose, at in moves:
        first[whose.volunteer] = min(at, first.get(whose.volunteer, at))
    earliest = {whose: first[whose.volunteer] for whose, _ in moves}
    informed: list[Whose] = []
    if not first:
        return earliest, informed
    for home, volunteer, visit, latest in session.execute(_known_there, {"people": list(first)}):
        whose, since = Whose(home, volunteer), first[volunteer]
        if whose in earliest:
            continue
        if visit is None and (latest is None or latest < since):
            informed.append(whose)  # was gone before: an arrival elsewhere changes nothing there
        else:
            earliest[whose] = since
    return earliest, informed


_known_there = sa.select(
    Standing.institution_id, Standing.volunteer_id, Standing.visit, Standing.latest_at
).where(Standing.volunteer_id.in_(sa.bindparam("people", expanding=True)))
