"""What lamps and buzzer do for each signal: whole histories, from the first state to the last."""

import time
from collections.abc import Iterator

import pytest

from kiosk.events import Signal
from kiosk.indicator import (
    PATTERNS,
    Beat,
    IndicatorConfigError,
    Lamps,
    NoLamps,
    Pattern,
    Pins,
    open_indicator,
    open_pins,
)
from tests.hardware_mocks.pins import WatchedPin, WatchedPins

PINS = Pins(green=5, amber=6, red=13, buzzer=19)


class Board:
    def __init__(self) -> None:
        self.pins = WatchedPins()
        self.lamps = Lamps(PINS, self.pins)
        self.green, self.amber, self.red, self.buzzer = (
            self.pin(number) for number in (PINS.green, PINS.amber, PINS.red, PINS.buzzer)
        )

    def pin(self, number: int) -> WatchedPin:
        pin = self.pins.pin(number)
        assert isinstance(pin, WatchedPin)
        return pin

    def lit(self) -> list[list[bool]]:
        """Histories of green, amber and red."""
        return [self.green.lit, self.amber.lit, self.red.lit]


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.lamps.close()


ON, ON_OFF = [True], [True, False]
LOOKS_AND_SOUNDS = [
    (Signal.IDLE, [[], [], []], []),
    (Signal.WAIT, [[], ON, []], [1000, None]),
    (Signal.WELCOME, [ON, [], []], [660, 990, None]),
    (Signal.GOODBYE, [ON, [], []], [990, 660, None]),
    (Signal.ASK_STAFF, [[], [], ON], [520, None, 520, None]),
    (Signal.FAULT, [[], ON, ON], []),
    (Signal.ALARM, [[], [], ON], [1800, 1200, None, 1800, 1200, None]),
    (Signal.ALARM_SILENCED, [[], [], ON], []),
]


@pytest.mark.parametrize(("signal", "lit", "tones"), LOOKS_AND_SOUNDS)
def test_each_signal_has_its_lamps_and_tones(
    board: Board, signal: Signal, lit: list[list[bool]], tones: list[float | None]
) -> None:
    board.lamps.signal(signal)
    assert board.lit() == lit
    assert board.pins.await_tones(board.buzzer, len(tones)) == tones
    assert board.lit() == lit


def test_every_signal_is_listed_here_and_has_a_pattern() -> None:
    assert [case[0] for case in LOOKS_AND_SOUNDS] == list(Signal)
    assert list(PATTERNS) == list(Signal)


def test_every_tone_can_be_heard_by_old_ears() -> None:
    tones = [beat.hertz for pattern in PATTERNS.values() for beat in pattern.beats if beat.hertz]
    assert tones
    assert all(500 <= hertz <= 2000 for hertz in tones)


def test_no_two_signals_that_call_for_attention_sound_alike() -> None:
    silent = {Signal.IDLE, Signal.FAULT, Signal.ALARM_SILENCED}
    sounds = [PATTERNS[signal].beats for signal in Signal if signal not in silent]
    assert len(set(sounds)) == len(sounds)


def test_the_wait_lamp_is_lit_when_signal_returns_and_within_50_ms(board: Board) -> None:
    took = []
    for time_round in range(1, 6):
        before = time.perf_counter()
        board.lamps.signal(Signal.WAIT)
        took.append(time.perf_counter() - before)
        assert board.amber.lit == [True, False] * (time_round - 1) + [True]
        board.lamps.signal(Signal.IDLE)
    assert min(took) < 0.05


def test_a_new_signal_replaces_the_one_that_plays(board: Board) -> None:
    board.lamps.signal(Signal.ALARM)
    board.lamps.signal(Signal.WELCOME)
    assert board.lit() == [ON, [], ON_OFF]
    assert board.pins.await_tones(board.buzzer, 4) == [1800, 660, 990, None]


def test_a_pattern_that_replaces_another_plays_at_its_own_length(board: Board) -> None:
    board.lamps.signal(Signal.ALARM)
    board.lamps.signal(Signal.WELCOME)
    board.pins.await_tones(board.buzzer, 4)
    _, first, second, end = board.buzzer.heard_at
    assert second - first >= 0.12 * 0.99
    assert end - second >= 0.2 * 0.99


def test_an_alarm_ends_with_the_next_signal(board: Board) -> None:
    board.lamps.signal(Signal.ALARM)
    assert board.pins.await_tones(board.buzzer, 2) == [1800, 1200]
    board.lamps.signal(Signal.IDLE)
    assert board.lit() == [[], [], ON_OFF]
    assert board.pins.await_tones(board.buzzer, 3) == [1800, 1200, None]


def test_a_signal_given_again_plays_again() -> None:
    pins = WatchedPins()
    lamps = Lamps(PINS, pins, {Signal.WAIT: Pattern(amber=True, beats=(Beat(0.01, 1000),))})
    buzzer = pins.pin(PINS.buzzer)
    lamps.signal(Signal.WAIT)
    assert pins.await_tones(buzzer, 2) == [1000, None]
    lamps.signal(Signal.WAIT)
    assert pins.await_tones(buzzer, 4) == [1000, None, 1000, None]
    lamps.close()


def test_closing_leaves_everything_off_and_signals_after_it_do_nothing(board: Board) -> None:
    board.lamps.signal(Signal.ASK_STAFF)
    board.lamps.close()
    board.lamps.close()
    board.lamps.signal(Signal.WELCOME)
    assert board.lit() == [[], [], ON_OFF]
    assert board.buzzer.tones == [520, None]


def test_a_kiosk_without_lamps_says_so_in_its_configuration() -> None:
    for none in (None, "none"):
        indicator = open_indicator(PINS, open_pins(none))
        assert isinstance(indicator, NoLamps)
        indicator.signal(Signal.ALARM)
        indicator.close()


def test_emulated_pins_are_had_by_asking_for_them() -> None:
    indicator = open_indicator(PINS, open_pins("mock"))
    assert isinstance(indicator, Lamps)
    indicator.signal(Signal.WELCOME)
    indicator.close()


@pytest.mark.parametrize(
    ("factory", "pins", "complaint"),
    [
        ("pigpio", PINS, "choose one of: lgpio, mock, none"),
        ("", PINS, "choose one of: lgpio, mock, none"),
        ("mock", Pins(green=5, amber=5), "GPIO5 is already in use"),
        ("mock", Pins(green=99), "99"),
    ],
)
def test_lamps_that_cannot_be_are_an_error_at_start_up(
    factory: str, pins: Pins, complaint: str
) -> None:
    with pytest.raises(IndicatorConfigError, match=complaint):
        open_indicator(pins, open_pins(factory))
