"""One person, two homes: who is surely where, who is told, and what each home's kiosks learn."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec
from presence.ids import InstitutionId
from presence.messages import ClockTrust, Entry, Stamp
from presence.reason import Reason
from presence.roster import Elsewhere, RosterRow
from presence.verdict import Basis, Tell
from presence.visit import Doubt, VisitState
from server.db import writing
from server.institutions.models import Institution
from server.institutions.queries import board
from server.kiosks.roster import row_of
from server.notices.models import Alert, AlertKind
from server.people.models import Volunteer
from server.visits.models import VisitRow
from server.visits.services import keep_entries
from server.visits.store import Told
from tests.integration.server_stand import (
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    arrived,
    card_of,
    entry,
    left,
    volunteer,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DOORS = {SOLBAKKEN: DOOR, NORDSTRAND: OTHER_DOOR}
TWELVE_KM_NORTH = 12 / 111.19493
"""In degrees of latitude."""


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    """Solbakken and Nordstrand 12 km apart: eight minutes by car."""
    with writing(engine) as session:
        for home, latitude in ((SOLBAKKEN, 60.0), (NORDSTRAND, 60.0 + TWELVE_KM_NORTH)):
            row = session.get_one(Institution, home)
            row.latitude, row.longitude = latitude, 5.0
        yield session


def keep(session: Session, home: InstitutionId, *entries: Entry) -> None:
    told = [Told(DOORS[home], home, one, codec.encode_entry(one)) for one in entries]
    keep_entries(session, NOW, told)
    session.flush()


def states(session: Session, home: InstitutionId) -> list[tuple[VisitState, Doubt | None]]:
    rows = session.scalars(
        sa.select(VisitRow).where(VisitRow.institution_id == home).order_by(VisitRow.id)
    )
    return [(row.state, row.doubt) for row in rows]


def row(session: Session, home: InstitutionId) -> RosterRow:
    found = row_of(session, home, volunteer(0), NOW)
    assert found is not None
    return found


def alerts(session: Session) -> list[tuple[AlertKind, Reason | None, Tell, InstitutionId | None]]:
    rows = session.scalars(sa.select(Alert).order_by(Alert.id))
    return [(one.kind, one.reason, one.told, one.told_home_id) for one in rows]


def test_who_arrives_at_another_home_is_only_possibly_at_the_first(session: Session) -> None:
    keep(session, SOLBAKKEN, entry(arrived(0), NOW - 3 * HOUR))
    version = row(session, SOLBAKKEN).version
    keep(session, NORDSTRAND, entry(arrived(0), NOW - HOUR))
    assert states(session, SOLBAKKEN) == [(VisitState.POSSIBLE, Doubt.ELSEWHERE)]
    assert states(session, NORDSTRAND) == [(VisitState.OPEN, None)]
    after = row(session, SOLBAKKEN)
    assert after.version > version, "the first home's kiosks are told"
    assert after.here.visit is not None
    assert after.here.visit.doubt is Doubt.ELSEWHERE
    found = board(session, SOLBAKKEN, NOW)
    assert found is not None
    assert [guest.doubt for guest in found.possible] == [Doubt.ELSEWHERE]


def test_a_home_that_only_expects_somebody_hears_of_it_when_she_arrives_elsewhere(
    session: Session,
) -> None:
    before = row(session, SOLBAKKEN)
    keep(session, NORDSTRAND, entry(arrived(0), NOW - HOUR))
    after = row(session, SOLBAKKEN)
    assert (before.elsewhere, states(session, SOLBAKKEN)) == (None, [])
    assert after.elsewhere is not None
    assert after.version > before.version, "its kiosks are told"


@pytest.mark.parametrize("late_first", [False, True])
def test_the_order_in_which_two_homes_tell_does_not_matter(
    session: Session, late_first: bool
) -> None:
    first = (SOLBAKKEN, entry(arrived(0), NOW - 3 * HOUR))
    second = (NORDSTRAND, entry(arrived(0), NOW - 2 * HOUR))
    third = (SOLBAKKEN, entry(left(0), NOW - HOUR))
    told = [third, second, first] if late_first else [first, second, third]
    for home, one in told:
        keep(session, home, one)
    assert states(session, SOLBAKKEN) == [(VisitState.CLOSED, None)]
    assert states(session, NORDSTRAND) == [(VisitState.OPEN, None)]


def test_who_forgot_to_leave_and_arrives_elsewhere_next_day_is_no_longer_looked_for(
    session: Session,
) -> None:
    keep(session, SOLBAKKEN, entry(arrived(0), NOW - 20 * HOUR))
    keep(session, NORDSTRAND, entry(arrived(0), NOW - HOUR))
    assert states(session, SOLBAKKEN) == [(VisitState.LEFT_UNKNOWN, Doubt.FORGOTTEN)]
    found = board(session, SOLBAKKEN, NOW)
    assert found is not None
    assert (found.on_site, found.possible) == ((), ())


def test_a_home_never_visited_learns_nothing_but_when_somebody_can_be_there(
    session: Session,
) -> None:
    came = NOW - 5 * MINUTE
    keep(session, SOLBAKKEN, entry(arrived(0), came))
    seen = row(session, NORDSTRAND).elsewhere
    assert seen == Elsewhere(came, seen.reachable if seen else came)
    assert seen is not None
    assert timedelta(minutes=7, seconds=59) < seen.reachable - came < timedelta(minutes=8.02)
    assert row(session, SOLBAKKEN).elsewhere is None
    assert states(session, NORDSTRAND) == []


def test_homes_that_stand_nobody_knows_where_are_no_distance_apart(session: Session) -> None:
    session.get_one(Institution, SOLBAKKEN).latitude = None
    keep(session, SOLBAKKEN, entry(arrived(0), NOW - MINUTE))
    assert row(session, NORDSTRAND).elsewhere == Elsewhere(NOW - MINUTE, NOW - MINUTE)


def test_only_the_newest_sure_sighting_counts(session: Session) -> None:
    keep(session, NORDSTRAND, entry(arrived(0), NOW - HOUR))
    keep(session, SOLBAKKEN, entry(arrived(0), NOW - 2 * HOUR))
    doubtful = entry(left(0, is_doubtful=True), NOW - MINUTE)
    keep(session, SOLBAKKEN, doubtful, uncertain(NOW - 2 * MINUTE))
    person = session.get_one(Volunteer, volunteer(0))
    session.refresh(person)
    assert (person.seen_at, person.seen_institution_id) == (NOW - HOUR, NORDSTRAND)


def uncertain(at: datetime) -> Entry:
    plain = entry(arrived(0), at)
    stamp = plain.stamp
    floor = Stamp(stamp.sequence, stamp.boot, stamp.boot_ms, stamp.wall, ClockTrust.FLOOR)
    return Entry(plain.event, floor, plain.what)


@pytest.mark.parametrize(
    ("minutes", "is_told"), [(5, True), (-5, True), (9, False)], ids=["soon", "before", "by car"]
)
def test_a_kiosk_alone_that_let_a_copy_in_is_found_out_when_it_tells(
    session: Session, minutes: int, is_told: bool
) -> None:
    keep(session, SOLBAKKEN, entry(arrived(0), NOW - HOUR))
    alone = entry(arrived(0, basis=Basis.ROSTER), NOW - HOUR + minutes * MINUTE)
    keep(session, NORDSTRAND, alone)
    told = [
        (AlertKind.ACCEPTED_OFFLINE, Reason.ELSEWHERE, Tell.INSTITUTION, NORDSTRAND),
        (AlertKind.ACCEPTED_OFFLINE, Reason.ELSEWHERE, Tell.OTHER_HOME, SOLBAKKEN),
        (AlertKind.ACCEPTED_OFFLINE, Reason.ELSEWHERE, Tell.CHAPTER, None),
    ]
    assert alerts(session) == (told if is_told else [])


@pytest.mark.parametrize(("last_day", "is_told"), [(23, True), (24, False)])
def test_an_expired_card_that_a_kiosk_alone_let_in_is_told_to_the_leader(
    session: Session, last_day: int, is_told: bool
) -> None:
    card_of(session, 0).valid_until = date(2026, 11, last_day)
    session.flush()
    keep(session, SOLBAKKEN, entry(arrived(0, basis=Basis.ROSTER), NOW - HOUR))
    told = [(AlertKind.ACCEPTED_OFFLINE, Reason.EXPIRED, Tell.LEADER, None)]
    assert alerts(session) == (told if is_told else [])
