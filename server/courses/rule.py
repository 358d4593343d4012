"""From which day on a course stops somebody. Pure: days in, day out.

It is worked out ahead, so that nobody has to look every night whether a grace or a course has
ended: the row that the tap reads already says the day.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from presence.dates import add_months
from server.courses.models import CourseKind

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A course as it is asked of everybody."""

    kind: CourseKind
    required_from: date
    grace_days: int = 0
    validity_months: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A course stops somebody from this day on. `is_held`: it was taken, and runs out before."""

    on: date
    is_held: bool


def stop(course: Asked, member_since: date, taken: date | None) -> Stop | None:
    """What the course means for somebody who serves since `member_since` and took it on `taken`
    (the last time; None: never). None: it never stops this person.

    The last good day of a grace is so many days after the day on which the course was first asked
    of this person; the last good day of a taken course is the same day of the month in which its
    validity ends, as with a card.
    """
    if course.kind is CourseKind.RECOMMENDED:
        return None
    without = _first_day(course, member_since)
    if taken is None:
        return Stop(without, is_held=False)
    if course.validity_months is None:
        return None
    run_out = add_months(taken, course.validity_months) + _DAY
    return Stop(max(without, run_out), is_held=run_out >= without)


def _first_day(course: Asked, member_since: date) -> date:
    """On which somebody who never takes the course is stopped."""
    begins = max(course.required_from, member_since)
    if course.kind is CourseKind.BLOCKING:
        return begins
    return begins + timedelta(days=course.grace_days) + _DAY
