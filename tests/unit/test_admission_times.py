"""Days, hours and clocks: the home's own calendar decides, in any zone, in any night, and a clock
that is wrong accuses nobody of what it cannot know."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from presence.admission import decide
from presence.card import Assurance
from presence.reason import Reason
from presence.roster import Elsewhere
from presence.verdict import Basis, Move, Outcome, RenewalDue, Verdict
from presence.visit import Doubt, VisitState, settled
from tests.builders import (
    NOW,
    RULES,
    TODAY,
    arrival,
    facts,
    held_card,
    here,
    house,
    oslo,
    roster_row,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
IN_1970 = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
IN_2036 = datetime(2036, 2, 7, 6, 30, tzinfo=UTC)
FAR_APART = ("Pacific/Kiritimati", "Asia/Kathmandu", "America/St_Johns", "Pacific/Pago_Pago")


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


# --- other zones -----------------------------------------------------------------------------


def at_home_in(zone: str, clock: str, day: date, last: date) -> Verdict:
    """A tap at that hour of a home in `zone`, with a card whose last day is `last`."""
    there = ZoneInfo(zone)
    now = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=there).astimezone(UTC)
    row = roster_row(held_card(valid_until=last))
    return decide(facts(row=row, house=house(zone=zone), zone=there, presented=now), now)


@pytest.mark.parametrize("zone", FAR_APART)
def test_a_cards_last_day_ends_at_midnight_in_every_zone(zone: str) -> None:
    """Where it is a day earlier or later than in Greenwich, too."""
    on_the_day = at_home_in(zone, "23:59:59", TODAY, TODAY)
    assert (on_the_day.move, on_the_day.due) == (Move.IN, (RenewalDue(TODAY),))
    day_after = at_home_in(zone, "00:00", TOMORROW, TODAY)
    assert (day_after.reason, day_after.expired_on) == (Reason.EXPIRED, TOMORROW)


@pytest.mark.parametrize("zone", FAR_APART)
def test_a_visit_is_forgotten_at_three_by_the_homes_own_clock(zone: str) -> None:
    there = ZoneInfo(zone)
    came = datetime(2026, 11, 24, 14, 0, tzinfo=there).astimezone(UTC)
    row = roster_row(here=here(arrival(came, 1)))
    for clock, move in (((2, 59), Move.OUT), ((3, 0), Move.IN)):
        now = datetime(2026, 11, 25, *clock, tzinfo=there).astimezone(UTC)
        situation = facts(row=row, presented=now, house=house(zone=zone), zone=there)
        assert decide(situation, now).move is move


@pytest.mark.parametrize(
    ("night", "hours"), [(date(2026, 3, 28), 4), (date(2026, 10, 24), 6), (TODAY, 5)]
)
def test_the_night_of_summer_time_is_an_hour_shorter_and_that_of_winter_an_hour_longer(
    night: date, hours: int
) -> None:
    came = oslo("22:00", night)
    row = roster_row(here=here(arrival(came, 1)))
    three = came + timedelta(hours=hours)
    for now, move in ((three - timedelta(seconds=1), Move.OUT), (three, Move.IN)):
        assert decide(facts(row=row, presented=now), now).move is move


# --- 29 February -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "reason"),
    [(date(2028, 2, 29), Reason.OK), (date(2028, 3, 1), Reason.EXPIRED)],
)
def test_a_card_that_ends_on_29_february_is_good_on_that_day(day: date, reason: Reason) -> None:
    now = oslo("12:00", day)
    row = roster_row(held_card(valid_until=date(2028, 2, 29)))
    assert decide(facts(row=row, presented=now), now).reason is reason


@pytest.mark.parametrize(
    ("day", "reason"),
    [(date(2026, 2, 28), Reason.NOT_YET_VALID), (date(2026, 3, 1), Reason.OK)],
)
def test_who_was_born_on_29_february_is_of_age_on_1_march(day: date, reason: Reason) -> None:
    """Born 2008-02-29. The server writes the day into the row, so no kiosk knows the birthday."""
    now = oslo("12:00", day)
    row = roster_row(held_card(valid_from=date(2026, 3, 1)))
    assert decide(facts(row=row, presented=now), now).reason is reason


# --- clocks that are wrong -------------------------------------------------------------------


def alone_at(now: datetime, *, is_clock_sure: bool, row: object = None) -> Verdict:
    known = {"row": row or roster_row(), "presented": now, "as_of": NOW}
    return decide(facts(Basis.ROSTER, is_clock_sure=is_clock_sure, **known), now)


def test_a_clock_that_starts_in_1970_and_knows_that_it_may_be_behind_lets_people_in() -> None:
    verdict = alone_at(IN_1970, is_clock_sure=False)
    assert (verdict.move, verdict.outcome) == (Move.IN, Outcome.UNCONFIRMED)


def test_a_clock_that_is_wrong_and_does_not_know_it_sends_to_staff_and_removes_nobody() -> None:
    assert alone_at(IN_1970, is_clock_sure=True).reason is Reason.NOT_YET_VALID
    late = alone_at(IN_2036, is_clock_sure=True)
    assert (late.reason, late.expired_on) == (Reason.EXPIRED, date(2029, 1, 11))


def test_in_1970_whoever_is_in_the_house_can_leave_and_stays_there_until_then() -> None:
    row = roster_row(here=here(arrival(NOW, 1)))
    assert alone_at(IN_1970, is_clock_sure=False, row=row).move is Move.OUT
    assert settled(row.here.visit, IN_1970, RULES) == row.here.visit


def test_in_2036_the_visit_of_today_is_long_over_and_its_end_unknown() -> None:
    visit = settled(here(arrival(NOW, 1)).visit, IN_2036, RULES)
    assert visit is not None
    assert (visit.state, visit.doubt, visit.left) == (
        VisitState.LEFT_UNKNOWN,
        Doubt.FORGOTTEN,
        None,
    )


def test_a_kiosk_whose_clock_jumped_ahead_by_years_asks_the_staff() -> None:
    later = oslo("10:00", date(2030, 1, 1))
    row = roster_row(held_card(valid_until=date(2199, 12, 31)))
    verdict = decide(facts(Basis.ROSTER, row=row, presented=later, as_of=NOW), later)
    assert (verdict.outcome, verdict.move) == (Outcome.ASK_STAFF, Move.IN)


def test_a_contact_that_seems_to_come_is_no_old_one() -> None:
    """The server told the time; then the kiosk's clock went back."""
    situation = facts(Basis.ROSTER, as_of=NOW + timedelta(days=400))
    assert decide(situation, NOW).outcome is Outcome.UNCONFIRMED


@pytest.mark.parametrize("is_clock_sure", [True, False])
def test_a_clock_that_may_be_behind_proves_the_end_of_a_card_and_not_its_beginning(
    is_clock_sure: bool,
) -> None:
    over = roster_row(held_card(valid_until=YESTERDAY))
    assert alone_at(NOW, is_clock_sure=is_clock_sure, row=over).reason is Reason.EXPIRED
    early = roster_row(held_card(valid_from=TOMORROW))
    expected = Reason.NOT_YET_VALID if is_clock_sure else Reason.OK
    assert alone_at(NOW, is_clock_sure=is_clock_sure, row=early).reason is expected


@pytest.mark.parametrize("assurance", [Assurance.A1, Assurance.A2])
def test_a_clock_that_may_be_behind_warns_of_no_journey(assurance: Assurance) -> None:
    row = roster_row(elsewhere=Elsewhere(NOW, NOW + timedelta(hours=1)))
    situation = facts(Basis.ROSTER, row=row, assurance=assurance, is_clock_sure=False)
    verdict = decide(situation, NOW)
    assert (verdict.reason, verdict.warning, verdict.tell) == (Reason.OK, None, ())


def test_the_server_goes_by_its_own_clock_and_a_kiosk_alone_by_its_own() -> None:
    """At a quarter past three at the server; the kiosk's clock is half an hour behind."""
    now, by_the_kiosk = oslo("03:15", TOMORROW), oslo("02:45", TOMORROW)
    row = roster_row(here=here(arrival(oslo("20:00"), 1)))
    known = {"row": row, "presented": by_the_kiosk}
    assert decide(facts(Basis.LIVE, **known), now).move is Move.IN
    assert decide(facts(Basis.ROSTER, **known), by_the_kiosk).move is Move.OUT


def test_a_kiosk_alone_goes_by_the_moment_of_the_tap_and_not_of_its_verdict() -> None:
    """The card was held up a moment before three, and the server was asked in vain until after."""
    tapped, now = oslo("02:59:59", TOMORROW), oslo("03:00:01", TOMORROW)
    row = roster_row(here=here(arrival(oslo("20:00"), 1)))
    assert decide(facts(Basis.ROSTER, row=row, presented=tapped), now).move is Move.OUT
