"""Cards and their history."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from presence.card import CardRef
from presence.ids import ChapterId, VolunteerId
from presence.roster import CardState
from server.db import Base, RowNumber


class Card(Base):
    """One physical card. Its place in the status lists (`list`, `index`) is never used again.

    The text on the card is not kept: it can be signed again from this row, byte for byte.
    """

    __tablename__ = "cards"
    __table_args__ = (Index("uq_cards_place", "list", "index", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True)
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), index=True)
    chapter_id: Mapped[ChapterId] = mapped_column(ForeignKey("chapters.id"))
    list: Mapped[int]
    index: Mapped[int]
    cti: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[CardState]
    valid_from: Mapped[date]
    """First day of validity, at least the 18th birthday."""
    valid_until: Mapped[date]
    """Last day of validity. Renewal moves it; the signed expiry stays."""
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """End of the card's life as signed on it (exclusive)."""
    state_changed_at: Mapped[datetime]

    @property
    def ref(self) -> CardRef:
        return CardRef(self.list, self.index)


class PublishedList(Base):
    """The newest status list of each number, as it was signed and is published."""

    __tablename__ = "status_lists"

    list: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    issued_at: Mapped[datetime]
    token: Mapped[bytes]


class CardEvent(Base):
    """A card's state was changed, or the card was renewed: when, by whom, and from when it took
    effect."""

    __tablename__ = "card_events"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    card_id: Mapped[str] = mapped_column(ForeignKey("cards.id"), index=True)
    at: Mapped[datetime]
    """When it was reported."""
    effective_at: Mapped[datetime]
    state_before: Mapped[CardState | None]
    state_after: Mapped[CardState]
    valid_until: Mapped[date | None]
    """The last day to which a renewal moved the card's validity; the state stayed."""
    actor: Mapped[str]
    """In which role it was done."""


class ChipKind(StrEnum):
    """What a card is known by beside its code."""

    SUN = "sun"
    """An NTAG 424 DNA with our keys: each read is a message of its own."""
    UID = "uid"
    """A legacy chip: nothing but an identifier, which anybody can copy."""


class Chip(Base):
    """Which card a chip is in."""

    __tablename__ = "chips"
    __table_args__ = (UniqueConstraint("card_id", "kind"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    """The chip's UID under a secret of the server's: who reads the table finds no UID by it."""
    card_id: Mapped[str] = mapped_column(ForeignKey("cards.id"))
    kind: Mapped[ChipKind]
    registered_at: Mapped[datetime]


class ChipRead(Base):
    """One read of an NTAG 424 DNA, and whose it was: the presentation that first claimed it.

    Kept by chip and not by card, for a chip counts on when it is given to another card; and without
    a reference, for a chip that was forgotten and registered again has not forgotten either.
    """

    __tablename__ = "sun_reads"

    chip: Mapped[str] = mapped_column(primary_key=True)
    counter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    presentation: Mapped[str]
    at: Mapped[datetime]
    is_uncertain: Mapped[bool]
    """`at` is by a clock that is not to be relied on."""
