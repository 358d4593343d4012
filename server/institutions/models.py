"""Societies, chapters, homes, and who is expected where."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from presence.activity import Activity
from presence.card import Assurance
from presence.ids import ChapterId, InstitutionId, VolunteerId
from presence.visit import Doubt, VisitState
from server.db import Base, RowNumber


class Society(Base):
    """A national body. Its policy is the one of the file that is called so, such as "NO"."""

    __tablename__ = "societies"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.id"))


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
    latitude: Mapped[float | None]
    """With `longitude`, where it stands, in degrees (WGS 84); None: nobody has said."""
    longitude: Mapped[float | None]
    lowest_assurance: Mapped[int] = mapped_column(default=int(Assurance.A0))
    """What this home asks of a card beyond what the policy asks (`presence.card.Assurance`)."""
    has_dogs: Mapped[bool] = mapped_column(default=True)
    night_asked: Mapped[date | None]
    """The last evening on which staff were asked who is still there."""
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
    activities: Mapped[str] = mapped_column(default="")
    """What the volunteer comes to this home for, by commas."""
    acknowledged_major: Mapped[int | None]
    acknowledged_at: Mapped[datetime | None]
    visit: Mapped[str | None]
    """The current visit, if there is one."""
    visit_state: Mapped[VisitState | None]
    arrived: Mapped[datetime | None]
    last_arrival: Mapped[datetime | None]
    doubt: Mapped[Doubt | None]
    doubted: Mapped[datetime | None]
    confirmed: Mapped[datetime | None]
    is_vigil: Mapped[bool] = mapped_column(default=False)
    is_out: Mapped[bool] = mapped_column(default=False)
    latest_at: Mapped[datetime | None]
    """With `latest_event`, the last fact of this home that is part of this."""
    latest_event: Mapped[str | None]
