"""Visits worked out anew from the facts, as far back as new facts reach.

Many people's at once, in few statements: after an outage a thousand kiosks tell at the same time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import EventId, InstitutionId, VisitId, VolunteerId
from presence.visit import Arrival, Departure, Fact, Here, Visit, in_order, moment, visits
from server.institutions.models import Standing
from server.visits.models import EventKind, EventRow, VisitRow

_RECENT = timedelta(days=2)
"""Visits that began this much apart are still looked up together."""


class Whose(NamedTuple):
    """One person at one home: visits are worked out for each such pair by itself."""

    institution: InstitutionId
    volunteer: VolunteerId


class _Stored(NamedTuple):
    """A visit as it stands in the database."""

    id: int
    began: datetime
    visit: Visit


class _Reach(NamedTuple):
    """How far back the new facts of one pair reach."""

    stored: Sequence[_Stored]
    """The visits that they may change, in order. Later ones have higher numbers."""
    start: _Stored | None
    """The first of them, from whose beginning on facts are read; None: from the first fact."""


def recompute(
    session: Session,
    earliest: Mapping[Whose, datetime],
    two_doors: Mapping[InstitutionId, timedelta],
) -> dict[Whose, Here]:
    """Work out the visits that new facts, the first of each pair at `earliest`, may change.

    From the last visit that began before that fact on they are worked out again: what lies before
    it cannot depend on it. The facts must be stored already. Returns the presence that follows.
    """
    reaches = _reaches(session, earliest)
    facts = _facts(session, reaches)
    found: dict[Whose, Here] = {}
    difference = _Difference()
    for whose, reach in reaches.items():
        theirs = in_order(facts[whose])
        if reach.start is not None:
            theirs = theirs[_opening(theirs, reach.start) :]
        stays = visits(theirs, two_doors[whose.institution])
        difference.add(whose, reach.stored, stays)
        current = stays[-1] if stays and stays[-1].is_current else None
        found[whose] = Here(current, moment(theirs[-1]))
    difference.write(session)
    return found


def keep(standing: Standing, here: Here) -> None:
    """Write a presence into what the home knows of the volunteer."""
    visit, latest = here.visit, here.latest
    standing.visit = visit.id if visit else None
    standing.visit_state = visit.state if visit else None
    standing.arrived = visit.arrived if visit else None
    standing.last_arrival = visit.last_arrival if visit else None
    standing.latest_at = latest.at if latest else None
    standing.latest_event = latest.event if latest else None


class _Difference:
    """What has to be written so that the database holds the visits that were worked out. A visit
    that stays the same is not touched, and one that changes keeps its number."""

    def __init__(self) -> None:
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._gone: list[int] = []

    def add(self, whose: Whose, stored: Sequence[_Stored], stays: Sequence[Visit]) -> None:
        for old, new in zip(stored, stays, strict=False):
            if old.visit != new:
                self._changed.append({"row": old.id, **_columns(whose, new)})
        self._new += [_columns(whose, stay) for stay in stays[len(stored) :]]
        self._gone += [one.id for one in stored[len(stays) :]]

    def write(self, session: Session) -> None:
        if self._changed:
            session.connection().execute(_change, self._changed)
        if self._gone:
            session.connection().execute(_remove, {"rows": self._gone})
        if self._new:
            session.connection().execute(_add, self._new)


def _reaches(session: Session, earliest: Mapping[Whose, datetime]) -> dict[Whose, _Reach]:
    last: dict[Whose, _Stored] = {}
    for row in session.execute(_last, {"pairs": list(earliest)}):
        last[Whose(row[0], row[1])] = _stored(row)
    reaches: dict[Whose, _Reach] = {}
    for whose, first in earliest.items():
        newest = last.get(whose)
        if newest is None:
            reaches[whose] = _Reach((), None)
        elif newest.began < first:
            reaches[whose] = _Reach((newest,), newest)
        else:
            reaches[whose] = _long_reach(session, whose, first)
    return reaches


def _long_reach(session: Session, whose: Whose, first: datetime) -> _Reach:
    """A fact that came late: the visits after it are worked out again as well."""
    rows = session.execute(_from_before, {**whose._asdict(), "earliest": first})
    stored = [_stored(row) for row in rows]
    return _Reach(stored, stored[0] if stored[0].began < first else None)


def _facts(session: Session, reaches: Mapping[Whose, _Reach]) -> dict[Whose, list[Fact]]:
    """The facts of each pair from the beginning of its reach on, or a few more."""
    found: dict[Whose, list[Fact]] = {whose: [] for whose in reaches}
    since = {whose: one.start.began for whose, one in reaches.items() if one.start is not None}
    newest = max(since.values(), default=None)
    whole = [whose for whose in reaches if whose not in since]
    if whole:
        _read(session.execute(_facts_of, {"pairs": whole}), found)
    if newest is None:
        return found
    near = {whose: began for whose, began in since.items() if newest - began <= _RECENT}
    if near:
        asked = {"pairs": list(near), "began": min(near.values())}
        _read(session.execute(_facts_since, asked), found)
    for whose in since.keys() - near.keys():
        asked = {"pairs": [whose], "began": since[whose]}
        _read(session.execute(_facts_since, asked), found)
    return found


def _read(rows: Iterable[Any], found: dict[Whose, list[Fact]]) -> None:
    for institution, volunteer, event, at, visit, is_doubtful in rows:
        fact: Fact = (
            Departure(at, EventId(event), is_doubtful)
            if visit is None
            else Arrival(at, EventId(event), VisitId(visit))
        )
        found[Whose(institution, volunteer)].append(fact)


def _opening(facts: Sequence[Fact], start: _Stored) -> int:
    """Where the fact stands that opened the visit. Others of the very same time may stand before
    it; they belong to the visit before."""
    for position, fact in enumerate(facts):
        opened = fact.visit if isinstance(fact, Arrival) else fact.event
        if opened == start.visit.id and fact.at == start.began:
            return position
    raise AssertionError("a visit without the fact that opened it")


def _stored(row: Any) -> _Stored:
    _, _, number, began, visit, state, arrived, last_arrival, left = row
    return _Stored(number, began, Visit(VisitId(visit), state, arrived, last_arrival, left))


def _columns(whose: Whose, visit: Visit) -> dict[str, Any]:
    return {
        "visit": visit.id,
        "institution_id": whose.institution,
        "volunteer_id": whose.volunteer,
        "state": visit.state,
        "began": visit.arrived or visit.left,
        "arrived": visit.arrived,
        "last_arrival": visit.last_arrival,
        "left": visit.left,
    }


_PAIRS: sa.BindParameter[Any] = sa.bindparam("pairs", expanding=True)
_STORED = sa.select(
    VisitRow.institution_id,
    VisitRow.volunteer_id,
    VisitRow.id,
    VisitRow.began,
    VisitRow.visit,
    VisitRow.state,
    VisitRow.arrived,
    VisitRow.last_arrival,
    VisitRow.left,
)
_newest_ids = (
    sa.select(sa.func.max(VisitRow.id))
    .where(sa.tuple_(VisitRow.institution_id, VisitRow.volunteer_id).in_(_PAIRS))
    .group_by(VisitRow.institution_id, VisitRow.volunteer_id)
)
_last = _STORED.where(VisitRow.id.in_(_newest_ids))
_is_theirs = sa.and_(
    VisitRow.institution_id == sa.bindparam("institution"),
    VisitRow.volunteer_id == sa.bindparam("volunteer"),
)
_before = sa.select(sa.func.coalesce(sa.func.max(VisitRow.id), 0)).where(
    _is_theirs, VisitRow.began < sa.bindparam("earliest")
)
_from_before = _STORED.where(_is_theirs, VisitRow.id >= _before.scalar_subquery()).order_by(
    VisitRow.id
)
_facts_of = sa.select(
    EventRow.institution_id,
    EventRow.volunteer_id,
    EventRow.id,
    EventRow.at,
    EventRow.visit,
    EventRow.is_doubtful,
).where(
    sa.tuple_(EventRow.institution_id, EventRow.volunteer_id).in_(_PAIRS),
    EventRow.kind.in_((EventKind.ARRIVED, EventKind.LEFT)),
)
_facts_since = _facts_of.where(EventRow.at >= sa.bindparam("began"))
_table = VisitRow.metadata.tables[VisitRow.__tablename__]
_add = sa.insert(_table)
_change = sa.update(_table).where(_table.c.id == sa.bindparam("row"))
_remove = sa.delete(_table).where(_table.c.id.in_(sa.bindparam("rows", expanding=True)))
