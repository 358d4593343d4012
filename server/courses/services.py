"""What can be done about courses. Whatever changes the rows of volunteers is told to the kiosks."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import VolunteerId
from server import audit, changes
from server.changes import ChangeKind
from server.courses.models import Course, CourseKind, CourseTaken
from server.courses.queries import missing
from server.institutions.models import Chapter, Society
from server.people.models import ChapterMembership, Volunteer
from server.people.qualifications import courses_text
from server.people.services import touch

LONGEST_NAME = 60
"""Characters; a kiosk shows the name in one line."""
MOST_DAYS, MOST_MONTHS = 3660, 600


class CourseError(ValueError):
    """A course, or a day on which it was taken, that cannot be; the message says why."""


def keep_course(session: Session, now: datetime, course: Course, actor: str) -> None:
    """Put a course into its society's register, or change the one of that id. Everybody's row is
    worked out anew.

    Raises CourseError for a course that makes no sense and LookupError where there is no such
    society.
    """
    _check(course)
    if session.get(Society, course.society_id) is None:
        raise LookupError("no such society")
    known = session.get(Course, course.id)
    if known is not None and known.society_id != course.society_id:
        raise CourseError("a course stays with its society")
    session.merge(course)
    audit.write(session, now, actor, "keep_course", f"course/{course.id}")
    _work_out_all(session, now, course.society_id)


def drop_course(session: Session, now: datetime, course_id: str, actor: str) -> None:
    """Take a course out of the register, with the days on which it was taken. Raises
    LookupError."""
    course = _course(session, course_id)
    session.execute(sa.delete(CourseTaken).where(CourseTaken.course_id == course_id))
    session.delete(course)
    audit.write(session, now, actor, "drop_course", f"course/{course_id}")
    _work_out_all(session, now, course.society_id)


def take_course(
    session: Session,
    now: datetime,
    today: date,
    taken: CourseTaken,
    actor: str,
) -> bool:
    """Note that a volunteer took a course. False: that was known already.

    Raises LookupError when there is no such volunteer or course, and CourseError for a day after
    `today`.
    """
    _course(session, taken.course_id)
    if session.get(Volunteer, taken.volunteer_id) is None:
        raise LookupError("no such volunteer")
    if taken.day > today:
        raise CourseError("a course cannot have been taken in the future")
    if _is_known(session, taken):
        return False
    session.add(taken)
    record = f"volunteer/{taken.volunteer_id}/course/{taken.course_id}"
    audit.write(session, now, actor, "take_course", record)
    _work_out(session, now, taken.volunteer_id)
    return True


def untake_course(
    session: Session, now: datetime, volunteer: VolunteerId, course_id: str, day: date, actor: str
) -> None:
    """It was written down by mistake. Raises LookupError where it was not."""
    removed = session.execute(
        sa.delete(CourseTaken)
        .where(
            CourseTaken.volunteer_id == volunteer,
            CourseTaken.course_id == course_id,
            CourseTaken.day == day,
        )
        .returning(CourseTaken.id)
    ).all()
    if not removed:
        raise LookupError("the course was not taken on that day")
    record = f"volunteer/{volunteer}/course/{course_id}"
    audit.write(session, now, actor, "untake_course", record)
    _work_out(session, now, volunteer)


def _check(course: Course) -> None:
    name = course.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise CourseError(f"a course needs a name of 1 to {LONGEST_NAME} printable characters")
    days, months = course.grace_days or 0, course.validity_months
    if course.kind is CourseKind.GRACE and not 1 <= days <= MOST_DAYS:
        raise CourseError(f"a time of grace is 1 to {MOST_DAYS} days long")
    if course.kind is not CourseKind.GRACE and days:
        raise CourseError("only a course of that kind has a time of grace")
    if months is not None and not 1 <= months <= MOST_MONTHS:
        raise CourseError(f"a course is valid for 1 to {MOST_MONTHS} months, or for ever")


def _course(session: Session, course_id: str) -> Course:
    course = session.get(Course, course_id)
    if course is None:
        raise LookupError("no such course")
    return course


def _is_known(session: Session, taken: CourseTaken) -> bool:
    same = sa.select(CourseTaken.id).where(
        CourseTaken.volunteer_id == taken.volunteer_id,
        CourseTaken.course_id == taken.course_id,
        CourseTaken.day == taken.day,
    )
    return session.scalars(same).one_or_none() is not None


def _work_out(session: Session, now: datetime, volunteer: VolunteerId) -> None:
    """The volunteer's own row, and nothing where it stays as it was."""
    session.flush()
    person = session.get_one(Volunteer, volunteer)
    text = courses_text(missing(session, [volunteer])[volunteer])
    if text != person.missing_courses:
        person.missing_courses = text
        touch(session, now, volunteer, ChangeKind.VOLUNTEER)


def _work_out_all(session: Session, now: datetime, society: str) -> None:
    """The rows of everybody in the society. One change tells all homes, whose kiosks then ask for
    the rows that they lack."""
    session.flush()
    held = {row.id: row.missing_courses for row in session.execute(_held, {"society": society})}
    wanted = {one: courses_text(found) for one, found in missing(session, list(held)).items()}
    differing = {one: text for one, text in wanted.items() if held[one] != text}
    if not differing:
        return
    version = changes.record(session, ChangeKind.HOUSE, now)
    rows = [
        {"id": one, "missing_courses": text, "version": version} for one, text in differing.items()
    ]
    session.execute(sa.update(Volunteer), rows)


_members = (
    sa.select(ChapterMembership.volunteer_id)
    .join(Chapter, Chapter.id == ChapterMembership.chapter_id)
    .where(Chapter.society_id == sa.bindparam("society"))
)
_held = (
    sa.select(Volunteer.id, Volunteer.missing_courses)
    .where(Volunteer.id.in_(_members))
    .order_by(Volunteer.id)
)
