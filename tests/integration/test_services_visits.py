"""Facts are kept once, and the visits in the database are those of `presence.visit`."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from presence import codec
from presence.ids import PresentationId, VisitId, uuid7
from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    CameBack,
    ClockTrust,
    Entry,
    Left,
    WentOut,
    What,
)
from presence.reason import Reason
from presence.verdict import Basis
from presence.visit import (
    NOT_HERE,
    Arrival,
    Departure,
    Doubt,
    Fact,
    Outing,
    Visit,
    here_after,
    visits,
)
from server.db import writing
from server.institutions.queries import board
from server.institutions.services import standing
from server.kiosks.roster import row_of
from server.visits.models import EventRow, VisitRow
from server.visits.services import keep_entries
from server.visits.store import Told
from tests.builders import RULES
from tests.databases import Databases
from tests.integration.server_stand import (
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    arrived,
    entry,
    fresh,
    left,
    make_database,
    place,
    volunteer,
)

COLUMNS = sa.select(VisitRow).order_by(VisitRow.id)


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[sa.Engine]:
    """One database for many examples; each of them takes back what it did."""
    with databases.engine(make_database(databases)) as opened:
        yield opened


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def told(what: Entry) -> Told:
    return Told(DOOR, SOLBAKKEN, what, codec.encode_entry(what))


def keep(session: Session, *entries: Entry) -> None:
    keep_entries(session, NOW, [told(one) for one in entries])


def fact(one: Entry) -> Fact:
    match one.what:
        case Arrived(visit=visit, is_vigil=is_vigil):
            return Arrival(one.stamp.wall, one.event, visit, is_vigil)
        case Left(is_doubtful=is_doubtful):
            return Departure(one.stamp.wall, one.event, is_doubtful)
        case what:
            return Outing(one.stamp.wall, one.event, is_out=isinstance(what, WentOut))


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Entry], list[list[Entry]]]:
    """Entries of one person at one home, and how they are told: in any order, some more than once,
    in groups. Times are few, so that many are equal, and so ties are broken by event id."""
    minutes = draw(st.lists(st.integers(-12, 0) | st.integers(-300, -100), min_size=1, max_size=8))
    numbers = draw(st.permutations(range(len(minutes))))
    entries: list[Entry] = []
    for minute, number in zip(minutes, numbers, strict=True):
        visit = VisitId(uuid7(NOW, number.to_bytes(10, "big")))
        choices: list[What] = [
            arrived(0, visit=visit),
            left(0),
            left(0, is_doubtful=True),
            WentOut(place(0), PresentationId(fresh()), Basis.LIVE),
            CameBack(place(0), PresentationId(fresh()), Basis.LIVE),
        ]
        what = draw(st.sampled_from(choices))
        event = uuid7(NOW, (100 + number).to_bytes(10, "big"))
        entries.append(entry(what, NOW + timedelta(minutes=10 * minute), event=event))
    again = draw(st.lists(st.sampled_from(entries), max_size=4))
    order = draw(st.permutations(entries + again))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)))
    groups = [order[a:b] for a, b in itertools.pairwise([0, *cuts, len(order)])]
    return entries, groups


@given(stories())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_any_grouping_and_any_repetition_give_the_visits_of_the_rule(
    shared: sa.Engine, story: tuple[list[Entry], list[list[Entry]]]
) -> None:
    entries, groups = story
    facts = [fact(one) for one in entries]
    with writing(shared) as session:
        for group in groups:
            keep(session, *group)
        rows = [_visit(row) for row in session.scalars(COLUMNS)]
        here = row_of(session, SOLBAKKEN, volunteer(0), NOW)
        session.rollback()
    assert rows == list(visits(facts, RULES))
    assert here is not None
    assert here.here == here_after(NOT_HERE, facts, RULES)


def _visit(row: VisitRow) -> Visit:
    named = {field: getattr(row, field) for field in Visit.__struct_fields__ if field != "id"}
    return Visit(VisitId(row.visit), **named)


def test_two_people_at_two_homes_are_worked_out_apart(session: Session) -> None:
    mine, theirs = entry(arrived(0)), entry(arrived(1))
    keep_entries(
        session,
        NOW,
        [told(mine), Told(OTHER_DOOR, NORDSTRAND, theirs, codec.encode_entry(theirs))],
    )
    found = session.execute(sa.select(VisitRow.institution_id, VisitRow.volunteer_id)).all()
    assert sorted(tuple(row) for row in found) == [
        (NORDSTRAND, volunteer(1)),
        (SOLBAKKEN, volunteer(0)),
    ]


def test_a_late_fact_leaves_the_visits_before_it_alone(session: Session) -> None:
    hour = timedelta(hours=1)
    keep(session, entry(arrived(0), NOW - 9 * hour), entry(left(0), NOW - 8 * hour))
    first = session.scalars(sa.select(VisitRow.id)).one()
    keep(session, entry(arrived(0), NOW - 2 * hour))
    keep(session, entry(left(0), NOW - hour))
    ids = session.scalars(sa.select(VisitRow.id).order_by(VisitRow.id)).all()
    assert ids[0] == first
    assert len(ids) == 2


def test_keep_says_which_entries_were_new(session: Session) -> None:
    first, second = entry(arrived(0)), entry(left(0))
    assert keep_entries(session, NOW, [told(first), told(first)]) == {first.event}
    assert keep_entries(session, NOW, [told(first), told(second)]) == {second.event}
    assert keep_entries(session, NOW, []) == set()


def on_board(session: Session, now: datetime) -> tuple[int, list[Doubt]]:
    """How many are surely in the house, and why the others may be."""
    found = board(session, SOLBAKKEN, now)
    assert found is not None
    return len(found.on_site), [guest.doubt for guest in found.possible if guest.doubt]


def test_a_refused_person_is_possibly_on_site_for_two_hours(session: Session) -> None:
    refused = AttemptRefused(place(0), PresentationId(fresh()), Basis.LIVE, Reason.EXPIRED)
    keep(session, entry(refused))
    assert on_board(session, NOW + timedelta(hours=1, minutes=59)) == (0, [Doubt.SENT_TO_STAFF])
    assert on_board(session, NOW + timedelta(hours=2, seconds=1)) == (0, [])


def test_who_came_in_or_left_after_a_refusal_is_not_counted_for_it(session: Session) -> None:
    refused = AttemptRefused(place(0), PresentationId(fresh()), Basis.LIVE, Reason.EXPIRED)
    keep(session, entry(refused), entry(arrived(0), NOW + timedelta(minutes=1)))
    assert on_board(session, NOW + timedelta(minutes=2)) == (1, [])
    keep(session, entry(left(0), NOW + timedelta(minutes=4)))
    assert on_board(session, NOW + timedelta(minutes=5)) == (0, [])


def test_the_board_tells_the_sure_from_the_possible(session: Session) -> None:
    hour = timedelta(hours=1)
    keep(
        session,
        entry(arrived(0), NOW - 3 * hour),
        entry(arrived(1), NOW - 2 * hour),
        entry(left(1, is_doubtful=True), NOW - hour),
        entry(arrived(2), NOW - hour),
        entry(left(2), NOW),
    )
    assert on_board(session, NOW) == (1, [Doubt.CARD_UNCLEAR])


def test_who_a_kiosk_with_a_clock_weeks_behind_let_in_is_not_missing_in_the_house(
    session: Session,
) -> None:
    weeks_ago = NOW - timedelta(days=20)
    keep(session, entry(arrived(0), weeks_ago, ClockTrust.FLOOR))
    assert on_board(session, NOW) == (1, [])
    assert on_board(session, NOW + timedelta(hours=20)) == (0, [Doubt.FORGOTTEN])
    keep(session, entry(left(0), weeks_ago + timedelta(hours=1), ClockTrust.FLOOR))
    assert on_board(session, NOW) == (0, [])


def test_the_newest_acknowledgement_counts_in_any_order(session: Session) -> None:
    def read(major: int) -> BriefingAcknowledged:
        return BriefingAcknowledged(place(0), major, 0, "nb", 60)

    day = timedelta(days=1)
    keep(session, entry(read(3), NOW - 2 * day))
    keep(session, entry(read(2), NOW - day))
    keep(session, entry(read(3), NOW - 5 * day))
    known = standing(session, SOLBAKKEN, volunteer(0))
    assert (known.acknowledged_major, known.acknowledged_at) == (3, NOW - 2 * day)


def test_events_are_never_changed_by_what_follows(session: Session) -> None:
    coming = entry(arrived(0))
    keep(session, coming)
    before = session.execute(sa.select(EventRow.__table__)).all()
    keep(session, coming, entry(left(1)))
    after = session.execute(sa.select(EventRow.__table__).where(EventRow.id == coming.event)).all()
    assert after == before
