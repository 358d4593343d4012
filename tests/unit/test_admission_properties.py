"""What holds of the admission rule in every situation there is."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from presence import codec
from presence.admission import decide
from presence.card import Assurance
from presence.facts import Facts
from presence.messages import Answer
from presence.onsite import Attempt, OnSite, Stay, on_site
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import MAX_UNSETTLED, RosterRow, Unsettled
from presence.statuslist import Listed
from presence.topics import DOWN_LIMIT
from presence.verdict import Basis, LeavingDue, Move, Outcome, Saying, Verdict
from presence.visit import Arrival, Departure, Fact, Here, Outing, VisitState, here_after, settled
from tests.builders import (
    CARD,
    LEADER,
    NOW,
    OSLO,
    credential,
    event_id,
    held_card,
    house,
    presentation_id,
    visit_id,
)
from tests.situations import ZONES, any_tap, tap_of_somebody_known
from tests.strategies import times, values_of

Tap = tuple[Facts, datetime]
SPOKEN = event_id(0xFFFF)


def told(facts: Facts, verdict: Verdict, at: datetime) -> Here:
    """The presence after what this verdict has a kiosk record."""
    recorded: dict[Move, Fact] = {
        Move.IN: Arrival(at, SPOKEN, visit_id(0xFFFF)),
        Move.OUT: Departure(at, SPOKEN, verdict.is_doubtful),
        Move.BACK: Outing(at, SPOKEN, is_out=False),
    }
    fact = recorded.get(verdict.move)
    return here_after(facts.here, [] if fact is None else [fact], facts.rules)


def after_all(facts: Facts, now: datetime) -> datetime:
    """Not before anything that is known of this person here."""
    known = facts.here.latest
    return max(now, known.at) if known else now


# --- presence --------------------------------------------------------------------------------


@given(any_tap)
def test_leaving_is_never_refused(tap: Tap) -> None:
    """Whoever is on site and holds a genuine card is told goodbye, or that nothing changes, or
    welcome back; staff are never in between."""
    facts, now = tap
    current = facts.visit(now)
    assume(current is not None and current.state is VisitState.OPEN)
    verdict = decide(facts, now)
    assert (verdict.move, verdict.saying) in {
        (Move.OUT, Saying.GOODBYE),
        (Move.STAY, Saying.ALREADY_IN),
        (Move.BACK, Saying.WELCOME_BACK),
    }
    assert verdict.outcome in (Outcome.CONFIRMED, Outcome.UNCONFIRMED)


@given(any_tap)
def test_who_is_not_surely_here_is_coming_in(tap: Tap) -> None:
    facts, now = tap
    current = facts.visit(now)
    assume(current is None or current.state is not VisitState.OPEN)
    assert decide(facts, now).move in (Move.IN, Move.NONE)


def board(facts: Facts, here: Here, now: datetime, *refused: Attempt) -> OnSite:
    assert facts.row is not None
    volunteer = facts.row.volunteer
    stays = [] if here.visit is None else [Stay(volunteer, here.visit)]
    return on_site(stays, refused, now, facts.rules, facts.house.policy.refusal_counts)


@given(tap_of_somebody_known, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_refusal_never_removes_a_presence(tap: Tap, later: timedelta) -> None:
    """Who was on the list is on it after the refusal, now and later."""
    facts, now = tap
    verdict = decide(facts, now)
    assert (verdict.outcome is Outcome.REFUSED) == (verdict.move is Move.NONE)
    assume(verdict.outcome is Outcome.REFUSED and facts.row is not None)
    assert told(facts, verdict, now) == facts.here
    attempt = Attempt(SPOKEN, now, facts.row.volunteer if facts.row else None)
    at = now + later
    before, after = (
        board(facts, facts.here, at),
        board(facts, told(facts, verdict, now), at, attempt),
    )
    assert before.inside == after.inside
    if before.possible or before.out:
        assert after.possible or after.out
    if later < facts.house.policy.refusal_counts:
        assert after.inside or after.possible


@given(any_tap)
def test_what_a_kiosk_records_leads_to_the_presence_that_it_announced(tap: Tap) -> None:
    facts, now = tap
    at = after_all(facts, now)
    facts = replace(facts, presented=at)
    verdict = decide(facts, at)
    recorded = at + timedelta(milliseconds=1)
    after = settled(told(facts, verdict, recorded).visit, recorded, facts.rules)
    match verdict.move:
        case Move.IN | Move.BACK:
            assert after is not None
            assert (after.state, after.is_out) == (VisitState.OPEN, False)
            assert after.last_arrival == recorded
        case Move.OUT if verdict.is_doubtful:
            assert after is not None
            assert (after.state, after.left) == (VisitState.POSSIBLE, None)
        case Move.OUT:
            assert after is None
        case Move.STAY | Move.NONE:
            assert told(facts, verdict, recorded) == facts.here


# --- server and kiosk ------------------------------------------------------------------------


@given(tap_of_somebody_known)
def test_server_and_kiosk_give_one_answer_from_one_row(tap: Tap) -> None:
    """But for who answered, how sure that is, and how old. Only a status list, years of silence and
    a clock that may be behind, which the server does not have, tell them apart."""
    facts, now = tap
    facts = replace(facts, listed=None, is_clock_sure=True, as_of=now, presented=now)
    live = decide(replace(facts, basis=Basis.LIVE), now)
    alone = decide(replace(facts, basis=Basis.ROSTER), now)
    differs = {"basis": Basis.ROSTER, "outcome": alone.outcome, "as_of": now}
    assert msgspec.structs.replace(live, **differs) == alone
    assert (live.outcome, alone.outcome) in {
        (Outcome.CONFIRMED, Outcome.UNCONFIRMED),
        (Outcome.REFUSED, Outcome.REFUSED),
    }


@given(any_tap)
def test_only_the_server_confirms(tap: Tap) -> None:
    facts, now = tap
    verdict = decide(facts, now)
    assert verdict.basis is facts.basis
    if facts.basis is Basis.LIVE:
        assert verdict.outcome in (Outcome.CONFIRMED, Outcome.REFUSED)
        assert verdict.as_of is None
    else:
        assert verdict.outcome is not Outcome.CONFIRMED
        assert verdict.as_of == facts.as_of


@given(any_tap)
def test_no_status_list_changes_what_the_server_says(tap: Tap) -> None:
    facts, now = tap
    facts = replace(facts, basis=Basis.LIVE)
    assert decide(facts, now) == decide(replace(facts, listed=None), now)


# --- trust -----------------------------------------------------------------------------------

_WORSE = (
    {Outcome.CONFIRMED, Outcome.UNCONFIRMED},
    {Outcome.ASK_STAFF},
    {Outcome.REFUSED},
)


def badness(verdict: Verdict) -> int:
    return next(n for n, outcomes in enumerate(_WORSE) if verdict.outcome in outcomes)


@given(any_tap)
def test_more_trust_never_gives_a_worse_outcome(tap: Tap) -> None:
    facts, now = tap
    by_trust = [decide(replace(facts, assurance=one), now) for one in Assurance]
    for less, more in pairwise(by_trust):
        assert badness(more) <= badness(less)


@given(any_tap)
def test_a_clock_that_may_be_behind_never_gives_a_worse_outcome(tap: Tap) -> None:
    facts, now = tap
    sure = decide(replace(facts, is_clock_sure=True), now)
    unsure = decide(replace(facts, is_clock_sure=False), now)
    assert badness(unsure) <= badness(sure)


# --- words -----------------------------------------------------------------------------------


@given(any_tap)
def test_the_same_facts_give_the_same_verdict(tap: Tap) -> None:
    facts, now = tap
    assert decide(facts, now) == decide(replace(facts), now)


@given(any_tap)
def test_a_refusal_has_a_reason_and_at_the_door_all_but_two_sound_alike(tap: Tap) -> None:
    verdict = decide(*tap)
    if verdict.outcome is not Outcome.REFUSED:
        assert verdict.reason in (Reason.OK, Reason.CARD_BLOCKED, Reason.NO_CONTACT)
        return
    own_words = {Reason.EXPIRED: Saying.EXPIRED, Reason.COURSE_MISSING: Saying.COURSE_MISSING}
    assert verdict.reason is not Reason.OK
    assert verdict.saying is own_words.get(verdict.reason, Saying.SEE_STAFF)
    assert verdict.tell
    if verdict.saying is Saying.SEE_STAFF:
        assert (verdict.expired_on, verdict.course, verdict.call) == (None, None, None)


@given(any_tap)
def test_what_is_not_genuine_says_nothing_but_that_it_cannot_be_read(tap: Tap) -> None:
    facts, now = tap
    verdict = decide(replace(facts, credential=None), now)
    assert (verdict.move, verdict.saying, verdict.tell) == (Move.NONE, Saying.CANNOT_READ, ())


@given(any_tap)
def test_a_welcome_after_a_visit_that_nobody_closed_asks_about_it_and_nothing_else_does(
    tap: Tap,
) -> None:
    facts, now = tap
    verdict = decide(facts, now)
    asks = any(isinstance(due, LeavingDue) for due in verdict.due)
    assert asks == (verdict.saying is Saying.WELCOME and facts.visit(now) is not None)
    if verdict.saying is not Saying.WELCOME:
        assert verdict.due == ()


@given(any_tap)
def test_whoever_is_warned_of_is_told_of(tap: Tap) -> None:
    verdict = decide(*tap)
    if verdict.warning is not None:
        assert verdict.move in (Move.IN, Move.BACK)
        assert verdict.tell


# --- whatever a message may hold -------------------------------------------------------------


@given(
    st.none() | values_of(RosterRow),
    values_of(Unsettled),
    st.none() | values_of(Listed),
    st.sampled_from(ZONES),
    st.tuples(times, times, st.none() | times),
    st.tuples(st.sampled_from(Basis), st.booleans(), st.sampled_from(Assurance)),
)
def test_the_rule_answers_whatever_it_is_asked_and_the_answer_can_be_sent(
    row: RosterRow | None,
    own: Unsettled,
    listed: Listed | None,
    zone: object,
    when: tuple[datetime, datetime, datetime | None],
    how: tuple[Basis, bool, Assurance],
) -> None:
    """Any two times between 1970 and 2199, any row, any home's zone."""
    now, presented, as_of = when
    basis, is_clock_sure, assurance = how
    tapped = Facts(
        credential=credential(),
        assurance=assurance,
        row=row and _with_its_card(row),
        unsettled=own,
        house=house(policy=Policy(lowest_assurance=Assurance.A0)),
        zone=zone,  # type: ignore[arg-type]  # one of ZONES
        basis=basis,
        presented=presented,
        uptime=timedelta(hours=1),
        as_of=as_of,
        listed=listed,
        is_clock_sure=is_clock_sure,
    )
    answer = Answer(
        presentation=presentation_id(1), verdict=decide(tapped, now), at=now, row=tapped.row
    )
    assert codec.decode(Answer, codec.encode(answer), DOWN_LIMIT) == answer


def _with_its_card(row: RosterRow) -> RosterRow:
    return msgspec.structs.replace(row, cards=(*row.cards, held_card(ref=CARD)), leader=LEADER)


def test_as_many_unsettled_facts_as_travel_are_laid_over_the_row() -> None:
    own = tuple(
        Arrival(NOW - timedelta(hours=30 - n), event_id(n), visit_id(n))
        for n in range(MAX_UNSETTLED)
    )
    facts = Facts(
        credential=credential(),
        assurance=Assurance.A1,
        row=None,
        unsettled=Unsettled(own),
        house=house(),
        zone=OSLO,
        basis=Basis.LIVE,
        presented=NOW,
        uptime=timedelta(hours=40),
    )
    assert facts.here == here_after(Here(), own, facts.rules)
