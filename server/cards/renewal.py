"""Renewing a card (DOMAIN, "The card"). Its last day moves; what is signed on it stays."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from presence.dates import add_months
from presence.policy import Policy
from presence.roster import CardState
from server import audit
from server.cards.models import Card, CardEvent
from server.cards.services import CardError
from server.changes import ChangeKind
from server.people.services import last_conversation, touch


class ConversationMissingError(CardError):
    """No evaluation conversation is fresh enough. `last` is the day of the newest one, or None;
    one that was held on `earliest` or later would do."""

    def __init__(self, last: date | None, earliest: date) -> None:
        self.last, self.earliest = last, earliest
        known = "none is known" if last is None else f"the last one was on {last}"
        super().__init__(f"an evaluation conversation since {earliest} is missing; {known}")


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal has brought."""

    valid_until: date
    needs_replacement: bool
    """The old date is printed on the card: its holder must be given a new one."""


def renew(
    session: Session, now: datetime, today: date, card_id: str, policy: Policy, actor: str
) -> Renewal:
    """Make a card valid for the policy's time again. `today` is the day at the chapter.

    An expired card counts from today on, one that is renewed in the time of notice from its last
    day on, so that nobody loses days by coming in time.

    Raises LookupError when there is no such card, and CardError, which says why: the card is not in
    use, it is too early, the conversation is missing (ConversationMissingError), or the code on the
    card would end before the new last day.
    """
    card = session.get(Card, card_id)
    if card is None:
        raise LookupError("no such card")
    _check_state(card, today, policy)
    _check_conversation(session, card, today, policy)
    valid_until = add_months(max(card.valid_until, today), policy.validity_months)
    if valid_until >= card.expires_at.date():
        last = card.expires_at.date() - timedelta(days=1)
        raise CardError(f"the code on the card holds until {last} only; issue a new card")
    card.valid_until = valid_until
    session.add(
        CardEvent(
            card_id=card.id,
            at=now,
            effective_at=now,
            state_before=card.state,
            state_after=card.state,
            valid_until=valid_until,
            actor=actor,
        )
    )
    audit.write(session, now, actor, "renew_card", f"card/{card.id}")
    touch(session, now, card.volunteer_id, ChangeKind.CARD)
    return Renewal(valid_until, policy.prints_expiry)


def _check_state(card: Card, today: date, policy: Policy) -> None:
    if card.state is not CardState.ACTIVE:
        raise CardError(f"a card that is {card.state} cannot be renewed")
    due = card.valid_until - timedelta(days=policy.renewal_notice_days)
    if today < due:
        raise CardError(f"the renewal is not due before {due}")


def _check_conversation(session: Session, card: Card, today: date, policy: Policy) -> None:
    """A society that asks for none renews without one."""
    if not policy.renewal_needs_conversation:
        return
    earliest = today - timedelta(days=policy.conversation_max_age_days)
    held = last_conversation(session, card.volunteer_id, today)
    if held is None or held.day < earliest:
        raise ConversationMissingError(held.day if held else None, earliest)
