"""What follows from new facts: visits, acknowledgements, refused attempts, alerts, changes.

All in the transaction that stores the facts, so that there is never one without the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.messages import Arrived, AttemptRefused, BriefingAcknowledged, Left
from presence.roster import CardState
from presence.verdict import TOLD_OF_REFUSAL, Basis, Reason, Tell
from presence.visit import Here
from server import changes
from server.briefings.models import AcknowledgementRecord
from server.changes import ChangeKind
from server.institutions.models import Standing
from server.institutions.services import house, standings
from server.notices.models import AlertKind
from server.notices.services import Tapped, alert
from server.visits import projection
from server.visits.models import RefusedAttempt
from server.visits.projection import Whose
from server.visits.store import Kept


def draw(session: Session, now: datetime, kept: Sequence[Kept]) -> None:
    """Draw every consequence of facts that have just been stored."""
    _insert(session, RefusedAttempt, chain.from_iterable(map(_refused_attempt, kept)))
    _insert(session, AcknowledgementRecord, chain.from_iterable(map(_acknowledgement, kept)))
    by_person: dict[Whose, list[Kept]] = {}
    for one in kept:
        if one.holder is not None:
            whose = Whose(one.told.institution, one.holder.volunteer)
            by_person.setdefault(whose, []).append(one)
        else:
            changes.record(session, ChangeKind.VISIT, now, institution=one.told.institution)
    if by_person:
        _settle(session, now, by_person)
    for one in kept:
        _alert(session, now, one)


def _settle(session: Session, now: datetime, by_person: Mapping[Whose, Sequence[Kept]]) -> None:
    """Bring what homes know of people up to date."""
    here = _presences(session, by_person)
    versions = changes.record_visits(session, now, list(by_person))
    known = standings(session, by_person)
    for (whose, kept), version in zip(by_person.items(), versions, strict=True):
        theirs = known[whose]
        for one in kept:
            what = one.told.entry.what
            if isinstance(what, BriefingAcknowledged):
                _acknowledge(theirs, what.major, one.at)
        if whose in here:
            projection.keep(theirs, here[whose])
        theirs.version = version


def _presences(session: Session, by_person: Mapping[Whose, Sequence[Kept]]) -> Mapping[Whose, Here]:
    earliest: dict[Whose, datetime] = {}
    for whose, kept in by_person.items():
        moves = [one.at for one in kept if isinstance(one.told.entry.what, Arrived | Left)]
        if moves:
            earliest[whose] = min(moves)
    if not earliest:
        return {}
    homes = {whose.institution for whose in earliest}
    two_doors = {home: house(session, home).policy.two_doors for home in homes}
    return projection.recompute(session, earliest, two_doors)


def _acknowledge(known: Standing, major: int, at: datetime) -> None:
    """The newest version counts; of one version the newest time."""
    if known.acknowledged_at is None or known.acknowledged_major is None:
        is_newer = True
    else:
        is_newer = (major, at) > (known.acknowledged_major, known.acknowledged_at)
    if is_newer:
        known.acknowledged_major, known.acknowledged_at = major, at


def _alert(session: Session, now: datetime, kept: Kept) -> None:
    what = kept.told.entry.what
    tapped = Tapped(what.card, kept.told.kiosk, kept.told.institution)
    if isinstance(what, AttemptRefused):
        told = TOLD_OF_REFUSAL.get(what.reason, ())
        alert(session, now, tapped, AlertKind.REFUSED, what.reason, told)
    elif isinstance(what, Left) and what.is_doubtful:
        chapter = (Tell.CHAPTER,)
        alert(session, now, tapped, AlertKind.LEFT_IN_DOUBT, Reason.CARD_BLOCKED, chapter)
    elif isinstance(what, Arrived) and what.basis is Basis.ROSTER:
        _alert_of_offline(session, now, tapped, kept)


def _alert_of_offline(session: Session, now: datetime, tapped: Tapped, kept: Kept) -> None:
    """A kiosk without contact could not know; the chapter learns of it when the fact arrives."""
    holder, reason = kept.holder, Reason.CARD_BLOCKED
    if holder is None:
        reason = Reason.UNKNOWN_CARD
    elif holder.state is CardState.ACTIVE or _was_before(kept, holder.state_changed_at):
        return
    alert(session, now, tapped, AlertKind.ACCEPTED_OFFLINE, reason, (Tell.CHAPTER,))


def _was_before(kept: Kept, moment: datetime) -> bool:
    return kept.at < moment and not kept.is_uncertain


def _refused_attempt(kept: Kept) -> Iterable[dict[str, object]]:
    what = kept.told.entry.what
    if isinstance(what, AttemptRefused):
        yield {
            "event_id": kept.told.entry.event,
            "institution_id": kept.told.institution,
            "kiosk_id": kept.told.kiosk,
            "volunteer_id": kept.holder.volunteer if kept.holder else None,
            "reason": what.reason,
            "basis": what.basis,
            "at": kept.at,
        }


def _acknowledgement(kept: Kept) -> Iterable[dict[str, object]]:
    what = kept.told.entry.what
    if isinstance(what, BriefingAcknowledged) and kept.holder is not None:
        yield {
            "event_id": kept.told.entry.event,
            "institution_id": kept.told.institution,
            "volunteer_id": kept.holder.volunteer,
            "major": what.major,
            "minor": what.minor,
            "language": what.language,
            "seconds": what.seconds,
            "at": kept.at,
        }


def _insert(session: Session, table: type, rows: Iterable[dict[str, object]]) -> None:
    wanted = list(rows)
    if wanted:
        session.execute(sa.insert(table), wanted)
