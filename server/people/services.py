"""What can be done about volunteers."""

from datetime import date, datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.dates import add_months
from presence.ids import ChapterId, VolunteerId
from server import audit, changes
from server.changes import ChangeKind
from server.courses.queries import missing
from server.people.models import ChapterMembership, Conversation, Volunteer
from server.people.qualifications import courses_text


class PersonError(ValueError):
    """What cannot be true of a person; the message says why, and names nobody."""


@lru_cache(maxsize=4096)
def adult_from(birth_date: date, years: int) -> date:
    """The birthday on which the person turns `years`. Who was born on 29 February has it on 1 March
    in other years (DOMAIN)."""
    birthday = add_months(birth_date, years * 12)
    return birthday if birthday.day == birth_date.day else birthday.replace(month=3, day=1)


def add_volunteer(
    session: Session,
    now: datetime,
    volunteer: Volunteer,
    chapter: ChapterId,
    since: date | None = None,
) -> Volunteer:
    """Keep a new volunteer, who serves in `chapter` since that day, or from now on."""
    session.add(volunteer)
    session.flush()
    since = since or now.date()
    session.add(ChapterMembership(volunteer_id=volunteer.id, chapter_id=chapter, since=since))
    session.flush()
    volunteer.missing_courses = courses_text(missing(session, [volunteer.id])[volunteer.id])
    touch(session, now, volunteer.id, ChangeKind.VOLUNTEER)
    return volunteer


def keep_conversation(
    session: Session,
    now: datetime,
    today: date,
    conversation: Conversation,
    actor: str,
) -> None:
    """Note that an evaluation conversation was held: when, and in which role somebody held it.

    Raises LookupError when there is no such volunteer, and PersonError for a day after `today`.
    """
    volunteer = conversation.volunteer_id
    if session.get(Volunteer, volunteer) is None:
        raise LookupError("no such volunteer")
    if conversation.day > today:
        raise PersonError("a conversation cannot have been held in the future")
    session.add(conversation)
    session.flush()
    audit.write(session, now, actor, "keep_conversation", f"volunteer/{volunteer}")


def last_conversation(session: Session, volunteer: VolunteerId, today: date) -> Conversation | None:
    """The newest that was held by `today`."""
    held = sa.select(Conversation).where(
        Conversation.volunteer_id == volunteer, Conversation.day <= today
    )
    return session.scalars(
        held.order_by(Conversation.day.desc(), Conversation.id.desc()).limit(1)
    ).first()


def touch(session: Session, now: datetime, volunteer: VolunteerId, kind: ChangeKind) -> int:
    """Tell everyone that what homes may see of a volunteer has changed; the new version of it.

    Raises LookupError when there is no such volunteer.
    """
    person = session.get(Volunteer, volunteer)
    if person is None:
        raise LookupError("no such volunteer")
    person.version = changes.record(session, kind, now, volunteer=volunteer)
    return person.version
