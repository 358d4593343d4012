"""What staff say of somebody in their house. Each word is a fact like any tap, and is audited."""

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import EventId, InstitutionId, VolunteerId
from presence.messages import ClockTrust
from server import audit, changes
from server.changes import ChangeKind
from server.institutions.services import house
from server.visits.models import EventKind, EventRow, LetInReason, RefusedAttempt
from server.visits.presences import Moved, settle
from server.visits.projection import Whose


class StaffWordError(ValueError):
    """What staff said cannot be; the message says why."""


class Said(msgspec.Struct, frozen=True, tag_field="type", tag="staff"):
    """The bytes that are kept of a word of staff."""

    kind: EventKind
    institution: InstitutionId
    volunteer: VolunteerId
    reason: LetInReason | None
    actor: str


def say(
    session: Session,
    now: datetime,
    event: EventId,
    whose: Whose,
    actor: str,
    *,
    is_here: bool,
) -> None:
    """Staff have looked: the person is in the house, or is not. `event` is a fresh id.

    Raises LookupError where the home never heard of the person.
    """
    kind = EventKind.SAID_HERE if is_here else EventKind.SAID_GONE
    _keep(session, now, event, Said(kind, whose.institution, whose.volunteer, None, actor))
    _answer(session, now, whose)


def let_in(
    session: Session,
    now: datetime,
    event: EventId,
    attempt: EventId,
    reason: LetInReason,
    actor: str,
) -> None:
    """Let somebody in whom the kiosk sent to the staff; the visit begins now.

    Nothing changes where the attempt has its answer already. Raises LookupError for an attempt that
    there is not, and StaffWordError where nobody knows whose card it was, or the society's policy
    leaves no choice.
    """
    refused = session.get(RefusedAttempt, attempt)
    if refused is None:
        raise LookupError("no such attempt")
    if refused.answered_at is not None:
        return
    if refused.volunteer_id is None:
        raise StaffWordError("nobody knows whose card this is")
    if refused.reason not in house(session, refused.institution_id, now).policy.let_in:
        raise StaffWordError("the society's rules leave no choice here")
    whose = Whose(refused.institution_id, refused.volunteer_id)
    said = Said(EventKind.LET_IN, whose.institution, whose.volunteer, reason, actor)
    _keep(session, now, event, said)
    _answer(session, now, whose)


def dismiss(session: Session, now: datetime, attempt: EventId, actor: str) -> None:
    """Whoever was sent to the staff is not in the house. Raises LookupError."""
    refused = session.get(RefusedAttempt, attempt)
    if refused is None:
        raise LookupError("no such attempt")
    if refused.answered_at is None:
        refused.answered_at = now
        changes.record(session, ChangeKind.VISIT, now, institution=refused.institution_id)
    audit.write(session, now, actor, "dismiss_attempt", f"attempt/{attempt}")


def _keep(session: Session, now: datetime, event: EventId, said: Said) -> None:
    is_arrival = said.kind is EventKind.LET_IN
    session.add(
        EventRow(
            id=event,
            kiosk_id=None,
            institution_id=said.institution,
            kind=said.kind,
            wall=now,
            trust=ClockTrust.SYNCED,
            received_at=now,
            at=now,
            is_uncertain=False,
            volunteer_id=said.volunteer,
            visit=event if is_arrival else None,
            reason=said.reason,
            actor=said.actor,
            raw=msgspec.json.encode(said),
        )
    )
    session.flush()
    whose = Whose(said.institution, said.volunteer)
    settle(session, now, [Moved(whose, now)])
    record = f"institution/{said.institution}/volunteer/{said.volunteer}"
    audit.write(session, now, said.actor, f"staff_{said.kind}", record)


def _answer(session: Session, now: datetime, whose: Whose) -> None:
    """What the person was refused before has its answer."""
    session.execute(
        sa.update(RefusedAttempt)
        .where(
            RefusedAttempt.institution_id == whose.institution,
            RefusedAttempt.volunteer_id == whose.volunteer,
            RefusedAttempt.answered_at.is_(None),
        )
        .values(answered_at=now)
    )
