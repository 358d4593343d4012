"""The one admission rule. Server and kiosk call the same function with what each of them knows.

Four questions, in this order (DOMAIN, "A tap"): is it genuine, in or out, allowed, what is due.
Presence and permission are different facts: a refusal never erases a presence, and leaving is
never refused.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from msgspec.structs import replace

from presence.briefing import Acknowledgement, is_due, is_outdated
from presence.card import Assurance, Credential
from presence.roster import CardState, Contact, HeldCard, House, RosterRow, Unsettled
from presence.verdict import (
    TOLD_OF_REFUSAL,
    Basis,
    BriefingDue,
    CourseDue,
    Due,
    LeavingDue,
    Move,
    Outcome,
    Reason,
    RenewalDue,
    Saying,
    Tell,
    Verdict,
)
from presence.visit import NOT_HERE, Here, Visit, VisitState, here_after

CLOCK_TOLERANCE = timedelta(minutes=5)
"""So far two machines' clocks may differ before we stop believing that an arrival "to come" is
the one that has just been made."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rule needs, gathered beforehand."""

    credential: Credential | None
    """None: what was presented is not genuine."""
    assurance: Assurance
    row: RosterRow | None
    """None: nobody here knows this card."""
    unsettled: Unsettled
    """What the kiosk recorded and `row` may not contain yet; `decide` lays it over the row."""
    house: House
    zone: tzinfo
    """The time zone that `house.zone` names."""
    basis: Basis
    presented: datetime
    """The kiosk's own time of the tap, comparable to the arrivals it recorded."""
    uptime: timedelta
    """For how long the kiosk has been running since its last power-up."""
    as_of: datetime | None = None
    """Basis ROSTER: the last contact with the server; None: never."""

    @property
    def here(self) -> Here:
        """The person's presence at this home, with what has just happened laid over the row."""
        known = self.row.here if self.row else NOT_HERE
        return here_after(known, self.unsettled.facts, self.house.policy.two_doors)

    @property
    def acknowledged(self) -> Acknowledgement | None:
        """The newest acknowledgement, the row's or the kiosk's own."""
        known = self.row.acknowledged if self.row else None
        own = self.unsettled.acknowledged
        if known is None or own is None:
            return known or own
        return max(known, own, key=lambda one: (one.major, one.at))


def decide(facts: Facts, now: datetime) -> Verdict:
    """What to tell the person, and what to record. `now` is aware, the decider's own time."""
    if facts.credential is None:
        return _verdict(facts, Move.NONE, Outcome.REFUSED, Reason.NOT_GENUINE, Saying.CANNOT_READ)
    current = facts.here.visit
    if current is not None:
        if _is_same_tap(facts, current):
            return _verdict(facts, Move.STAY, _sure(facts), Reason.OK, Saying.ALREADY_IN)
        if current.state is VisitState.OPEN:
            return _leaving(facts)
    return _refusal(facts, now) or _admission(facts, now)


_DOUBTFUL = frozenset({CardState.LOST, CardState.SUSPENDED, CardState.EXCLUDED, CardState.REPLACED})


def _is_same_tap(facts: Facts, current: Visit) -> bool:
    if current.state is not VisitState.OPEN:
        return False
    if facts.uptime < facts.house.policy.same_tap:
        return True
    if current.last_arrival is None:
        return False
    age = facts.presented - current.last_arrival
    return -CLOCK_TOLERANCE < age < facts.house.policy.same_tap


def _leaving(facts: Facts) -> Verdict:
    card = _card(facts)
    if card is not None and card.state in _DOUBTFUL:
        leaving = _verdict(facts, Move.OUT, _sure(facts), Reason.CARD_BLOCKED, Saying.GOODBYE)
        return replace(leaving, is_doubtful=True, tell=(Tell.CHAPTER,))
    return _verdict(facts, Move.OUT, _sure(facts), Reason.OK, Saying.GOODBYE)


def _refusal(facts: Facts, now: datetime) -> Verdict | None:
    """The first row of DOMAIN's table that fits, or None."""
    row, card = facts.row, _card(facts)
    today = now.astimezone(facts.zone).date()
    if facts.assurance < facts.house.policy.lowest_assurance:
        return _refused(facts, Reason.TOO_WEAK)
    if row is None or card is None:
        return _unknown(facts, now)
    if card.state is not CardState.ACTIVE:
        return _refused(facts, Reason.CARD_BLOCKED)
    if row.is_paused:
        return _refused(facts, Reason.PAUSED)
    if today < card.valid_from:
        return _refused(facts, Reason.NOT_YET_VALID)
    expired_on = _expired_on(facts, card.valid_until, now)
    if expired_on is not None:
        return _expired(facts, expired_on, row.leader)
    missing = next((course for course in row.courses if course.stops_on <= today), None)
    if missing is not None:
        refusal = _refused(facts, Reason.COURSE_MISSING)
        return replace(refusal, saying=Saying.COURSE_MISSING, course=missing.name, call=row.leader)
    return None


def _unknown(facts: Facts, now: datetime) -> Verdict | None:
    """A genuine card of which the decider knows nothing. Alone, a kiosk gives it the benefit of
    the doubt: its roster holds only those whom this home has seen or expects."""
    if facts.basis is Basis.LIVE:
        return _refused(facts, Reason.UNKNOWN_CARD)
    expired_on = _expired_on(facts, None, now)
    return None if expired_on is None else _expired(facts, expired_on, None)


def _expired_on(facts: Facts, valid_until: date | None, now: datetime) -> date | None:
    """First day on which the card is over: by the server's date or by the date signed on it."""
    credential = facts.credential
    over: list[date] = []
    if valid_until is not None and now.astimezone(facts.zone).date() > valid_until:
        over.append(valid_until + timedelta(days=1))
    if credential is not None and now >= credential.expires:
        over.append(credential.expires.astimezone(facts.zone).date())
    return min(over, default=None)


def _admission(facts: Facts, now: datetime) -> Verdict:
    if facts.basis is Basis.ROSTER and _is_too_old(facts, now):
        return _verdict(facts, Move.IN, Outcome.ASK_STAFF, Reason.NO_CONTACT, Saying.SEE_STAFF)
    welcome = _verdict(facts, Move.IN, _sure(facts), Reason.OK, Saying.WELCOME)
    return replace(welcome, due=_due(facts, now))


def _is_too_old(facts: Facts, now: datetime) -> bool:
    limit = timedelta(days=facts.house.policy.ask_staff_after_days)
    return facts.as_of is None or now - facts.as_of > limit


def _due(facts: Facts, now: datetime) -> tuple[Due, ...]:
    row, card = facts.row, _card(facts)
    today = now.astimezone(facts.zone).date()
    due: list[Due] = _briefing_due(facts, now)
    current = facts.here.visit
    if current is not None:
        due.append(LeavingDue(current.arrived))
    if row is None or card is None:
        return tuple(due)
    notice = card.valid_until - timedelta(days=facts.house.policy.renewal_notice_days)
    if today >= notice and not _was_here_today(facts, today):
        due.append(RenewalDue(card.valid_until))
    due += [CourseDue(course.name, course.stops_on) for course in row.courses]
    return tuple(due)


def _briefing_due(facts: Facts, now: datetime) -> list[Due]:
    version, known = facts.house.briefing, facts.acknowledged
    months = facts.house.policy.briefing_max_age_months
    if version is None or not is_due(known, version, now, facts.zone, months):
        return []
    if known is None or is_outdated(known, now, facts.zone, months):
        return [BriefingDue(version)]
    return [BriefingDue(version, known.major)]


def _was_here_today(facts: Facts, today: date) -> bool:
    latest = facts.here.latest
    return latest is not None and latest.at.astimezone(facts.zone).date() == today


def _card(facts: Facts) -> HeldCard | None:
    if facts.row is None or facts.credential is None:
        return None
    return facts.row.card(facts.credential.card)


def _sure(facts: Facts) -> Outcome:
    return Outcome.CONFIRMED if facts.basis is Basis.LIVE else Outcome.UNCONFIRMED


def _refused(facts: Facts, reason: Reason) -> Verdict:
    refusal = _verdict(facts, Move.NONE, Outcome.REFUSED, reason, Saying.SEE_STAFF)
    return replace(refusal, tell=TOLD_OF_REFUSAL[reason])


def _expired(facts: Facts, expired_on: date, call: Contact | None) -> Verdict:
    refusal = _refused(facts, Reason.EXPIRED)
    return replace(refusal, saying=Saying.EXPIRED, expired_on=expired_on, call=call)


def _verdict(facts: Facts, move: Move, outcome: Outcome, reason: Reason, saying: Saying) -> Verdict:
    return Verdict(
        move=move,
        outcome=outcome,
        reason=reason,
        saying=saying,
        basis=facts.basis,
        assurance=facts.assurance,
        visit=facts.here.visit,
        as_of=facts.as_of if facts.basis is Basis.ROSTER else None,
    )
