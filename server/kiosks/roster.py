"""What a kiosk may know: the home, and one row for each volunteer it may see.

A tap's path is one statement, prepared once, without objects in between.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from presence.briefing import Acknowledgement
from presence.card import CardRef
from presence.ids import InstitutionId, KioskId, VolunteerId
from presence.policy import Policy
from presence.roster import Contact, Elsewhere, HeldCard, House, RosterRow
from presence.travel import place, travel_time
from server.cards.models import Card
from server.institutions.models import Assignment, Chapter, Institution, Standing
from server.institutions.services import HOMES, HOUSE, house, house_from
from server.institutions.standings import PRESENCE, activities_from, here_from
from server.kiosks.models import Kiosk
from server.people.models import ChapterMembership, Volunteer, initial_of
from server.people.qualifications import courses_from, dog_from
from server.people.services import adult_from
from server.prepared import Prepared

SEEN_RECENTLY = timedelta(days=90)
"""A home may see who is expected there, and who was there in this time (SECURITY)."""

_Columns = Sequence[Any]

_Last = aliased(Institution)
"""The home where the person was last seen."""
_WHO = (
    Volunteer.id,
    Volunteer.version,
    Volunteer.first_name,
    Volunteer.last_name,
    Volunteer.language,
    Volunteer.birth_date,
    Volunteer.missing_courses,
    Volunteer.dog_team,
)
_SEEN = (
    Volunteer.seen_at,
    Volunteer.seen_institution_id,
    _Last.latitude,
    _Last.longitude,
    Institution.id,
    Institution.latitude,
    Institution.longitude,
)
_LED = (Chapter.version, Chapter.leader_name, Chapter.leader_phone)
_KNOWN = (
    Standing.version,
    Standing.is_paused,
    Standing.activities,
    Standing.acknowledged_major,
    Standing.acknowledged_at,
    *PRESENCE,
)
_CARD = (Card.list, Card.index, Card.state, Card.valid_from, Card.valid_until)
_PERSON = (*_WHO, *_SEEN, *_LED, *_KNOWN)
_WIDTH = len(_PERSON)


def _slices(*groups: Sequence[object]) -> Iterator[slice]:
    """Where each group of columns stands in a row."""
    begin = 0
    for group in groups:
        yield slice(begin, begin := begin + len(group))


_IS_WHO, _IS_SEEN, _IS_LED, _IS_KNOWN = _slices(_WHO, _SEEN, _LED, _KNOWN)
_SEEN_HOME = _PERSON.index(Volunteer.seen_institution_id)


@dataclass(frozen=True, slots=True)
class Tap:
    """What there is to know when a card is held to a kiosk."""

    house: House
    row: RosterRow | None
    last_home: InstitutionId | None = None
    """Where the holder was last seen: told to no kiosk."""


def tap(
    connection: sa.Connection, kiosk: KioskId, card: CardRef | None, now: datetime
) -> Tap | None:
    """The home of a kiosk and the row of a card's holder. None: there is no such kiosk."""
    if card is None:
        rows = _prepared_home_of.rows(connection, {"kiosk": kiosk})
    else:
        asked: dict[str, str | int] = {
            "kiosk": kiosk,
            "list": card.list,
            "index": card.index,
        }
        rows = _prepared_tap.rows(connection, asked)
    if not rows:
        return None
    house = house_from(now, rows[0][: len(HOUSE)])
    if card is None or rows[0][len(HOUSE)] is None:
        return Tap(house, None)
    theirs = [row[len(HOUSE) :] for row in rows]
    return Tap(house, _row(theirs, house.policy), theirs[0][_SEEN_HOME])


def row_of(
    session: Session, institution: InstitutionId, volunteer: VolunteerId, now: datetime
) -> RosterRow | None:
    """One volunteer as a home sees them; None where there is no such volunteer with a card."""
    asked = {"institution": institution, "volunteer": volunteer}
    policy = house(session, institution, now).policy
    return next(_grouped(session.execute(_one, asked).all(), policy), None)


def rows_of(session: Session, institution: InstitutionId, now: datetime) -> tuple[RosterRow, ...]:
    """Everyone whom a home may see: expected there, or there in the last 90 days."""
    asked = {"institution": institution, "today": now.date(), "since": now - SEEN_RECENTLY}
    policy = house(session, institution, now).policy
    return tuple(_grouped(session.execute(_all, asked).all(), policy))


def homes_of(session: Session, volunteer: VolunteerId) -> Sequence[InstitutionId]:
    """The homes that know a volunteer."""
    return session.scalars(_homes, {"volunteer": volunteer}).all()


def _grouped(rows: Iterable[_Columns], policy: Policy) -> Iterator[RosterRow]:
    """One roster row for each volunteer; a person's cards stand in rows beside each other."""
    for _, cards in groupby(rows, key=lambda row: row[0]):
        yield _row(list(cards), policy)


def _row(rows: Sequence[_Columns], policy: Policy) -> RosterRow:
    """The roster row of one person, whose cards are in `rows` (columns of _PERSON and _CARD)."""
    person = rows[0]
    volunteer, version, first_name, last_name, language, born, courses, dog = person[_IS_WHO]
    chapter_version, leader_name, leader_phone = person[_IS_LED]
    standing_version, is_paused, activities, major, read_at, *presence = person[_IS_KNOWN]
    return RosterRow(
        volunteer=volunteer,
        version=max(version, chapter_version or 0, standing_version or 0),
        first_name=first_name,
        initial=initial_of(last_name),
        language=language,
        cards=_cards(rows, adult_from(born, policy.adult_years)),
        leader=None if leader_name is None else Contact(leader_name, leader_phone),
        courses=courses_from(courses),
        is_paused=bool(is_paused),
        activities=activities_from(activities),
        dog=dog_from(dog),
        acknowledged=None if major is None else Acknowledgement(major, read_at),
        here=here_from(presence),
        elsewhere=_elsewhere(policy, *person[_IS_SEEN]),
    )


def _elsewhere(
    policy: Policy,
    seen_at: datetime | None,
    seen_home: InstitutionId | None,
    *where: Any,
) -> Elsewhere | None:
    """The last sighting, if it was at another home than the one that asks."""
    latitude, longitude, home, home_latitude, home_longitude = where
    if seen_at is None or seen_home == home:
        return None
    there, here = place(latitude, longitude), place(home_latitude, home_longitude)
    return Elsewhere(seen_at, seen_at + travel_time(there, here, policy.fastest_kmh))


def _cards(rows: Sequence[_Columns], adult: date) -> tuple[HeldCard, ...]:
    return tuple(
        HeldCard(CardRef(number, index), state, max(valid_from, adult), valid_until)
        for number, index, state, valid_from, valid_until in (row[_WIDTH:] for row in rows)
    )


def _with_home(people: sa.FromClause) -> sa.FromClause:
    """`people` at a home, with their leader and with what that home knows of them beside them."""
    is_main = sa.and_(ChapterMembership.volunteer_id == Volunteer.id, ChapterMembership.is_main)
    is_here = sa.and_(
        Standing.volunteer_id == Volunteer.id, Standing.institution_id == Institution.id
    )
    return (
        people.outerjoin(ChapterMembership, is_main)
        .outerjoin(Chapter, Chapter.id == ChapterMembership.chapter_id)
        .outerjoin(Standing, is_here)
        .outerjoin(_Last, _Last.id == Volunteer.seen_institution_id)
    )


_in_order = (Volunteer.id, Card.list, Card.index)
_kiosks = HOMES.join(Kiosk, Kiosk.institution_id == Institution.id)
_home_of = sa.select(*HOUSE).select_from(_kiosks).where(Kiosk.id == sa.bindparam("kiosk"))
_Asked = aliased(Card)
_is_asked = sa.and_(_Asked.list == sa.bindparam("list"), _Asked.index == sa.bindparam("index"))
_tap = (
    sa.select(*HOUSE, *_PERSON, *_CARD)
    .select_from(
        _with_home(
            _kiosks.outerjoin(_Asked, _is_asked)
            .outerjoin(Volunteer, Volunteer.id == _Asked.volunteer_id)
            .outerjoin(Card, Card.volunteer_id == Volunteer.id)
        )
    )
    .where(Kiosk.id == sa.bindparam("kiosk"))
    .order_by(Card.list, Card.index)
)
_prepared_home_of, _prepared_tap = Prepared(_home_of), Prepared(_tap)
_rows = (
    sa.select(*_PERSON, *_CARD)
    .select_from(
        _with_home(
            sa.join(Volunteer, Card, Card.volunteer_id == Volunteer.id).join(
                Institution, Institution.id == sa.bindparam("institution")
            )
        )
    )
    .order_by(*_in_order)
)
_one = _rows.where(Volunteer.id == sa.bindparam("volunteer"))
_expected = sa.select(Assignment.volunteer_id).where(
    Assignment.institution_id == sa.bindparam("institution"),
    sa.or_(Assignment.ended_on.is_(None), Assignment.ended_on > sa.bindparam("today")),
)
_seen = sa.select(Standing.volunteer_id).where(
    Standing.institution_id == sa.bindparam("institution"),
    Standing.latest_at >= sa.bindparam("since"),
)
_all = _rows.where(Volunteer.id.in_(sa.union(_expected, _seen)))
_homes = sa.union(
    sa.select(Standing.institution_id).where(Standing.volunteer_id == sa.bindparam("volunteer")),
    sa.select(Assignment.institution_id).where(
        Assignment.volunteer_id == sa.bindparam("volunteer")
    ),
)
