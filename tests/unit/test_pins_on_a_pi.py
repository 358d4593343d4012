"""Lamps, switches and reset lines on gpiozero's real lgpio factory, as on a Raspberry Pi 5, over a
chip that is emulated: bouncing, busy and broken pins, edges from another thread."""

import inspect
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic, sleep

import pytest

from kiosk.events import AlarmChanged, ButtonPressed, Signal, SwitchEvent
from kiosk.indicator import (
    IndicatorConfigError,
    PinFactory,
    Pins,
    SwitchPins,
    open_indicator,
    open_pins,
    open_reset_line,
    open_switches,
)
from kiosk.indicator.switches import BOUNCE_SECONDS, FireAlarm, PushButton
from tests.hardware_mocks.fake_lgpio import PI_5, FakeLgpio, emulated_pi

PINS = Pins(green=17, amber=27, red=22, buzzer=18)
BUTTON, ALARM, RESET = 23, 24, 25
PATIENCE = 20.0
SHORT, LONG = ButtonPressed(), ButtonPressed(is_long=True)
RAISED, OVER = AlarmChanged(is_raised=True), AlarmChanged(is_raised=False)


@pytest.fixture
def chip() -> Iterator[FakeLgpio]:
    with emulated_pi() as chip:
        yield chip


@pytest.fixture
def pins(chip: FakeLgpio) -> Iterator[PinFactory]:
    pins = open_pins("lgpio")
    assert pins is not None
    with closing(pins):
        yield pins


def until(is_so: Callable[[], bool]) -> None:
    give_up = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < give_up
        sleep(0.002)


# --- lamps and buzzer


def test_each_lamp_is_lit_goes_out_and_is_let_go_of(chip: FakeLgpio, pins: PinFactory) -> None:
    lamps = open_indicator(PINS, pins)
    for signal in (Signal.WELCOME, Signal.FAULT, Signal.IDLE):
        lamps.signal(signal)
    lamps.close()
    pins.close()
    for lamp in (PINS.green, PINS.amber, PINS.red):
        assert chip.lines[lamp].states == ["in", "out 0", "out 1", "out 0", "in", "free"]


def test_a_melody_is_played_and_leaves_the_buzzer_without_current(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    buzzer = chip.lines[PINS.buzzer]
    with closing(open_indicator(PINS, pins)) as lamps:
        lamps.signal(Signal.GOODBYE)
        until(lambda: buzzer.state == "out 0")
    assert buzzer.states == ["in", "out 0", "tone 990", "tone 660", "out 1", "out 0", "in"]


def test_the_click_is_on_when_signal_returns_and_long_enough_to_be_heard(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    """lgpio starts a first tone up to 21 ms late, and ends it on time (lgPthTx.c)."""
    buzzer = chip.lines[PINS.buzzer]
    with closing(open_indicator(PINS, pins)) as lamps:
        lamps.signal(Signal.WAIT)
        assert (chip.lines[PINS.amber].state, buzzer.state) == ("out 1", "tone 1000")
        until(lambda: buzzer.state == "out 0")
    began, ended = buzzer.since[buzzer.states.index("tone 1000") :][:2]
    assert ended - began > 0.021 + 0.01


def test_a_lamp_that_breaks_is_logged_once_and_the_others_go_on(
    chip: FakeLgpio, pins: PinFactory, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_indicator(PINS, pins)) as lamps, caplog.at_level(logging.WARNING):
        chip.broken.update({PINS.green, PINS.buzzer})
        for signal in (Signal.WELCOME, Signal.ASK_STAFF, Signal.WELCOME):
            lamps.signal(signal)
        assert chip.lines[PINS.red].states == ["in", "out 0", "out 1", "out 0"]
        chip.broken.clear()
        lamps.signal(Signal.WELCOME)
        assert chip.lines[PINS.green].state == "out 1"
    assert [record.message for record in caplog.records] == [
        "lamps or buzzer do not work: GPIO write failed"
    ]


# --- the button


def test_a_button_that_bounces_is_one_press_told_from_another_thread(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    told: list[tuple[SwitchEvent, str]] = []
    button = PushButton(BUTTON, pins)
    button.start(lambda event: told.append((event, threading.current_thread().name)))
    for _ in range(2):
        chip.bounce(BUTTON, grounded=True, times=9, each=0.004)
        chip.pass_time(0.15)
        chip.bounce(BUTTON, grounded=False, times=9, each=0.004)
        chip.pass_time(0.15)
    button.close()
    assert told == [(SHORT, "lgpio alerts")] * 2


def test_a_spark_on_the_buttons_wire_is_no_press(chip: FakeLgpio, pins: PinFactory) -> None:
    told: list[SwitchEvent] = []
    with closing(PushButton(BUTTON, pins)) as button:
        button.start(told.append)
        for _ in range(50):
            chip.ground(BUTTON)
            chip.pass_time(BOUNCE_SECONDS * 0.9)
            chip.let_go(BUTTON)
            chip.pass_time(0.2)
    assert told == []


def test_a_button_is_pulled_up_watched_for_edges_and_let_go_of(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    line = chip.lines[BUTTON]
    button = PushButton(BUTTON, pins)
    assert (line.state, line.is_alert, line.bounce_ns) == ("in up", True, 40_000_000)
    button.close()
    pins.close()
    assert (line.state, line.is_alert) == ("free", False)


def test_a_button_that_is_held_is_told_while_it_bounces_no_more_and_is_down(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    told: list[SwitchEvent] = []
    with closing(PushButton(BUTTON, pins, hold_seconds=0.05)) as button:
        button.start(told.append)
        chip.bounce(BUTTON, grounded=True)
        chip.pass_time(0.1)
        until(lambda: told == [LONG])
        chip.bounce(BUTTON, grounded=False)
        chip.pass_time(0.1)
    assert told == [LONG]


def test_a_button_whose_release_was_not_told_was_not_held(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    told: list[SwitchEvent] = []
    with closing(PushButton(BUTTON, pins, hold_seconds=0.05)) as button:
        button.start(told.append)
        chip.lines[BUTTON].looks.append(1)
        chip.ground(BUTTON)
        chip.pass_time(0.1)
        until(lambda: not chip.lines[BUTTON].looks)
        chip.let_go(BUTTON)
        chip.pass_time(0.1)
    assert told == [SHORT]


# --- the fire alarm


def test_a_relay_that_chatters_as_it_opens_and_closes_is_one_alarm(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    told: list[SwitchEvent] = []
    chip.ground(ALARM)
    with closing(FireAlarm(ALARM, pins)) as alarm:
        alarm.start(told.append)
        until(lambda: told == [OVER])
        chip.bounce(ALARM, grounded=False, times=20)
        until(lambda: told == [OVER, RAISED])
        chip.bounce(ALARM, grounded=True, times=20)
        until(lambda: told == [OVER, RAISED, OVER])
    assert told == [OVER, RAISED, OVER]
    assert chip.alert_threads == {"lgpio alerts"}


def test_an_alarm_whose_edge_was_missed_is_seen_all_the_same(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    told: list[SwitchEvent] = []
    chip.ground(ALARM)
    with closing(FireAlarm(ALARM, pins)) as alarm:
        alarm.start(told.append)
        until(lambda: told == [OVER])
        chip.lines[ALARM].grounded = False
        until(lambda: told == [OVER, RAISED])
        chip.lines[ALARM].grounded = True
        until(lambda: told == [OVER, RAISED, OVER])


def test_a_few_looks_that_find_it_open_are_no_alarm_and_many_are(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    """How long a look counts is limited on both sides, however slow this machine is."""
    told: list[SwitchEvent] = []
    line = chip.lines[ALARM]
    chip.ground(ALARM)
    with closing(FireAlarm(ALARM, pins)) as alarm:
        alarm.start(told.append)
        until(lambda: told == [OVER])
        line.looks.extend([1] * 4)
        until(lambda: not line.looks)
        assert told == [OVER]
        line.looks.extend([1] * 20)
        until(lambda: told == [OVER, RAISED, OVER])


def test_a_pin_that_cannot_be_read_is_an_alarm_and_is_logged_once(
    chip: FakeLgpio, pins: PinFactory, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[SwitchEvent] = []
    chip.ground(ALARM)
    with closing(FireAlarm(ALARM, pins)) as alarm:
        alarm.start(told.append)
        until(lambda: told == [OVER])
        chip.broken.add(ALARM)
        until(lambda: told == [OVER, RAISED])
        chip.broken.clear()
        until(lambda: told == [OVER, RAISED, OVER])
    assert [record.message for record in caplog.records] == [
        "the fire alarm's pin cannot be read, which counts as alarm: GPIO read failed",
        "the fire alarm's pin can be read again",
    ]


# --- the reset line


def test_a_reset_pulls_low_and_lets_go_and_never_drives_high(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    line = chip.lines[RESET]
    reset = open_reset_line(RESET, pins)
    assert line.state == "in up"
    opened = len(line.states)
    reset.pulse()
    pulsed = line.states[opened:]
    assert (pulsed[0], pulsed[-1]) == ("out 0", "in up")
    assert set(pulsed[1:-1]) <= {"in", "free"}
    low, high = line.since[opened : opened + 2]
    assert high - low >= 0.02
    reset.close()
    reset.close()
    pins.close()
    assert line.state == "free"


def test_a_reset_line_that_cannot_be_moved_is_an_os_error(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    reset = open_reset_line(RESET, pins)
    chip.busy.add(RESET)
    with pytest.raises(OSError, match="cannot be moved: GPIO busy"):
        reset.pulse()
    chip.busy.clear()
    reset.pulse()
    reset.close()


def test_a_reset_line_without_pins_is_an_error() -> None:
    with pytest.raises(IndicatorConfigError, match="needs a pin factory"):
        open_reset_line(RESET, None)


# --- all of them on one chip


def test_everything_on_pins_shares_one_chip_and_lets_go_of_all_of_it(chip: FakeLgpio) -> None:
    told: list[SwitchEvent] = []
    for _ in range(2):
        with ExitStack() as stack:
            pins = open_pins("lgpio")
            assert pins is not None
            stack.callback(pins.close)
            lamps = stack.enter_context(closing(open_indicator(PINS, pins)))
            switches = open_switches(SwitchPins(BUTTON, ALARM), pins)
            stack.enter_context(closing(switches))
            reset = stack.enter_context(closing(open_reset_line(RESET, pins)))
            switches.start(told.append)
            until(lambda: told == [RAISED])
            reset.pulse()
            chip.ground(BUTTON)
            chip.pass_time(0.1)
            chip.let_go(BUTTON)
            chip.pass_time(0.1)
            lamps.signal(Signal.ALARM)
            assert chip.lines[PINS.red].state == "out 1"
        assert told == [RAISED, SHORT]
        assert {line.state for line in chip.lines} == {"free"}
        assert not any(line.is_alert for line in chip.lines)
        assert chip.handle is None
        told.clear()


@pytest.mark.parametrize(
    ("busy", "complaint"),
    [
        (PINS.red, "lamps on .*red=22.*GPIO busy"),
        (PINS.buzzer, "lamps on .*buzzer=18.*GPIO busy"),
        (BUTTON, "the button on pin 23: .*GPIO busy"),
        (ALARM, "the fire alarm on pin 24: .*GPIO busy"),
        (RESET, "the reset line on pin 25: .*GPIO busy"),
    ],
)
def test_a_pin_that_another_program_has_is_named_and_nothing_is_kept(
    chip: FakeLgpio, busy: int, complaint: str
) -> None:
    def open_all() -> None:
        with ExitStack() as stack:
            pins = open_pins("lgpio")
            assert pins is not None
            stack.callback(pins.close)
            stack.enter_context(closing(open_indicator(PINS, pins)))
            stack.enter_context(closing(open_switches(SwitchPins(BUTTON, ALARM), pins)))
            stack.enter_context(closing(open_reset_line(RESET, pins)))

    chip.busy.add(busy)
    with pytest.raises(IndicatorConfigError, match=complaint):
        open_all()
    assert {line.state for line in chip.lines} == {"free"}
    chip.busy.clear()
    open_all()


def test_a_second_opening_of_the_chip_is_an_error_and_harms_not_the_first(
    chip: FakeLgpio, pins: PinFactory
) -> None:
    with closing(open_indicator(PINS, pins)) as lamps:
        with pytest.raises(IndicatorConfigError, match="no pins by lgpio on this machine"):
            open_pins("lgpio")
        lamps.signal(Signal.WELCOME)
        assert chip.lines[PINS.green].state == "out 1"


# --- the real library, in processes of their own: lgpio keeps a thread until its process ends


def child(program: str, folder: Path) -> list[str]:
    """What this program prints, if it is well and says nothing else."""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("board", "complaint"),
    [
        ("", "unable to locate Pi revision"),
        (f"local.get_pi_revision = lambda: {PI_5}", "can not open gpiochip"),
    ],
    ids=["no Pi", "a Pi without its pins"],
)
def test_the_real_lgpio_says_that_there_are_no_pins_here_and_leaves_nothing(
    tmp_path: Path, board: str, complaint: str
) -> None:
    program = f"""
import os
from gpiozero.pins import local
from kiosk.indicator import open_pins
{board}
try:
    open_pins("lgpio")
except ValueError as error:
    print(error)
print(os.getcwd())
"""
    told, cwd = child(program, tmp_path)
    assert told.startswith("no pins by lgpio on this machine: ")
    assert complaint in told
    assert cwd == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


CONSTANTS = ["RISING_EDGE", "FALLING_EDGE", "BOTH_EDGES"]
CONSTANTS += ["SET_PULL_UP", "SET_PULL_DOWN", "SET_PULL_NONE"]
FUNCTIONS = ["gpiochip_open", "gpiochip_close", "gpio_claim_input", "gpio_claim_output"]
FUNCTIONS += ["gpio_claim_alert", "gpio_free", "gpio_read", "gpio_write", "gpio_get_mode"]
FUNCTIONS += ["gpio_set_debounce_micros", "tx_pwm", "callback"]


def arguments(function: Callable[..., object]) -> list[int]:
    """How few a function takes, and how many."""
    known = inspect.signature(function).parameters.values()
    return [sum(one.default is one.empty for one in known), len(known)]


def test_whatever_is_asked_of_the_stand_in_can_be_asked_of_the_real_lgpio(
    chip: FakeLgpio, tmp_path: Path
) -> None:
    program = f"""
import inspect, json, lgpio
from tests.unit.test_pins_on_a_pi import arguments
assert "lgpio.py" in lgpio.__file__
print(json.dumps([getattr(lgpio, name) for name in {CONSTANTS}]))
print(json.dumps([arguments(getattr(lgpio, name)) for name in {FUNCTIONS}]))
"""
    constants, functions = map(json.loads, child(program, tmp_path))
    assert constants == [getattr(chip, name) for name in CONSTANTS]
    for name, (fewest, most) in zip(FUNCTIONS, functions, strict=True):
        ours = arguments(getattr(chip, name))
        assert fewest <= ours[0] <= ours[1] <= most, name
