"""Volunteers. A person serves the society; chapters share them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import ChapterId, InstitutionId, VolunteerId
from server.db import Base, RowNumber


class Volunteer(Base):
    """One person, counted once however many chapters they serve."""

    __tablename__ = "volunteers"

    id: Mapped[VolunteerId] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    birth_date: Mapped[date]
    """Stays on the server: kiosks learn only from which day a card is valid."""
    language: Mapped[str] = mapped_column(default="nb")
    missing_courses: Mapped[str] = mapped_column(default="[]")
    """The mandatory courses not taken (`presence.roster.MissingCourse` as JSON), worked out from
    the course register for the tap."""
    dog_team: Mapped[str | None]
    """`presence.activity.DogTeam` as JSON, worked out for the tap; None: no dog comes along."""
    seen_at: Mapped[datetime | None]
    """With `seen_institution_id`, where and when this person was last surely seen at a door."""
    seen_institution_id: Mapped[InstitutionId | None]
    version: Mapped[int] = mapped_column(default=0)
    """The last change to what every home may see of this person, cards included."""

    @property
    def initial(self) -> str:
        return initial_of(self.last_name)


class ChapterMembership(Base):
    """A volunteer serves in a chapter. The main one's leader is whom kiosks say to call."""

    __tablename__ = "chapter_memberships"

    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    chapter_id: Mapped[ChapterId] = mapped_column(
        ForeignKey("chapters.id"), primary_key=True, index=True
    )
    since: Mapped[date]
    until: Mapped[date | None]
    is_main: Mapped[bool] = mapped_column(default=True)


class HeldBy(StrEnum):
    """In which role somebody held a conversation."""

    ACTIVITY_LEADER = "activity_leader"
    CHAPTER_ADMIN = "chapter_admin"
    DISTRICT_OFFICER = "district_officer"


class Conversation(Base):
    """An evaluation conversation was held. No field says what was said (DOMAIN, "Six facts")."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_last", "volunteer_id", "day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"))
    day: Mapped[date]
    held_by: Mapped[HeldBy]


def initial_of(last_name: str) -> str:
    """The first letter of a last name, for telling two of one first name apart."""
    return last_name.strip()[:1].upper()
