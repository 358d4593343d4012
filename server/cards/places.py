"""Where new cards stand in the status lists: anywhere, so that a place says nothing."""

from collections.abc import Iterator
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.statuslist import ENTRIES
from server.cards.models import Card

_FULL = ENTRIES // 2
"""With more cards than this a list has few places left that a guess would find."""


def free_places(session: Session, random: Random) -> Iterator[CardRef]:
    """Places that no card ever had, each once. To be used within one transaction; `random` must be
    one that nobody can foresee."""
    number = session.scalar(sa.select(sa.func.max(Card.list))) or 0
    taken = set(session.scalars(sa.select(Card.index).where(Card.list == number)))
    while True:
        if len(taken) >= _FULL:
            number, taken = number + 1, set()
        index = random.randrange(ENTRIES)
        if index not in taken:
            taken.add(index)
            yield CardRef(number, index)
