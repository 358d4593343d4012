"""Societies, chapters, homes, and who is expected where."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import ChapterId, InstitutionId, VolunteerId
from presence.visit import VisitState
from server.db import Base, RowNumber


class Activity(StrEnum):
    """What a volunteer comes for: a closed list, for no free text about people is kept."""

    VISIT = "visit"
    WALK = "walk"
    DOG_VISIT = "dog_visit"
    SONG_HOUR = "song_hour"
    READING = "reading"
    CAFE = "cafe"
    GAMES = "games"
    VIGIL = "vigil"


class Society(Base):
    """A national body. `policy` is `presence.policy.Policy` as JSON; what it leaves out has the
    rule's default."""

    __tablename__ = "societies"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    policy: Mapped[str] = mapped_column(default="{}")


class Chapter(Base):
    """A local branch, which issues the cards. Its leader is whom a volunteer is told to call."""

    __tablename__ = "chapters"

    id: Mapped[ChapterId] = mapped_column(primary_key=True)
    society_id: Mapped[str] = mapped_column(ForeignKey("societies.id"))
    name: Mapped[str]
    leader_name: Mapped[str]
    leader_phone: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)


class Institution(Base):
    """A nursing home. `zone` is the IANA name of its time zone."""

    __tablename__ = "institutions"

    id: Mapped[InstitutionId] = mapped_column(primary_key=True)
    society_id: Mapped[str] = mapped_column(ForeignKey("societies.id"))
    name: Mapped[str]
    zone: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    briefing_major: Mapped[int | None]
    """With `briefing_minor`, the briefing in force; None: there is none yet."""
    briefing_minor: Mapped[int | None]


class Assignment(Base):
    """A volunteer is expected at a home, for one activity, in the name of one chapter."""

    __tablename__ = "assignments"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), index=True)
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"), index=True)
    chapter_id: Mapped[ChapterId] = mapped_column(ForeignKey("chapters.id"))
    activity: Mapped[Activity]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    """First day on which it no longer holds."""


class Standing(Base):
    """What one home knows of one volunteer, gathered for the tap: presence now, briefing, pause.

    Computed: presence by `presence.visit` from the facts, the rest from its own records. `version`
    is the last change to any of it.
    """

    __tablename__ = "standings"

    institution_id: Mapped[InstitutionId] = mapped_column(
        ForeignKey("institutions.id"), primary_key=True
    )
    volunteer_id: Mapped[VolunteerId] = mapped_column(
        ForeignKey("volunteers.id"), primary_key=True, index=True
    )
    version: Mapped[int]
    is_paused: Mapped[bool] = mapped_column(default=False)
    acknowledged_major: Mapped[int | None]
    acknowledged_at: Mapped[datetime | None]
    visit: Mapped[str | None]
    """The current visit, if there is one."""
    visit_state: Mapped[VisitState | None]
    arrived: Mapped[datetime | None]
    last_arrival: Mapped[datetime | None]
    latest_at: Mapped[datetime | None]
    """With `latest_event`, the last fact that is part of this."""
    latest_event: Mapped[str | None]
