"""What holds of the admission rule in every situation there is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from presence import codec
from presence.admission import decide
from presence.card import Assurance
from presence.facts import Facts
from presence.messages import Answer
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import MAX_UNSETTLED, CardState, MissingCourse, RosterRow, Unsettled
from presence.topics import DOWN_LIMIT
from presence.verdict import Basis, LeavingDue, Move, Outcome, Saying, Verdict
from presence.visit import (
    Arrival,
    Departure,
    Fact,
    Here,
    VisitState,
    here_after,
)
from tests.builders import (
    CARD,
    LEADER,
    NOW,
    OSLO,
    credential,
    event_id,
    held_card,
    here,
    house,
    presentation_id,
    roster_row,
    visit_id,
)
from tests.strategies import facts_of_one_person, values_of

days = st.dates(date(2026, 11, 20), date(2026, 11, 28))
cards = st.builds(
    lambda state, start, end: held_card(state=state, valid_from=start, valid_until=end),
    st.sampled_from(CardState),
    days,
    days,
)
rows = st.builds(
    lambda card, courses, is_paused, known, facts: roster_row(
        card,
        courses=courses,
        is_paused=is_paused,
        acknowledged=known,
        here=here(*facts),
    ),
    cards,
    st.lists(st.builds(MissingCourse, st.just("Grunnkurs"), days), max_size=2).map(tuple),
    st.booleans(),
    st.none() | values_of(Unsettled).map(lambda unsettled: unsettled.acknowledged),
    facts_of_one_person(max_size=4),
)
unsettled = st.builds(
    lambda facts, known: Unsettled(tuple(facts), known.acknowledged),
    facts_of_one_person(max_size=4),
    values_of(Unsettled),
)
moments = st.timedeltas(timedelta(hours=-1), timedelta(hours=6)).map(lambda after: NOW + after)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Facts, datetime]:
    """Any tap: whoever it is, whatever is known of them, whatever their card."""
    now = draw(moments)
    return (
        Facts(
            credential=draw(
                st.none()
                | st.builds(lambda at: credential(expires=at), moments)
                | st.just(credential())
            ),
            assurance=draw(st.sampled_from(Assurance)),
            row=draw(st.none() | rows),
            unsettled=draw(unsettled),
            house=house(policy=Policy(lowest_assurance=draw(st.sampled_from(Assurance)))),
            zone=OSLO,
            basis=draw(st.sampled_from(Basis)),
            presented=draw(moments),
            uptime=draw(st.timedeltas(timedelta(0), timedelta(minutes=3))),
            as_of=draw(st.none() | st.just(now - timedelta(days=31)) | st.just(now)),
        ),
        now,
    )


def recorded(facts: Facts, verdict: Verdict, at: datetime) -> Here:
    """The presence after what this verdict has a kiosk record."""
    facts_told: list[Fact] = []
    if verdict.move is Move.IN:
        facts_told.append(Arrival(at, event_id(0xFFFF), visit_id(0xFFFF)))
    if verdict.move is Move.OUT:
        facts_told.append(Departure(at, event_id(0xFFFF), verdict.is_doubtful))
    return here_after(facts.here, facts_told, facts.rules)


@given(situations())
def test_leaving_is_never_refused(situation: tuple[Facts, datetime]) -> None:
    """Whoever is on site and holds a genuine card is told goodbye, or that they just came in."""
    facts, now = situation
    current = facts.here.visit
    assume(facts.credential is not None and current is not None)
    assert current is not None
    verdict = decide(facts, now)
    if current.state is VisitState.OPEN:
        assert verdict.move in (Move.OUT, Move.STAY)
        assert verdict.saying in (Saying.GOODBYE, Saying.ALREADY_IN)
        assert verdict.outcome is not Outcome.REFUSED
    else:
        assert verdict.move in (Move.IN, Move.NONE)


@given(situations())
def test_a_refusal_removes_nobody(situation: tuple[Facts, datetime]) -> None:
    facts, now = situation
    verdict = decide(facts, now)
    assert (verdict.outcome is Outcome.REFUSED) == (verdict.move is Move.NONE)
    if verdict.move in (Move.NONE, Move.STAY):
        assert recorded(facts, verdict, now) == facts.here


@given(situations())
def test_a_doubtful_leaving_keeps_the_person_possibly_on_site(
    situation: tuple[Facts, datetime],
) -> None:
    facts, now = situation
    facts = replace(facts, presented=now)
    verdict = decide(facts, now)
    later = max([now, *(fact.at for fact in facts.unsettled.facts), *_latest(facts)])
    after = recorded(facts, verdict, later + timedelta(seconds=1)).visit
    if verdict.move is Move.OUT:
        assert (after is None) == (not verdict.is_doubtful)
        assert after is None or after.state is VisitState.POSSIBLE
    if verdict.move is Move.IN:
        assert after is not None
        assert after.state is VisitState.OPEN


def _latest(facts: Facts) -> list[datetime]:
    latest = facts.here.latest
    return [latest.at] if latest else []


@given(situations())
def test_server_and_kiosk_answer_alike_from_the_same_row(situation: tuple[Facts, datetime]) -> None:
    """But for a card that only the server could know, and for a kiosk alone too long."""
    facts, now = situation
    live = decide(replace(facts, basis=Basis.LIVE), now)
    alone = decide(replace(facts, basis=Basis.ROSTER), now)
    if live.reason is Reason.UNKNOWN_CARD:
        assert facts.row is None
        return
    assert (live.move, live.is_doubtful, live.tell) == (alone.move, alone.is_doubtful, alone.tell)
    if alone.reason is not Reason.NO_CONTACT:
        assert (live.reason, live.saying, live.due) == (alone.reason, alone.saying, alone.due)
        assert (live.expired_on, live.course, live.call) == (
            alone.expired_on,
            alone.course,
            alone.call,
        )


@given(situations())
def test_only_the_server_confirms(situation: tuple[Facts, datetime]) -> None:
    facts, now = situation
    verdict = decide(facts, now)
    if facts.basis is Basis.LIVE:
        assert verdict.outcome in (Outcome.CONFIRMED, Outcome.REFUSED)
        assert verdict.as_of is None
    else:
        assert verdict.outcome is not Outcome.CONFIRMED
        assert verdict.as_of == facts.as_of


@given(situations())
def test_the_same_facts_give_the_same_verdict(situation: tuple[Facts, datetime]) -> None:
    facts, now = situation
    assert decide(facts, now) == decide(replace(facts), now)


@given(situations())
def test_a_refusal_has_a_reason_and_at_the_door_all_but_two_sound_alike(
    situation: tuple[Facts, datetime],
) -> None:
    verdict = decide(*situation)
    if verdict.outcome is not Outcome.REFUSED:
        assert verdict.reason in (Reason.OK, Reason.CARD_BLOCKED, Reason.NO_CONTACT)
        return
    own_words = {
        Reason.NOT_GENUINE: Saying.CANNOT_READ,
        Reason.EXPIRED: Saying.EXPIRED,
        Reason.COURSE_MISSING: Saying.COURSE_MISSING,
    }
    assert verdict.reason is not Reason.OK
    assert verdict.saying is own_words.get(verdict.reason, Saying.SEE_STAFF)
    if verdict.saying in (Saying.SEE_STAFF, Saying.CANNOT_READ):
        assert (verdict.expired_on, verdict.course, verdict.call) == (None, None, None)


@given(situations())
def test_a_welcome_at_the_end_of_a_possible_visit_asks_about_it(
    situation: tuple[Facts, datetime],
) -> None:
    facts, now = situation
    verdict = decide(facts, now)
    if verdict.saying is Saying.WELCOME:
        asks = any(isinstance(due, LeavingDue) for due in verdict.due)
        assert asks == (facts.here.visit is not None)


@given(st.none() | values_of(RosterRow), values_of(Unsettled), st.sampled_from(Basis))
def test_whatever_a_message_may_hold_the_rule_answers_and_the_answer_can_be_sent(
    row: RosterRow | None, own: Unsettled, basis: Basis
) -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    known: dict[str, Any] = {"row": row and _with_its_card(row), "unsettled": own}
    facts = Facts(
        credential=credential(),
        assurance=Assurance.A1,
        house=house(),
        zone=OSLO,
        basis=basis,
        presented=now,
        uptime=timedelta(hours=1),
        **known,
    )
    answer = Answer(
        presentation=presentation_id(1), verdict=decide(facts, now), at=now, row=facts.row
    )
    assert codec.decode(Answer, codec.encode(answer), DOWN_LIMIT) == answer


def _with_its_card(row: RosterRow) -> RosterRow:

    return msgspec.structs.replace(row, cards=(*row.cards, held_card(ref=CARD)), leader=LEADER)


def test_as_many_unsettled_facts_as_travel_are_laid_over_the_row() -> None:
    own = [
        Arrival(NOW - timedelta(hours=30 - n), event_id(n), visit_id(n))
        for n in range(MAX_UNSETTLED)
    ]
    facts = Facts(
        credential=credential(),
        assurance=Assurance.A1,
        row=None,
        unsettled=Unsettled(tuple(own)),
        house=house(),
        zone=OSLO,
        basis=Basis.LIVE,
        presented=NOW,
        uptime=timedelta(hours=40),
    )
    assert facts.here == here_after(Here(), own, facts.rules)
