"""What is no card of ours, and what changes around the session: readers, the link, the rule."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk import events as ev
from kiosk.events import (
    CannotRead,
    CountUnreadable,
    Idle,
    Indicate,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Surroundings,
    Timer,
    TimerName,
    Way,
)
from kiosk.session import Session
from presence.admission import decide
from presence.card import ChipUid, Unreadable
from presence.messages import Answer, ReaderState
from presence.verdict import Basis
from tests.builders import KIOSK, NOW, facts, house
from tests.unit.stand import (
    OLA,
    READER,
    TRUST,
    Stand,
    alone,
    asked,
    forged,
    kari,
    new_session,
    ola,
    presented,
    told,
)

AROUND = Surroundings(house(), is_connected=True)
ALONE = replace(AROUND, is_connected=False)
READ = timedelta(seconds=20)
CHIP_LOST = {Way.CHIP: ReaderState.LOST}


# --- not genuine -----------------------------------------------------------------------------


@pytest.mark.parametrize("why", list(Unreadable))
def test_something_unreadable_is_counted_and_told_and_nothing_else(why: Unreadable) -> None:
    stand = Stand().at_home()
    assert stand.handle(ev.Presented(READER, why)) == [
        CountUnreadable(),
        Show(CannotRead(why), AROUND),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, stand.tap), READ),
    ]


def test_a_forged_card_is_told_the_same_as_an_unreadable_one() -> None:
    stand = Stand().at_home()
    assert stand.handle(forged()) == [
        CountUnreadable(),
        Show(CannotRead(None), AROUND),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, stand.tap), READ),
    ]


def test_a_chip_number_alone_proves_nothing() -> None:
    stand = Stand().at_home()
    stand.handle(ev.Presented(READER, ChipUid("04A1B2C3D4E5F6")))
    assert stand.stage == CannotRead(Unreadable.UNSUPPORTED)


def test_a_card_that_the_server_does_not_believe_is_counted_like_a_forged_one() -> None:
    stand = asked(Stand().at_home())
    tap = stand.tap
    disbelieved = decide(facts(credential=None), NOW)
    reply = Answer(presentation=tap, verdict=disbelieved, at=NOW)
    assert stand.handle(ev.Answered(reply)) == [
        StopTimer(TimerName.ANSWER),
        CountUnreadable(),
        Show(CannotRead(None), AROUND),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, tap), READ),
    ]


# --- around it -------------------------------------------------------------------------------


def test_a_lost_reader_lights_the_fault_lamp_and_its_return_puts_it_out() -> None:
    stand = Stand().at_home()
    stand.handle(ev.ReaderReady(READER))
    broken = replace(AROUND, ways=CHIP_LOST)
    assert stand.handle(ev.ReaderLost(READER, "no answer")) == [
        Show(Idle(), broken),
        Indicate(Signal.FAULT),
    ]
    assert stand.handle(ev.ReaderLost(READER, "no answer")) == []
    assert stand.handle(ev.ReaderReady(READER)) == [Show(Idle(), AROUND), Indicate(Signal.IDLE)]


def test_while_one_of_two_readers_works_cards_can_be_read() -> None:
    stand = Stand().at_home()
    stand.handle(ev.ReaderReady(READER))
    stand.handle(ev.ReaderReady("camera"))
    stand.handle(ev.ReaderLost("camera", "unplugged"))
    assert stand.around == replace(AROUND, has_lost_spare=True)


WAYS = {READER: Way.CHIP, "camera": Way.CODE, "second": Way.CHIP}
READY, SILENT, RECOVERING, LOST = ReaderState


def with_readers() -> Stand:
    return Stand(Session(KIOSK, TRUST, ZoneInfo, ways=WAYS)).at_home()


def test_before_any_reader_has_said_anything_nothing_is_claimed_broken() -> None:
    stand = with_readers()
    assert stand.around.ways == {Way.CHIP: READY, Way.CODE: READY}
    assert not stand.around.has_lost_spare


def test_a_way_is_as_good_as_the_best_of_its_readers() -> None:
    stand = with_readers()
    seen = []
    for event in (
        ev.ReaderLost(READER, "no answer"),
        ev.ReaderFaltering("second", SILENT),
        ev.ReaderFaltering("second", RECOVERING),
        ev.ReaderLost("second", "no answer"),
        ev.ReaderLost("camera", "unplugged"),
        ev.ReaderReady("second"),
        ev.ReaderReady(READER),
    ):
        stand.handle(event)
        around = stand.around
        seen.append((around.ways[Way.CHIP], around.ways[Way.CODE], around.has_lost_spare))
    assert seen == [
        (READY, READY, True),
        (SILENT, READY, True),
        (RECOVERING, READY, True),
        (LOST, READY, False),
        (LOST, LOST, False),
        (READY, LOST, True),
        (READY, LOST, False),
    ]


def test_a_way_is_offered_until_its_last_reader_is_lost() -> None:
    stand = with_readers()
    stand.handle(ev.ReaderFaltering("camera", RECOVERING))
    assert stand.around.offered == {Way.CHIP, Way.CODE}
    stand.handle(ev.ReaderLost("camera", "unplugged"))
    assert stand.around.offered == {Way.CHIP}


def test_a_reader_that_falters_is_shown_and_lights_no_lamp() -> None:
    stand = Stand().at_home()
    faltering = replace(AROUND, ways={Way.CHIP: SILENT})
    assert stand.handle(ev.ReaderFaltering(READER, SILENT)) == [Show(Idle(), faltering)]
    assert stand.handle(ev.ReaderFaltering(READER, SILENT)) == []
    assert stand.handle(ev.ReaderReady(READER)) == [Show(Idle(), AROUND)]


def test_a_reader_that_is_opened_afresh_makes_the_screen_twitch_only_after_silence() -> None:
    stand = Stand().at_home()
    assert stand.handle(ev.ReaderFaltering(READER, RECOVERING)) == []
    stand.handle(ev.ReaderFaltering(READER, SILENT))
    opened = replace(AROUND, ways={Way.CHIP: RECOVERING})
    assert stand.handle(ev.ReaderFaltering(READER, RECOVERING)) == [Show(Idle(), opened)]


def test_a_reader_that_falters_where_another_works_shows_nothing() -> None:
    stand = with_readers()
    assert stand.handle(ev.ReaderFaltering("second", RECOVERING)) == []


def test_the_first_thing_that_follows_a_card_is_the_waiting_lamp() -> None:
    """Within 50 ms, for nothing is looked up, recorded or shown before it."""
    idle, speaking = Stand().at_home(), alone()
    speaking.handle(presented(OLA))
    speaking.consulted(ola())
    reading = Stand().at_home("nb", is_up=False)
    reading.handle(presented())
    reading.consulted(kari(acknowledged=None))
    reading.later(2.5).timer(TimerName.IDLE)
    waiting = asked(Stand().at_home())
    for stand in (idle, speaking, reading, waiting):
        assert stand.handle(presented(OLA))[0] == Indicate(Signal.WAIT)


def test_a_reader_lost_during_a_greeting_leaves_the_lamp_to_the_greeting_until_it_is_over() -> None:
    stand = alone()
    stand.handle(presented())
    stand.consulted(kari())
    broken = replace(ALONE, ways=CHIP_LOST)
    assert stand.handle(ev.ReaderLost(READER, "no answer")) == [Show(told(stand), broken)]
    assert stand.timer(TimerName.IDLE) == [Show(Idle(), broken), Indicate(Signal.FAULT)]


def test_the_link_is_shown_when_it_changes_and_only_then() -> None:
    stand = Stand().at_home()
    assert stand.handle(ev.LinkChanged(is_up=True)) == []
    assert stand.handle(ev.LinkChanged(is_up=False)) == [Show(Idle(), ALONE)]


def test_another_rule_can_be_put_in_and_is_obeyed() -> None:
    refusing = decide(facts(Basis.ROSTER, row=kari(is_paused=True)), NOW)
    stand = Stand(new_session(lambda _facts, _now: refusing)).at_home(is_up=False)
    stand.handle(presented())
    stand.consulted(kari())
    assert told(stand).verdict == refusing
