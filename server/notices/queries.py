"""What the list of alerts shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import ChapterId, InstitutionId, VolunteerId
from presence.verdict import Tell
from server.cards.models import Card
from server.institutions.models import Chapter, Institution
from server.kiosks.models import Kiosk
from server.notices.models import Alert
from server.people.models import Volunteer

PAGE_SIZE = 25
MESSAGES = 5
HOMES = (Tell.INSTITUTION, Tell.OTHER_HOME)
"""Those who are told at a home."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert with what it is about. A card that nobody knows has neither card nor person, and
    an alert about a home or its kiosk has no card."""

    alert: Alert
    institution: Institution
    card: Card | None
    volunteer: Volunteer | None
    chapter: Chapter | None
    kiosk: Kiosk | None


@dataclass(frozen=True, slots=True)
class AlertPage:
    alerts: Sequence[Told]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def chapters(session: Session) -> Sequence[Chapter]:
    return session.scalars(sa.select(Chapter).order_by(Chapter.name)).all()


def alerts(session: Session, chapter: ChapterId | None, page: int) -> AlertPage:
    """What a chapter and its leaders were told (None: all chapters), newest first."""
    for_chapters: list[sa.ColumnElement[bool]] = [Alert.told.not_in(HOMES)]
    if chapter is not None:
        for_chapters.append(Alert.chapter_id == chapter)
    count = sa.select(sa.func.count()).select_from(Alert).where(*for_chapters)
    total = session.scalar(count) or 0
    page = max(1, min(page, -(-total // PAGE_SIZE)))
    rows = session.execute(
        _told()
        .where(*for_chapters)
        .order_by(Alert.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return AlertPage([Told(*row) for row in rows], total, page)


def of_volunteer(session: Session, volunteer: VolunteerId, at_most: int) -> Sequence[Told]:
    """What was told about one person's cards, newest first."""
    rows = session.execute(
        _told()
        .where(Alert.volunteer_id == volunteer, Alert.told.not_in(HOMES))
        .order_by(Alert.id.desc())
        .limit(at_most)
    )
    return [Told(*row) for row in rows]


def of_home(session: Session, home: InstitutionId, since: datetime) -> Sequence[Told]:
    """What a home was told, newest first, at most MESSAGES of them."""
    rows = session.execute(
        _told()
        .where(Alert.told_home_id == home, Alert.told.in_(HOMES), Alert.at > since)
        .order_by(Alert.id.desc())
        .limit(MESSAGES)
    )
    return [Told(*row) for row in rows]


def _told() -> sa.Select[Alert, Institution, Card, Volunteer, Chapter, Kiosk]:
    return (
        sa.select(Alert, Institution, Card, Volunteer, Chapter, Kiosk)
        .join_from(Alert, Institution, Institution.id == Alert.institution_id)
        .outerjoin(Card, (Card.list == Alert.card_list) & (Card.index == Alert.card_index))
        .outerjoin(Volunteer, Volunteer.id == Alert.volunteer_id)
        .outerjoin(Chapter, Chapter.id == Alert.chapter_id)
        .outerjoin(Kiosk, Kiosk.id == Alert.kiosk_id)
    )
