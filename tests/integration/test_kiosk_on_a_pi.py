"""A whole kiosk on an emulated Raspberry Pi: what is wired to its pins, from edge to lamp."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from kiosk import app
from kiosk.config import load
from kiosk.indicator import IndicatorConfigError
from tests.hardware_mocks.fake_lgpio import FakeLgpio, emulated_pi
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.integration.kiosk_process import Home

CLOSED_PORT = 9  # discard: nobody listens
GREEN, BUZZER, RED, BUTTON, ALARM, RESET = 17, 18, 22, 23, 24, 25
PATIENCE = 20.0
WIRED = f"""
[indicator]
factory = "lgpio"
[switches]
button = {BUTTON}
alarm = {ALARM}
[[reader]]
family = "pn532"
reset_pin = {RESET}
"""


@pytest.fixture
def chip() -> Iterator[FakeLgpio]:
    with emulated_pi() as chip:
        yield chip


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    path = Home(tmp_path).config(CLOSED_PORT)
    with EmulatedPn532() as pn532:
        path.write_text(f'{path.read_text()}{WIRED}device = "{pn532.path}"\n')
        yield path


@contextmanager
def running(config: Path) -> Iterator[None]:
    kiosk = app.build(load(config, app.CHOICES))
    ready = threading.Event()
    thread = threading.Thread(target=kiosk.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield
    finally:
        kiosk.stop()
        thread.join()


def until(is_so: Callable[[], bool]) -> None:
    give_up = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < give_up
        sleep(0.01)


def test_a_fire_alarm_is_lit_and_sounds_until_it_is_silenced_and_lit_until_it_is_over(
    chip: FakeLgpio, config: Path
) -> None:
    red, buzzer = chip.lines[RED], chip.lines[BUZZER]
    chip.ground(ALARM)
    with running(config):
        chip.bounce(ALARM, grounded=False)
        until(lambda: red.state == "out 1" and "tone 1200" in buzzer.states)
        chip.bounce(BUTTON, grounded=True)
        chip.pass_time(0.1)
        until(lambda: buzzer.state == "out 0" and monotonic() - buzzer.since[-1] > 1)
        assert red.state == "out 1"
        chip.bounce(BUTTON, grounded=False)
        chip.pass_time(0.1)
        chip.bounce(ALARM, grounded=True)
        until(lambda: red.state == "out 0")
    assert {line.state for line in chip.lines} == {"free"}
    assert not any(line.is_alert for line in chip.lines)


def test_a_kiosk_that_starts_with_a_cut_wire_starts_with_an_alarm(
    chip: FakeLgpio, config: Path
) -> None:
    with running(config):
        until(lambda: chip.lines[RED].state == "out 1")


def test_a_kiosk_whose_pin_is_taken_does_not_start_and_keeps_none(
    chip: FakeLgpio, config: Path
) -> None:
    chip.busy.add(RESET)
    with pytest.raises(IndicatorConfigError, match="the reset line on pin 25: GPIO busy"):
        app.build(load(config, app.CHOICES))
    assert {line.state for line in chip.lines} == {"free"}
    assert chip.handle is None
