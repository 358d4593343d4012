"""What holds of visits whatever happened, in whatever order it became known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from presence.visit import (
    NOT_HERE,
    Arrival,
    Departure,
    Doubt,
    Fact,
    Outing,
    StaffWord,
    StayRules,
    Visit,
    VisitState,
    here_after,
    in_order,
    moment,
    settled,
    visits,
)
from tests.builders import NOW, RULES, arrival, departure, here
from tests.strategies import facts_of_one_person, values_of

happened = facts_of_one_person()
taps_only = facts_of_one_person(happenings=(arrival, departure))
later = st.timedeltas(timedelta(hours=-2), timedelta(days=8)).map(lambda after: NOW + after)
any_time = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(
    ["Europe/Oslo", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]
).map(ZoneInfo)
any_rules = st.builds(
    StayRules,
    zones,
    st.timedeltas(timedelta(minutes=1), timedelta(hours=4)),
    st.times(),
    st.timedeltas(timedelta(hours=1), timedelta(days=7)),
)


# --- order, repetition, grouping -------------------------------------------------------------


@given(happened, st.data())
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


@given(happened, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3))))
def test_facts_that_come_in_batches_give_what_they_give_at_once(
    facts: list[Fact], cuts: list[tuple[int, int]]
) -> None:
    """A later batch may repeat what came before, as a kiosk does until it has its receipts."""
    ordered = in_order(facts)
    known, begin = NOT_HERE, 0
    for cut, overlap in [*sorted(cuts), (len(ordered), 0)]:
        known = here_after(known, ordered[max(0, begin - overlap) : cut], RULES)
        begin = max(begin, min(cut, len(ordered)))
    assert known == here(*ordered)
    assert here_after(known, ordered, RULES) == known


@given(happened)
def test_a_moment_orders_facts_as_visits_do(facts: list[Fact]) -> None:
    assert sorted(map(moment, facts)) == [moment(fact) for fact in in_order(facts)]


# --- what a visit is -------------------------------------------------------------------------


@given(happened)
def test_at_most_one_visit_is_current_and_it_is_the_last(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    assert not any(visit.is_current for visit in found[:-1])
    current = found[-1] if found and found[-1].is_current else None
    assert here(*facts).visit == current


@given(happened, later)
def test_no_time_is_ever_invented(facts: list[Fact], now: datetime) -> None:
    """But for the end of a night, since when a forgotten visit is in doubt."""
    arrivals = {fact.at for fact in facts if isinstance(fact, Arrival | Outing)}
    departures = {fact.at for fact in facts if isinstance(fact, Departure) and not fact.doubtful}
    words = {fact.at for fact in facts if isinstance(fact, StaffWord)}
    words |= {fact.heard for fact in facts if isinstance(fact, Arrival) and fact.heard}
    for found in visits(facts, RULES):
        visit = settled(found, now, RULES)
        assert visit is not None
        assert {visit.arrived, visit.last_arrival} <= {*arrivals, None}
        assert visit.confirmed in {*words, None}
        assert visit.left in {*departures, None}
        assert (visit.left is not None) == (visit.state is VisitState.CLOSED)
        assert visit.doubted in {fact.at for fact in facts} or _is_at_three(visit)


def _is_at_three(visit: Visit) -> bool:
    if visit.doubted is None:
        return visit.doubt is None
    local = visit.doubted.astimezone(RULES.zone)
    return visit.doubt is Doubt.FORGOTTEN and local.time() == RULES.night_ends


@given(happened)
def test_a_visit_in_doubt_says_why_and_since_when_and_a_sure_one_has_none(
    facts: list[Fact],
) -> None:
    for visit in visits(facts, RULES):
        assert (visit.doubt is None) == (visit.doubted is None)
        if visit.state is VisitState.POSSIBLE:
            assert visit.doubt is not None
        if visit.state in (VisitState.OPEN, VisitState.CLOSED):
            assert visit.doubt is None
        if visit.is_out:
            assert visit.state is VisitState.OPEN


@given(taps_only)
def test_every_arrival_and_every_departure_shows_in_a_visit(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    for fact in facts:
        if isinstance(fact, Arrival):
            assert any(_begins_or_belongs(visit, fact.at) for visit in found)
        else:
            assert fact.at in [visit.left for visit in found]


def _begins_or_belongs(visit: Visit, at: datetime) -> bool:
    if visit.arrived is None or visit.last_arrival is None:
        return False
    return visit.arrived <= at <= visit.last_arrival


@given(happened)
def test_visits_do_not_overlap_and_have_ids_of_their_own(facts: list[Fact]) -> None:
    found = visits(facts, RULES)
    assert len({visit.id for visit in found}) == len(found)
    times = [
        time for visit in found for time in (visit.arrived, visit.last_arrival, visit.left) if time
    ]
    assert times == sorted(times)


# --- the passing of time ---------------------------------------------------------------------


def _is_over(visit: Visit | None) -> bool:
    return visit is None or not visit.is_current


@given(happened, later, later)
def test_looking_twice_is_looking_late(facts: list[Fact], one: datetime, other: datetime) -> None:
    visit = here(*facts).visit
    first, second = sorted((one, other))
    at_first = settled(visit, first, RULES)
    assert settled(at_first, first, RULES) == at_first
    assert settled(at_first, second, RULES) == settled(visit, second, RULES)


@given(happened, later, later)
def test_what_is_over_never_becomes_current_by_time_alone(
    facts: list[Fact], one: datetime, other: datetime
) -> None:
    visit = here(*facts).visit
    first, second = sorted((one, other))
    if _is_over(settled(visit, first, RULES)):
        assert _is_over(settled(visit, second, RULES))


_CERTAINTY = (VisitState.OPEN, VisitState.POSSIBLE, VisitState.LEFT_UNKNOWN)


@given(values_of(Visit), any_rules, any_time, any_time)
def test_any_visit_of_a_message_can_be_looked_at_at_any_time(
    visit: Visit, rules: StayRules, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    seen: Sequence[Visit | None] = [visit, settled(visit, first, rules)]
    seen = [*seen, settled(seen[-1], second, rules)]
    assert seen[-1] == settled(visit, second, rules)
    if visit.state is not VisitState.CLOSED:
        places = [_CERTAINTY.index(one.state) for one in seen if one is not None]
        assert places == sorted(places)


@given(any_time, any_rules, st.booleans())
def test_an_open_visit_is_sure_through_the_first_quarter_of_an_hour_and_not_for_ever(
    came: datetime, rules: StayRules, is_vigil: bool
) -> None:
    since = rules.forgotten_at(came, is_vigil=is_vigil)
    assert since >= came + rules.two_doors
    assert since - came <= rules.two_doors + timedelta(hours=51 if is_vigil else 26)
