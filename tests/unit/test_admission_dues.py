"""What a volunteer is reminded of after the welcome (DOMAIN, "A tap", question 4)."""

from datetime import date, timedelta
from typing import Any

import pytest

from presence.admission import decide
from presence.briefing import BriefingVersion
from presence.policy import Policy
from presence.roster import CardState, MissingCourse, Unsettled
from presence.verdict import (
    Basis,
    BriefingDue,
    CourseDue,
    Due,
    LeavingDue,
    Move,
    RenewalDue,
)
from tests.builders import (
    NOW,
    TODAY,
    acknowledged,
    arrival,
    departure,
    facts,
    held_card,
    here,
    house,
    oslo,
    roster_row,
)

V3, V4 = BriefingVersion(3), BriefingVersion(4, 2)
A_YEAR_AGO = date(2025, 11, 24)


def dues(basis: Basis = Basis.LIVE, **changes: Any) -> tuple[Due, ...]:
    verdict = decide(facts(basis, **changes), NOW)
    assert verdict.move is Move.IN
    return verdict.due


def after_possible_visit() -> Any:
    return here(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2, doubtful=True))


# --- the briefing ----------------------------------------------------------------------------


def test_nothing_is_due_to_who_has_done_it_all() -> None:
    assert dues() == ()


def test_a_first_visit_begins_with_the_briefing() -> None:
    assert dues(row=roster_row(acknowledged=None)) == (BriefingDue(V3, acknowledged=None),)


def test_of_a_new_major_version_only_the_news_are_due() -> None:
    assert dues(house=house(briefing=V4)) == (BriefingDue(V4, acknowledged=3),)


def test_a_new_minor_version_is_not_due() -> None:
    assert dues(house=house(briefing=BriefingVersion(3, 9))) == ()


def test_a_home_without_a_briefing_asks_for_none() -> None:
    assert dues(house=house(briefing=None), row=roster_row(acknowledged=None)) == ()


def test_an_acknowledgement_is_good_for_twelve_months() -> None:
    on_the_day = acknowledged(3, oslo("10:02", A_YEAR_AGO))
    assert dues(row=roster_row(acknowledged=on_the_day)) == ()
    day_before = acknowledged(3, oslo("10:02", A_YEAR_AGO - timedelta(days=1)))
    assert dues(row=roster_row(acknowledged=day_before)) == (BriefingDue(V3),)


def test_one_of_a_leap_day_is_good_until_the_last_of_february() -> None:
    known = acknowledged(3, oslo("10:00", date(2028, 2, 29)))
    row = roster_row(held_card(valid_until=date(2030, 1, 1)), acknowledged=known)
    for day, due in (
        (date(2029, 2, 28), ()),
        (date(2029, 3, 1), (BriefingDue(V3),)),
    ):
        now = oslo("10:00", day)
        assert decide(facts(row=row, presented=now), now).due == due


def test_after_twelve_months_all_of_it_is_due_even_where_there_are_news() -> None:
    old = acknowledged(3, oslo("10:02", date(2025, 1, 1)))
    assert dues(row=roster_row(acknowledged=old), house=house(briefing=V4)) == (BriefingDue(V4),)


@pytest.mark.parametrize("basis", Basis)
def test_what_was_acknowledged_here_and_is_still_on_its_way_counts(basis: Basis) -> None:
    row = roster_row(acknowledged=None)
    own = Unsettled(acknowledged=acknowledged(3, NOW))
    assert dues(basis, row=row, unsettled=own) == ()


def test_of_two_acknowledgements_the_newest_version_counts() -> None:
    old, new = acknowledged(3, NOW), acknowledged(4, NOW - timedelta(days=300))
    for known, own in ((old, new), (new, old)):
        row, unsettled = roster_row(acknowledged=known), Unsettled(acknowledged=own)
        assert dues(row=row, unsettled=unsettled, house=house(briefing=V4)) == ()


def test_of_two_acknowledgements_of_one_version_the_later_counts() -> None:
    old, new = acknowledged(3, oslo("10:00", date(2025, 1, 1))), acknowledged(3, NOW)
    for known, own in ((old, new), (new, old)):
        assert dues(row=roster_row(acknowledged=known), unsettled=Unsettled((), own)) == ()


# --- what a society decides ---------------------------------------------------------------------


def test_a_society_that_decides_nothing_has_the_norwegian_rules() -> None:
    policy = Policy()
    assert (policy.validity_months, policy.renewal_notice_days) == (36, 60)
    assert policy.briefing_max_age_months == 12
    assert policy.same_tap == timedelta(seconds=60)
    assert policy.two_doors == timedelta(minutes=15)
    assert policy.refusal_counts == timedelta(hours=2)
    assert policy.ask_staff_after_days == 30


# --- renewal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "is_due"), [(61, False), (60, True), (30, True), (0, True)])
def test_renewal_is_due_for_the_last_sixty_days_of_a_card(days: int, is_due: bool) -> None:
    last = TODAY + timedelta(days=days)
    row = roster_row(held_card(valid_until=last))
    assert dues(row=row) == ((RenewalDue(last),) if is_due else ())


def test_a_society_chooses_how_early_it_reminds() -> None:
    last = TODAY + timedelta(days=90)
    row = roster_row(held_card(valid_until=last))
    assert dues(row=row, house=house(policy=Policy(renewal_notice_days=90))) == (RenewalDue(last),)


@pytest.mark.parametrize(
    ("came", "left", "is_due"),
    [
        ("2026-11-24 08:00", "2026-11-24 09:00", False),
        ("2026-11-23 08:00", "2026-11-23 23:59", True),
        ("2026-11-23 08:00", "2026-11-24 00:00", False),
    ],
)
def test_renewal_is_said_once_a_day(came: str, left: str, is_due: bool) -> None:
    first, second = (
        oslo(text.split()[1], date.fromisoformat(text.split()[0])) for text in (came, left)
    )
    row = roster_row(
        held_card(valid_until=TODAY), here=here(arrival(first, 1), departure(second, 2))
    )
    assert dues(row=row) == ((RenewalDue(TODAY),) if is_due else ())


def test_a_renewed_card_is_not_due() -> None:
    row = roster_row(held_card(valid_until=date(2029, 11, 24)))
    assert dues(row=row) == ()


# --- courses, and a departure that nobody recorded -------------------------------------------


def test_courses_in_their_time_of_grace_are_told_with_the_day_they_stop() -> None:
    """A course with 365 days' grace from 2026-01-10 stops its volunteer from 2027-01-11."""
    courses = (
        MissingCourse("Førstehjelp", date(2027, 1, 11)),
        MissingCourse("Grunnkurs", TODAY + timedelta(days=1)),
    )
    assert dues(row=roster_row(courses=courses)) == (
        CourseDue("Førstehjelp", date(2027, 1, 11)),
        CourseDue("Grunnkurs", TODAY + timedelta(days=1)),
    )


def test_after_a_visit_that_nobody_closed_the_question_is_when_she_left() -> None:
    row = roster_row(here=after_possible_visit())
    assert dues(row=row) == (LeavingDue(oslo("08:00")),)


def test_all_that_is_due_is_told_at_once() -> None:
    row = roster_row(
        held_card(valid_until=TODAY),
        acknowledged=None,
        courses=(MissingCourse("Grunnkurs", TODAY + timedelta(days=9)),),
    )
    assert dues(row=row) == (
        BriefingDue(V3),
        RenewalDue(TODAY),
        CourseDue("Grunnkurs", TODAY + timedelta(days=9)),
    )


# --- to whom nothing is said -----------------------------------------------------------------


def test_an_unknown_card_at_a_kiosk_alone_is_shown_the_briefing() -> None:
    assert dues(Basis.ROSTER, row=None) == (BriefingDue(V3),)


@pytest.mark.parametrize(
    "changes",
    [
        {"row": roster_row(here=here(arrival(oslo("08:00"), 1)), acknowledged=None)},
        {"row": roster_row(here=here(arrival(oslo("10:01:30"), 1)), acknowledged=None)},
        {"row": roster_row(held_card(state=CardState.LOST), acknowledged=None)},
        {"row": roster_row(is_paused=True, acknowledged=None)},
        {"credential": None, "row": roster_row(acknowledged=None)},
    ],
    ids=["leaving", "a second touch", "a lost card", "paused", "not genuine"],
)
def test_who_is_not_coming_in_is_reminded_of_nothing(changes: dict[str, Any]) -> None:
    verdict = decide(facts(**changes), NOW)
    assert (verdict.move is Move.IN, verdict.due) == (False, ())
