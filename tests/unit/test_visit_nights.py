"""What a night does to a visit that nobody closed (DOMAIN, "Forgotten departure")."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from presence.visit import Doubt, Fact, StayRules, Visit, VisitState, settled, visits
from tests.builders import (
    RULES,
    TODAY,
    arrival,
    came_back,
    departure,
    here,
    oslo,
    seen_elsewhere,
    staff_said,
    visit_id,
    went_out,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
DAY_AFTER = TOMORROW + timedelta(days=1)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def stands(at: datetime, *facts: Fact, rules: StayRules = RULES) -> Visit:
    """How the last visit of these facts stands at that moment."""
    visit = settled(here(*facts).visit, at, rules)
    assert visit is not None
    return visit


def ends_of_sureness(*facts: Fact, rules: StayRules = RULES) -> datetime:
    """When an open visit of these facts stops being sure, to the second."""
    visit = stands(datetime(2199, 1, 1, tzinfo=UTC), *facts, rules=rules)
    assert visit.doubted is not None
    at = visit.doubted
    assert stands(at - SECOND, *facts, rules=rules).state is VisitState.OPEN
    assert stands(at, *facts, rules=rules).state is VisitState.POSSIBLE
    return at


# --- the end of the night --------------------------------------------------------------------


def test_at_three_in_the_morning_an_open_visit_becomes_a_possible_one() -> None:
    came = arrival(oslo("14:00"), 1)
    assert stands(oslo("02:59:59", TOMORROW), came) == here(came).visit
    assert stands(oslo("03:00", TOMORROW), came) == Visit(
        visit_id(1),
        VisitState.POSSIBLE,
        oslo("14:00"),
        oslo("14:00"),
        doubt=Doubt.FORGOTTEN,
        doubted=oslo("03:00", TOMORROW),
    )


def test_a_day_later_it_is_over_and_nobody_knows_since_when() -> None:
    came = arrival(oslo("14:00"), 1)
    assert stands(oslo("02:59:59", DAY_AFTER), came).state is VisitState.POSSIBLE
    over = stands(oslo("03:00", DAY_AFTER), came)
    assert (over.state, over.left, over.is_current) == (VisitState.LEFT_UNKNOWN, None, False)


def test_who_arrives_shortly_before_three_is_sure_until_the_next_night_ends() -> None:
    assert ends_of_sureness(arrival(oslo("02:45"), 1)) == oslo("03:00")
    assert ends_of_sureness(arrival(oslo("02:45:01"), 1)) == oslo("03:00", TOMORROW)
    assert ends_of_sureness(arrival(oslo("03:00"), 1)) == oslo("03:00", TOMORROW)


def test_the_last_door_counts_and_the_last_word_of_staff() -> None:
    came = arrival(oslo("02:30"), 1)
    assert ends_of_sureness(came) == oslo("03:00")
    assert ends_of_sureness(came, arrival(oslo("02:45:01"), 2)) == oslo("03:00", TOMORROW)
    word = staff_said(oslo("02:50"), 2, is_here=True)
    assert ends_of_sureness(came, word) == oslo("03:00", TOMORROW)


def test_when_staff_said_in_the_morning_that_she_is_here_the_next_night_counts() -> None:
    came = arrival(oslo("14:00"), 1)
    word = staff_said(oslo("08:00", TOMORROW), 2, is_here=True)
    assert ends_of_sureness(came, word) == oslo("03:00", DAY_AFTER)


def test_who_was_out_with_residents_at_three_is_searched_for() -> None:
    visit = stands(oslo("04:00", TOMORROW), arrival(oslo("14:00"), 1), went_out(oslo("15:00"), 2))
    assert (visit.state, visit.is_out) == (VisitState.POSSIBLE, False)


def test_coming_back_late_is_a_sign_of_life_too() -> None:
    came, out = arrival(oslo("14:00"), 1), went_out(oslo("15:00"), 2)
    assert ends_of_sureness(came, out, came_back(oslo("02:50", TOMORROW), 3)) == oslo(
        "03:00", DAY_AFTER
    )


def test_a_society_chooses_when_its_nights_end_and_how_long_it_looks_for_somebody() -> None:
    rules = replace(RULES, night_ends=time(5, 30), footnote_after=timedelta(hours=6))
    came = arrival(oslo("14:00"), 1)
    assert ends_of_sureness(came, rules=rules) == oslo("05:30", TOMORROW)
    assert stands(oslo("11:30", TOMORROW), came, rules=rules).state is VisitState.LEFT_UNKNOWN


# --- vigil -----------------------------------------------------------------------------------


def test_who_keeps_vigil_sits_through_one_night_and_not_through_two() -> None:
    came = arrival(oslo("21:00"), 1, is_vigil=True)
    assert ends_of_sureness(came) == oslo("03:00", DAY_AFTER)


def test_who_begins_a_vigil_after_midnight_sits_through_that_night() -> None:
    assert ends_of_sureness(arrival(oslo("01:00"), 1, is_vigil=True)) == oslo("03:00", TOMORROW)


def test_a_word_of_staff_gives_a_vigil_another_night() -> None:
    came = arrival(oslo("21:00"), 1, is_vigil=True)
    word = staff_said(oslo("08:00", TOMORROW), 2, is_here=True)
    assert ends_of_sureness(came, word) == oslo("03:00", DAY_AFTER + DAY)


# --- what comes after a night ----------------------------------------------------------------


def test_the_next_tap_is_an_arrival_and_ends_the_visit_without_a_time() -> None:
    facts: list[Fact] = [arrival(oslo("14:00", YESTERDAY), 1), arrival(oslo("10:00"), 2)]
    first, second = visits(facts, RULES)
    assert (first.state, first.doubt, first.left) == (
        VisitState.LEFT_UNKNOWN,
        Doubt.FORGOTTEN,
        None,
    )
    assert second == Visit(visit_id(2), VisitState.OPEN, oslo("10:00"), oslo("10:00"))


def test_the_end_of_a_night_does_not_come_between_two_doors() -> None:
    facts: list[Fact] = [arrival(oslo("02:50"), 1), arrival(oslo("03:04"), 2)]
    assert len(visits(facts, RULES)) == 1


def test_a_departure_after_the_night_still_closes_what_is_possibly_open() -> None:
    facts: list[Fact] = [arrival(oslo("14:00", YESTERDAY), 1), departure(oslo("07:00"), 2)]
    assert visits(facts, RULES) == (
        Visit(
            visit_id(1),
            VisitState.CLOSED,
            oslo("14:00", YESTERDAY),
            oslo("14:00", YESTERDAY),
            left=oslo("07:00"),
        ),
    )


def test_a_departure_after_it_is_over_is_a_visit_of_its_own_with_unknown_arrival() -> None:
    came = arrival(oslo("14:00", YESTERDAY - DAY), 1)
    first, second = visits([came, departure(oslo("10:00"), 2)], RULES)
    assert first.state is VisitState.LEFT_UNKNOWN
    assert (second.arrived, second.left) == (None, oslo("10:00"))


def test_who_arrives_at_another_home_the_next_day_has_left_here() -> None:
    came = arrival(oslo("14:00", YESTERDAY), 1)
    (visit,) = visits([came, seen_elsewhere(oslo("10:00"), 2)], RULES)
    assert (visit.state, visit.doubt) == (VisitState.LEFT_UNKNOWN, Doubt.FORGOTTEN)
    assert here(came, seen_elsewhere(oslo("10:00"), 2)).visit is None


@pytest.mark.parametrize("is_here", [True, False])
def test_a_word_of_staff_the_next_morning_settles_it(is_here: bool) -> None:
    came = arrival(oslo("14:00", YESTERDAY), 1)
    (visit,) = visits([came, staff_said(oslo("08:00"), 2, is_here=is_here)], RULES)
    expected = VisitState.OPEN if is_here else VisitState.LEFT_UNKNOWN
    assert (visit.state, visit.left) == (expected, None)


def test_who_went_out_and_comes_back_after_the_night_begins_a_new_visit() -> None:
    facts: list[Fact] = [
        arrival(oslo("14:00", YESTERDAY), 1),
        went_out(oslo("15:00", YESTERDAY), 2),
        came_back(oslo("09:00"), 3),
    ]
    assert [visit.arrived for visit in visits(facts, RULES)] == [
        oslo("14:00", YESTERDAY),
        oslo("09:00"),
    ]


@pytest.mark.parametrize(
    "doubtful",
    [departure(oslo("15:00"), 2, doubtful=True), seen_elsewhere(oslo("15:00"), 2)],
)
def test_any_doubt_lasts_a_day_and_no_night_shortens_it(doubtful: Fact) -> None:
    came = arrival(oslo("14:00"), 1)
    before = stands(oslo("14:59:59", TOMORROW), came, doubtful)
    assert (before.state, before.doubted) == (VisitState.POSSIBLE, oslo("15:00"))
    assert stands(oslo("15:00", TOMORROW), came, doubtful).state is VisitState.LEFT_UNKNOWN


def test_what_is_closed_stays_as_it_is() -> None:
    assert settled(None, oslo("10:00"), RULES) is None
    (left,) = visits([arrival(oslo("09:00"), 1), departure(oslo("10:00"), 2)], RULES)
    assert settled(left, oslo("10:00", DAY_AFTER), RULES) == left


def test_a_visit_of_which_no_tap_is_known_is_never_taken_for_forgotten() -> None:
    """No machine of ours makes one; a message could hold it."""
    odd = Visit(visit_id(1), VisitState.OPEN, None, None)
    assert settled(odd, oslo("10:00", DAY_AFTER), RULES) == odd
    possible = Visit(visit_id(1), VisitState.POSSIBLE, None, None)
    assert settled(possible, oslo("10:00", DAY_AFTER), RULES) == possible


# --- nights of other lengths, and other zones ------------------------------------------------


@pytest.mark.parametrize(
    ("night", "hours"), [(date(2026, 3, 28), 4), (date(2026, 10, 24), 6), (TODAY, 5)]
)
def test_in_the_nights_of_summer_time_three_is_three(night: date, hours: int) -> None:
    came = arrival(oslo("22:00", night), 1)
    assert ends_of_sureness(came) == came.at + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("night", "hours"), [(date(2026, 3, 28), 24 + 4), (date(2026, 10, 24), 24 + 6)]
)
def test_a_vigil_through_the_night_of_summer_time_ends_at_three_too(
    night: date, hours: int
) -> None:
    came = arrival(oslo("22:00", night), 1, is_vigil=True)
    assert ends_of_sureness(came) == came.at + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("night", "ends"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # there is no half past two
        (date(2026, 10, 24), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
    ],
)
def test_an_hour_that_does_not_exist_or_exists_twice_still_ends_one_night(
    night: date, ends: datetime
) -> None:
    rules = replace(RULES, night_ends=time(2, 30))
    assert ends_of_sureness(arrival(oslo("22:00", night), 1), rules=rules) == ends
    vigil = ends_of_sureness(arrival(oslo("22:00", night), 1, is_vigil=True), rules=rules)
    assert vigil == oslo("02:30", night + 2 * DAY)


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Asia/Kathmandu", "America/St_Johns", "Pacific/Pago_Pago"]
)
def test_every_home_has_its_own_night(zone: str) -> None:
    there = ZoneInfo(zone)
    came = arrival(datetime(2026, 11, 24, 14, 0, tzinfo=there).astimezone(UTC), 1)
    ends = datetime(2026, 11, 25, 3, 0, tzinfo=there).astimezone(UTC)
    assert ends_of_sureness(came, rules=replace(RULES, zone=there)) == ends


def test_a_night_may_end_on_29_february() -> None:
    came = arrival(oslo("14:00", date(2028, 2, 28)), 1)
    assert ends_of_sureness(came) == oslo("03:00", date(2028, 2, 29))


def test_who_came_by_a_clock_weeks_behind_is_there_until_the_night_after_it_was_heard_of() -> None:
    long_ago = oslo("10:00", TODAY - timedelta(days=20))
    came = arrival(long_ago, 1, heard=oslo("14:00"))
    (visit,) = visits([came], RULES)
    seen = [settled(visit, now, RULES) for now in (oslo("14:01"), oslo("23:59"))]
    assert [one and one.state for one in seen] == [VisitState.OPEN, VisitState.OPEN]
    night = settled(visit, oslo("03:00", TODAY + timedelta(days=1)), RULES)
    assert night is not None
    assert (night.doubt, night.arrived) == (Doubt.FORGOTTEN, long_ago)
