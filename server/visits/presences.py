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
    earliest = _earliest(session, moves)
    pairs = list(dict.fromkeys((*others, *earliest)))
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


def _earliest(session: Session, moves: Collection[Moved]) -> dict[Whose, datetime]:
    """From when on whose visits may change. A person's other homes learn of every move, for their
    kiosks are told how soon the person can be there."""
    earliest: dict[Whose, datetime] = {}
    first: dict[VolunteerId, datetime] = {}
    for whose, at in moves:
        earliest[whose] = min(at, earliest.get(whose, at))
        first[whose.volunteer] = min(at, first.get(whose.volunteer, at))
    if first:
        for home, volunteer in session.execute(_known_there, {"people": list(first)}):
            earliest.setdefault(Whose(home, volunteer), first[volunteer])
    return earliest


_known_there = sa.select(Standing.institution_id, Standing.volunteer_id).where(
    Standing.volunteer_id.in_(sa.bindparam("people", expanding=True))
)
