"""The codes of cards as a file for the desk where they are written to chips (`tilstede card
encode`): a card's id and its code in each line, and nothing about whose it is.

Whoever has such a file can make copies of its cards, so nobody else may read it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.credential import verify_code
from presence.errors import CredentialError
from presence.ids import ChapterId
from presence.roster import CardState
from server import audit
from server.cards.models import Card
from server.cards.services import code_of
from server.institutions.models import Chapter
from server.keys import Keys

HEADER = "card,code\n"
WRITTEN = (CardState.ORDERED, CardState.ACTIVE)
"""Whose codes are given away. A card in any other state is not to be carried about."""


class CodeListError(ValueError):
    """There is no such list; nothing was written. One line for each card that is in the way."""


def cards_of_chapter(session: Session, chapter: ChapterId, today: date) -> list[Card]:
    """The chapter's cards that may be written, in the order of their ids, which is that of their
    making. Raises CodeListError when there is no such chapter, or none of those."""
    if session.get(Chapter, chapter) is None:
        raise CodeListError(f"no such chapter: {chapter}")
    its = sa.select(Card).where(Card.chapter_id == chapter).order_by(Card.id)
    cards = [card for card in session.scalars(its) if not _hindrance(card, today)]
    if not cards:
        raise CodeListError(f"the chapter {chapter} has no cards to be written")
    return cards


def cards_named(session: Session, ids: Sequence[str], today: date) -> list[Card]:
    """These cards, in this order. Raises CodeListError with every one that may not be written."""
    found: list[Card] = []
    faults: list[str] = []
    for number, card_id in enumerate(ids):
        card = session.get(Card, card_id)
        if card_id in ids[:number]:
            faults.append(f"card {card_id}: asked for twice")
        elif card is None:
            faults.append(f"card {card_id}: no such card")
        elif hindrance := _hindrance(card, today):
            faults.append(f"card {card_id}: {hindrance}")
        else:
            found.append(card)
    if faults:
        raise CodeListError("\n".join(faults))
    return found


def code_list(
    session: Session, now: datetime, keys: Keys, cards: Sequence[Card], actor: str
) -> bytes:
    """The list. Raises CodeListError when a code would not be believed by a kiosk."""
    lines = [HEADER]
    for card in cards:
        code = code_of(card, keys.card)
        try:
            verify_code(code, keys.trust)
        except CredentialError as error:
            raise CodeListError(f"card {card.id}: no kiosk would believe it: {error}") from error
        lines.append(f"{card.id},{code}\n")
        audit.write(session, now, actor, "give_code_to_desk", f"card/{card.id}")
    return "".join(lines).encode()


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file for its owner alone; gone again if anything fails before the end. Raises
    CodeListError when there is one already."""
    try:
        end = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CodeListError(f"{path} is there already; choose another name") from error
    try:
        with os.fdopen(end, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _hindrance(card: Card, today: date) -> str:
    if card.state not in WRITTEN:
        return f"it is {card.state}"
    return f"its last day was {card.valid_until}" if card.valid_until < today else ""
