"""The admission rule as a table: this is its specification (DOMAIN, "A tap").

Each line is a situation in words, what is different in it from the plain case (a volunteer with a
valid card comes to Solbakken at 10:02), and the answer.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from presence.admission import decide
from presence.card import Assurance, CardRef
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import NOTHING_UNSETTLED, CardState, HeldCard, MissingCourse, Unsettled
from presence.verdict import Basis, Move, Outcome, Saying, Tell, Verdict
from presence.visit import Here
from tests.builders import (
    CARD,
    LEADER,
    NOW,
    TODAY,
    arrival,
    credential,
    departure,
    facts,
    held_card,
    here,
    house,
    oslo,
    roster_row,
    visit_id,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NO_ONE: tuple[Tell, ...] = ()
CHAPTER, LEADER_TOLD = (Tell.CHAPTER,), (Tell.LEADER,)


@dataclass(frozen=True)
class Case:
    """A situation and its answer. `outcome` None: as sure as its basis allows."""

    situation: str
    changes: dict[str, Any]
    move: Move
    saying: Saying
    reason: Reason = Reason.OK
    outcome: Outcome | None = None
    tell: tuple[Tell, ...] = NO_ONE
    more: dict[str, Any] = field(default_factory=dict)


def blocked(state: CardState) -> HeldCard:
    return held_card(state=state)


def with_row(card: HeldCard | None = None, **changes: Any) -> dict[str, Any]:
    return {"row": roster_row(card, **changes)}


def refused(situation: str, changes: dict[str, Any], reason: Reason, **more: Any) -> Case:
    """Not let in, with the one neutral text unless `more` says otherwise."""
    plain: dict[str, Any] = {"saying": Saying.SEE_STAFF, "tell": CHAPTER}
    return Case(
        situation, changes, Move.NONE, reason=reason, outcome=Outcome.REFUSED, **plain | more
    )


def came(at: str) -> Here:
    return here(arrival(oslo(at), 1))


DOUBTFUL = here(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2, doubtful=True))

GENUINE = [
    refused(
        "what was held up is not genuine",
        {"credential": None, "row": None, "assurance": Assurance.A0},
        Reason.NOT_GENUINE,
        saying=Saying.CANNOT_READ,
        tell=NO_ONE,
    ),
    refused(
        "what was held up is not genuine, whatever else is known",
        {"credential": None, "row": roster_row(here=came("08:00"))},
        Reason.NOT_GENUINE,
        saying=Saying.CANNOT_READ,
        tell=NO_ONE,
    ),
    refused(
        "the card proves less than this home asks for",
        {"house": house(policy=Policy(lowest_assurance=Assurance.A2))},
        Reason.TOO_WEAK,
    ),
    refused("the card is an identifier only", {"assurance": Assurance.A0}, Reason.TOO_WEAK),
    Case(
        "an identifier is enough where the policy says so",
        {
            "assurance": Assurance.A0,
            "house": house(policy=Policy(uid_only_until=TODAY)),
        },
        Move.IN,
        Saying.WELCOME,
    ),
]

IN_OR_OUT = [
    Case("nobody is here yet", {}, Move.IN, Saying.WELCOME),
    Case(
        "she came an hour ago",
        with_row(here=came("09:02")),
        Move.OUT,
        Saying.GOODBYE,
    ),
    Case(
        "she came 60 seconds ago",
        with_row(here=came("10:01:00")),
        Move.OUT,
        Saying.GOODBYE,
    ),
    Case(
        "she came 59 seconds ago",
        with_row(here=came("10:01:01")),
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "she came this very instant",
        with_row(here=came("10:02")),
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "the other kiosk's clock is ahead, so that she seems to come in four minutes",
        with_row(here=came("10:06:59")),
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "an arrival five minutes ahead is no matter of two clocks any more",
        with_row(here=came("10:07:00")),
        Move.OUT,
        Saying.GOODBYE,
    ),
    Case(
        "she came by the other door a moment ago",
        with_row(here=here(arrival(oslo("09:50"), 1), arrival(oslo("10:01:30"), 2))),
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "she came at eight and the kiosk was switched on 59 seconds ago",
        {**with_row(here=came("08:00")), "uptime": timedelta(seconds=59, milliseconds=999)},
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "she came at eight and the kiosk was switched on 60 seconds ago",
        {**with_row(here=came("08:00")), "uptime": timedelta(seconds=60)},
        Move.OUT,
        Saying.GOODBYE,
    ),
    Case(
        "a newcomer is let in by a kiosk that was just switched on",
        {"uptime": timedelta(0)},
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "she left an hour ago and comes back",
        with_row(here=here(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2))),
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "she is only possibly here, so she is coming in",
        with_row(here=DOUBTFUL),
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "she came a moment ago and only this kiosk knows it",
        {"unsettled": Unsettled((arrival(oslo("10:01:30"), 1),))},
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    Case(
        "she came at eight and only this kiosk knows it",
        {"unsettled": Unsettled((arrival(oslo("08:00"), 1),))},
        Move.OUT,
        Saying.GOODBYE,
    ),
    Case(
        "she has left and only this kiosk knows it",
        {
            **with_row(here=came("08:00")),
            "unsettled": Unsettled((departure(oslo("09:00"), 2),)),
        },
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "a home with its own time for a second touch",
        {
            **with_row(here=came("09:58")),
            "house": house(policy=Policy(same_tap_seconds=300)),
        },
        Move.STAY,
        Saying.ALREADY_IN,
    ),
    *(
        Case(
            f"she leaves with a card that is {state}",
            with_row(blocked(state), here=came("08:00")),
            Move.OUT,
            Saying.GOODBYE,
            Reason.CARD_BLOCKED,
            tell=CHAPTER,
            more={"is_doubtful": True},
        )
        for state in (
            CardState.LOST,
            CardState.SUSPENDED,
            CardState.EXCLUDED,
            CardState.REPLACED,
        )
    ),
    *(
        Case(
            f"she leaves with a card that is {state}",
            with_row(blocked(state), here=came("08:00")),
            Move.OUT,
            Saying.GOODBYE,
        )
        for state in (
            CardState.ACTIVE,
            CardState.ORDERED,
            CardState.RETURNED,
            CardState.TO_BE_RETURNED,
            CardState.DESTROYED,
        )
    ),
]

ALLOWED = [
    *(
        refused(f"the card is {state}", with_row(blocked(state)), Reason.CARD_BLOCKED)
        for state in CardState
        if state is not CardState.ACTIVE
    ),
    refused(
        "the card is lost and she is possibly here: that is not changed",
        with_row(blocked(CardState.LOST), here=DOUBTFUL),
        Reason.CARD_BLOCKED,
    ),
    refused(
        "this home has paused her",
        with_row(is_paused=True),
        Reason.PAUSED,
        tell=(Tell.INSTITUTION, Tell.CHAPTER),
    ),
    refused(
        "her card is valid from tomorrow, or she turns 18 tomorrow",
        with_row(held_card(valid_from=TOMORROW)),
        Reason.NOT_YET_VALID,
        tell=LEADER_TOLD,
    ),
    Case(
        "her card is valid from today, or she turns 18 today",
        with_row(held_card(valid_from=TODAY)),
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "today is the last day of her card",
        with_row(held_card(valid_until=TODAY)),
        Move.IN,
        Saying.WELCOME,
    ),
    refused(
        "yesterday was the last day of her card",
        with_row(held_card(valid_until=YESTERDAY)),
        Reason.EXPIRED,
        saying=Saying.EXPIRED,
        tell=LEADER_TOLD,
        more={"expired_on": TODAY, "call": LEADER},
    ),
    refused(
        "the date signed on the card has come, though the register says otherwise",
        {"credential": credential(expires=NOW)},
        Reason.EXPIRED,
        saying=Saying.EXPIRED,
        tell=LEADER_TOLD,
        more={"expired_on": TODAY, "call": LEADER},
    ),
    Case(
        "the date signed on the card comes in a second",
        {"credential": credential(expires=NOW + timedelta(seconds=1))},
        Move.IN,
        Saying.WELCOME,
    ),
    refused(
        "both dates are over: the first of them is told",
        {
            "credential": credential(expires=oslo("00:00", date(2026, 10, 1))),
            **with_row(held_card(valid_until=YESTERDAY)),
        },
        Reason.EXPIRED,
        saying=Saying.EXPIRED,
        tell=LEADER_TOLD,
        more={"expired_on": date(2026, 10, 1), "call": LEADER},
    ),
    refused(
        "her card is over and nobody is named whom to call",
        with_row(held_card(valid_until=YESTERDAY), leader=None),
        Reason.EXPIRED,
        saying=Saying.EXPIRED,
        tell=LEADER_TOLD,
        more={"expired_on": TODAY},
    ),
    refused(
        "a course should have been taken by yesterday",
        with_row(courses=(MissingCourse("Førstehjelp", TODAY),)),
        Reason.COURSE_MISSING,
        saying=Saying.COURSE_MISSING,
        tell=LEADER_TOLD,
        more={"course": "Førstehjelp", "call": LEADER},
    ),
    refused(
        "of two courses one has still time",
        with_row(
            courses=(MissingCourse("Grunnkurs", TOMORROW), MissingCourse("Førstehjelp", YESTERDAY))
        ),
        Reason.COURSE_MISSING,
        saying=Saying.COURSE_MISSING,
        tell=LEADER_TOLD,
        more={"course": "Førstehjelp", "call": LEADER},
    ),
    Case(
        "a course may still be taken today",
        with_row(courses=(MissingCourse("Førstehjelp", TOMORROW),)),
        Move.IN,
        Saying.WELCOME,
    ),
    Case(
        "her old card is lost, but she holds the new one",
        with_row(cards=(held_card(ref=CardRef(3, 1), state=CardState.LOST), held_card())),
        Move.IN,
        Saying.WELCOME,
    ),
]

# All that can be wrong at once, the first line first: DOMAIN says "first match wins".
FAULTS: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
    (Reason.CARD_BLOCKED, {"state": CardState.SUSPENDED}, {}),
    (Reason.PAUSED, {}, {"is_paused": True}),
    (Reason.NOT_YET_VALID, {"valid_from": TOMORROW}, {}),
    (Reason.EXPIRED, {"valid_until": YESTERDAY}, {}),
    (Reason.COURSE_MISSING, {}, {"courses": (MissingCourse("Grunnkurs", YESTERDAY),)}),
]


def answer(case: Case, basis: Basis) -> Verdict:
    """What the table says, in full: every field of the verdict but the dues."""
    situation = facts(basis, **case.changes)
    sure = Outcome.CONFIRMED if basis is Basis.LIVE else Outcome.UNCONFIRMED
    return Verdict(
        move=case.move,
        outcome=case.outcome or sure,
        reason=case.reason,
        saying=case.saying,
        basis=basis,
        assurance=situation.assurance,
        visit=situation.here.visit,
        as_of=situation.as_of,
        tell=case.tell,
        **case.more,
    )


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("case", GENUINE + IN_OR_OUT + ALLOWED, ids=lambda case: case.situation)
def test_the_rule_answers_as_its_table_says(case: Case, basis: Basis) -> None:
    verdict = decide(facts(basis, **case.changes), NOW)
    assert without_dues(verdict) == answer(case, basis)


def without_dues(verdict: Verdict) -> Verdict:
    """Without its dues, which have a table of their own (test_admission_dues)."""
    return msgspec.structs.replace(verdict, due=())


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("first", range(len(FAULTS)), ids=lambda n: FAULTS[n][0])
def test_of_several_faults_the_first_line_wins(first: int, basis: Basis) -> None:
    reason = FAULTS[first][0]
    card: dict[str, Any] = {}
    row: dict[str, Any] = {}
    for _, card_changes, row_changes in FAULTS[first:]:
        card |= card_changes
        row |= row_changes
    verdict = decide(facts(basis, **with_row(held_card(**card), **row)), NOW)
    assert verdict.reason is reason


# --- what differs between the server and a kiosk alone ---------------------------------------


def test_a_genuine_card_that_the_server_does_not_know_is_refused() -> None:
    case = refused("unknown", {"row": None}, Reason.UNKNOWN_CARD)
    assert decide(facts(row=None), NOW) == answer(case, Basis.LIVE)


def test_a_card_that_its_holders_row_does_not_name_is_unknown() -> None:
    other = roster_row(held_card(ref=CardRef(3, 1)))
    assert decide(facts(row=other), NOW).reason is Reason.UNKNOWN_CARD


def test_a_kiosk_alone_lets_an_unknown_card_in_and_says_that_it_is_not_sure() -> None:
    verdict = decide(facts(Basis.ROSTER, row=None), NOW)
    assert (verdict.move, verdict.outcome, verdict.saying) == (
        Move.IN,
        Outcome.UNCONFIRMED,
        Saying.WELCOME,
    )


def test_a_kiosk_alone_refuses_an_unknown_card_whose_signed_life_is_over() -> None:
    verdict = decide(facts(Basis.ROSTER, row=None, credential=credential(expires=NOW)), NOW)
    assert (verdict.reason, verdict.expired_on, verdict.call) == (Reason.EXPIRED, TODAY, None)


@pytest.mark.parametrize("basis", Basis)
def test_an_unknown_person_who_came_in_here_can_leave(basis: Basis) -> None:
    unsettled = Unsettled((arrival(oslo("08:00"), 1),))
    verdict = decide(facts(basis, row=None, unsettled=unsettled), NOW)
    assert (verdict.move, verdict.saying, verdict.is_doubtful) == (Move.OUT, Saying.GOODBYE, False)


@pytest.mark.parametrize(
    ("silence", "outcome"),
    [
        (timedelta(0), Outcome.UNCONFIRMED),
        (timedelta(hours=72), Outcome.UNCONFIRMED),
        (timedelta(days=30), Outcome.UNCONFIRMED),
        (timedelta(days=30, seconds=1), Outcome.ASK_STAFF),
        (None, Outcome.ASK_STAFF),
    ],
)
def test_after_thirty_days_without_contact_staff_are_asked_and_presence_is_kept(
    silence: timedelta | None, outcome: Outcome
) -> None:
    as_of = None if silence is None else NOW - silence
    verdict = decide(facts(Basis.ROSTER, as_of=as_of), NOW)
    expected = (
        (Reason.OK, Saying.WELCOME)
        if outcome is Outcome.UNCONFIRMED
        else (Reason.NO_CONTACT, Saying.SEE_STAFF)
    )
    assert (verdict.move, verdict.outcome) == (Move.IN, outcome)
    assert (verdict.reason, verdict.saying, verdict.as_of) == (*expected, as_of)


def test_even_after_thirty_days_alone_people_can_leave_and_known_refusals_stand() -> None:
    long_ago = NOW - timedelta(days=400)
    leaving = facts(Basis.ROSTER, as_of=long_ago, **with_row(here=came("08:00")))
    assert decide(leaving, NOW).move is Move.OUT
    lost = facts(Basis.ROSTER, as_of=long_ago, **with_row(blocked(CardState.LOST)))
    assert decide(lost, NOW).reason is Reason.CARD_BLOCKED


@pytest.mark.parametrize(("minutes", "is_one_visit"), [(15, True), (9, False)])
def test_a_home_decides_how_far_apart_two_doors_are(minutes: int, is_one_visit: bool) -> None:
    """At ten to ten by the front door, at ten by the garden door, which knows it alone."""
    row = roster_row(here=came("09:50"))
    situation = facts(
        row=row,
        unsettled=Unsettled((arrival(oslo("10:00"), 2),)),
        house=house(policy=Policy(two_doors_minutes=minutes)),
    )
    visit = decide(situation, NOW).visit
    assert visit is not None
    assert (visit.id == visit_id(1), visit.last_arrival) == (is_one_visit, oslo("10:00"))


def test_the_servers_own_knowledge_has_no_age() -> None:
    assert decide(facts(Basis.LIVE, as_of=NOW - timedelta(days=400)), NOW).as_of is None


# --- days ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "day", "last", "is_in"),
    [
        ("23:59:59", TODAY, TODAY, True),
        ("00:00", TOMORROW, TODAY, False),
        ("00:30", TODAY, YESTERDAY, False),  # in UTC it is still yesterday
        ("23:59:59", date(2026, 3, 29), date(2026, 3, 29), True),  # summer time begins
        ("00:00", date(2026, 3, 30), date(2026, 3, 29), False),
        ("01:30", date(2026, 3, 29), date(2026, 3, 28), False),
        ("23:59:59", date(2026, 10, 25), date(2026, 10, 25), True),  # summer time ends
        ("00:00", date(2026, 10, 26), date(2026, 10, 25), False),
        ("23:30", date(2026, 7, 1), date(2026, 7, 1), True),
        ("00:30", date(2026, 7, 2), date(2026, 7, 1), False),
        ("12:00", date(2028, 2, 29), date(2028, 2, 28), False),
        ("12:00", date(2028, 2, 29), date(2028, 2, 29), True),
        ("12:00", date(2028, 3, 1), date(2028, 2, 29), False),
    ],
)
def test_a_card_ends_at_midnight_of_the_homes_own_calendar(
    clock: str, day: date, last: date, is_in: bool
) -> None:
    now = oslo(clock, day)
    row = roster_row(held_card(valid_from=date(2020, 1, 1), valid_until=last))
    verdict = decide(facts(row=row, presented=now), now)
    assert (verdict.move is Move.IN, verdict.reason is Reason.EXPIRED) == (is_in, not is_in)
    assert verdict.expired_on == (None if is_in else last + timedelta(days=1))


@pytest.mark.parametrize(("clock", "is_in"), [("23:59:59", False), ("00:00", True)])
def test_a_volunteer_is_of_age_from_midnight(clock: str, is_in: bool) -> None:
    """Born 2008-11-25: refused on the 24th, welcome on the 25th."""
    now = oslo(clock, TOMORROW if is_in else TODAY)
    row = roster_row(held_card(valid_from=date(2026, 11, 25)))
    assert (decide(facts(row=row, presented=now), now).move is Move.IN) is is_in


def test_a_second_touch_is_one_also_in_the_night_when_the_clock_goes_back() -> None:
    """02:59:50 and 02:00:10 on the wall are twenty seconds apart on 25 October 2026."""
    before = NOW.replace(month=10, day=25, hour=0, minute=59, second=50)
    after = before + timedelta(seconds=20)
    row = roster_row(here=here(arrival(before, 1)))
    assert decide(facts(row=row, presented=after), after).move is Move.STAY
    later = after + timedelta(minutes=1)
    assert decide(facts(row=row, presented=later), later).move is Move.OUT


def test_the_plain_case_of_these_tests_is_a_valid_card_with_nothing_due() -> None:
    plain = facts()
    assert plain.unsettled is NOTHING_UNSETTLED
    assert replace(plain, presented=NOW) == plain
    assert decide(plain, NOW).due == ()
    assert plain.credential is not None
    assert plain.credential.card == CARD
