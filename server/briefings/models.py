"""Briefings and acknowledgements: both are kept as evidence."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import InstitutionId, VolunteerId
from server.db import Base, RowNumber


class BriefingState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class BriefingRecord(Base):
    """One version of a home's briefing in one language. `sections` is a JSON array of
    `presence.briefing.Section`."""

    __tablename__ = "briefings"
    __table_args__ = (
        UniqueConstraint("institution_id", "language", "major", "minor"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    language: Mapped[str]
    major: Mapped[int]
    minor: Mapped[int]
    state: Mapped[BriefingState]
    sections: Mapped[str]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class AcknowledgementRecord(Base):
    """ "I have read and understood": which version, in which language, read for how long."""

    __tablename__ = "acknowledgements"
    __table_args__ = (Index("ix_acknowledgements_whose", "institution_id", "volunteer_id"),)

    event_id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), index=True)
    major: Mapped[int]
    minor: Mapped[int]
    language: Mapped[str]
    seconds: Mapped[int]
    at: Mapped[datetime]
