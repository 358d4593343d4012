"""What follows from new facts: visits, acknowledgements, refused attempts, alerts, changes.

All in the transaction that stores the facts, so that there is never one without the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    CameBack,
    Left,
    WentOut,
)
from presence.reason import Reason
from presence.roster import CardState
from presence.verdict import TOLD_OF_REFUSAL, Basis, Tell
from server import changes
from server.briefings.models import AcknowledgementRecord
from server.changes import ChangeKind
from server.institutions.models import Standing
from server.institutions.services import house, zone_of
from server.notices.models import AlertKind
from server.notices.services import Tapped, alert
from server.visits.models import RefusedAttempt
from server.visits.presences import Moved, settle
from server.visits.projection import Whose
from server.visits.replays import replayed
from server.visits.store import Kept
from server.visits.whereabouts import keep_last_seen, out_of_reach


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
    too_fast = out_of_reach(session, now, kept)
    played_again = replayed(session, kept)
    if by_person:
        _settle(session, now, by_person)
        keep_last_seen(session, kept)
    for one in kept:
        event = one.told.entry.event
        if event in played_again:
            _alert_of_replay(session, now, one)
        _alert(session, now, one, is_too_fast=event in too_fast)


def _settle(session: Session, now: datetime, by_person: Mapping[Whose, Sequence[Kept]]) -> None:
    """Bring what homes know of people up to date."""
    moves = [
        Moved(whose, one.at)
        for whose, kept in by_person.items()
        for one in kept
        if isinstance(one.told.entry.what, Arrived | Left | WentOut | CameBack)
    ]
    known = settle(session, now, moves, by_person)
    for whose, kept in by_person.items():
        for one in kept:
            what = one.told.entry.what
            if isinstance(what, BriefingAcknowledged):
                _acknowledge(known[whose], what.major, one.at)


def _acknowledge(known: Standing, major: int, at: datetime) -> None:
    """The newest version counts; of one version the newest time."""
    if known.acknowledged_at is None or known.acknowledged_major is None:
        is_newer = True
    else:
        is_newer = (major, at) > (known.acknowledged_major, known.acknowledged_at)
    if is_newer:
        known.acknowledged_major, known.acknowledged_at = major, at


def _tapped(kept: Kept) -> Tapped:
    last_home = kept.holder.last_home if kept.holder else None
    return Tapped(kept.told.entry.what.card, kept.told.kiosk, kept.told.institution, last_home)


def _alert_of_replay(session: Session, now: datetime, kept: Kept) -> None:
    is_leaving = isinstance(kept.told.entry.what, Left)
    kind = AlertKind.LEFT_IN_DOUBT if is_leaving else AlertKind.ACCEPTED_OFFLINE
    told = TOLD_OF_REFUSAL[Reason.REPLAYED]
    alert(session, now, _tapped(kept), kind, Reason.REPLAYED, told)


def _alert(session: Session, now: datetime, kept: Kept, *, is_too_fast: bool) -> None:
    what, tapped = kept.told.entry.what, _tapped(kept)
    if isinstance(what, AttemptRefused):
        told = TOLD_OF_REFUSAL.get(what.reason, ())
        alert(session, now, tapped, AlertKind.REFUSED, what.reason, told)
    elif isinstance(what, Left) and what.is_doubtful:
        reason = _doubted(kept, what.basis)
        alert(session, now, tapped, AlertKind.LEFT_IN_DOUBT, reason, TOLD_OF_REFUSAL[reason])
    elif isinstance(what, Arrived) and what.basis is Basis.ROSTER:
        _alert_of_offline(session, now, tapped, kept)
        if is_too_fast:
            told = TOLD_OF_REFUSAL[Reason.ELSEWHERE]
            alert(session, now, tapped, AlertKind.ACCEPTED_OFFLINE, Reason.ELSEWHERE, told)


def _doubted(kept: Kept, basis: Basis) -> Reason:
    """Why a leaving is in doubt; the entry does not say. The server doubts who holds a card that is
    in use only for a message that was played again."""
    is_in_use = kept.holder is not None and kept.holder.state is CardState.ACTIVE
    return Reason.REPLAYED if is_in_use and basis is Basis.LIVE else Reason.CARD_BLOCKED


def _alert_of_offline(session: Session, now: datetime, tapped: Tapped, kept: Kept) -> None:
    """A kiosk without contact could not know; it is told of when the fact arrives."""
    reason = _overlooked(session, now, kept)
    if reason is Reason.EXPIRED:
        alert(session, now, tapped, AlertKind.ACCEPTED_OFFLINE, reason, TOLD_OF_REFUSAL[reason])
    elif reason is not None:
        alert(session, now, tapped, AlertKind.ACCEPTED_OFFLINE, reason, (Tell.CHAPTER,))


def _overlooked(session: Session, now: datetime, kept: Kept) -> Reason | None:
    """Why the server would not have let this card in."""
    holder = kept.holder
    if holder is None:
        return Reason.UNKNOWN_CARD
    if holder.state is not CardState.ACTIVE:
        is_earlier = kept.at < holder.state_changed_at and not kept.is_uncertain
        return None if is_earlier else Reason.CARD_BLOCKED
    zone = zone_of(house(session, kept.told.institution, now).zone)
    is_over = kept.at.astimezone(zone).date() > holder.valid_until
    return Reason.EXPIRED if is_over and not kept.is_uncertain else None


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
