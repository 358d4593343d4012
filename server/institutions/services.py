"""What can be done about homes, and who is expected there."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.briefing import BriefingVersion
from presence.ids import InstitutionId, VolunteerId
from presence.policy import Policy
from presence.roster import House
from server import audit, changes
from server.changes import ChangeKind
from server.institutions.models import Assignment, Institution, Society, Standing

HOUSE = (
    Institution.id,
    Institution.name,
    Institution.zone,
    Institution.briefing_major,
    Institution.briefing_minor,
    Society.policy,
)
"""The columns that `house_from` reads, in its order."""

_house = (
    sa.select(*HOUSE)
    .join_from(Institution, Society, Society.id == Institution.society_id)
    .where(Institution.id == sa.bindparam("institution"))
)


@lru_cache(maxsize=64)
def policy_from(text: str) -> Policy:
    """A society's policy from its JSON. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Policy)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises zoneinfo.ZoneInfoNotFoundError."""
    return ZoneInfo(name)


def house_from(
    institution: InstitutionId,
    name: str,
    zone: str,
    major: int | None,
    minor: int | None,
    policy: str,
) -> House:
    """The home as the rule sees it, from the columns of HOUSE."""
    briefing = None if major is None else BriefingVersion(major, minor or 0)
    return House(institution, name, zone, policy_from(policy), briefing)


def house(session: Session, institution: InstitutionId) -> House:
    """Raises LookupError when there is no such home."""
    row = session.execute(_house, {"institution": institution}).one_or_none()
    if row is None:
        raise LookupError("no such institution")
    return house_from(*row)


def assign(session: Session, now: datetime, assignment: Assignment) -> None:
    """Expect a volunteer at a home."""
    session.add(assignment)
    _changed(session, now, assignment.institution_id, assignment.volunteer_id)


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


def _changed(
    session: Session, now: datetime, institution: InstitutionId, volunteer: VolunteerId
) -> Standing:
    known = standing(session, institution, volunteer)
    known.version = changes.record(
        session, ChangeKind.ASSIGNMENT, now, institution=institution, volunteer=volunteer
    )
    return known
