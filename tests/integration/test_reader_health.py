"""A reader that hangs is brought back by what switches its power, and the kiosk looks after it."""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from kiosk import app
from kiosk.attached import attach_readers
from kiosk.config import Config, load
from kiosk.events import Presented, ReaderLost, ReaderReady
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace, PollingReader, ReaderHangsError
from presence.card import SignedCode
from presence.messages import ReaderState
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.hanging import HangingHardware
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import PATIENCE, Witness
from tests.integration.kiosk_process import Home, kiosk

CLOSED_PORT = 9  # discard: nobody listens
NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6
READY, PRESENTED = ReaderReady(NAME), Presented(NAME, SignedCode(CODE))
RESET_PIN = 25


@pytest.fixture
def pn532() -> Iterator[EmulatedPn532]:
    with EmulatedPn532() as pn532:
        yield pn532


def test_a_chip_that_hangs_is_brought_back_by_its_power(pn532: EmulatedPn532) -> None:
    # On a busy machine the driver may miss the chip once more: that is a fault of its own.
    pace = Pace(idle=0.002, near=0.002, reopen=(0.02,), power_after=(3,), looks_until_sound=1)
    reader, witness = Pn532Reader(NAME, pn532.path, pace, pn532.power_cycle), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    told = len(witness.states)
    pn532.fault(Trouble.HANG)
    lost, ready = witness.next(2)
    assert isinstance(lost, ReaderLost)
    assert ready == READY
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    reader.stop()
    assert witness.rest() == []
    assert witness.states[told:].count(ReaderState.LOST) == 1


def test_an_adapter_that_takes_nothing_more_is_no_hang_and_its_power_helps(
    pn532: EmulatedPn532,
) -> None:
    pace = Pace(idle=0.002, near=0.002, reopen=(0.02,), power_after=(2,))
    reader, witness = Pn532Reader(NAME, pn532.path, pace, pn532.power_cycle), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    told = len(witness.states)
    pn532.fault(Trouble.STALL)
    pn532.await_faults()
    pn532.hold(card_with_text(CODE))
    assert witness.until(Presented)[-1] == PRESENTED
    assert witness.states[told] is ReaderState.RECOVERING
    assert ReaderState.SILENT not in witness.states
    reader.stop()


class WiredPins(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """gpiozero's own mock pins, one of which is wired to something that a low level resets."""

    def __init__(self, reset: Callable[[], None]) -> None:
        self.reset = reset
        super().__init__(pin_class=WiredPin)


class WiredPin(MockPin):  # type: ignore[misc]  # gpiozero is untyped
    def _change_state(self, value: Any) -> bool:
        changed = bool(super()._change_state(value))
        if changed and not value and self.info.name == f"GPIO{RESET_PIN}":
            self.factory.reset()
        return changed


def configured(tmp_path: Path, reader: str) -> Config:
    path = Home(tmp_path).config(CLOSED_PORT)
    path.write_text(path.read_text() + reader)
    return load(path, app.CHOICES)


def test_a_chip_that_hangs_is_brought_back_by_its_reset_line(
    pn532: EmulatedPn532, tmp_path: Path
) -> None:
    config = configured(
        tmp_path,
        f'[[reader]]\nfamily = "pn532"\ndevice = "{pn532.path}"\nname = "{NAME}"\n'
        f'reset_pin = {RESET_PIN}\n[indicator]\nfactory = "mock"\n',
    )
    resets: list[str] = []

    def reset() -> None:
        resets.append("low")
        pn532.power_cycle()

    witness, pins = Witness(), WiredPins(reset)
    with ExitStack() as stack:
        stack.callback(pins.close)
        [reader] = attach_readers(config, None, pins, stack)
        reader.start(witness.tell)
        assert witness.await_ready() == READY
        assert resets == []
        pn532.fault(Trouble.HANG)
        lost, ready = witness.next(2)
        assert isinstance(lost, ReaderLost)
        assert ready == READY
        assert resets == ["low"]
        pn532.hold(card_with_text(CODE))
        assert witness.until(Presented)[-1] == PRESENTED


def test_the_port_of_a_reader_is_switched_as_it_is_configured(tmp_path: Path) -> None:
    switch, witness = tmp_path / "authorized", Witness()
    os.mkfifo(switch)
    config = configured(
        tmp_path,
        f'[[reader]]\nfamily = "serial_scanner"\ndevice = "{tmp_path}/scanner"\n'
        f'power = "{switch}"\n',
    )
    with ExitStack() as stack:
        written = os.open(switch, os.O_RDWR)
        stack.callback(os.close, written)
        [reader] = attach_readers(config, None, None, stack)
        reader.start(witness.tell)
        assert isinstance(witness.next(1)[0], ReaderLost)
        for value in (b"0", b"1"):
            assert select.select([written], [], [], PATIENCE)[0]
            assert os.read(written, 1) == value


def test_a_kiosk_ends_when_a_driver_hangs_that_only_a_fresh_process_can_let_go_of(
    tmp_path: Path,
) -> None:
    hardware = HangingHardware()
    hardware.will_hang("open")
    reader = PollingReader(NAME, hardware.line, Pace(patience=0.1, after_hangs=()))
    program = app.build(configured(tmp_path, ""), readers=[reader])
    with pytest.raises(ReaderHangsError, match="the driver of reader hall hangs again and again"):
        program.run()
    hardware.let_go()


def test_a_reader_s_loss_and_return_are_each_logged_once(
    pn532: EmulatedPn532, tmp_path: Path
) -> None:
    with kiosk(Home(tmp_path).config(CLOSED_PORT, pn532.path)) as process:
        log = process.process.stderr
        assert log is not None
        seen: list[str] = []

        def until(what: str) -> None:
            while what not in (line := log.readline()):
                assert line, seen
                seen.append(line)
            seen.append(line)

        until("reader pn532 works")
        pn532.unplug()
        until("reader pn532 is lost")
        pn532.plug()
        until("reader pn532 works")
        _, rest = process.end()
    told = [line for line in [*seen, *rest.splitlines()] if "reader pn532" in line]
    [lost] = [number for number, line in enumerate(told) if "is lost" in line]
    assert sum("works" in line for line in told[lost:]) == 1
    assert not any("Traceback" in line for line in [*seen, rest])
