"""What is no card of ours, and what changes around the session: readers, the link, the rule."""

from dataclasses import replace
from datetime import timedelta

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
)
from presence.admission import decide
from presence.card import ChipUid, Unreadable
from presence.messages import Answer
from presence.verdict import Basis
from tests.builders import NOW, facts, house
from tests.unit.stand import (
    READER,
    Stand,
    alone,
    asked,
    forged,
    kari,
    new_session,
    presented,
    told,
)

AROUND = Surroundings(house(), is_connected=True, lost_readers=frozenset())
ALONE = replace(AROUND, is_connected=False)
READ = timedelta(seconds=20)


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
    broken = replace(AROUND, lost_readers=frozenset({READER}), can_read=False)
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
    assert stand.around.can_read
    assert stand.around.lost_readers == {"camera"}


def test_a_reader_lost_during_a_greeting_leaves_the_lamp_to_the_greeting_until_it_is_over() -> None:
    stand = alone()
    stand.handle(presented())
    stand.consulted(kari())
    broken = replace(ALONE, lost_readers=frozenset({READER}), can_read=False)
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
