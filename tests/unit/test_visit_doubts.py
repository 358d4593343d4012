"""Visits from facts: outings with residents, arrivals at other homes, words of staff."""

import pytest

from presence.visit import (
    NOT_HERE,
    Doubt,
    Fact,
    Moment,
    Visit,
    VisitState,
    visits,
)
from tests.builders import (
    RULES,
    arrival,
    came_back,
    departure,
    event_id,
    here,
    oslo,
    seen_elsewhere,
    staff_said,
    visit_id,
    went_out,
)

# --- out with residents ----------------------------------------------------------------------


def only(*facts: Fact) -> Visit:
    (visit,) = visits(facts, RULES)
    return visit


def test_out_with_residents_the_visit_goes_on() -> None:
    visit = only(arrival(oslo("10:00"), 1), went_out(oslo("10:30"), 2))
    assert visit == Visit(visit_id(1), VisitState.OPEN, oslo("10:00"), oslo("10:00"), is_out=True)


def test_who_comes_back_is_in_the_house_again_and_was_seen_there_then() -> None:
    visit = only(arrival(oslo("10:00"), 1), went_out(oslo("10:30"), 2), came_back(oslo("11:30"), 3))
    assert visit == Visit(visit_id(1), VisitState.OPEN, oslo("10:00"), oslo("11:30"))


def test_who_arrives_by_the_other_door_soon_after_is_back_as_well() -> None:
    visit = only(arrival(oslo("10:00"), 1), went_out(oslo("10:05"), 2), arrival(oslo("10:10"), 3))
    assert (visit.id, visit.is_out, visit.last_arrival) == (visit_id(1), False, oslo("10:10"))


def test_who_leaves_from_outside_has_left() -> None:
    visit = only(arrival(oslo("10:00"), 1), went_out(oslo("10:30"), 2), departure(oslo("12:00"), 3))
    assert (visit.state, visit.left, visit.is_out) == (VisitState.CLOSED, oslo("12:00"), False)


def test_going_out_with_residents_without_being_there_is_no_visit() -> None:
    assert visits([went_out(oslo("10:30"), 1)], RULES) == ()


def test_who_is_told_welcome_back_is_there_even_if_no_arrival_is_known() -> None:
    visit = only(came_back(oslo("11:30"), 1))
    assert (visit.state, visit.arrived) == (VisitState.OPEN, oslo("11:30"))


def test_who_comes_back_after_a_doubt_begins_a_new_visit_and_may_still_sit_through_the_night() -> (
    None
):
    facts: list[Fact] = [
        arrival(oslo("10:00"), 1, is_vigil=True),
        departure(oslo("11:00"), 2, doubtful=True),
        came_back(oslo("11:30"), 3),
    ]
    first, second = visits(facts, RULES)
    assert first.state is VisitState.LEFT_UNKNOWN
    assert (second.state, second.arrived, second.is_vigil) == (
        VisitState.OPEN,
        oslo("11:30"),
        True,
    )


def test_who_is_possibly_there_does_not_go_out_with_residents() -> None:
    visit = only(
        arrival(oslo("10:00"), 1),
        departure(oslo("11:00"), 2, doubtful=True),
        went_out(oslo("11:30"), 3),
    )
    assert (visit.state, visit.is_out) == (VisitState.POSSIBLE, False)


# --- two homes -------------------------------------------------------------------------------


def test_who_arrives_at_another_home_is_possibly_here_since_then() -> None:
    visit = only(arrival(oslo("10:00"), 1), seen_elsewhere(oslo("12:00"), 2))
    assert visit == Visit(
        visit_id(1),
        VisitState.POSSIBLE,
        oslo("10:00"),
        oslo("10:00"),
        doubt=Doubt.ELSEWHERE,
        doubted=oslo("12:00"),
    )


def test_who_was_out_with_residents_from_here_is_searched_for_here() -> None:
    visit = only(
        arrival(oslo("10:00"), 1), went_out(oslo("10:30"), 2), seen_elsewhere(oslo("12:00"), 3)
    )
    assert (visit.doubt, visit.is_out) == (Doubt.ELSEWHERE, False)


def test_the_first_doubt_stays_the_reason() -> None:
    visit = only(
        arrival(oslo("10:00"), 1),
        departure(oslo("11:00"), 2, doubtful=True),
        seen_elsewhere(oslo("12:00"), 3),
    )
    assert (visit.doubt, visit.doubted) == (Doubt.CARD_UNCLEAR, oslo("11:00"))


def test_who_comes_back_from_another_home_begins_a_new_visit_here() -> None:
    facts: list[Fact] = [
        arrival(oslo("10:00"), 1),
        seen_elsewhere(oslo("12:00"), 2),
        arrival(oslo("12:10"), 3),
    ]
    assert [(visit.id, visit.state) for visit in visits(facts, RULES)] == [
        (visit_id(1), VisitState.LEFT_UNKNOWN),
        (visit_id(3), VisitState.OPEN),
    ]


def test_who_was_elsewhere_before_is_here_all_the_same() -> None:
    visit = only(seen_elsewhere(oslo("09:00"), 1), arrival(oslo("10:00"), 2))
    assert visit.state is VisitState.OPEN


def test_an_arrival_elsewhere_is_no_visit_here_and_no_last_fact_of_this_home() -> None:
    assert here(seen_elsewhere(oslo("09:00"), 1)) == NOT_HERE
    known = here(arrival(oslo("10:00"), 1), seen_elsewhere(oslo("12:00"), 2))
    assert known.latest == Moment(oslo("10:00"), event_id(1))


# --- a word of staff -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "doubtful",
    [departure(oslo("11:00"), 2, doubtful=True), seen_elsewhere(oslo("11:00"), 2)],
)
def test_when_staff_say_that_she_is_here_the_visit_is_sure_again(doubtful: Fact) -> None:
    visit = only(arrival(oslo("10:00"), 1), doubtful, staff_said(oslo("12:00"), 3, is_here=True))
    assert visit == Visit(
        visit_id(1), VisitState.OPEN, oslo("10:00"), oslo("10:00"), confirmed=oslo("12:00")
    )
    assert visit.last_sure == oslo("12:00")


def test_whom_staff_see_in_the_house_is_not_outside() -> None:
    visit = only(
        arrival(oslo("10:00"), 1),
        went_out(oslo("10:30"), 2),
        staff_said(oslo("12:00"), 3, is_here=True),
    )
    assert (visit.state, visit.is_out) == (VisitState.OPEN, False)


def test_when_staff_say_that_she_is_gone_nobody_knows_since_when() -> None:
    visit = only(arrival(oslo("10:00"), 1), staff_said(oslo("12:00"), 2, is_here=False))
    assert visit == Visit(visit_id(1), VisitState.LEFT_UNKNOWN, oslo("10:00"), oslo("10:00"))


@pytest.mark.parametrize("is_here", [True, False])
def test_a_word_of_staff_about_somebody_who_is_not_there_makes_no_visit(is_here: bool) -> None:
    assert visits([staff_said(oslo("12:00"), 1, is_here=is_here)], RULES) == ()


def test_an_arrival_soon_after_a_word_of_staff_still_belongs_to_the_visit() -> None:
    visit = only(
        arrival(oslo("10:00"), 1),
        staff_said(oslo("10:05"), 2, is_here=True),
        arrival(oslo("10:10"), 3),
    )
    assert (visit.last_arrival, visit.confirmed) == (oslo("10:10"), oslo("10:05"))
    assert visit.last_sure == oslo("10:10")


# --- who may sit through the night -----------------------------------------------------------


def test_a_visit_is_a_vigil_if_one_of_its_arrivals_was_made_for_that() -> None:
    assert only(arrival(oslo("20:00"), 1, is_vigil=True)).is_vigil
    for first in (True, False):
        visit = only(
            arrival(oslo("20:00"), 1, is_vigil=first),
            arrival(oslo("20:10"), 2, is_vigil=not first),
        )
        assert visit.is_vigil
