"""Calendar arithmetic that the rules need, in whole months."""

import calendar
from datetime import date, datetime, timedelta


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last day of the month where that day does not exist."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def check_utc(moment: datetime, name: str) -> None:
    """Raise ValueError unless `moment` is in UTC and within the years this contract lives in.

    Times outside them, which only a broken clock makes, cannot be stored or shown safely.
    """
    if moment.utcoffset() != timedelta(0):
        raise ValueError(f"{name} must be in UTC")
    if not 1970 <= moment.year <= 2199:
        raise ValueError(f"{name} must be between the years 1970 and 2199")
