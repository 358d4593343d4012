"""Telling people. For now an alert is a row that their pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.ids import InstitutionId, KioskId
from presence.reason import Reason
from presence.verdict import Tell
from server import changes
from server.cards.models import Card
from server.changes import ChangeKind
from server.institutions.services import house
from server.notices.models import Alert, AlertKind


@dataclass(frozen=True, slots=True)
class Tapped:
    """Which card, where."""

    card: CardRef
    kiosk: KioskId
    institution: InstitutionId
    last_home: InstitutionId | None = None
    """Where the card's holder was last seen before."""


def alert(
    session: Session,
    now: datetime,
    tapped: Tapped,
    kind: AlertKind,
    reason: Reason,
    told: Sequence[Tell],
) -> bool:
    """Tell `told` of a tap, unless something of this kind was told of this card a moment ago: at
    most one message in the time that the policy says (DOMAIN, "Allowed?")."""
    if not told:
        return False
    quiet = house(session, tapped.institution, now).policy.alert_every
    if _was_told(session, tapped.card, kind, now - quiet):
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
            told_home_id=_told_home(tapped, one),
            kiosk_id=tapped.kiosk,
        )
        for one in told
        if one is not Tell.OTHER_HOME or tapped.last_home is not None
    )
    changes.record(session, ChangeKind.ALERT, now, institution=tapped.institution)
    if Tell.OTHER_HOME in told and tapped.last_home is not None:
        changes.record(session, ChangeKind.ALERT, now, institution=tapped.last_home)
    return True


def _told_home(tapped: Tapped, told: Tell) -> InstitutionId | None:
    match told:
        case Tell.INSTITUTION:
            return tapped.institution
        case Tell.OTHER_HOME:
            return tapped.last_home
        case _:
            return None


def _was_told(session: Session, card: CardRef, kind: AlertKind, since: datetime) -> bool:
    earlier = sa.select(Alert.id).where(
        Alert.card_list == card.list,
        Alert.card_index == card.index,
        Alert.kind == kind,
        Alert.at > since,
    )
    return session.scalars(earlier.limit(1)).first() is not None
