"""Reads the facts that on-site boards are made of, for one home or for all at once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from presence.briefing import Acknowledgement
from presence.ids import EventId, InstitutionId, VolunteerId
from presence.onsite import Attempt, Stay
from presence.reason import Reason
from server.institutions.board import Board, HouseFacts, KioskContact, Known, make_board
from server.institutions.models import Institution, Standing
from server.institutions.services import HOMES, HOUSE, house_from, zone_of
from server.institutions.standings import here_of
from server.kiosks.models import Kiosk
from server.people.models import Volunteer, initial_of
from server.visits.models import RefusedAttempt


def board(session: Session, institution: InstitutionId, now: datetime) -> Board | None:
    """The board of one home; None when there is no such home."""
    found = _boards(session, now, (institution,))
    return found[0] if found else None


def boards(session: Session, now: datetime) -> list[Board]:
    """The boards of all homes, by name."""
    return _boards(session, now, None)


def short_name(first_name: str, last_name: str) -> str:
    """How staff boards call a volunteer: first name and initial."""
    initial = initial_of(last_name)
    return f"{first_name} {initial}." if initial else first_name


S = TypeVar("S", bound=sa.Select[*tuple[Any, ...]])
Only = tuple[InstitutionId, ...] | None
_LONGEST_COUNT = timedelta(hours=24)
"""No policy counts a refusal for longer; the rule itself looks closer."""


def _boards(session: Session, now: datetime, only: Only) -> list[Board]:
    homes = sa.select(*HOUSE).select_from(HOMES).order_by(Institution.name)
    houses = [house_from(now, row) for row in session.execute(_of(homes, Institution.id, only))]
    found: Mapping[InstitutionId, _Found] = defaultdict(_Found)
    _read_stays(session, only, found)
    _read_attempts(session, only, now, found)
    kiosks = _kiosks(session, only)
    return [
        make_board(
            HouseFacts(
                house,
                zone_of(house.zone),
                found[house.institution].stays,
                found[house.institution].attempts,
                found[house.institution].people,
                found[house.institution].refusals,
                kiosks[house.institution],
            ),
            now,
        )
        for house in houses
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of one home."""

    stays: list[Stay] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    people: dict[VolunteerId, Known] = field(default_factory=dict)
    refusals: dict[EventId, Reason] = field(default_factory=dict)

    def know(self, volunteer: Volunteer | None, standing: Standing | None) -> None:
        if volunteer is None or volunteer.id in self.people:
            return
        name = short_name(volunteer.first_name, volunteer.last_name)
        self.people[volunteer.id] = Known(name, _acknowledged(standing))


def _of(select: S, column: InstrumentedAttribute[InstitutionId], only: Only) -> S:
    return select if only is None else select.where(column.in_(only))


def _read_stays(session: Session, only: Only, found: Mapping[InstitutionId, _Found]) -> None:
    current = (
        sa.select(Standing, Volunteer)
        .join(Volunteer, Volunteer.id == Standing.volunteer_id)
        .where(Standing.visit_state.is_not(None))
    )
    for standing, volunteer in session.execute(_of(current, Standing.institution_id, only)):
        visit = here_of(standing).visit
        if visit is not None:
            found[standing.institution_id].stays.append(Stay(volunteer.id, visit))
            found[standing.institution_id].know(volunteer, standing)


def _acknowledged(standing: Standing | None) -> Acknowledgement | None:
    if standing is None or standing.acknowledged_at is None or standing.acknowledged_major is None:
        return None
    return Acknowledgement(standing.acknowledged_major, standing.acknowledged_at)


def _read_attempts(
    session: Session, only: Only, now: datetime, found: Mapping[InstitutionId, _Found]
) -> None:
    """An attempt has its answer when staff gave one, or the person came or went since."""
    recent = (
        sa.select(RefusedAttempt, Volunteer, Standing)
        .outerjoin(Volunteer, Volunteer.id == RefusedAttempt.volunteer_id)
        .outerjoin(
            Standing,
            (Standing.volunteer_id == RefusedAttempt.volunteer_id)
            & (Standing.institution_id == RefusedAttempt.institution_id),
        )
        .where(RefusedAttempt.at > now - _LONGEST_COUNT)
    )
    for attempt, volunteer, standing in session.execute(
        _of(recent, RefusedAttempt.institution_id, only)
    ):
        home, event = found[attempt.institution_id], EventId(attempt.event_id)
        answered = _answered(attempt, standing)
        home.attempts.append(Attempt(event, attempt.at, attempt.volunteer_id, answered))
        home.refusals[event] = attempt.reason
        home.know(volunteer, standing)


def _answered(attempt: RefusedAttempt, standing: Standing | None) -> datetime | None:
    latest = standing.latest_at if standing else None
    if attempt.answered_at is None and latest is not None and latest > attempt.at:
        return latest
    return attempt.answered_at


def _kiosks(session: Session, only: Only) -> Mapping[InstitutionId, list[KioskContact]]:
    kiosks: Mapping[InstitutionId, list[KioskContact]] = defaultdict(list)
    rows = session.scalars(_of(sa.select(Kiosk).order_by(Kiosk.name), Kiosk.institution_id, only))
    for kiosk in rows:
        kiosks[kiosk.institution_id].append(KioskContact(kiosk.name, kiosk.last_seen))
    return kiosks
