"""Months and days as people count them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.dates import add_months, check_utc


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 24), 36, date(2029, 11, 24)),
        (date(2026, 11, 24), 1, date(2026, 12, 24)),
        (date(2026, 11, 24), 2, date(2027, 1, 24)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_one_there_is(
    day: date, months: int, later: date
) -> None:
    assert add_months(day, months) == later


@given(st.dates(date(1970, 1, 1), date(2150, 12, 31)), st.integers(0, 500))
def test_months_later_falls_into_the_right_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months
    assert later.day <= day.day
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(0))),
    ],
)
def test_a_time_in_utc_is_taken(moment: datetime) -> None:
    check_utc(moment, "at")


@pytest.mark.parametrize(
    ("moment", "fault"),
    [
        (datetime(2026, 11, 24, 9), "at must be in UTC"),  # noqa: DTZ001
        (datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=1))), "at must be in UTC"),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "between the years 1970 and 2199"),
        (datetime(2200, 1, 1, tzinfo=UTC), "between the years 1970 and 2199"),
        (datetime(1, 1, 1, tzinfo=UTC), "between the years 1970 and 2199"),
        (datetime(9999, 12, 31, tzinfo=UTC), "between the years 1970 and 2199"),
    ],
)
def test_another_zone_or_an_impossible_year_is_refused(moment: datetime, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        check_utc(moment, "at")
