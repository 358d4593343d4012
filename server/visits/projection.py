"""Visits worked out anew from the facts, as far back as new facts reach.

Many people's at once, in few statements: after an outage a thousand kiosks tell at the same time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import EventId, InstitutionId, VisitId, VolunteerId
from presence.visit import (
    Arrival,
    Departure,
    Fact,
    Here,
    Moment,
    Outing,
    SeenElsewhere,
    StaffWord,
    StayRules,
    Visit,
    in_order,
    moment,
    visits,
)
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
    rules: Mapping[InstitutionId, StayRules],
) -> dict[Whose, Here]:
    """Work out the visits that new facts, the first of each pair at `earliest`, may change.

    From the last visit that began before that fact on they are worked out again: what lies before
    it cannot depend on it. The facts must be stored already. Returns the presence that follows.

    Arrivals at another home are facts here too: whoever is there is no longer surely here.
    """
    reaches = _reaches(session, earliest)
    facts = _facts(session, reaches, earliest)
    found: dict[Whose, Here] = {}
    difference = _Difference()
    for whose, reach in reaches.items():
        theirs = in_order(facts[whose])
        if reach.start is not None:
            theirs = theirs[_opening(theirs, reach.start) :]
        stays = visits(theirs, rules[whose.institution])
        difference.add(whose, reach.stored, stays)
        current = stays[-1] if stays and stays[-1].is_current else None
        found[whose] = Here(current, _latest(theirs))
    difference.write(session)
    return found


def facts_since(
    session: Session, pairs: Sequence[Whose], since: datetime
) -> dict[Whose, list[Fact]]:
    """All facts of these pairs from `since` on, in no order."""
    found: dict[Whose, list[Fact]] = {whose: [] for whose in pairs}
    if pairs:
        _read(session.execute(_facts_since, {"pairs": pairs, "since": since}), found)
        _look_elsewhere(session, pairs, since, found)
    return found


def _latest(facts: Sequence[Fact]) -> Moment | None:
    """The last fact of this home itself."""
    own = (fact for fact in reversed(facts) if not isinstance(fact, SeenElsewhere))
    last = next(own, None)
    return None if last is None else moment(last)


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


def _facts(
    session: Session, reaches: Mapping[Whose, _Reach], earliest: Mapping[Whose, datetime]
) -> dict[Whose, list[Fact]]:
    """The facts of each pair from the beginning of its reach on, or a few more."""
    found: dict[Whose, list[Fact]] = {whose: [] for whose in reaches}
    began = {whose: one.start.began for whose, one in reaches.items() if one.start is not None}
    whole = [whose for whose in reaches if whose not in began]
    if whole:
        _read(session.execute(_facts_of, {"pairs": whole}), found)
    for pairs, since in _together(began):
        _read(session.execute(_facts_since, {"pairs": pairs, "since": since}), found)
    for pairs, since in _together({**earliest, **began}):
        _look_elsewhere(session, pairs, since, found)
    return found


def _together(
    since: Mapping[Whose, datetime],
) -> Iterator[tuple[Sequence[Whose], datetime]]:
    """Pairs whose times lie close enough to be looked up in one statement, from the first on."""
    if not since:
        return
    newest = max(since.values())
    near = {whose: began for whose, began in since.items() if newest - began <= _RECENT}
    yield list(near), min(near.values())
    for whose in since.keys() - near.keys():
        yield [whose], since[whose]


def _read(rows: Iterable[Any], found: dict[Whose, list[Fact]]) -> None:
    for row in rows:
        found[Whose(row.institution_id, row.volunteer_id)].append(_fact(row))


def _fact(row: Any) -> Fact:
    at, event = row.at, EventId(row.id)
    match row.kind:
        case EventKind.LEFT:
            return Departure(at, event, row.is_doubtful)
        case EventKind.WENT_OUT | EventKind.CAME_BACK:
            return Outing(at, event, is_out=row.kind is EventKind.WENT_OUT)
        case EventKind.SAID_HERE | EventKind.SAID_GONE:
            return StaffWord(at, event, is_here=row.kind is EventKind.SAID_HERE)
        case _:
            heard = row.received_at if row.is_uncertain else None
            return Arrival(at, event, VisitId(row.visit), row.is_vigil, heard)


def _look_elsewhere(
    session: Session,
    pairs: Sequence[Whose],
    since: datetime,
    found: dict[Whose, list[Fact]],
) -> None:
    """What the same people did at other homes."""
    asked = {"people": list({whose.volunteer for whose in pairs}), "since": since}
    arrivals: dict[VolunteerId, list[tuple[InstitutionId, SeenElsewhere]]] = defaultdict(list)
    for home, volunteer, event, at in session.execute(_arrivals_of, asked):
        if volunteer is not None:
            arrivals[volunteer].append((home, SeenElsewhere(at, EventId(event))))
    for whose in pairs:
        there = arrivals.get(whose.volunteer, ())
        found[whose] += (seen for home, seen in there if home != whose.institution)


_ARRIVALS = (EventKind.ARRIVED, EventKind.LET_IN)
_MOVES = (
    *_ARRIVALS,
    EventKind.LEFT,
    EventKind.WENT_OUT,
    EventKind.CAME_BACK,
    EventKind.SAID_HERE,
    EventKind.SAID_GONE,
)


def _opening(facts: Sequence[Fact], start: _Stored) -> int:
    """Where the fact stands that opened the visit. Others of the very same time may stand before
    it; they belong to the visit before."""
    for position, fact in enumerate(facts):
        opened = fact.visit if isinstance(fact, Arrival) else fact.event
        if opened == start.visit.id and fact.at == start.began:
            return position
    raise AssertionError("a visit without the fact that opened it")


def _stored(row: Any) -> _Stored:
    _, _, number, began, visit, *rest = row
    return _Stored(number, began, Visit(VisitId(visit), *rest))


def _columns(whose: Whose, visit: Visit) -> dict[str, Any]:
    columns = {name: getattr(visit, name) for name in _OF_VISIT}
    return {
        "visit": visit.id,
        "institution_id": whose.institution,
        "volunteer_id": whose.volunteer,
        "began": visit.arrived or visit.left,
        **columns,
    }


_OF_VISIT = tuple(field for field in Visit.__struct_fields__ if field != "id")
"""A visit's fields that are columns of the same name, in their order."""
_PAIRS: sa.BindParameter[Any] = sa.bindparam("pairs", expanding=True)
_STORED = sa.select(
    VisitRow.institution_id,
    VisitRow.volunteer_id,
    VisitRow.id,
    VisitRow.began,
    VisitRow.visit,
    *(getattr(VisitRow, name) for name in _OF_VISIT),
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
    EventRow.kind,
    EventRow.visit,
    EventRow.is_doubtful,
    EventRow.is_vigil,
    EventRow.is_uncertain,
    EventRow.received_at,
).where(
    sa.tuple_(EventRow.institution_id, EventRow.volunteer_id).in_(_PAIRS),
    EventRow.kind.in_(_MOVES),
)
_facts_since = _facts_of.where(EventRow.at >= sa.bindparam("since"))
_arrivals_of = sa.select(
    EventRow.institution_id, EventRow.volunteer_id, EventRow.id, EventRow.at
).where(
    EventRow.volunteer_id.in_(sa.bindparam("people", expanding=True)),
    EventRow.kind.in_(_ARRIVALS),
    EventRow.at >= sa.bindparam("since"),
)
_table = VisitRow.metadata.tables[VisitRow.__tablename__]
_add = sa.insert(_table)
_change = sa.update(_table).where(_table.c.id == sa.bindparam("row"))
_remove = sa.delete(_table).where(_table.c.id.in_(sa.bindparam("rows", expanding=True)))
