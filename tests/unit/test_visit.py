"""Visits are computed from facts: any order, any duplication, the same visits."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.visit import (
    NOT_HERE,
    Arrival,
    Departure,
    Fact,
    Here,
    Moment,
    Visit,
    VisitState,
    here_after,
    in_order,
    moment,
    visits,
)
from tests.builders import RULES, arrival, departure, event_id, here, oslo, visit_id
from tests.strategies import facts_of_one_person


def closed(number: int, arrived: datetime, left: datetime) -> Visit:
    return Visit(visit_id(number), VisitState.CLOSED, arrived, arrived, left)


# --- examples --------------------------------------------------------------------------------


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


# --- properties ------------------------------------------------------------------------------


@given(facts_of_one_person(), st.data())
def test_any_order_and_any_duplication_give_the_same_visits(
    facts: list[Fact], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(facts))) if facts else []
    shuffled = data.draw(st.permutations(facts + again))
    assert visits(shuffled, RULES) == visits(facts, RULES)
    assert here(*shuffled) == here(*facts)


@given(facts_of_one_person(max_size=5))
def test_every_single_order_gives_the_same_visits(facts: list[Fact]) -> None:
    assert {visits(order, RULES) for order in permutations(facts)} == {visits(facts, RULES)}


@given(facts_of_one_person())
def test_at_most_one_visit_is_current_and_it_is_the_last(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    assert not any(visit.is_current for visit in found[:-1])
    current = found[-1] if found and found[-1].is_current else None
    assert here(*facts).visit == current


@given(facts_of_one_person(), st.data())
def test_facts_that_come_in_batches_give_what_they_give_at_once(
    facts: list[Fact], data: st.DataObject
) -> None:
    """A later batch may repeat what came before, as a kiosk does until it has its receipts."""
    ordered = in_order(facts)
    cut = data.draw(st.integers(0, len(ordered)))
    overlap = data.draw(st.integers(0, cut))
    first = here_after(NOT_HERE, ordered[:cut], RULES)
    assert here_after(first, ordered[overlap:], RULES) == here(*ordered)
    assert here_after(here_after(first, ordered[cut:], RULES), ordered[cut:], RULES) == here(
        *ordered
    )


@given(facts_of_one_person())
def test_no_time_is_ever_invented(facts: list[Fact]) -> None:
    arrivals = {fact.at for fact in facts if isinstance(fact, Arrival)}
    departures = {fact.at for fact in facts if isinstance(fact, Departure) and not fact.doubtful}
    for visit in visits(facts, RULES):
        assert visit.arrived is None or visit.arrived in arrivals
        assert visit.last_arrival is None or visit.last_arrival in arrivals
        assert visit.left is None or visit.left in departures
        assert (visit.left is not None) == (visit.state is VisitState.CLOSED)


@given(facts_of_one_person())
def test_every_arrival_and_every_certain_departure_shows_in_a_visit(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    for fact in facts:
        if isinstance(fact, Arrival):
            assert any(_begins_or_belongs(visit, fact.at) for visit in found)
        elif isinstance(fact, Departure) and not fact.doubtful:
            assert [visit.left for visit in found].count(fact.at) >= 1


def _begins_or_belongs(visit: Visit, at: datetime) -> bool:
    if visit.arrived is None or visit.last_arrival is None:
        return False
    return visit.arrived <= at <= visit.last_arrival


@given(facts_of_one_person())
def test_visits_do_not_overlap_and_have_ids_of_their_own(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    assert len({visit.id for visit in found}) == len(found)
    times: list[Any] = [
        time for visit in found for time in (visit.arrived, visit.last_arrival, visit.left) if time
    ]
    assert times == sorted(times)


@given(facts_of_one_person())
def test_a_moment_orders_facts_as_visits_do(facts: list[Fact]) -> None:
    assert sorted(map(moment, facts)) == [moment(fact) for fact in in_order(facts)]
