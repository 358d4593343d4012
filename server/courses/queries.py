"""Which courses stop whom, and from when on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import VolunteerId
from presence.roster import MissingCourse
from server.courses.models import Course, CourseKind, CourseTaken
from server.courses.rule import Asked, Stop, stop
from server.institutions.models import Chapter
from server.people.models import ChapterMembership

Missing = tuple[MissingCourse, ...]


def missing(session: Session, volunteers: Collection[VolunteerId]) -> Mapping[VolunteerId, Missing]:
    """What the tap is to know of each volunteer's courses, soonest first. A course of two
    societies counts for whoever serves in both."""
    found: dict[VolunteerId, list[MissingCourse]] = {one: [] for one in volunteers}
    for volunteer, course, its in _stops(session, volunteers):
        found[volunteer].append(MissingCourse(course.name, its.on, its.is_held))
    return {
        volunteer: tuple(sorted(courses, key=lambda one: (one.stops_on, one.name)))
        for volunteer, courses in found.items()
    }


def blocking(session: Session, volunteer: VolunteerId, day: date) -> Sequence[str]:
    """The names of the blocking courses without which no card is issued on `day`."""
    return sorted(
        course.name
        for _, course, its in _stops(session, [volunteer])
        if course.kind is CourseKind.BLOCKING and its.on <= day
    )


def courses(session: Session, society: str) -> Sequence[Course]:
    """A society's register, by name."""
    its = sa.select(Course).where(Course.society_id == society)
    return session.scalars(its.order_by(Course.name, Course.id)).all()


@dataclass(frozen=True, slots=True)
class CourseState:
    """One course of a volunteer's society, and what it means for that volunteer."""

    course: Course
    taken: date | None
    """The last time."""
    stop: Stop | None


def of_volunteer(session: Session, volunteer: VolunteerId) -> Sequence[CourseState]:
    """All courses of the volunteer's societies, by name."""
    return [CourseState(row.course, row.taken, _stop(row)) for row in _rows(session, [volunteer])]


def _stops(
    session: Session, volunteers: Collection[VolunteerId]
) -> Iterator[tuple[VolunteerId, Course, Stop]]:
    for row in _rows(session, volunteers):
        its = _stop(row)
        if its is not None:
            yield row.volunteer, row.course, its


class _Row(NamedTuple):
    volunteer: VolunteerId
    course: Course
    since: date
    taken: date | None


def _stop(row: _Row) -> Stop | None:
    course = row.course
    asked = Asked(course.kind, course.required_from, course.grace_days, course.validity_months)
    return stop(asked, row.since, row.taken)


def _rows(session: Session, volunteers: Collection[VolunteerId]) -> Iterator[_Row]:
    """Each course that is asked of each volunteer, with the last day on which it was taken."""
    people = list(volunteers)
    for number in range(0, len(people), _AT_ONCE):
        for row in session.execute(_asked, {"volunteers": people[number : number + _AT_ONCE]}):
            yield _Row(*row)


_AT_ONCE = 500
"""Volunteers in one question: databases bound the number of its parameters."""
_some: sa.BindParameter[Any] = sa.bindparam("volunteers", expanding=True)
_since = (
    sa.select(
        ChapterMembership.volunteer_id,
        Chapter.society_id,
        sa.func.min(ChapterMembership.since).label("since"),
    )
    .join(Chapter, Chapter.id == ChapterMembership.chapter_id)
    .where(ChapterMembership.volunteer_id.in_(_some))
    .group_by(ChapterMembership.volunteer_id, Chapter.society_id)
    .having(sa.func.count() > sa.func.count(ChapterMembership.until))
    .subquery()
)
"""Since when each volunteer serves each society, in whatever chapter; not where that has ended."""
_taken = (
    sa.select(
        CourseTaken.volunteer_id,
        CourseTaken.course_id,
        sa.func.max(CourseTaken.day).label("day"),
    )
    .where(CourseTaken.volunteer_id.in_(_some))
    .group_by(CourseTaken.volunteer_id, CourseTaken.course_id)
    .subquery()
)
_asked = (
    sa.select(_since.c.volunteer_id, Course, _since.c.since, _taken.c.day)
    .join_from(_since, Course, Course.society_id == _since.c.society_id)
    .outerjoin(
        _taken,
        sa.and_(_taken.c.course_id == Course.id, _taken.c.volunteer_id == _since.c.volunteer_id),
    )
    .order_by(_since.c.volunteer_id, Course.name, Course.id)
)
