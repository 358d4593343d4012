"""What can be done about volunteers."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from presence.dates import add_months
from presence.ids import ChapterId, VolunteerId
from server import changes
from server.changes import ChangeKind
from server.people.models import ChapterMembership, Volunteer


def adult_from(birth_date: date, years: int) -> date:
    """The birthday on which the person turns `years`. Who was born on 29 February has it on 1 March
    in other years (DOMAIN)."""
    birthday = add_months(birth_date, years * 12)
    return birthday if birthday.day == birth_date.day else birthday.replace(month=3, day=1)


def add_volunteer(
    session: Session, now: datetime, volunteer: Volunteer, chapter: ChapterId
) -> Volunteer:
    """Keep a new volunteer, who serves in `chapter` from now on."""
    session.add(volunteer)
    session.flush()
    session.add(ChapterMembership(volunteer_id=volunteer.id, chapter_id=chapter, since=now.date()))
    touch(session, now, volunteer.id, ChangeKind.VOLUNTEER)
    return volunteer


def touch(session: Session, now: datetime, volunteer: VolunteerId, kind: ChangeKind) -> int:
    """Tell everyone that what homes may see of a volunteer has changed; the new version of it.

    Raises LookupError when there is no such volunteer.
    """
    person = session.get(Volunteer, volunteer)
    if person is None:
        raise LookupError("no such volunteer")
    person.version = changes.record(session, kind, now, volunteer=volunteer)
    return person.version
