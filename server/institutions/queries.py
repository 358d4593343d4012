"""Reads the facts that on-site boards are made of, for one home or for all at once."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from presence.briefing import Acknowledgement
from presence.ids import InstitutionId, VolunteerId
from server.institutions.board import Attempt, Board, HouseFacts, KioskContact, Stay, make_board
from server.institutions.models import Activity, Assignment, Institution, Society, Standing
from server.institutions.services import HOUSE, house_from, zone_of
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
    homes = (
        sa.select(*HOUSE)
        .join_from(Institution, Society, Society.id == Institution.society_id)
        .order_by(Institution.name)
    )
    houses = [house_from(*row) for row in session.execute(_of(homes, Institution.id, only))]
    stays = _stays(session, only)
    attempts = _attempts(session, only, now)
    kiosks = _kiosks(session, only)
    return [
        make_board(
            HouseFacts(
                house,
                zone_of(house.zone),
                stays[house.institution],
                attempts[house.institution],
                kiosks[house.institution],
            ),
            now,
        )
        for house in houses
    ]


def _of(select: S, column: InstrumentedAttribute[InstitutionId], only: Only) -> S:
    return select if only is None else select.where(column.in_(only))


def _stays(session: Session, only: Only) -> Mapping[InstitutionId, list[Stay]]:
    vigil = (
        sa.select(Assignment.id)
        .where(
            Assignment.volunteer_id == Standing.volunteer_id,
            Assignment.institution_id == Standing.institution_id,
            Assignment.activity == Activity.VIGIL,
            Assignment.ended_on.is_(None),
        )
        .exists()
    )
    current = (
        sa.select(Standing, Volunteer, vigil)
        .join(Volunteer, Volunteer.id == Standing.volunteer_id)
        .where(Standing.visit_state.is_not(None))
    )
    stays: Mapping[InstitutionId, list[Stay]] = defaultdict(list)
    for standing, volunteer, is_vigil in session.execute(
        _of(current, Standing.institution_id, only)
    ):
        if standing.visit_state is None:
            continue
        stays[standing.institution_id].append(
            Stay(
                standing.volunteer_id,
                short_name(volunteer.first_name, volunteer.last_name),
                standing.visit_state,
                standing.arrived,
                _acknowledged(standing),
                is_vigil,
            )
        )
    return stays


def _acknowledged(standing: Standing) -> Acknowledgement | None:
    if standing.acknowledged_major is None or standing.acknowledged_at is None:
        return None
    return Acknowledgement(standing.acknowledged_major, standing.acknowledged_at)


def _attempts(session: Session, only: Only, now: datetime) -> Mapping[InstitutionId, list[Attempt]]:
    """Of each person the newest attempt, unless something has been recorded of them since."""
    recent = (
        sa.select(RefusedAttempt, Volunteer, Standing)
        .outerjoin(Volunteer, Volunteer.id == RefusedAttempt.volunteer_id)
        .outerjoin(
            Standing,
            (Standing.volunteer_id == RefusedAttempt.volunteer_id)
            & (Standing.institution_id == RefusedAttempt.institution_id),
        )
        .where(RefusedAttempt.at > now - _LONGEST_COUNT)
        .order_by(RefusedAttempt.at.desc())
    )
    attempts: Mapping[InstitutionId, list[Attempt]] = defaultdict(list)
    seen: set[tuple[InstitutionId, VolunteerId]] = set()
    for attempt, volunteer, standing in session.execute(
        _of(recent, RefusedAttempt.institution_id, only)
    ):
        name = None
        if volunteer is not None:
            if (attempt.institution_id, volunteer.id) in seen:
                continue
            seen.add((attempt.institution_id, volunteer.id))
            if _is_known_better(standing, attempt):
                continue
            name = short_name(volunteer.first_name, volunteer.last_name)
        attempts[attempt.institution_id].append(Attempt(attempt.at, name, attempt.volunteer_id))
    return attempts


def _is_known_better(standing: Standing | None, attempt: RefusedAttempt) -> bool:
    """The person is on the board already, or came or went after the attempt."""
    if standing is None:
        return False
    is_current = standing.visit_state is not None
    return is_current or (standing.latest_at is not None and standing.latest_at > attempt.at)


def _kiosks(session: Session, only: Only) -> Mapping[InstitutionId, list[KioskContact]]:
    kiosks: Mapping[InstitutionId, list[KioskContact]] = defaultdict(list)
    rows = session.scalars(_of(sa.select(Kiosk).order_by(Kiosk.name), Kiosk.institution_id, only))
    for kiosk in rows:
        kiosks[kiosk.institution_id].append(KioskContact(kiosk.name, kiosk.last_seen))
    return kiosks
