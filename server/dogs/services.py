"""What can be done about dog teams. The volunteer's row follows, and the kiosks are told."""

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.activity import DogPlace, DogTeam
from presence.ids import VolunteerId
from server import audit
from server.changes import ChangeKind
from server.dogs.models import DogApproval, DogTeamRecord
from server.people.models import Volunteer
from server.people.qualifications import dog_text
from server.people.services import touch


def keep_team(
    session: Session,
    now: datetime,
    volunteer: VolunteerId,
    insured_until: date,
    approvals: Mapping[DogPlace, date],
    actor: str,
) -> None:
    """A volunteer's dog is insured until that day, and approved for these places until theirs, and
    for no others. Raises LookupError when there is no such volunteer."""
    person = _person(session, volunteer)
    _forget(session, volunteer)
    session.add(DogTeamRecord(volunteer_id=volunteer, insured_until=insured_until))
    session.flush()
    session.add_all(
        DogApproval(volunteer_id=volunteer, place=place, until=until)
        for place, until in approvals.items()
    )
    audit.write(session, now, actor, "keep_dog_team", f"volunteer/{volunteer}")
    _write(session, now, person, team(insured_until, approvals))


def end_team(session: Session, now: datetime, volunteer: VolunteerId, actor: str) -> None:
    """The volunteer comes without a dog from now on. Raises LookupError when there is no such
    volunteer."""
    person = _person(session, volunteer)
    _forget(session, volunteer)
    audit.write(session, now, actor, "end_dog_team", f"volunteer/{volunteer}")
    _write(session, now, person, None)


def team(insured_until: date, approvals: Mapping[DogPlace, date]) -> DogTeam | None:
    """The team as the tap reads it: each place until its approval or the insurance ends, whichever
    is first. None where nothing was ever approved."""
    last_days = {
        place: min(approvals[place], insured_until) for place in DogPlace if place in approvals
    }
    if not last_days:
        return None
    until = max(last_days.values())
    ends = {place: last for place, last in last_days.items() if last < until}
    return DogTeam(tuple(last_days), until, ends)


def _person(session: Session, volunteer: VolunteerId) -> Volunteer:
    person = session.get(Volunteer, volunteer)
    if person is None:
        raise LookupError("no such volunteer")
    return person


def _forget(session: Session, volunteer: VolunteerId) -> None:
    for table in (DogApproval, DogTeamRecord):
        session.execute(sa.delete(table).where(table.volunteer_id == volunteer))


def _write(session: Session, now: datetime, person: Volunteer, found: DogTeam | None) -> None:
    text = dog_text(found)
    if text != person.dog_team:
        person.dog_team = text
        touch(session, now, person.id, ChangeKind.VOLUNTEER)
