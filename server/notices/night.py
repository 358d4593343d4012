"""The evening's question: staff are asked once who is still there (DOMAIN, "Forgotten
departure"). The home's board is where they answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId
from presence.onsite import evening, is_asked_for
from presence.roster import House
from presence.verdict import Tell
from presence.visit import VisitState, settled
from server import changes
from server.changes import ChangeKind
from server.institutions.models import Institution, Standing
from server.institutions.services import HOMES, HOUSE, house_from, zone_of
from server.institutions.standings import here_of
from server.notices.models import Alert, AlertKind

_LONGEST = timedelta(hours=48)
"""Whoever came before that is no longer surely there, under any policy."""


@dataclass(frozen=True, slots=True)
class Question:
    """So many people came to a home before the question of that evening, and have not left."""

    institution: InstitutionId
    evening: date
    people: int


def questions(session: Session, now: datetime) -> Sequence[Question]:
    """Those that are to be asked now. A home where nobody is left is asked nothing."""
    houses = [(house_from(now, row), asked) for *row, asked in session.execute(_houses)]
    open_at = {
        house.institution: (house, found)
        for house, asked in houses
        if (found := _evening(house, now)) is not None and asked != found
    }
    if not open_at:
        return ()
    count: Counter[InstitutionId] = Counter()
    for standing in session.scalars(_inside, {"since": now - _LONGEST}):
        if standing.institution_id in open_at:
            count[standing.institution_id] += _is_still_there(
                standing, now, *open_at[standing.institution_id]
            )
    return [
        Question(home, open_at[home][1], people) for home, people in sorted(count.items()) if people
    ]


def ask(session: Session, now: datetime, question: Question) -> bool:
    """Ask the home. False: somebody else has asked it this evening."""
    home, day = question.institution, question.evening
    asked = session.execute(
        sa.update(Institution)
        .where(
            Institution.id == home,
            sa.or_(Institution.night_asked.is_(None), Institution.night_asked != day),
        )
        .values(night_asked=day)
        .returning(Institution.id)
        .execution_options(synchronize_session=False)
    )
    if asked.one_or_none() is None:
        return False
    session.add(
        Alert(
            at=now,
            kind=AlertKind.STILL_HERE_AT_NIGHT,
            told=Tell.INSTITUTION,
            institution_id=home,
            told_home_id=home,
            people=question.people,
        )
    )
    changes.record(session, ChangeKind.ALERT, now, institution=home)
    return True


def _evening(house: House, now: datetime) -> date | None:
    policy = house.policy
    return evening(now.astimezone(zone_of(house.zone)), policy.night_question, policy.night_ends)


def _is_still_there(standing: Standing, now: datetime, house: House, day: date) -> bool:
    """Came before the question, or was said before it to be there, and keeps no vigil."""
    zone, recorded = zone_of(house.zone), here_of(standing).visit
    visit = None if recorded is None else settled(recorded, now, house.stay_rules(zone))
    asked_at = datetime.combine(day, house.policy.night_question, zone)
    return visit is not None and is_asked_for(visit, asked_at)


_houses = sa.select(*HOUSE, Institution.night_asked).select_from(HOMES)
_inside = sa.select(Standing).where(
    Standing.visit_state == VisitState.OPEN,
    sa.not_(Standing.is_vigil),
    Standing.latest_at >= sa.bindparam("since"),
)
