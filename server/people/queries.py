"""What the pages about volunteers show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import VolunteerId
from presence.policy import Policy
from server.briefings.models import AcknowledgementRecord
from server.cards.models import Card
from server.cards.services import cards_of
from server.institutions.models import Assignment, Chapter, Institution, Society
from server.notices.queries import Told, of_volunteer
from server.people.models import ChapterMembership, Volunteer
from server.policies.models import KeptPolicy
from server.policies.services import policy_on
from server.visits.models import VisitRow

PAGE_SIZE = 25
RECENT = 10
"""Visits and alerts shown on a person's page."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search."""

    volunteers: Sequence[Volunteer]
    homes: dict[VolunteerId, list[str]]
    cards: dict[VolunteerId, tuple[Card, Policy]]
    """The newest card of each, with the policy it is under."""
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def search(session: Session, words: str, page: int, today: date) -> Found:
    """Volunteers whose first or last name holds every word, in order of names. Pages count from
    1; a page beyond the last one is the last one."""
    matching = [_holds(word) for word in words.split()]
    total = session.scalar(sa.select(sa.func.count()).select_from(Volunteer).where(*matching)) or 0
    page = max(1, min(page, -(-total // PAGE_SIZE)))
    volunteers = session.scalars(
        sa.select(Volunteer)
        .where(*matching)
        .order_by(Volunteer.first_name, Volunteer.last_name, Volunteer.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    ids = [volunteer.id for volunteer in volunteers]
    cards = _newest_cards(session, ids, today)
    return Found(volunteers, _home_names(session, ids), cards, total, page)


def _holds(word: str) -> sa.ColumnElement[bool]:
    """SQLite ignores case for a to z only, so other letters are tried as they stand in names."""
    spellings = sorted({word, word.lower(), word.title()})
    return sa.or_(
        *(
            column.icontains(spelling, autoescape=True)
            for column in (Volunteer.first_name, Volunteer.last_name)
            for spelling in spellings
        )
    )


def _home_names(session: Session, ids: Sequence[VolunteerId]) -> dict[VolunteerId, list[str]]:
    names: dict[VolunteerId, list[str]] = {one: [] for one in ids}
    for volunteer, name in session.execute(
        sa.select(Assignment.volunteer_id, Institution.name)
        .join(Institution, Institution.id == Assignment.institution_id)
        .where(Assignment.volunteer_id.in_(ids), Assignment.ended_on.is_(None))
        .distinct()
        .order_by(Institution.name)
    ):
        names[volunteer].append(name)
    return names


def _newest_cards(
    session: Session, ids: Sequence[VolunteerId], today: date
) -> dict[VolunteerId, tuple[Card, Policy]]:
    rows = session.execute(
        sa.select(Card, KeptPolicy.versions)
        .join_from(Card, Chapter, Chapter.id == Card.chapter_id)
        .join(Society, Society.id == Chapter.society_id)
        .join(KeptPolicy, KeptPolicy.id == Society.policy_id)
        .where(Card.volunteer_id.in_(ids))
        .order_by(Card.issued_at)
    )
    return {card.volunteer_id: (card, policy_on(versions, today)) for card, versions in rows}


@dataclass(frozen=True, slots=True)
class Person:
    """All that a volunteer's page shows."""

    volunteer: Volunteer
    chapters: Sequence[tuple[Chapter, ChapterMembership]]
    assignments: Sequence[tuple[Assignment, Institution]]
    cards: Sequence[Card]
    policy: Policy
    visits: Sequence[tuple[VisitRow, Institution]]
    acknowledgements: Sequence[tuple[AcknowledgementRecord, Institution]]
    alerts: Sequence[Told]


def person(session: Session, volunteer_id: VolunteerId, today: date) -> Person | None:
    """One volunteer; None when there is no such person."""
    volunteer = session.get(Volunteer, volunteer_id)
    if volunteer is None:
        return None
    chapters = _chapters(session, volunteer_id)
    return Person(
        volunteer,
        chapters,
        _assignments(session, volunteer_id),
        cards_of(session, volunteer_id),
        _policy(session, volunteer_id, today),
        _visits(session, volunteer_id),
        _acknowledgements(session, volunteer_id),
        of_volunteer(session, volunteer_id, RECENT),
    )


def _chapters(
    session: Session, volunteer: VolunteerId
) -> Sequence[tuple[Chapter, ChapterMembership]]:
    rows = session.execute(
        sa.select(Chapter, ChapterMembership)
        .join_from(ChapterMembership, Chapter, Chapter.id == ChapterMembership.chapter_id)
        .where(ChapterMembership.volunteer_id == volunteer)
        .order_by(ChapterMembership.is_main.desc(), Chapter.name)
    )
    return [(one, other) for one, other in rows]


def _policy(session: Session, volunteer: VolunteerId, today: date) -> Policy:
    """That of the society the person's main chapter belongs to; the rule's own for nobody's."""
    versions = session.scalars(
        sa.select(KeptPolicy.versions)
        .join_from(ChapterMembership, Chapter, Chapter.id == ChapterMembership.chapter_id)
        .join(Society, Society.id == Chapter.society_id)
        .join(KeptPolicy, KeptPolicy.id == Society.policy_id)
        .where(ChapterMembership.volunteer_id == volunteer)
        .order_by(ChapterMembership.is_main.desc())
        .limit(1)
    ).first()
    return Policy() if versions is None else policy_on(versions, today)


def _assignments(
    session: Session, volunteer: VolunteerId
) -> Sequence[tuple[Assignment, Institution]]:
    rows = session.execute(
        sa.select(Assignment, Institution)
        .join_from(Assignment, Institution, Institution.id == Assignment.institution_id)
        .where(Assignment.volunteer_id == volunteer)
        .order_by(Institution.name, Assignment.id)
    )
    return [(one, other) for one, other in rows]


def _visits(session: Session, volunteer: VolunteerId) -> Sequence[tuple[VisitRow, Institution]]:
    rows = session.execute(
        sa.select(VisitRow, Institution)
        .join_from(VisitRow, Institution, Institution.id == VisitRow.institution_id)
        .where(VisitRow.volunteer_id == volunteer)
        .order_by(VisitRow.began.desc())
        .limit(RECENT)
    )
    return [(one, other) for one, other in rows]


def _acknowledgements(
    session: Session, volunteer: VolunteerId
) -> Sequence[tuple[AcknowledgementRecord, Institution]]:
    rows = session.execute(
        sa.select(AcknowledgementRecord, Institution)
        .join_from(
            AcknowledgementRecord,
            Institution,
            Institution.id == AcknowledgementRecord.institution_id,
        )
        .where(AcknowledgementRecord.volunteer_id == volunteer)
        .order_by(AcknowledgementRecord.at.desc())
    )
    return [(one, other) for one, other in rows]
