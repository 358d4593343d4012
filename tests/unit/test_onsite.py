"""Who is in the house, possibly in the house, out with residents; now and at any past moment."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.ids import EventId, VolunteerId
from presence.onsite import (
    Attempt,
    OnSite,
    Presence,
    Recorded,
    Stay,
    is_long,
    on_site,
    on_site_at,
)
from presence.visit import (
    NOT_HERE,
    Arrival,
    Departure,
    Doubt,
    Fact,
    Outing,
    StaffWord,
    Visit,
    here_after,
    in_order,
    visits,
)
from tests.builders import (
    NOW,
    RULES,
    TODAY,
    arrival,
    came_back,
    departure,
    event_id,
    here,
    oslo,
    seen_elsewhere,
    staff_said,
    went_out,
)
from tests.strategies import facts_of_one_person

KARI, OLA, EVA = VolunteerId("v-0001"), VolunteerId("v-0002"), VolunteerId("v-0003")
TWO_HOURS, LONG = timedelta(hours=2), timedelta(hours=4)
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


def visit(*facts: Fact) -> Visit:
    found = here(*facts).visit
    assert found is not None
    return found


def board(
    *stays: tuple[VolunteerId, Visit], attempts: tuple[Attempt, ...] = (), now: datetime = NOW
) -> OnSite:
    found = [Stay(volunteer, visit) for volunteer, visit in stays]
    return on_site(found, attempts, now, RULES, TWO_HOURS)


def refused(
    at: datetime,
    volunteer: VolunteerId | None = KARI,
    number: int = 50,
    answered: datetime | None = None,
) -> Attempt:
    return Attempt(event_id(number), at, volunteer, answered)


def who(people: tuple[Presence, ...]) -> list[VolunteerId | None]:
    return [one.volunteer for one in people]


# --- the three lists -------------------------------------------------------------------------


def test_an_empty_house_is_empty() -> None:
    assert board() == OnSite((), (), ())


def test_whoever_came_is_inside_the_newest_first() -> None:
    early, late = visit(arrival(oslo("08:00"), 1)), visit(arrival(oslo("09:00"), 2))
    assert board((KARI, early), (OLA, late)) == OnSite(
        (Presence(OLA, oslo("09:00"), visit=late), Presence(KARI, oslo("08:00"), visit=early)),
        (),
        (),
    )


@pytest.mark.parametrize(
    ("later", "doubt"),
    [
        (departure(oslo("09:00"), 2, doubtful=True), Doubt.CARD_UNCLEAR),
        (seen_elsewhere(oslo("09:00"), 2), Doubt.ELSEWHERE),
    ],
)
def test_whoever_is_in_doubt_is_possibly_inside_and_the_list_says_why(
    later: Fact, doubt: Doubt
) -> None:
    found = visit(arrival(oslo("08:00"), 1), later)
    assert board((KARI, found)) == OnSite((), (Presence(KARI, oslo("08:00"), doubt, found),), ())


def test_whoever_is_out_with_residents_is_on_a_list_of_their_own_until_they_are_back() -> None:
    out = (arrival(oslo("08:00"), 1), went_out(oslo("09:00"), 2))
    assert who(board((KARI, visit(*out))).out) == [KARI]
    back = board((KARI, visit(*out, came_back(oslo("09:30"), 3))))
    assert (who(back.inside), who(back.out)) == ([KARI], [])


def test_a_forgotten_departure_moves_to_the_possible_ones_and_becomes_a_footnote() -> None:
    forgotten = visit(arrival(oslo("14:00"), 1))
    evening = board((KARI, forgotten), now=oslo("23:00"))
    assert (who(evening.inside), evening.footnotes) == ([KARI], 0)
    night = board((KARI, forgotten), now=oslo("03:00", TOMORROW))
    assert (who(night.possible), night.possible[0].doubt) == ([KARI], Doubt.FORGOTTEN)
    over = board((KARI, forgotten), now=oslo("03:00", TOMORROW + timedelta(days=1)))
    assert over == OnSite((), (), (), footnotes=1)


def test_a_visit_that_somebody_ended_is_no_footnote() -> None:
    facts: list[Fact] = [
        arrival(oslo("08:00"), 1),
        staff_said(oslo("09:00"), 2, is_here=False),
    ]
    (ended,) = visits(facts, RULES)
    assert board((KARI, ended)) == OnSite((), (), (), footnotes=0)


# --- who was refused -------------------------------------------------------------------------


def test_who_was_refused_counts_as_possibly_inside_for_two_hours() -> None:
    attempt = refused(oslo("09:00"))
    expected = Presence(KARI, oslo("09:00"), Doubt.SENT_TO_STAFF, attempt=attempt.event)
    assert board(attempts=(attempt,), now=oslo("10:59:59")).possible == (expected,)
    assert board(attempts=(attempt,), now=oslo("11:00")).possible == ()


def test_until_staff_say_what_became_of_it() -> None:
    attempt = refused(oslo("09:00"), answered=oslo("09:30"))
    assert who(board(attempts=(attempt,), now=oslo("09:29:59")).possible) == [KARI]
    assert board(attempts=(attempt,), now=oslo("09:30")).possible == ()


def test_of_several_attempts_of_one_person_the_newest_counts_and_of_unknown_cards_every_one() -> (
    None
):
    attempts = (
        refused(oslo("09:30"), number=2),
        refused(oslo("09:00"), number=1),
        refused(oslo("09:10"), None, number=3),
        refused(oslo("09:20"), None, number=4),
    )
    found = board(attempts=attempts).possible
    assert [(one.volunteer, one.attempt) for one in found] == [
        (KARI, event_id(2)),
        (None, event_id(4)),
        (None, event_id(3)),
    ]


@pytest.mark.parametrize("doubt", [(), (departure(oslo("08:30"), 2, doubtful=True),)])
def test_who_is_in_the_house_anyway_is_counted_once(doubt: tuple[Fact, ...]) -> None:
    found = board(
        (KARI, visit(arrival(oslo("08:00"), 1), *doubt)), attempts=(refused(oslo("09:00")),)
    )
    assert [*who(found.inside), *who(found.possible)] == [KARI]


def test_who_was_out_with_residents_and_is_refused_at_the_door_is_possibly_inside() -> None:
    out = visit(arrival(oslo("08:00"), 1), went_out(oslo("08:30"), 2))
    found = board((KARI, out), attempts=(refused(oslo("09:00")),))
    assert (who(found.possible), found.out) == ([KARI], ())


def test_an_attempt_by_a_clock_that_is_ahead_counts_already() -> None:
    assert who(board(attempts=(refused(oslo("10:03")),), now=oslo("10:02")).possible) == [KARI]


def test_a_society_chooses_how_long_a_refusal_counts() -> None:
    attempt = refused(oslo("09:00"))
    found = on_site([], [attempt], oslo("09:30"), RULES, timedelta(minutes=30))
    assert found.possible == ()


# --- has the leaving been forgotten? ---------------------------------------------------------


def test_after_four_hours_staff_are_asked_whether_the_leaving_was_forgotten() -> None:
    came = visit(arrival(oslo("08:00"), 1))
    assert not is_long(came, oslo("12:00"), LONG)
    assert is_long(came, oslo("12:00:01"), LONG)


@pytest.mark.parametrize(
    "sign", [staff_said(oslo("11:00"), 2, is_here=True), came_back(oslo("11:00"), 2)]
)
def test_four_hours_after_the_last_sign_of_the_person(sign: Fact) -> None:
    found = visit(arrival(oslo("08:00"), 1), sign)
    assert not is_long(found, oslo("15:00"), LONG)
    assert is_long(found, oslo("15:00:01"), LONG)


def test_who_keeps_vigil_or_is_in_doubt_already_is_not_asked_about() -> None:
    assert not is_long(visit(arrival(oslo("08:00"), 1, is_vigil=True)), oslo("23:00"), LONG)
    doubted = visit(arrival(oslo("08:00"), 1), seen_elsewhere(oslo("09:00"), 2))
    assert not is_long(doubted, oslo("23:00"), LONG)


# --- at a past moment ------------------------------------------------------------------------

people = st.fixed_dictionaries({KARI: facts_of_one_person(8), OLA: facts_of_one_person(8)})
moments = st.timedeltas(timedelta(hours=-1), timedelta(days=6)).map(lambda after: NOW + after)
attempts = st.lists(
    st.tuples(st.sampled_from([KARI, EVA, None]), moments, st.none() | moments),
    max_size=4,
).map(
    lambda made: [
        Attempt(event_id(500 + number), at, volunteer, answered)
        for number, (volunteer, at, answered) in enumerate(made)
    ]
)


@given(people, attempts, moments)
def test_a_past_moment_shows_what_the_board_showed_then(
    facts: Mapping[VolunteerId, list[Fact]], tried: list[Attempt], at: datetime
) -> None:
    """The board learns one fact after the other; looking back knows them all."""
    shown: list[Stay] = []
    for volunteer, theirs in facts.items():
        known = NOT_HERE
        for fact in in_order(theirs):
            if fact.at <= at:
                known = here_after(known, [fact], RULES)
        if known.visit is not None:
            shown.append(Stay(volunteer, known.visit))
    until_then = [one for one in tried if one.at <= at]
    recorded = [Recorded(volunteer, theirs) for volunteer, theirs in facts.items()]
    assert on_site_at(recorded, tried, at, RULES, TWO_HOURS) == on_site(
        shown, until_then, at, RULES, TWO_HOURS
    )


def test_looking_back_knows_what_became_known_later() -> None:
    """An arrival that reached the server the next day was an arrival at eight."""
    late = [Recorded(KARI, [departure(oslo("11:00"), 2), arrival(oslo("08:00"), 1)])]
    then = on_site_at(late, [], oslo("10:00"), RULES, TWO_HOURS)
    assert who(then.inside) == [KARI]
    assert on_site_at(late, [], oslo("07:59"), RULES, TWO_HOURS) == OnSite((), (), ())
    assert on_site_at(late, [], oslo("11:00"), RULES, TWO_HOURS) == OnSite((), (), ())


@given(facts_of_one_person(), moments)
def test_nobody_recorded_as_in_and_not_as_out_is_missing_before_a_night_has_passed(
    facts: list[Fact], at: datetime
) -> None:
    happened = [fact for fact in in_order(facts) if fact.at <= at]
    came = max((n for n, fact in enumerate(happened) if _is_coming(fact)), default=None)
    if came is None:
        return
    last, since = happened[came], happened[came + 1 :]
    is_fresh = at < RULES.forgotten_at(last.at, is_vigil=False)
    if any(map(_is_going, since)) or not is_fresh or at - last.at >= timedelta(hours=23):
        return
    found = on_site_at([Recorded(KARI, facts)], [], at, RULES, TWO_HOURS)
    assert [*who(found.inside), *who(found.out), *who(found.possible)] == [KARI]
    if not since:
        assert who(found.inside) == [KARI]


def _is_coming(fact: Fact) -> bool:
    return isinstance(fact, Arrival) or (isinstance(fact, Outing) and not fact.is_out)


def _is_going(fact: Fact) -> bool:
    if isinstance(fact, Departure):
        return not fact.doubtful
    return isinstance(fact, StaffWord) and not fact.is_here


@given(people, attempts, moments)
def test_nobody_is_counted_twice(
    facts: Mapping[VolunteerId, list[Fact]], tried: list[Attempt], at: datetime
) -> None:
    recorded = [Recorded(volunteer, theirs) for volunteer, theirs in facts.items()]
    found = on_site_at(recorded, tried, at, RULES, TWO_HOURS)
    everyone = [*found.inside, *found.possible, *found.out]
    known: list[VolunteerId | EventId | None] = [one.volunteer or one.attempt for one in everyone]
    assert len(set(known)) == len(known)
    assert all(one.doubt is None for one in (*found.inside, *found.out))
    assert all(one.doubt is not None for one in found.possible)
