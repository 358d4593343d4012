"""The one admission rule. Server and kiosk call the same function with what each of them knows.

Four questions, in this order (DOMAIN, "A tap"): is it genuine, in or out, allowed, what is due.
Presence and permission are different facts: a refusal never erases a presence, and leaving is
never refused.
"""

from datetime import date, datetime, timedelta

from msgspec.structs import replace

from presence.card import Assurance
from presence.dues import due
from presence.facts import Facts
from presence.reason import Reason
from presence.roster import CardState, Contact, HeldCard, RosterRow
from presence.statuslist import Status
from presence.verdict import (
    TOLD_OF_REFUSAL,
    Basis,
    Move,
    Outcome,
    Saying,
    Verdict,
)
from presence.visit import Visit, VisitState

CLOCK_TOLERANCE = timedelta(minutes=5)
"""So far two machines' clocks may differ before we stop believing that an arrival "to come" is
the one that has just been made."""


def decide(facts: Facts, now: datetime) -> Verdict:
    """What to tell the person, and what to record. `now` is aware, the decider's own time."""
    if facts.credential is None:
        return _verdict(
            facts, now, Move.NONE, Outcome.REFUSED, Reason.NOT_GENUINE, Saying.CANNOT_READ
        )
    current = facts.visit(now)
    if current is None or current.state is not VisitState.OPEN:
        return _refusal(facts, now) or _admission(facts, now)
    if current.is_out:
        return _return(facts, now)
    if _is_same_tap(facts, current):
        return _verdict(facts, now, Move.STAY, _sure(facts), Reason.OK, Saying.ALREADY_IN)
    return _leaving(facts, now)


_DOUBTFUL = frozenset({CardState.LOST, CardState.SUSPENDED, CardState.EXCLUDED, CardState.REPLACED})
_BLOCKED = frozenset({Status.INVALID, Status.SUSPENDED})


def _is_same_tap(facts: Facts, current: Visit) -> bool:
    if facts.uptime < facts.house.policy.same_tap:
        return True
    if current.last_arrival is None:
        return False
    age = facts.presented - current.last_arrival
    return -CLOCK_TOLERANCE < age < facts.house.policy.same_tap


def _leaving(facts: Facts, now: datetime) -> Verdict:
    doubt = _may_be_anothers(facts)
    if doubt is None:
        return _verdict(facts, now, Move.OUT, _sure(facts), Reason.OK, Saying.GOODBYE)
    leaving = _verdict(facts, now, Move.OUT, _sure(facts), doubt, Saying.GOODBYE)
    return replace(leaving, is_doubtful=True, tell=TOLD_OF_REFUSAL[doubt])


def _return(facts: Facts, now: datetime) -> Verdict:
    """From outside with residents. Whoever it is, from now on somebody is in the house."""
    back = _verdict(facts, now, Move.BACK, _sure(facts), Reason.OK, Saying.WELCOME_BACK)
    doubt = _may_be_anothers(facts)
    return back if doubt is None else replace(back, warning=doubt, tell=TOLD_OF_REFUSAL[doubt])


def _may_be_anothers(facts: Facts) -> Reason | None:
    """Why the card may not be in its owner's hand. The list counts where the row does not know of
    any block: it does not say of what kind it is."""
    if facts.is_replayed:
        return Reason.REPLAYED
    card = facts.card
    if card is None or card.state is CardState.ACTIVE:
        is_blocked = _is_listed_as_blocked(facts)
    else:
        is_blocked = card.state in _DOUBTFUL
    return Reason.CARD_BLOCKED if is_blocked else None


# --- allowed? --------------------------------------------------------------------------------


def _refusal(facts: Facts, now: datetime) -> Verdict | None:
    """The first row of DOMAIN's table that fits, or None."""
    if facts.assurance < facts.house.asked_for(facts.today(now)):
        return _refused(facts, now, Reason.TOO_WEAK)
    if facts.is_replayed:
        return _refused(facts, now, Reason.REPLAYED)
    row, card = facts.row, facts.card
    if row is None or card is None:
        return _unknown(facts, now)
    neutral = _neutral(facts, row, card, now)
    if neutral is not None:
        return _refused(facts, now, neutral)
    expired_on = _expired_on(facts, card, now)
    if expired_on is not None:
        return _expired(facts, now, expired_on, row.leader)
    missing = next((one for one in row.courses if one.stops_on <= facts.today(now)), None)
    if missing is not None:
        refusal = _refused(facts, now, Reason.COURSE_MISSING)
        return replace(refusal, saying=Saying.COURSE_MISSING, course=missing.name, call=row.leader)
    return None


def _neutral(facts: Facts, row: RosterRow, card: HeldCard, now: datetime) -> Reason | None:
    """Why somebody is sent to the staff without a word of the reason."""
    if card.state is not CardState.ACTIVE or _is_listed_as_blocked(facts):
        return Reason.CARD_BLOCKED
    if row.is_paused:
        return Reason.PAUSED
    if facts.assurance < Assurance.A2 and _is_out_of_reach(facts, now):
        return Reason.ELSEWHERE
    if facts.is_clock_sure and facts.today(now) < card.valid_from:
        return Reason.NOT_YET_VALID
    return None


def _unknown(facts: Facts, now: datetime) -> Verdict | None:
    """A genuine card of which the decider knows nothing but its signature and, perhaps, its place
    in the status list. Alone, a kiosk gives it the benefit of the doubt: its roster holds only
    those whom this home has seen or expects, and after a time without contact nobody."""
    if facts.basis is Basis.LIVE:
        return _refused(facts, now, Reason.UNKNOWN_CARD)
    listed = facts.last_resort
    if listed is not None and listed.status is None:  # no card of ours
        return _refused(facts, now, Reason.UNKNOWN_CARD)
    if _is_listed_as_blocked(facts):
        return _refused(facts, now, Reason.CARD_BLOCKED)
    expired_on = _expired_on(facts, None, now)
    return None if expired_on is None else _expired(facts, now, expired_on, None)


def _is_listed_as_blocked(facts: Facts) -> bool:
    listed = facts.last_resort
    return listed is not None and listed.status in _BLOCKED


def _is_out_of_reach(facts: Facts, now: datetime) -> bool:
    """Nobody travels that fast: the person was at another home too short a time ago. A clock that
    is not to be relied on accuses nobody."""
    elsewhere = facts.row.elsewhere if facts.row else None
    if elsewhere is None or not facts.is_clock_sure:
        return False
    return elsewhere.at - CLOCK_TOLERANCE < facts.tapped(now) < elsewhere.reachable


def _expired_on(facts: Facts, card: HeldCard | None, now: datetime) -> date | None:
    """First day on which the card is over: by the server's date or by the date signed on it. A
    clock that may be behind still proves what is over already."""
    credential = facts.credential
    over: list[date] = []
    if card is not None and facts.today(now) > card.valid_until:
        over.append(card.valid_until + timedelta(days=1))
    expires = credential.expires if credential is not None else None
    if expires is not None and now >= expires:
        over.append(expires.astimezone(facts.zone).date())
    return min(over, default=None)


def _admission(facts: Facts, now: datetime) -> Verdict:
    if facts.basis is Basis.ROSTER and _is_too_old(facts, now):
        return _verdict(facts, now, Move.IN, Outcome.ASK_STAFF, Reason.NO_CONTACT, Saying.SEE_STAFF)
    welcome = _verdict(facts, now, Move.IN, _sure(facts), Reason.OK, Saying.WELCOME)
    welcome = replace(welcome, due=due(facts, now))
    if _is_out_of_reach(facts, now):
        told = TOLD_OF_REFUSAL[Reason.ELSEWHERE]
        return replace(welcome, warning=Reason.ELSEWHERE, tell=told)
    return welcome


def _is_too_old(facts: Facts, now: datetime) -> bool:
    """By the age of what the kiosk knows: the status list's own end, where it knows nothing else
    of this card, or the last contact."""
    listed = facts.last_resort
    if facts.row is None and listed is not None and now >= listed.expires:
        return True
    limit = facts.house.policy.ask_staff_after
    return facts.as_of is None or now - facts.as_of > limit


# --- verdicts --------------------------------------------------------------------------------


def _sure(facts: Facts) -> Outcome:
    return Outcome.CONFIRMED if facts.basis is Basis.LIVE else Outcome.UNCONFIRMED


def _refused(facts: Facts, now: datetime, reason: Reason) -> Verdict:
    refusal = _verdict(facts, now, Move.NONE, Outcome.REFUSED, reason, Saying.SEE_STAFF)
    return replace(refusal, tell=TOLD_OF_REFUSAL[reason])


def _expired(facts: Facts, now: datetime, expired_on: date, call: Contact | None) -> Verdict:
    refusal = _refused(facts, now, Reason.EXPIRED)
    return replace(refusal, saying=Saying.EXPIRED, expired_on=expired_on, call=call)


def _verdict(
    facts: Facts, now: datetime, move: Move, outcome: Outcome, reason: Reason, saying: Saying
) -> Verdict:
    found = facts.visit(now)
    return Verdict(
        move=move,
        outcome=outcome,
        reason=reason,
        saying=saying,
        basis=facts.basis,
        assurance=facts.assurance,
        visit=found if found is not None and found.is_current else None,
        as_of=facts.as_of if facts.basis is Basis.ROSTER else None,
    )
