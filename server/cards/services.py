"""What can be done with a card."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.credential import issue_code
from presence.dates import add_months
from presence.ids import ChapterId, VolunteerId
from presence.policy import Policy
from presence.roster import CardState
from presence.statuslist import ENTRIES
from presence.trust import SigningKey
from server import audit
from server.cards.models import Card, CardEvent
from server.changes import ChangeKind
from server.courses.queries import blocking
from server.people.models import Volunteer
from server.people.services import adult_from, touch

CARD_LIFE_MONTHS = 120
"""So long a card's signature holds. Renewal moves the server's date and needs no new card."""

CAN_BE_LOST = frozenset(
    {CardState.ORDERED, CardState.ACTIVE, CardState.SUSPENDED, CardState.TO_BE_RETURNED}
)


class CardError(ValueError):
    """A card that may not be issued; the message says why."""


@dataclass(frozen=True, slots=True)
class NewCard:
    """What a new card needs. `place` and `cti` are random and were never used before."""

    id: str
    volunteer: VolunteerId
    chapter: ChapterId
    place: CardRef
    cti: bytes
    valid_from: date


def issue_card(session: Session, now: datetime, new: NewCard, policy: Policy, actor: str) -> Card:
    """Make a card, active at once.

    Raises LookupError when there is no such volunteer, CardError when the person is under age on
    the card's first day, lacks a course that blocks, or the place is outside the status list.
    """
    volunteer = session.get(Volunteer, new.volunteer)
    if volunteer is None:
        raise LookupError("no such volunteer")
    years = policy.adult_years
    if new.valid_from < adult_from(volunteer.birth_date, years):
        raise CardError(f"a card cannot be valid before its holder is {years} years old")
    if lacking := blocking(session, new.volunteer, max(new.valid_from, now.date())):
        raise CardError(f"a card cannot be issued before these courses: {', '.join(lacking)}")
    if new.place.index >= ENTRIES:
        raise CardError("the card's place lies outside its status list")
    issued = now.replace(microsecond=0)
    card = Card(
        id=new.id,
        volunteer_id=new.volunteer,
        chapter_id=new.chapter,
        list=new.place.list,
        index=new.place.index,
        cti=new.cti,
        state=CardState.ORDERED,
        valid_from=new.valid_from,
        valid_until=add_months(new.valid_from, policy.validity_months),
        issued_at=issued,
        expires_at=_end_of_life(issued, new.valid_from),
        state_changed_at=now,
    )
    session.add(card)
    session.flush()
    _change_state(session, now, card, CardState.ACTIVE, actor)
    audit.write(session, now, actor, "issue_card", f"card/{card.id}")
    return card


def code_of(card: Card, key: SigningKey) -> str:
    """The text on the card. Ed25519 signs the same content to the same bytes every time."""
    return issue_code(key, card.ref, card.cti, card.issued_at, card.expires_at)


def report_lost(session: Session, now: datetime, card_id: str, actor: str) -> bool:
    """Block a lost card everywhere, at once. False: it was blocked for good already.

    Raises LookupError when there is no such card.
    """
    card = _card(session, card_id)
    if card.state not in CAN_BE_LOST:
        return False
    _change_state(session, now, card, CardState.LOST, actor)
    audit.write(session, now, actor, "report_lost", f"card/{card_id}")
    return True


def set_state(session: Session, now: datetime, card_id: str, state: CardState, actor: str) -> None:
    """Give a card another stored state. Raises LookupError when there is no such card."""
    card = _card(session, card_id)
    if card.state is not state:
        _change_state(session, now, card, state, actor)
        audit.write(session, now, actor, f"set_card_{state}", f"card/{card_id}")


def cards_of(session: Session, volunteer: VolunteerId) -> list[Card]:
    """Newest first."""
    mine = sa.select(Card).where(Card.volunteer_id == volunteer)
    return list(session.scalars(mine.order_by(Card.issued_at.desc(), Card.id)))


def history(session: Session, card_id: str) -> list[CardEvent]:
    """What happened to a card, newest first."""
    its = sa.select(CardEvent).where(CardEvent.card_id == card_id)
    return list(session.scalars(its.order_by(CardEvent.id.desc())))


def _card(session: Session, card_id: str) -> Card:
    card = session.get(Card, card_id)
    if card is None:
        raise LookupError("no such card")
    return card


def _change_state(
    session: Session, now: datetime, card: Card, state: CardState, actor: str
) -> None:
    session.add(
        CardEvent(
            card_id=card.id,
            at=now,
            effective_at=now,
            state_before=card.state,
            state_after=state,
            actor=actor,
        )
    )
    card.state = state
    card.state_changed_at = now
    touch(session, now, card.volunteer_id, ChangeKind.CARD)


def _end_of_life(issued: datetime, valid_from: date) -> datetime:
    last = add_months(max(issued.date(), valid_from), CARD_LIFE_MONTHS)
    return datetime.combine(last, time(), UTC)
