"""The register of courses, and the days on which they were taken. Never a grade, never a text."""

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import VolunteerId
from server.db import Base, RowNumber


class CourseKind(StrEnum):
    """What follows for somebody who has not taken the course (DOMAIN, "Becoming and being a
    volunteer")."""

    BLOCKING = "blocking"
    """No card before it, and no visit without it."""
    GRACE = "grace"
    """Visits go on for `grace_days`."""
    RECOMMENDED = "recommended"


class Course(Base):
    """A course that a society asks of its volunteers, or recommends to them."""

    __tablename__ = "courses"

    id: Mapped[str] = mapped_column(primary_key=True)
    society_id: Mapped[str] = mapped_column(ForeignKey("societies.id"), index=True)
    name: Mapped[str]
    kind: Mapped[CourseKind]
    required_from: Mapped[date]
    """The first day on which it is asked of anybody."""
    grace_days: Mapped[int] = mapped_column(default=0)
    """So many days after that, or after a later beginning of service, it may be missing."""
    validity_months: Mapped[int | None]
    """So long after it was taken it counts; None: for ever."""


class CourseTaken(Base):
    """A volunteer has taken a course on a day. Taking it again adds a row."""

    __tablename__ = "courses_taken"
    __table_args__ = (
        UniqueConstraint("volunteer_id", "course_id", "day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"))
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), index=True)
    day: Mapped[date]
