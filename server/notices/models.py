"""Alerts: who is told what about which card, kiosk or home."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import ChapterId, InstitutionId, KioskId, VolunteerId
from presence.reason import Reason
from presence.verdict import Tell
from server.db import Base, RowNumber


class AlertKind(StrEnum):
    REFUSED = "refused"
    LEFT_IN_DOUBT = "left_in_doubt"
    """Someone left with a card that may not be in its owner's hand."""
    ACCEPTED_OFFLINE = "accepted_offline"
    """A kiosk without contact let a card in that the server would have refused."""
    LET_IN_WITH_WARNING = "let_in_with_warning"
    """Let in by a chip that cannot be copied, although it seems to be at two homes at once; or back
    in from outside with residents, by a card that may be another's."""
    KIOSK_SILENT = "kiosk_silent"
    """A kiosk was not heard for as long as the policy says."""
    STILL_HERE_AT_NIGHT = "still_here_at_night"
    """The evening's question: `people` came before and have not checked out."""


class Alert(Base):
    """One thing one party is told. Shown on the pages. Without a card it is about a kiosk, or
    about the home as a whole."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_card", "card_list", "card_index", "at"),
        Index("ix_alerts_institution", "institution_id", "at"),
        Index("ix_alerts_chapter", "chapter_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[AlertKind]
    told: Mapped[Tell]
    reason: Mapped[Reason | None]
    card_list: Mapped[int | None]
    card_index: Mapped[int | None]
    people: Mapped[int | None]
    """How many it is about, where it is about nobody in particular."""
    volunteer_id: Mapped[VolunteerId | None] = mapped_column(ForeignKey("volunteers.id"))
    chapter_id: Mapped[ChapterId | None] = mapped_column(ForeignKey("chapters.id"))
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    """Where it happened."""
    told_home_id: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    """Which home is told, where one is."""
    kiosk_id: Mapped[KioskId | None] = mapped_column(ForeignKey("kiosks.id"))
