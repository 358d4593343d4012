"""What can be done about homes, and who is expected there."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.briefing import BriefingVersion
from presence.card import Assurance
from presence.ids import InstitutionId, VolunteerId
from presence.roster import House
from server import audit, changes
from server.changes import ChangeKind
from server.institutions.models import Assignment, Institution, Society, Standing
from server.policies.models import KeptPolicy
from server.policies.services import policy_on

HOUSE = (
    Institution.id,
    Institution.name,
    Institution.zone,
    Institution.briefing_major,
    Institution.briefing_minor,
    Institution.lowest_assurance,
    Institution.has_dogs,
    KeptPolicy.versions,
)
"""The columns that `house_from` reads, in its order."""

HOMES = sa.join(Institution, Society, Society.id == Institution.society_id).join(
    KeptPolicy, KeptPolicy.id == Society.policy_id
)
"""The tables in which those columns are."""

_house = sa.select(*HOUSE).select_from(HOMES).where(Institution.id == sa.bindparam("institution"))


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises zoneinfo.ZoneInfoNotFoundError."""
    return ZoneInfo(name)


def house_from(now: datetime, row: Sequence[Any]) -> House:
    """The home as the rule sees it at `now`, from the columns of HOUSE. A version of its society's
    policy takes effect at midnight by the home's own clock."""
    institution, name, zone, major, minor, lowest_assurance, has_dogs, versions = row
    return House(
        institution,
        name,
        zone,
        policy=policy_on(versions, now.astimezone(zone_of(zone)).date()),
        briefing=None if major is None else BriefingVersion(major, minor or 0),
        lowest_assurance=Assurance(lowest_assurance),
        has_dogs=bool(has_dogs),
    )


def house(session: Session, institution: InstitutionId, now: datetime) -> House:
    """Raises LookupError when there is no such home."""
    row = session.execute(_house, {"institution": institution}).one_or_none()
    if row is None:
        raise LookupError("no such institution")
    return house_from(now, row)


class AssignmentError(ValueError):
    """An assignment that may not be; the message says why."""


def assign(session: Session, now: datetime, assignment: Assignment) -> None:
    """Expect a volunteer at a home. Raises AssignmentError for an activity that the home's society
    does not offer."""
    if assignment.activity not in house(session, assignment.institution_id, now).policy.activities:
        raise AssignmentError(f"the society does not offer {assignment.activity}")
    session.add(assignment)
    session.flush()
    known = _changed(session, now, assignment.institution_id, assignment.volunteer_id)
    known.activities = _activities(session, known)


def pause(
    session: Session,
    now: datetime,
    institution: InstitutionId,
    volunteer: VolunteerId,
    actor: str,
    *,
    is_paused: bool = True,
) -> None:
    """A home stops (or takes up again) one volunteer's visits. The card is not touched."""
    _changed(session, now, institution, volunteer).is_paused = is_paused
    act = "pause_volunteer" if is_paused else "resume_volunteer"
    audit.write(session, now, actor, act, f"institution/{institution}/volunteer/{volunteer}")


def standing(session: Session, institution: InstitutionId, volunteer: VolunteerId) -> Standing:
    """What the home knows of the volunteer; a new, empty one where that is nothing yet."""
    found = session.get(Standing, (institution, volunteer))
    if found is None:
        found = Standing(institution_id=institution, volunteer_id=volunteer, version=0)
        session.add(found)
    return found


def standings(
    session: Session, pairs: Collection[tuple[InstitutionId, VolunteerId]]
) -> dict[tuple[InstitutionId, VolunteerId], Standing]:
    """The same for many pairs of a home and a volunteer at once."""
    rows = session.scalars(_standings, {"pairs": list(pairs)})
    found = {(row.institution_id, row.volunteer_id): row for row in rows}
    for institution, volunteer in pairs:
        if (institution, volunteer) not in found:
            new = Standing(institution_id=institution, volunteer_id=volunteer, version=0)
            session.add(new)
            found[institution, volunteer] = new
    return found


_standings = sa.select(Standing).where(
    sa.tuple_(Standing.institution_id, Standing.volunteer_id).in_(
        sa.bindparam("pairs", expanding=True)
    )
)


def _activities(session: Session, known: Standing) -> str:
    """What the volunteer comes for now, by commas."""
    wanted = sa.select(Assignment.activity).where(
        Assignment.institution_id == known.institution_id,
        Assignment.volunteer_id == known.volunteer_id,
        Assignment.ended_on.is_(None),
    )
    return ",".join(sorted({activity.value for activity in session.scalars(wanted)}))


def _changed(
    session: Session, now: datetime, institution: InstitutionId, volunteer: VolunteerId
) -> Standing:
    known = standing(session, institution, volunteer)
    known.version = changes.record(
        session, ChangeKind.ASSIGNMENT, now, institution=institution, volunteer=volunteer
    )
    return known
