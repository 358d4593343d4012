"""Telling people. For now an alert is a row that their pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.ids import InstitutionId, KioskId
from presence.verdict import Reason, Tell
from server import changes
from server.cards.models import Card
from server.changes import ChangeKind
from server.notices.models import Alert, AlertKind

QUIET = timedelta(minutes=15)
"""At most one message about a card's taps in this time (DOMAIN, "Allowed?")."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """Which card, where."""

    card: CardRef
    kiosk: KioskId
    institution: InstitutionId


def alert(
    session: Session,
    now: datetime,
    tapped: Tapped,
    kind: AlertKind,
    reason: Reason,
    told: Sequence[Tell],
) -> bool:
    """Tell `told` of a tap, unless something of this kind was told of this card a moment ago."""
    if not told or _was_told(session, now, tapped.card, kind):
        return False
    card = session.scalars(
        sa.select(Card).where(Card.list == tapped.card.list, Card.index == tapped.card.index)
    ).one_or_none()
    session.add_all(
        Alert(
            at=now,
            kind=kind,
            told=one,
            reason=reason,
            card_list=tapped.card.list,
            card_index=tapped.card.index,
            volunteer_id=card.volunteer_id if card else None,
            chapter_id=card.chapter_id if card else None,
            institution_id=tapped.institution,
            kiosk_id=tapped.kiosk,
        )
        for one in told
    )
    changes.record(session, ChangeKind.ALERT, now, institution=tapped.institution)
    return True


def _was_told(session: Session, now: datetime, card: CardRef, kind: AlertKind) -> bool:
    earlier = sa.select(Alert.id).where(
        Alert.card_list == card.list,
        Alert.card_index == card.index,
        Alert.kind == kind,
        Alert.at > now - QUIET,
    )
    return session.scalars(earlier.limit(1)).first() is not None
