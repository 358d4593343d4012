"""Cards and their history."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
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
