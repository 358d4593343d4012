"""From which day on a course or a dog's approval stops somebody, and when that is said."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.activity import Activity, DogPlace, DogTeam
from presence.admission import decide
from presence.roster import MissingCourse
from presence.verdict import ActivityDue, CourseDue, DogLapsed, Due, Outcome
from server.courses.models import CourseKind
from server.courses.rule import Asked, Stop, stop
from server.dogs.services import team
from tests.builders import NOW, TODAY, facts, roster_row

DAY = timedelta(days=1)
LONG_AGO = date(2010, 3, 1)
FIRST = date(2026, 1, 10)
GRACE = Asked(CourseKind.GRACE, FIRST, grace_days=365)
BLOCKING = Asked(CourseKind.BLOCKING, FIRST)
YEARLY = Asked(CourseKind.BLOCKING, FIRST, validity_months=12)

days = st.dates(date(2000, 1, 1), date(2090, 12, 31))
courses = st.builds(
    Asked,
    st.sampled_from(CourseKind),
    days,
    st.integers(0, 3660),
    st.none() | st.integers(1, 600),
)


def due(**row: Any) -> tuple[Due, ...]:
    return decide(facts(row=roster_row(**row)), NOW).due


# --- the day on which a course stops somebody ------------------------------------------------


def test_a_grace_of_365_days_from_10_january_2026_stops_from_11_january_2027() -> None:
    assert stop(GRACE, LONG_AGO, None) == Stop(date(2027, 1, 11), is_held=False)


def test_who_begins_later_has_all_of_the_grace() -> None:
    assert stop(GRACE, date(2026, 6, 1), None) == Stop(date(2027, 6, 2), is_held=False)


def test_a_grace_that_begins_on_a_leap_day_counts_days_and_not_dates() -> None:
    leap = Asked(CourseKind.GRACE, date(2028, 2, 29), grace_days=365)
    assert stop(leap, LONG_AGO, None) == Stop(date(2029, 3, 1), is_held=False)


def test_a_blocking_course_stops_from_the_day_on_which_it_is_asked_of_the_person() -> None:
    assert stop(BLOCKING, LONG_AGO, None) == Stop(FIRST, is_held=False)
    assert stop(BLOCKING, date(2026, 6, 1), None) == Stop(date(2026, 6, 1), is_held=False)


@pytest.mark.parametrize("taken", [None, date(2026, 5, 1)])
def test_a_recommended_course_stops_nobody(taken: date | None) -> None:
    assert stop(Asked(CourseKind.RECOMMENDED, FIRST), LONG_AGO, taken) is None


def test_a_course_that_was_taken_and_holds_for_ever_stops_nobody() -> None:
    assert stop(BLOCKING, LONG_AGO, date(2015, 1, 1)) is None


@pytest.mark.parametrize(
    ("taken", "stops"),
    [
        (date(2026, 4, 1), date(2027, 4, 2)),
        (date(2028, 2, 29), date(2029, 3, 1)),
        (date(2026, 1, 31), date(2027, 2, 1)),
    ],
)
def test_a_course_that_runs_out_stops_from_the_day_after_its_last(taken: date, stops: date) -> None:
    assert stop(YEARLY, LONG_AGO, taken) == Stop(stops, is_held=True)


def test_a_course_that_ran_out_before_anybody_was_asked_for_it_leaves_the_whole_grace() -> None:
    course = Asked(CourseKind.GRACE, FIRST, grace_days=365, validity_months=12)
    assert stop(course, LONG_AGO, date(2020, 1, 1)) == Stop(date(2027, 1, 11), is_held=False)


@given(courses, days, days)
def test_taking_a_course_never_brings_the_stop_forward(
    course: Asked, since: date, taken: date
) -> None:
    without, with_it = stop(course, since, None), stop(course, since, taken)
    assert with_it is None or (without is not None and with_it.on >= without.on)


@given(courses, days, days, st.integers(0, 4000))
def test_taking_it_later_never_brings_the_stop_forward(
    course: Asked, since: date, taken: date, later: int
) -> None:
    first, second = stop(course, since, taken), stop(course, since, taken + later * DAY)
    assert (first is None) == (second is None)
    assert first is None or second is None or second.on >= first.on


@given(courses, days, st.none() | days)
def test_nobody_is_stopped_before_the_course_is_asked_or_before_serving(
    course: Asked, since: date, taken: date | None
) -> None:
    found = stop(course, since, taken)
    assert found is None or found.on >= max(course.required_from, since)


@given(courses, days)
def test_only_what_is_recommended_never_stops_who_did_not_take_it(
    course: Asked, since: date
) -> None:
    assert (stop(course, since, None) is None) == (course.kind is CourseKind.RECOMMENDED)


# --- when it is said, and when it stops ------------------------------------------------------


@pytest.mark.parametrize(("days", "is_told"), [(61, False), (60, True), (1, True)])
def test_a_course_that_runs_out_is_told_in_its_last_sixty_days(days: int, is_told: bool) -> None:
    course = MissingCourse("Førstehjelp", TODAY + days * DAY, is_held=True)
    told = (CourseDue("Førstehjelp", course.stops_on),) if is_told else ()
    assert due(courses=(course,)) == told


def test_a_course_that_was_never_taken_is_told_from_the_first_day_on() -> None:
    course = MissingCourse("Førstehjelp", TODAY + 365 * DAY)
    assert due(courses=(course,)) == (CourseDue("Førstehjelp", course.stops_on),)


@pytest.mark.parametrize("is_held", [False, True])
def test_it_stops_on_its_day_however_it_came_to_be_missing(is_held: bool) -> None:
    verdict = decide(
        facts(row=roster_row(courses=(MissingCourse("Førstehjelp", TODAY, is_held),))), NOW
    )
    assert (verdict.outcome, verdict.course) == (Outcome.REFUSED, "Førstehjelp")


# --- dogs ------------------------------------------------------------------------------------


def test_a_place_counts_while_its_approval_and_the_insurance_hold() -> None:
    approvals = {
        DogPlace.COMMON_ROOM: TODAY + 90 * DAY,
        DogPlace.WALK: TODAY + 10 * DAY,
        DogPlace.SINGLE_ROOM: TODAY + 60 * DAY,
    }
    assert team(TODAY + 60 * DAY, approvals) == DogTeam(
        (DogPlace.WALK, DogPlace.COMMON_ROOM, DogPlace.SINGLE_ROOM),
        TODAY + 60 * DAY,
        {DogPlace.WALK: TODAY + 10 * DAY},
    )


def test_without_an_approval_there_is_no_team() -> None:
    assert team(TODAY, {}) is None


@given(st.dictionaries(st.sampled_from(DogPlace), days, min_size=1), days)
def test_no_place_is_said_to_hold_longer_than_it_does(
    approvals: dict[DogPlace, date], insured: date
) -> None:
    found = team(insured, approvals)
    assert found is not None
    assert set(found.places) == set(approvals)
    for place, until in approvals.items():
        assert found.last_day(place) == min(until, insured)


def with_dog(dog: DogTeam) -> tuple[Due, ...]:
    return due(activities=(Activity.VISIT, Activity.DOG_VISIT), dog=dog)


def test_a_place_whose_approval_has_ended_is_not_offered() -> None:
    ends = {DogPlace.WALK: TODAY - DAY, DogPlace.COMMON_ROOM: TODAY}
    dog = DogTeam((DogPlace.WALK, DogPlace.COMMON_ROOM), TODAY + 30 * DAY, ends)
    offered = (Activity.VISIT, Activity.DOG_VISIT)
    assert with_dog(dog) == (ActivityDue(offered, (DogPlace.COMMON_ROOM,)),)


def test_an_approval_for_private_homes_keeps_no_other_alive() -> None:
    ends = {DogPlace.WALK: TODAY - DAY}
    dog = DogTeam((DogPlace.WALK, DogPlace.HOME), TODAY + 30 * DAY, ends)
    assert with_dog(dog) == (DogLapsed(TODAY - DAY),)
