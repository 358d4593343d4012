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
from presence.ids import EventId, InstitutionId, KioskId, VisitId, VolunteerId
from presence.roster import Contact, HeldCard, House, RosterRow
from presence.visit import NOT_HERE, Here, Moment, Visit, VisitState
from server.cards.models import Card
from server.institutions.models import Assignment, Chapter, Institution, Society, Standing
from server.institutions.services import HOUSE, house_from
from server.kiosks.models import Kiosk
from server.people.models import ChapterMembership, Volunteer, initial_of
from server.people.services import adult_from
from server.prepared import Prepared

SEEN_RECENTLY = timedelta(days=90)
"""A home may see who is expected there, and who was there in this time (SECURITY)."""

_Columns = Sequence[Any]

_PERSON = (
    Volunteer.id,
    Volunteer.version,
    Volunteer.first_name,
    Volunteer.last_name,
    Volunteer.language,
    Volunteer.birth_date,
    Chapter.version,
    Chapter.leader_name,
    Chapter.leader_phone,
    Standing.version,
    Standing.is_paused,
    Standing.acknowledged_major,
    Standing.acknowledged_at,
    Standing.visit,
    Standing.visit_state,
    Standing.arrived,
    Standing.last_arrival,
    Standing.latest_at,
    Standing.latest_event,
)
_CARD = (Card.list, Card.index, Card.state, Card.valid_from, Card.valid_until)
_WIDTH = len(_PERSON)


@dataclass(frozen=True, slots=True)
class Tap:
    """What there is to know when a card is held to a kiosk."""

    house: House
    row: RosterRow | None


def tap(connection: sa.Connection, kiosk: KioskId, card: CardRef | None) -> Tap | None:
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
    house = house_from(*rows[0][: len(HOUSE)])
    if card is None or rows[0][len(HOUSE)] is None:
        return Tap(house, None)
    return Tap(house, _row([row[len(HOUSE) :] for row in rows]))


def row_of(
    session: Session, institution: InstitutionId, volunteer: VolunteerId
) -> RosterRow | None:
    """One volunteer as a home sees them; None where there is no such volunteer with a card."""
    asked = {"institution": institution, "volunteer": volunteer}
    return next(_grouped(session.execute(_one, asked).all()), None)


def rows_of(session: Session, institution: InstitutionId, now: datetime) -> tuple[RosterRow, ...]:
    """Everyone whom a home may see: expected there, or there in the last 90 days."""
    asked = {"institution": institution, "today": now.date(), "since": now - SEEN_RECENTLY}
    return tuple(_grouped(session.execute(_all, asked).all()))


def homes_of(session: Session, volunteer: VolunteerId) -> Sequence[InstitutionId]:
    """The homes that know a volunteer."""
    return session.scalars(_homes, {"volunteer": volunteer}).all()


def _grouped(rows: Iterable[_Columns]) -> Iterator[RosterRow]:
    """One roster row for each volunteer; a person's cards stand in rows beside each other."""
    for _, cards in groupby(rows, key=lambda row: row[0]):
        yield _row(list(cards))


def _row(rows: Sequence[_Columns]) -> RosterRow:
    """The roster row of one person, whose cards are in `rows` (columns of _PERSON and _CARD)."""
    (
        volunteer,
        version,
        first_name,
        last_name,
        language,
        birth_date,
        chapter_version,
        leader_name,
        leader_phone,
        standing_version,
        is_paused,
        acknowledged_major,
        acknowledged_at,
        *presence,
    ) = rows[0][:_WIDTH]
    return RosterRow(
        volunteer=volunteer,
        version=max(version, chapter_version or 0, standing_version or 0),
        first_name=first_name,
        initial=initial_of(last_name),
        language=language,
        cards=_cards(rows, birth_date),
        leader=None if leader_name is None else Contact(leader_name, leader_phone),
        is_paused=bool(is_paused),
        acknowledged=(
            None
            if acknowledged_major is None
            else Acknowledgement(acknowledged_major, acknowledged_at)
        ),
        here=_here(*presence),
    )


def _cards(rows: Sequence[_Columns], birth_date: date) -> tuple[HeldCard, ...]:
    adult = adult_from(birth_date)
    return tuple(
        HeldCard(CardRef(number, index), state, max(valid_from, adult), valid_until)
        for number, index, state, valid_from, valid_until in (row[_WIDTH:] for row in rows)
    )


def _here(
    visit: VisitId | None,
    state: VisitState | None,
    arrived: datetime | None,
    last_arrival: datetime | None,
    latest_at: datetime | None,
    latest_event: EventId | None,
) -> Here:
    if latest_at is None or latest_event is None:
        return NOT_HERE
    current = None
    if visit is not None and state is not None:
        current = Visit(visit, state, arrived, last_arrival)
    return Here(current, Moment(latest_at, latest_event))


def _with_home(people: sa.FromClause, institution: sa.SQLColumnExpression[Any]) -> sa.FromClause:
    """`people`, with their leader and with what one home knows of them beside them."""
    is_main = sa.and_(ChapterMembership.volunteer_id == Volunteer.id, ChapterMembership.is_main)
    is_here = sa.and_(Standing.volunteer_id == Volunteer.id, Standing.institution_id == institution)
    return (
        people.outerjoin(ChapterMembership, is_main)
        .outerjoin(Chapter, Chapter.id == ChapterMembership.chapter_id)
        .outerjoin(Standing, is_here)
    )


_in_order = (Volunteer.id, Card.list, Card.index)
_kiosks = sa.join(Kiosk, Institution, Institution.id == Kiosk.institution_id).join(
    Society, Society.id == Institution.society_id
)
_home_of = sa.select(*HOUSE).select_from(_kiosks).where(Kiosk.id == sa.bindparam("kiosk"))
_Asked = aliased(Card)
_is_asked = sa.and_(_Asked.list == sa.bindparam("list"), _Asked.index == sa.bindparam("index"))
_tap = (
    sa.select(*HOUSE, *_PERSON, *_CARD)
    .select_from(
        _with_home(
            _kiosks.outerjoin(_Asked, _is_asked)
            .outerjoin(Volunteer, Volunteer.id == _Asked.volunteer_id)
            .outerjoin(Card, Card.volunteer_id == Volunteer.id),
            Institution.id,
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
            sa.join(Volunteer, Card, Card.volunteer_id == Volunteer.id),
            sa.bindparam("institution", type_=sa.String()),
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
