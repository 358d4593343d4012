"""The fire alarm: above everything until its contact closes, while taps go on being recorded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk import events as ev
from kiosk.events import (
    AlarmRaised,
    BriefingOpen,
    CannotRead,
    Consult,
    CountUnreadable,
    Idle,
    Indicate,
    Reading,
    Record,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Timer,
    TimerName,
    Told,
)
from kiosk.session.table import Showing
from presence.card import Unreadable
from presence.messages import Arrived, ReaderState
from presence.verdict import Saying
from tests.builders import TODAY, arrival, held_card, here, house
from tests.unit.stand import (
    KARI,
    OLA,
    READER,
    Stand,
    alone,
    answer,
    asked,
    briefing,
    kari,
    ola,
    presented,
    told,
)

RAISED, OVER = ev.AlarmChanged(is_raised=True), ev.AlarmChanged(is_raised=False)
LONG = ev.ButtonPressed(is_long=True)
GLANCE, READ = timedelta(seconds=4), timedelta(seconds=20)
WHAT_TO_DO = {"nb": ("En linje.",)}


def page(stand: Stand) -> int | None:
    """Which page of the briefing is open; None: it has been read."""
    return stand.stage.page if isinstance(stand.stage, BriefingOpen) else None


def ringing(stand: Stand) -> Stand:
    stand.handle(RAISED)
    return stand


def alarm(stand: Stand) -> AlarmRaised:
    assert isinstance(stand.stage, AlarmRaised)
    return stand.stage


def reading_the_briefing() -> Stand:
    stand = Stand().at_home("nb", is_up=False)
    stand.handle(presented())
    stand.consulted(kari(acknowledged=None))
    stand.later(2.5).timer(TimerName.IDLE)
    assert isinstance(stand.stage, BriefingOpen)
    return stand


def taps(stand: Stand) -> Stand:
    stand.handle(presented(OLA))
    stand.consulted(ola())
    return stand


# --- it comes and goes -----------------------------------------------------------------------


def test_it_takes_screen_lamps_and_buzzer_and_gives_them_back_when_its_contact_closes() -> None:
    stand = Stand().at_home("nb")
    around = stand.around
    assert stand.handle(RAISED) == [
        Show(AlarmRaised(WHAT_TO_DO), around),
        Indicate(Signal.ALARM),
    ]
    assert stand.handle(RAISED) == []
    assert stand.handle(OVER) == [
        StopTimer(TimerName.IDLE),
        Show(Idle(), around),
        Indicate(Signal.IDLE),
    ]
    assert stand.handle(OVER) == []


def test_a_contact_that_is_open_at_start_is_an_alarm_before_anything_else_is_known() -> None:
    stand = ringing(Stand())
    assert alarm(stand) == AlarmRaised({})
    stand.handle(ev.HouseChanged(house(), {"nb": briefing("nb"), "en": briefing("en")}))
    assert alarm(stand) == AlarmRaised({"nb": ("En linje.",), "en": ("En linje.",)})
    stand.handle(OVER)
    assert stand.stage == Idle()


def test_a_kiosk_that_does_not_know_its_home_goes_back_to_its_start() -> None:
    stand = ringing(Stand())
    stand.handle(OVER)
    assert stand.stage == ev.Starting()


def test_what_changes_around_it_is_shown_beside_it_and_lights_no_other_lamp() -> None:
    stand = ringing(Stand().at_home("nb"))
    for event in (
        ev.ReaderLost(READER, "no answer"),
        ev.LinkChanged(is_up=False),
        ev.HouseChanged(house(name="Nordstrand"), {}),
    ):
        assert [type(effect) for effect in stand.handle(event)] == [Show]
        assert isinstance(stand.stage, AlarmRaised)
    assert stand.stage == AlarmRaised({})
    assert stand.around.ways == {ev.Way.CHIP: ReaderState.LOST}
    assert stand.handle(OVER)[-1] == Indicate(Signal.FAULT)


def test_no_touch_does_anything_while_it_is_raised() -> None:
    stand = ringing(reading_the_briefing())
    assert [stand.handle(ev.Touched(touch)) for touch in ev.Touch] == [[]] * len(ev.Touch)
    assert stand.handle(ev.ButtonPressed()) == []


# --- taps meanwhile --------------------------------------------------------------------------


def test_a_tap_is_decided_recorded_and_greeted_in_one_line_without_a_sound() -> None:
    stand = ringing(alone())
    around = stand.around
    ring = alarm(stand)
    assert stand.handle(presented()) == [
        Show(replace(ring, notice=Reading()), around),
        Consult(stand.tap, KARI),
    ]
    record, *rest = stand.consulted(kari())
    assert isinstance(record, Record)
    assert isinstance(record.what, Arrived)
    said = alarm(stand).notice
    assert isinstance(said, Told)
    assert (said.verdict.saying, said.first_name) == (Saying.WELCOME, "Kari")
    assert rest == [
        Show(replace(ring, notice=said), around),
        StartTimer(Timer(TimerName.IDLE, stand.tap), GLANCE),
    ]
    assert stand.timer(TimerName.IDLE) == [Show(ring, around)]


def test_who_goes_out_while_it_rings_is_recorded_as_gone() -> None:
    stand = ringing(alone())
    stand.handle(presented())
    stand.consulted(kari(here=here(arrival(stand.wall - timedelta(hours=2), 1))))
    said = alarm(stand).notice
    assert isinstance(said, Told)
    assert said.verdict.saying is Saying.GOODBYE


def test_a_card_that_cannot_be_read_gets_one_line_too() -> None:
    stand = ringing(Stand().at_home())
    assert stand.handle(ev.Presented(READER, Unreadable.EMPTY)) == [
        CountUnreadable(),
        Show(AlarmRaised({}, notice=CannotRead(Unreadable.EMPTY)), stand.around),
        StartTimer(Timer(TimerName.IDLE, stand.tap), READ),
    ]


def test_two_who_tap_one_after_the_other_are_both_greeted_in_the_line() -> None:
    stand = taps(ringing(alone()))
    stand.later(0.5).handle(presented())
    assert stand.effects[-3] == StopTimer(TimerName.IDLE)
    assert alarm(stand).notice == Reading()
    stand.consulted(kari())
    said = alarm(stand).notice
    assert isinstance(said, Told)
    assert [said.first_name, *(one.first_name for one in said.earlier)] == ["Kari", "Ola"]


def test_who_waits_in_line_is_not_heard_over_the_alarm_and_gets_a_verdict_all_the_same() -> None:
    stand = asked(ringing(Stand().at_home()))
    first = stand.tap
    assert stand.handle(presented(OLA)) == []
    second = stand.tap
    effects = stand.handle(ev.Answered(answer(first, kari())))
    assert effects[-1] == Consult(second, OLA)
    said = alarm(stand).notice
    assert isinstance(said, Told)
    assert stand.timer(TimerName.IDLE) == [
        Show(replace(alarm(stand), notice=Reading()), stand.around)
    ]


def test_an_old_line_does_not_take_away_a_new_one() -> None:
    stand = taps(ringing(alone()))
    old = ev.TimerFired(Timer(TimerName.IDLE, stand.tap))
    stand.later(3.9).handle(presented())
    stand.consulted(kari())
    assert stand.handle(old) == []


# --- what it breaks off ----------------------------------------------------------------------


def test_a_greeting_that_it_covers_goes_on_in_one_line() -> None:
    stand = taps(alone())
    greeting = told(stand)
    ringing(stand)
    assert alarm(stand).notice == greeting
    stand.later(4).timer(TimerName.IDLE)
    assert alarm(stand).notice is None


def test_whoever_waits_for_a_verdict_gets_it() -> None:
    stand = ringing(asked(Stand().at_home()))
    assert alarm(stand).notice == Reading()
    stand.answer_over(stand.tap)
    assert isinstance(alarm(stand).notice, Told)


def test_whoever_waits_for_a_verdict_when_it_ends_goes_on_waiting_under_the_waiting_lamp() -> None:
    stand = asked(ringing(Stand().at_home()))
    assert stand.handle(OVER) == [
        StopTimer(TimerName.IDLE),
        Show(Reading(), stand.around),
        Indicate(Signal.WAIT),
    ]


def test_a_briefing_is_put_away_and_opens_again_at_its_first_page_afterwards() -> None:
    stand = reading_the_briefing()
    before = stand.stage
    assert isinstance(before, BriefingOpen)
    stand.later(60).handle(ev.Touched(ev.Touch.NEXT))
    ringing(stand).later(120).handle(OVER)
    assert stand.stage == replace(before, opened=stand.uptime)


def test_whoever_read_it_is_not_expected_back_after_more_than_five_minutes() -> None:
    stand = ringing(reading_the_briefing())
    stand.later(301).handle(OVER)
    assert stand.stage == Idle()


def test_who_has_gone_out_during_the_alarm_is_not_expected_back() -> None:
    stand = ringing(reading_the_briefing()).later(61)
    stand.handle(presented())
    stand.consulted(kari(here=here(arrival(stand.wall - timedelta(seconds=63), 1))))
    stand.handle(OVER)
    assert stand.stage == Idle()


def test_the_line_above_a_briefing_becomes_the_alarms() -> None:
    stand = taps(reading_the_briefing())
    assert isinstance(stand.stage, BriefingOpen)
    line = stand.stage.notice
    assert line is not None
    assert alarm(ringing(stand)).notice == line


# --- silenced --------------------------------------------------------------------------------


def test_the_button_held_silences_this_alarm_and_the_next_one_sounds_again() -> None:
    stand = ringing(Stand().at_home())
    assert stand.handle(LONG) == [
        Show(AlarmRaised({}, is_silenced=True), stand.around),
        Indicate(Signal.ALARM_SILENCED),
    ]
    assert stand.handle(LONG) == []
    assert stand.handle(RAISED) == []
    stand.handle(OVER)
    assert stand.handle(RAISED)[-1] == Indicate(Signal.ALARM)


def test_a_silenced_alarm_stays_silent_when_somebody_taps() -> None:
    stand = ringing(alone())
    stand.handle(LONG)
    before = len(stand.effects)
    taps(stand)
    assert alarm(stand).is_silenced
    assert [one for one in stand.effects[before:] if isinstance(one, Indicate)] == []


# --- the button otherwise --------------------------------------------------------------------


def test_a_press_turns_the_page_and_on_the_last_one_confirms() -> None:
    stand = reading_the_briefing()
    stand.handle(ev.ButtonPressed())
    assert page(stand) == 1
    stand.later(1).handle(ev.ButtonPressed())
    assert stand.stage == ev.BriefingRead("Kari", "nb")


def test_two_presses_within_half_a_second_count_once() -> None:
    stand = reading_the_briefing()
    stand.handle(ev.ButtonPressed())
    assert stand.later(0.49).handle(ev.ButtonPressed()) == []
    assert page(stand) == 1
    stand.later(0.01).handle(ev.ButtonPressed())
    assert page(stand) is None


def test_a_press_gives_more_time_where_there_is_something_to_note_down() -> None:
    stand = alone()
    stand.handle(presented())
    stand.consulted(kari(cards=(held_card(valid_until=TODAY - timedelta(days=1)),)))
    more = [StartTimer(Timer(TimerName.IDLE, stand.tap), READ)]
    assert stand.later(19).handle(ev.ButtonPressed()) == more


@pytest.mark.parametrize("state", [Showing.RESTING, Showing.READING])
def test_where_nothing_can_be_pressed_a_press_does_nothing(state: Showing) -> None:
    stand = Stand().at_home()
    if state is Showing.READING:
        stand.handle(presented())
    assert stand.session.state[1] is state
    assert stand.handle(ev.ButtonPressed()) == []


@pytest.mark.parametrize("state", list(Showing))
def test_held_it_does_nothing_without_an_alarm(state: Showing) -> None:
    stands: dict[Showing, Callable[[], Stand]] = {
        Showing.RESTING: Stand().at_home,
        Showing.READING: lambda: asked(Stand().at_home()),
        Showing.SPEAKING: lambda: taps(alone()),
        Showing.BRIEFING: reading_the_briefing,
        Showing.ALARM: lambda: ringing(Stand().at_home()),
    }
    stand = stands[state]()
    assert stand.session.state[1] is state
    assert (stand.handle(LONG) == []) is (state is not Showing.ALARM)
