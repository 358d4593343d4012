"""Which chip is in which card: a chip is known by a name that its UID cannot be told from."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from presence.card import CardRef
from presence.ids import ChapterId
from presence.roster import CardState
from server import audit
from server.cards.models import Card, Chip, ChipKind
from server.cards.services import CardError
from server.cards.sun import UID_BYTES, ChipKeys
from server.prepared import Prepared

UID_SIZES = (4, 7, 10)
"""Of single, double and triple size (ISO/IEC 14443-3)."""
_RANDOM = 0x08
"""Begins a UID of four bytes that the chip makes anew at every touch."""
_GONE = frozenset({CardState.RETURNED, CardState.DESTROYED, CardState.REPLACED})
"""A card that nobody holds any more: its chip may go into another one."""


class ChipError(CardError):
    """A chip that cannot be registered; the message says why."""


@dataclass(frozen=True, slots=True)
class NewChip:
    """What is to be registered."""

    card_id: str
    kind: ChipKind
    uid: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownChip:
    """A chip of the register."""

    name: str
    kind: ChipKind
    card: CardRef
    expires: datetime
    """End of the card's life, as on a signed code."""


def chip_name(keys: ChipKeys, uid: bytes) -> str:
    """Under which a chip stands in the tables. A plain hash would not do: there are so few UIDs of
    four bytes that all can be tried."""
    return hmac.digest(keys.index, uid, sha256).hex()


def uid_from(text: str) -> bytes:
    """A UID as readers and lists write it: hexadecimal digits, with `:`, `-` or spaces between the
    bytes or without. Raises ChipError."""
    digits = text.strip().replace(":", " ").replace("-", " ")
    try:
        uid = bytes.fromhex(digits) if digits.isascii() else b""
    except ValueError:
        uid = b""
    if len(uid) not in UID_SIZES:
        raise ChipError("a UID has 4, 7 or 10 bytes in hexadecimal digits")
    if len(uid) == min(UID_SIZES) and uid[0] == _RANDOM:
        raise ChipError("a UID that begins with 08 is another one at every touch")
    return uid


def register_chip(
    session: Session, now: datetime, keys: ChipKeys, new: NewChip, actor: str
) -> bool:
    """Say which card a chip is in. False: that was known.

    Raises LookupError when there is no such card, and ChipError when the card is out of use or has
    a chip of this kind already, or when the chip is in another card that is in use.
    """
    card = session.get(Card, new.card_id)
    if card is None:
        raise LookupError("no such card")
    if card.state in _GONE:
        raise ChipError(f"a card that is {card.state} gets no chip")
    if new.kind is ChipKind.SUN and len(new.uid) != UID_BYTES:
        raise ChipError(f"a chip that calculates has a UID of {UID_BYTES} bytes")
    name = chip_name(keys, new.uid)
    chip = session.get(Chip, name)
    if chip is not None and (chip.card_id, chip.kind) == (new.card_id, new.kind):
        return False
    _check_free(session, new, chip)
    if chip is None:
        chip = Chip(name=name)
        session.add(chip)
    chip.card_id, chip.kind, chip.registered_at = new.card_id, new.kind, now
    session.flush()
    audit.write(session, now, actor, f"register_{new.kind}_chip", f"card/{new.card_id}")
    return True


def forget_chip(session: Session, now: datetime, card_id: str, kind: ChipKind, actor: str) -> bool:
    """Take back what was registered. False: there was nothing. What the chip said before stays
    known, for it cannot be said again. Raises LookupError when there is no such card."""
    if session.get(Card, card_id) is None:
        raise LookupError("no such card")
    chip = _of(session, card_id, kind)
    if chip is None:
        return False
    session.delete(chip)
    session.flush()
    audit.write(session, now, actor, f"forget_{kind}_chip", f"card/{card_id}")
    return True


def known_chip(connection: sa.Connection, name: str) -> KnownChip | None:
    """The chip of that name, for a tap: to be asked in AUTOCOMMIT."""
    return _known(name, _prepared.rows(connection, {"name": name}))


def known_chip_of(session: Session, name: str) -> KnownChip | None:
    """The chip of that name."""
    return _known(name, session.execute(_chip, {"name": name}).all())


def legacy_cards(session: Session, chapter: ChapterId | None) -> int:
    """How many cards in use rely on a legacy chip: those of a chapter, or (None) of all."""
    other = aliased(Chip)
    newer = sa.exists().where(other.card_id == Card.id, other.kind == ChipKind.SUN)
    count = (
        sa.select(sa.func.count())
        .select_from(Chip)
        .join(Card, Card.id == Chip.card_id)
        .where(
            Chip.kind == ChipKind.UID,
            Card.state == CardState.ACTIVE,
            sa.not_(newer),
        )
    )
    if chapter is not None:
        count = count.where(Card.chapter_id == chapter)
    return session.scalar(count) or 0


def _check_free(session: Session, new: NewChip, chip: Chip | None) -> None:
    """Neither is the chip elsewhere, nor is another chip in its place."""
    if chip is not None and chip.card_id == new.card_id:
        raise ChipError(f"this chip is registered for this card as {chip.kind}")
    if chip is not None and session.get_one(Card, chip.card_id).state not in _GONE:
        raise ChipError("this chip is registered for another card that is in use")
    if _of(session, new.card_id, new.kind) is not None:
        raise ChipError(f"this card has another chip of the kind {new.kind} already")


def _of(session: Session, card_id: str, kind: ChipKind) -> Chip | None:
    mine = sa.select(Chip).where(Chip.card_id == card_id, Chip.kind == kind)
    return session.scalars(mine).one_or_none()


def _known(name: str, rows: Sequence[Sequence[object]]) -> KnownChip | None:
    for kind, number, index, expires in rows:
        return KnownChip(name, kind, CardRef(number, index), expires)  # type: ignore[arg-type]
    return None


_chip = (
    sa.select(Chip.kind, Card.list, Card.index, Card.expires_at)
    .join(Card, Card.id == Chip.card_id)
    .where(Chip.name == sa.bindparam("name"))
)
_prepared = Prepared(_chip)
