"""The board as a rule: who is shown as in the house, who as possibly, and when it is incomplete."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from presence.briefing import Acknowledgement, BriefingVersion
from presence.ids import InstitutionId, VolunteerId
from presence.onsite import Attempt, Stay
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import House
from presence.visit import Doubt, Visit, VisitState
from server.institutions.board import Board, HouseFacts, KioskContact, Known, make_board
from tests.builders import event_id, visit_id

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
HOUSE = House(InstitutionId("solbakken"), "Solbakken", "Europe/Oslo", Policy(), BriefingVersion(3))
READ = Acknowledgement(3, NOW - timedelta(days=20))
FACTS = HouseFacts(HOUSE, ZoneInfo("Europe/Oslo"), (), (), {}, {}, (KioskContact("Door", NOW),))


def _ago(**by: float) -> datetime:
    return NOW - timedelta(**by)


def _stay(arrived: datetime, name: str = "Eli U.", **more: object) -> Stay:
    visit = Visit(visit_id(1), VisitState.OPEN, arrived, arrived, **more)  # type: ignore[arg-type]
    return Stay(VolunteerId(name), visit)


def _board(*stays: Stay, now: datetime = NOW, acknowledged: Acknowledgement | None = READ) -> Board:
    people = {stay.volunteer: Known(stay.volunteer, acknowledged) for stay in stays}
    return make_board(replace(FACTS, stays=stays, people=people), now)


def test_an_empty_house_is_shown_as_empty() -> None:
    board = _board()
    assert (board.on_site, board.possible, board.footnotes) == ((), (), 0)


def test_the_newest_arrival_stands_first() -> None:
    board = _board(_stay(_ago(hours=2), "A"), _stay(NOW, "C"))
    assert [guest.name for guest in board.on_site] == ["C", "A"]


@pytest.mark.parametrize(
    ("acknowledged", "is_briefed"),
    [
        (READ, True),
        (None, False),
        (Acknowledgement(2, _ago(days=1)), False),
        (Acknowledgement(3, _ago(days=400)), False),
    ],
)
def test_a_briefing_is_done_only_while_it_need_not_be_read_again(
    acknowledged: Acknowledgement | None, is_briefed: bool
) -> None:
    (guest,) = _board(_stay(NOW), acknowledged=acknowledged).on_site
    assert guest.is_briefed is is_briefed


def test_where_a_home_has_no_briefing_none_is_pending() -> None:
    new = House(HOUSE.institution, "Ny", HOUSE.zone, Policy())
    people = {VolunteerId("Eli U."): Known("Eli U.", None)}
    facts = replace(FACTS, house=new, stays=[_stay(NOW)], people=people)
    (guest,) = make_board(facts, NOW).on_site
    assert guest.is_briefed


@pytest.mark.parametrize(
    ("hours", "is_vigil", "is_long"),
    [(4, False, False), (4.01, False, True), (7, False, True), (7, True, False)],
)
def test_after_four_hours_the_board_asks_whether_the_leaving_was_forgotten(
    hours: float, is_vigil: bool, is_long: bool
) -> None:
    (guest,) = _board(_stay(_ago(hours=hours), is_vigil=is_vigil)).on_site
    assert guest.is_long is is_long


def test_who_is_still_in_at_three_at_night_is_only_possibly_so_for_a_day() -> None:
    arrived = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    three = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 03:00 in Oslo
    seen = []
    for now in (
        three - timedelta(seconds=1),
        three,
        three + timedelta(hours=23, minutes=59),
        three + timedelta(hours=24),
        three + timedelta(hours=48),
    ):
        board = _board(_stay(arrived), now=now)
        doubts = [guest.doubt for guest in board.possible]
        seen.append((len(board.on_site), doubts, board.footnotes))
    assert seen == [
        (1, [], 0),
        (0, [Doubt.FORGOTTEN], 0),
        (0, [Doubt.FORGOTTEN], 0),
        (0, [], 1),
        (0, [], 1),
    ]


def test_who_keeps_vigil_stays_surely_in_the_house_through_the_night() -> None:
    board = _board(_stay(_ago(hours=15), is_vigil=True))
    assert [guest.doubt for guest in board.on_site] == [None]


def test_the_night_ends_at_three_by_the_homes_own_clock_in_summer_too() -> None:
    arrived = datetime(2026, 6, 10, 20, 0, tzinfo=UTC)
    before, after = (datetime(2026, 6, 11, hour, 59, tzinfo=UTC) for hour in (0, 1))
    assert len(_board(_stay(arrived), now=before).on_site) == 1
    assert len(_board(_stay(arrived), now=after).on_site) == 0


def test_a_departure_with_an_unclear_card_leaves_the_person_possibly_on_site() -> None:
    visit = Visit(
        visit_id(1),
        VisitState.POSSIBLE,
        _ago(hours=1),
        _ago(hours=1),
        doubt=Doubt.CARD_UNCLEAR,
        doubted=_ago(minutes=5),
    )
    board = _board(Stay(VolunteerId("Eli U."), visit))
    assert [guest.doubt for guest in board.possible] == [Doubt.CARD_UNCLEAR]
    assert board.on_site == ()


def test_a_refused_person_counts_as_possibly_on_site_for_two_hours() -> None:
    attempts = [
        Attempt(event_id(1), _ago(minutes=119), VolunteerId("h")),
        Attempt(event_id(2), _ago(minutes=120), VolunteerId("g")),
        Attempt(event_id(3), _ago(minutes=1), None),
        Attempt(event_id(4), _ago(minutes=9), VolunteerId("g"), answered=_ago(minutes=2)),
    ]
    people = {VolunteerId("h"): Known("Hassan W.", None), VolunteerId("g"): Known("Gunn S.", None)}
    board = make_board(replace(FACTS, attempts=attempts, people=people), NOW)
    assert [(guest.name, guest.doubt) for guest in board.possible] == [
        (None, Doubt.SENT_TO_STAFF),
        ("Hassan W.", Doubt.SENT_TO_STAFF),
    ]


@pytest.mark.parametrize(
    ("seen", "is_complete", "oldest"),
    [
        ([NOW], True, NOW),
        ([_ago(minutes=3)], True, _ago(minutes=3)),
        ([_ago(seconds=181)], False, _ago(seconds=181)),
        ([NOW, _ago(hours=2)], False, _ago(hours=2)),
        ([NOW, None], False, None),
        ([], False, None),
    ],
)
def test_a_board_is_complete_only_while_every_kiosk_is_heard(
    seen: list[datetime | None], is_complete: bool, oldest: datetime | None
) -> None:
    kiosks = [KioskContact(f"Door {number}", at) for number, at in enumerate(seen)]
    board = make_board(replace(FACTS, kiosks=kiosks), NOW)
    assert (board.is_complete, board.oldest_contact) == (is_complete, oldest)


def test_who_is_out_with_residents_is_listed_apart() -> None:
    board = _board(_stay(_ago(hours=1), is_out=True))
    assert ([guest.name for guest in board.out], board.on_site) == (["Eli U."], ())


def test_staff_may_let_in_only_whom_the_society_leaves_to_them_and_somebody_knows() -> None:
    attempts = [Attempt(event_id(number), _ago(minutes=number), None) for number in (1, 2)]
    attempts += [Attempt(event_id(3), _ago(minutes=3), VolunteerId("h"))]
    attempts += [Attempt(event_id(4), _ago(minutes=4), VolunteerId("g"))]
    refusals = {
        event_id(1): Reason.UNKNOWN_CARD,
        event_id(2): Reason.TOO_WEAK,
        event_id(3): Reason.EXPIRED,
        event_id(4): Reason.CARD_BLOCKED,
    }
    people = {VolunteerId(one): Known(one, None) for one in ("h", "g")}
    facts = replace(FACTS, attempts=attempts, people=people, refusals=refusals)
    board = make_board(facts, NOW)
    assert [guest.can_be_let_in for guest in board.possible] == [False, False, True, False]
