"""What the page of a card shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.policy import Policy
from presence.roster import CardState
from server.cards.models import Card, CardEvent
from server.cards.services import CAN_BE_LOST, history
from server.institutions.models import Chapter, Society
from server.people.models import Volunteer
from server.policies.models import KeptPolicy
from server.policies.services import policy_on

SAMPLE_SOCIETY = "sample"
"""The society of the sample data. Its cards carry the word PRØVE (DOMAIN, "Six facts")."""


class Reporter(StrEnum):
    """Who may say that a card is lost (DOMAIN, "The card"); chosen until there is sign-in."""

    CHAPTER = "chapter"
    INSTITUTION = "institution"
    VOLUNTEER = "volunteer"


class Validity(StrEnum):
    """What follows from a card's dates; kept apart from its stored state."""

    NOT_YET_VALID = "not_yet_valid"
    VALID = "valid"
    RENEWAL_DUE = "renewal_due"
    EXPIRED = "expired"


def validity(card: Card, today: date, policy: Policy) -> Validity:
    """`today` is the day where the card is used. Both its first and its last day are valid."""
    if today < card.valid_from:
        return Validity.NOT_YET_VALID
    if today > card.valid_until:
        return Validity.EXPIRED
    if (card.valid_until - today).days <= policy.renewal_notice_days:
        return Validity.RENEWAL_DUE
    return Validity.VALID


@dataclass(frozen=True, slots=True)
class CardFile:
    """A card, whose it is, and what happened to it."""

    card: Card
    volunteer: Volunteer
    chapter: Chapter
    policy: Policy
    history: Sequence[CardEvent]

    @property
    def is_sample(self) -> bool:
        return self.chapter.society_id == SAMPLE_SOCIETY

    @property
    def can_be_lost(self) -> bool:
        """Whether reporting it would change anything."""
        return self.card.state in CAN_BE_LOST

    @property
    def reported_lost(self) -> CardEvent | None:
        """The report that blocked the card, if it is lost."""
        if self.card.state is not CardState.LOST:
            return None
        return next((one for one in self.history if one.state_after is CardState.LOST), None)


def card_file(session: Session, card_id: str, today: date) -> CardFile | None:
    """One card with its history, newest first; None when there is no such card."""
    row = session.execute(
        sa.select(Card, Volunteer, Chapter, KeptPolicy.versions)
        .join_from(Card, Volunteer, Volunteer.id == Card.volunteer_id)
        .join(Chapter, Chapter.id == Card.chapter_id)
        .join(Society, Society.id == Chapter.society_id)
        .join(KeptPolicy, KeptPolicy.id == Society.policy_id)
        .where(Card.id == card_id)
    ).one_or_none()
    if row is None:
        return None
    card, volunteer, chapter, versions = row
    policy = policy_on(versions, today)
    return CardFile(card, volunteer, chapter, policy, history(session, card_id))
