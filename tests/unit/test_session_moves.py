"""Coming back, sitting through the night, a clock that may be behind: what the session does."""

from datetime import timedelta

import pytest

from kiosk import events as ev
from kiosk.events import (
    Indicate,
    Record,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Timer,
    TimerName,
    Told,
)
from presence.activity import Activity
from presence.ids import VisitId
from presence.messages import Arrived, AttemptRefused, CameBack
from presence.reason import Reason
from presence.roster import CardState, Elsewhere, Unsettled
from presence.verdict import Basis, Outcome, Saying, Tell
from presence.visit import Here
from tests.builders import NOW, TODAY, arrival, held_card, here, oslo, seen_elsewhere, went_out
from tests.unit.stand import KARI, Stand, alone, answer, kari, presented, told

OUTSIDE = here(arrival(oslo("08:00"), 1), went_out(oslo("09:00"), 2))
GLANCE = timedelta(seconds=4)


def held_up_alone(stand: Stand, **row: object) -> list[ev.Effect]:
    stand.handle(presented())
    return stand.consulted(kari(**row))


def recorded(stand: Stand) -> list[object]:
    return [effect.what for effect in stand.effects if isinstance(effect, Record)]


# --- back from outside -----------------------------------------------------------------------


def test_who_comes_back_from_outside_is_recorded_and_then_welcomed_back() -> None:
    stand = alone()
    effects = held_up_alone(stand, here=OUTSIDE)
    verdict = told(stand).verdict
    assert verdict.saying is Saying.WELCOME_BACK
    assert effects == [
        Record(CameBack(KARI, stand.tap, Basis.ROSTER)),
        Show(Told(verdict, "Kari", "nb", seen=NOW), stand.around),
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, stand.tap), GLANCE),
    ]


def test_the_servers_welcome_back_is_recorded_as_its_own() -> None:
    stand = Stand().at_home()
    stand.handle(presented())
    stand.consulted(kari())
    effects = stand.handle(ev.Answered(answer(stand.tap, kari(here=OUTSIDE))))
    assert effects[:2] == [
        StopTimer(TimerName.ANSWER),
        Record(CameBack(KARI, stand.tap, Basis.LIVE)),
    ]


def test_only_the_kiosks_own_outbox_knows_that_she_is_outside() -> None:
    stand = alone()
    stand.handle(presented())
    own = Unsettled((arrival(oslo("08:00"), 1), went_out(oslo("09:00"), 2)))
    stand.consulted(kari(), unsettled=own)
    assert recorded(stand) == [CameBack(KARI, stand.tap, Basis.ROSTER)]


def test_back_from_outside_with_a_lost_card_she_is_welcomed_back_all_the_same() -> None:
    stand = alone()
    held_up_alone(stand, here=OUTSIDE, cards=(held_card(state=CardState.LOST),))
    assert told(stand).verdict.saying is Saying.WELCOME_BACK
    assert (told(stand).verdict.warning, told(stand).verdict.tell) == (
        Reason.CARD_BLOCKED,
        (Tell.CHAPTER,),
    )


# --- through the night -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activities", "is_vigil"),
    [((Activity.VISIT,), False), ((Activity.VISIT, Activity.VIGIL), True), ((), False)],
)
def test_an_arrival_says_whether_she_may_sit_through_the_night(
    activities: tuple[Activity, ...], is_vigil: bool
) -> None:
    stand = alone()
    held_up_alone(stand, activities=activities)
    expected = Arrived(
        KARI, VisitId(stand.tap), stand.tap, Basis.ROSTER, Outcome.UNCONFIRMED, is_vigil
    )
    assert recorded(stand) == [expected]


def test_the_servers_row_says_whether_she_may_sit_through_the_night() -> None:
    """The kiosk's own row is older and does not know it yet."""
    stand = Stand().at_home()
    stand.handle(presented())
    stand.consulted(kari())
    newer = kari(version=8, activities=(Activity.VIGIL,))
    stand.handle(ev.Answered(answer(stand.tap, newer)))
    expected = Arrived(
        KARI, VisitId(stand.tap), stand.tap, Basis.LIVE, Outcome.CONFIRMED, is_vigil=True
    )
    assert recorded(stand) == [expected]


@pytest.mark.parametrize(
    "yesterday",
    [
        here(arrival(oslo("14:00", TODAY - timedelta(days=1)), 1)),
        here(arrival(oslo("08:00"), 1), seen_elsewhere(oslo("09:00"), 2)),
    ],
)
def test_who_is_only_possibly_here_arrives(yesterday: Here) -> None:
    stand = alone()
    held_up_alone(stand, here=yesterday)
    (what,) = recorded(stand)
    assert isinstance(what, Arrived)
    assert told(stand).verdict.saying is Saying.WELCOME


# --- elsewhere, and clocks -------------------------------------------------------------------

FAR_AWAY = Elsewhere(NOW - timedelta(minutes=5), NOW + timedelta(minutes=3))


def test_who_cannot_be_here_yet_is_sent_to_the_staff_and_the_reason_is_kept() -> None:
    stand = alone()
    effects = held_up_alone(stand, elsewhere=FAR_AWAY)
    assert told(stand).verdict.saying is Saying.SEE_STAFF
    assert Record(AttemptRefused(KARI, stand.tap, Basis.ROSTER, Reason.ELSEWHERE)) in effects


def test_a_kiosk_whose_clock_may_be_behind_accuses_nobody() -> None:
    stand = alone(is_clock_sure=False)
    held_up_alone(stand, elsewhere=FAR_AWAY)
    assert told(stand).verdict.saying is Saying.WELCOME
    early = alone(is_clock_sure=False)
    held_up_alone(early, cards=(held_card(valid_from=TODAY + timedelta(days=1)),))
    assert told(early).verdict.saying is Saying.WELCOME


def test_a_kiosk_whose_clock_may_be_behind_still_knows_what_is_over() -> None:
    stand = alone(is_clock_sure=False)
    held_up_alone(stand, cards=(held_card(valid_until=TODAY - timedelta(days=1)),))
    assert told(stand).verdict.saying is Saying.EXPIRED


def test_the_trust_in_the_clock_is_that_of_the_tap_and_not_of_the_verdict() -> None:
    stand = alone(is_clock_sure=False)
    stand.handle(presented())
    stand.is_clock_sure = True
    stand.consulted(kari(elsewhere=FAR_AWAY))
    assert told(stand).verdict.saying is Saying.WELCOME
