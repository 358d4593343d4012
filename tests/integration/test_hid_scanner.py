"""The scanner that types when things go wrong at its cable, and whatever keys it presses."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.hid_scanner import EmulatedHidScanner, ReaderBehindGlass
from tests.hardware_mocks.keyboard import LAYOUTS, typed
from tests.hardware_mocks.qr_frames import genuine_code
from tests.hardware_mocks.witness import Witness

NAME = "hall"
ADA, BO = genuine_code(1), genuine_code(2)
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
CASES = 3 * settings.default.max_examples if settings.default else 300
"""The others are in the unit tests: what is tested here is that nothing is lost on the way."""
ROOT = Path(__file__).parents[2]


def presented(code: str) -> ReaderEvent:
    return Presented(NAME, SignedCode(code))


@pytest.fixture
def scanner() -> Iterator[EmulatedHidScanner]:
    with EmulatedHidScanner() as scanner:
        yield scanner


@pytest.fixture
def witness(scanner: EmulatedHidScanner) -> Iterator[Witness]:
    witness = Witness()
    reader = ReaderBehindGlass(NAME, scanner)
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    yield witness
    reader.stop()


def test_one_scan_is_one_card_that_goes_by_itself(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    for code in (ADA, ADA, BO):
        scanner.type(typed(code))
        assert witness.next(2) == [presented(code), REMOVED]


def test_a_scan_without_a_terminator_ends_by_itself(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    scanner.type(typed(ADA, end=None))
    assert witness.next(2) == [presented(ADA), REMOVED]


def test_keys_that_the_kernel_repeats_were_typed_once(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    keys = [again for key, value in typed(ADA) for again in repeated(key, value)]
    scanner.type(keys)
    assert witness.next(1) == [presented(ADA)]


def repeated(key: int, value: int) -> list[tuple[int, int]]:
    return [(key, 1), (key, 2), (key, 2)] if value == 1 else [(key, value)]


def test_keys_that_were_lost_make_a_scan_garbled_and_the_next_one_works(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    scanner.type(typed(ADA[:30], end=None))
    scanner.overflow()
    scanner.type(typed(ADA[40:]))
    scanner.type(typed(BO))
    expected = [Presented(NAME, Unreadable.GARBLED), REMOVED, presented(BO)]
    assert witness.next(3) == expected


def test_a_cable_pulled_in_the_middle_of_a_code_and_put_back(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    scanner.type(typed(ADA, end=None)[:60])
    scanner.await_typed()
    scanner.unplug()
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    scanner.plug()
    assert witness.next(1) == [READY]
    scanner.type(typed(BO))
    assert witness.next(1) == [presented(BO)]


def test_whatever_is_typed_the_next_card_works(
    scanner: EmulatedHidScanner, witness: Witness
) -> None:
    dice = random.Random(8)
    before: ReaderEvent = REMOVED
    for case in range(CASES):
        code = f"TS1:CASE{case}"
        presses = [(dice.randrange(1, 128), dice.randrange(3)) for _ in range(dice.randrange(30))]
        ups = [(key, 0) for key in sorted({key for key, _ in presses})]
        scanner.type([*presses, *ups, (28, 1), (28, 0)])
        scanner.type(typed(code, dice.choice(sorted(LAYOUTS))))
        while before != presented(code):
            [event] = witness.next(1)
            assert isinstance(event, Presented | Removed), case
            assert type(event) is not type(before), f"told twice: case {case}"
            before = event


def test_a_configured_kiosk_hears_the_scanner_and_lets_go_of_it(
    scanner: EmulatedHidScanner,
) -> None:
    watch = [sys.executable, "-W", "error", "-m", "tests.hardware_mocks.watch", "hid_scanner"]
    with subprocess.Popen(
        [*watch, scanner.path],
        env=scanner.environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        scanner.type(typed(ADA, "no"))
        scanner.await_typed()
        assert process.stdout.readline() == "presented: SignedCode\n"
        assert process.stdout.readline() == "removed\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
