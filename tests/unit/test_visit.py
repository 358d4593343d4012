"""Visits from facts, example by example: arrivals, departures and two doors;
more is in test_visit_doubts and test_visit_nights."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from presence.visit import (
    NOT_HERE,
    Departure,
    Fact,
    Here,
    Moment,
    Visit,
    VisitState,
    here_after,
    in_order,
    visits,
)
from tests.builders import (
    RULES,
    arrival,
    departure,
    event_id,
    here,
    oslo,
    seen_elsewhere,
    visit_id,
)


def closed(number: int, arrived: datetime, left: datetime) -> Visit:
    return Visit(visit_id(number), VisitState.CLOSED, arrived, arrived, left)


# --- arrivals and departures -----------------------------------------------------------------


def test_nothing_happened() -> None:
    assert visits([], RULES) == ()
    assert here() == NOT_HERE


def test_who_has_arrived_is_in_the_house() -> None:
    came = arrival(oslo("10:02"), 1)
    visit = Visit(visit_id(1), VisitState.OPEN, oslo("10:02"), oslo("10:02"))
    assert visits([came], RULES) == (visit,)
    assert here(came) == Here(visit, Moment(oslo("10:02"), event_id(1)))
    assert visit.is_current


def test_an_arrival_and_a_departure_are_a_visit() -> None:
    facts: list[Fact] = [arrival(oslo("10:02"), 1), departure(oslo("11:40"), 2)]
    assert visits(facts, RULES) == (closed(1, oslo("10:02"), oslo("11:40")),)
    assert here(*facts) == Here(None, Moment(oslo("11:40"), event_id(2)))


def test_two_doors_within_a_quarter_of_an_hour_are_one_visit() -> None:
    facts: list[Fact] = [arrival(oslo("10:00"), 1), arrival(oslo("10:15"), 2)]
    assert visits(facts, RULES) == (
        Visit(visit_id(1), VisitState.OPEN, oslo("10:00"), last_arrival=oslo("10:15")),
    )


def test_a_third_door_counts_from_the_second() -> None:
    facts: list[Fact] = [
        arrival(oslo("10:00"), 1),
        arrival(oslo("10:14"), 2),
        arrival(oslo("10:28"), 3),
    ]
    assert [visit.id for visit in visits(facts, RULES)] == [visit_id(1)]


def test_after_a_forgotten_departure_the_next_arrival_opens_a_new_visit() -> None:
    """And the time of the forgotten departure stays unknown."""
    facts: list[Fact] = [arrival(oslo("10:00"), 1), arrival(oslo("10:15:01"), 2)]
    assert visits(facts, RULES) == (
        Visit(visit_id(1), VisitState.LEFT_UNKNOWN, oslo("10:00"), oslo("10:00"), left=None),
        Visit(visit_id(2), VisitState.OPEN, oslo("10:15:01"), oslo("10:15:01")),
    )


def test_a_departure_with_nothing_open_is_a_visit_with_unknown_arrival() -> None:
    assert visits([departure(oslo("11:40"), 1)], RULES) == (
        Visit(
            id=event_id(1),  # type: ignore[arg-type]  # the departure's own id serves as the visit's
            state=VisitState.CLOSED,
            arrived=None,
            last_arrival=None,
            left=oslo("11:40"),
        ),
    )


def test_coming_back_right_after_leaving_is_a_new_visit() -> None:
    facts: list[Fact] = [
        arrival(oslo("10:00"), 1),
        departure(oslo("10:05"), 2),
        arrival(oslo("10:08"), 3),
    ]
    assert visits(facts, RULES) == (
        closed(1, oslo("10:00"), oslo("10:05")),
        Visit(visit_id(3), VisitState.OPEN, oslo("10:08"), oslo("10:08")),
    )


def test_a_doubtful_departure_leaves_the_person_possibly_on_site() -> None:
    facts: list[Fact] = [arrival(oslo("10:00"), 1), departure(oslo("11:00"), 2, doubtful=True)]
    (visit,) = visits(facts, RULES)
    assert (visit.state, visit.left, visit.is_current) == (VisitState.POSSIBLE, None, True)


def test_who_is_possibly_on_site_may_still_leave_for_certain() -> None:
    doubt = departure(oslo("11:00"), 2, doubtful=True)
    facts: list[Fact] = [arrival(oslo("10:00"), 1), doubt, departure(oslo("11:30"), 3)]
    assert visits(facts, RULES) == (closed(1, oslo("10:00"), oslo("11:30")),)


def test_who_is_possibly_on_site_and_arrives_begins_a_new_visit_even_soon_after() -> None:
    doubt = departure(oslo("10:05"), 2, doubtful=True)
    facts: list[Fact] = [arrival(oslo("10:00"), 1), doubt, arrival(oslo("10:10"), 3)]
    assert [(visit.id, visit.state) for visit in visits(facts, RULES)] == [
        (visit_id(1), VisitState.LEFT_UNKNOWN),
        (visit_id(3), VisitState.OPEN),
    ]


def test_a_doubtful_departure_of_somebody_who_was_not_there_is_no_visit() -> None:
    assert visits([departure(oslo("10:00"), 1, doubtful=True)], RULES) == ()


def test_at_the_very_same_time_the_event_id_decides() -> None:
    at = oslo("10:00")
    assert visits([departure(at, 2), arrival(at, 1)], RULES) == (closed(1, at, at),)
    assert [visit.state for visit in visits([departure(at, 1), arrival(at, 2)], RULES)] == [
        VisitState.CLOSED,
        VisitState.OPEN,
    ]


def test_of_two_facts_with_one_event_id_the_first_counts_in_any_order() -> None:
    early, late = arrival(oslo("10:00"), 1), arrival(oslo("12:00"), 1)
    same_time = Departure(oslo("10:00"), event_id(1))
    all_of_them: list[Fact] = [early, late, same_time]
    for facts in permutations(all_of_them):
        assert in_order(facts) == [early]


def test_a_home_may_choose_how_far_its_doors_are_apart() -> None:
    facts: list[Fact] = [arrival(oslo("10:00"), 1), arrival(oslo("10:20"), 2)]
    assert len(visits(facts, dataclasses.replace(RULES, two_doors=timedelta(minutes=20)))) == 1
    assert len(visits(facts, dataclasses.replace(RULES, two_doors=timedelta(minutes=19)))) == 2


def test_a_visit_through_the_night_of_the_longer_hour_has_its_true_length() -> None:
    """On 25 October 2026 the clock shows half past two twice in Oslo."""
    came, left = (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )
    (visit,) = visits([arrival(came, 1), departure(left, 2)], RULES)
    assert visit.left is not None
    assert visit.arrived is not None
    assert visit.left - visit.arrived == timedelta(hours=1)


def test_facts_that_are_known_already_are_not_counted_twice() -> None:
    came, left = arrival(oslo("10:00"), 1), departure(oslo("11:00"), 2)
    known = here(came, left)
    assert here_after(known, [came], RULES) == known
    assert here_after(known, [came, left], RULES) == known
    assert here_after(known, [], RULES) == known


def test_an_arrival_told_again_does_not_bring_her_back_from_another_home() -> None:
    came = arrival(oslo("10:00"), 1)
    known = here(came, seen_elsewhere(oslo("12:00"), 2))
    assert here_after(known, [came], RULES) == known


def test_a_fact_from_before_what_is_known_is_taken_as_contained() -> None:
    known = here(arrival(oslo("10:00"), 2))
    assert (
        here_after(known, [departure(oslo("09:59"), 3), departure(oslo("10:00"), 1)], RULES)
        == known
    )


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 24, 9),  # noqa: DTZ001
        datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=1))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2200, 1, 1, tzinfo=UTC),
    ],
)
def test_a_time_that_cannot_be_compared_safely_is_no_fact(at: datetime) -> None:
    for make in (
        lambda: arrival(at, 1),
        lambda: departure(at, 1),
        lambda: Moment(at, event_id(1)),
        lambda: Visit(visit_id(1), VisitState.CLOSED, at, None),
        lambda: Visit(visit_id(1), VisitState.CLOSED, None, None, at),
    ):
        with pytest.raises(ValueError, match="must be"):
            make()
