"""Who was in a house at any past moment, by all that is known now of what happened until then."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import EventId, InstitutionId, VolunteerId
from presence.onsite import Attempt, OnSite, Recorded, on_site_at
from server.institutions.services import house, zone_of
from server.visits.models import RefusedAttempt, VisitRow
from server.visits.projection import Whose, facts_since

LONGEST_STAY = timedelta(days=31)
"""So far back a visit may have begun. Without a word of staff every visit is over after two nights
and a day of doubt."""


def members_at(session: Session, institution: InstitutionId, at: datetime, now: datetime) -> OnSite:
    """The on-site set of a home at `at`, not later than `now`.

    Raises LookupError when there is no such home.
    """
    home = house(session, institution, now)
    rules = home.stay_rules(zone_of(home.zone))
    counts = home.policy.refusal_counts
    since = at - LONGEST_STAY
    people = session.scalars(_there, {"home": institution, "since": since, "at": at}).all()
    facts = facts_since(session, [Whose(institution, one) for one in people], since)
    recorded = [Recorded(whose.volunteer, theirs) for whose, theirs in facts.items()]
    attempts = _attempts(session, institution, at, counts, recorded)
    return on_site_at(recorded, attempts, at, rules, counts)


def _attempts(
    session: Session,
    institution: InstitutionId,
    at: datetime,
    counts: timedelta,
    recorded: list[Recorded],
) -> list[Attempt]:
    """The attempts that may count, each with its answer: staff's, or what the person did next."""
    came: dict[VolunteerId, list[datetime]] = {
        one.volunteer: [fact.at for fact in one.facts] for one in recorded
    }
    asked = {"home": institution, "since": at - counts, "at": at}
    found = []
    for row in session.scalars(_refused, asked):
        later = [
            moment
            for moment in came.get(row.volunteer_id or VolunteerId(""), ())
            if moment > row.at
        ]
        answers = [*later, *filter(None, [row.answered_at])]
        answered = min(answers, default=None)
        found.append(Attempt(EventId(row.event_id), row.at, row.volunteer_id, answered))
    return found


_there = (
    sa.select(VisitRow.volunteer_id)
    .where(
        VisitRow.institution_id == sa.bindparam("home"),
        VisitRow.began >= sa.bindparam("since"),
        VisitRow.began <= sa.bindparam("at"),
    )
    .distinct()
)
_refused = sa.select(RefusedAttempt).where(
    RefusedAttempt.institution_id == sa.bindparam("home"),
    RefusedAttempt.at >= sa.bindparam("since"),
    RefusedAttempt.at <= sa.bindparam("at"),
)
