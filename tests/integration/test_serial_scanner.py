"""The serial scanner when things go wrong on its line, and whatever bytes come along it."""

import random
import threading
from collections.abc import Iterator

import pytest
import serial
from hypothesis import settings

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers import ReaderSpec, open_reader
from kiosk.readers.polling import Pace
from kiosk.readers.serial_scanner import SerialScanner
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.qr_frames import genuine_code
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner
from tests.hardware_mocks.witness import Witness

NAME = "hall"
ADA, BO = genuine_code(1), genuine_code(2)
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
PACE = Pace(idle=0.0, near=0.0, looks_until_gone=3, reopen=(0.02,))
LONG = Pace(idle=0.0, near=0.0, looks_until_gone=100_000, reopen=(0.02,))
CASES = 20 * settings.default.max_examples if settings.default else 2000


def presented(code: str) -> ReaderEvent:
    return Presented(NAME, SignedCode(code))


@pytest.fixture
def scanner() -> Iterator[EmulatedSerialScanner]:
    with EmulatedSerialScanner() as scanner:
        yield scanner


@pytest.fixture
def witness(scanner: EmulatedSerialScanner) -> Iterator[Witness]:
    witness = Witness()
    reader = SerialScanner(NAME, scanner.path, PACE, look_seconds=0.01)
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    yield witness
    reader.stop()


def test_one_scan_is_one_card_that_goes_by_itself(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    for code in (ADA, ADA, BO):
        scanner.scan(code)
        assert witness.next(2) == [presented(code), REMOVED]


def test_the_configured_reader_hears_the_configured_device(scanner: EmulatedSerialScanner) -> None:
    reader, witness = open_reader(ReaderSpec("serial_scanner", scanner.path, NAME)), Witness()
    reader.start(witness.tell)
    scanner.hold(ADA.encode() + b"\r\n")
    assert witness.next(2) == [READY, presented(ADA)]
    reader.stop()


def test_no_other_process_gets_a_line_that_is_in_use(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    with pytest.raises(serial.SerialException):
        serial.Serial(scanner.path, exclusive=True)
    scanner.scan(ADA)
    assert witness.next(1) == [presented(ADA)]


def test_a_line_that_is_in_use_is_a_lost_scanner_until_it_is_free(
    scanner: EmulatedSerialScanner,
) -> None:
    other = serial.Serial(scanner.path, exclusive=True)
    reader, witness = SerialScanner(NAME, scanner.path, PACE), Witness()
    reader.start(witness.tell)
    assert [type(event) for event in witness.next(1)] == [ReaderLost]
    other.close()
    assert witness.next(1) == [READY]
    reader.stop()


def test_a_code_that_does_not_arrive_is_scanned_again(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    scanner.fault(Trouble.DROP)
    scanner.scan(ADA)
    scanner.scan(BO)
    assert witness.next(1) == [presented(BO)]


def test_a_code_with_damage_is_told_and_the_next_one_works(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    scanner.fault(Trouble.GARBLE, garble=lambda said: said[:60] + b"\x9c\xe5" + said[62:])
    scanner.scan(ADA)
    assert witness.next(2) == [Presented(NAME, Unreadable.GARBLED), REMOVED]
    scanner.scan(ADA)
    assert witness.next(1) == [presented(ADA)]


def test_half_a_code_does_not_spoil_the_next_one(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    scanner.fault(Trouble.LIFT)
    scanner.scan(ADA)
    half = (ADA + "\r")[: (len(ADA) + 1) // 2]
    assert witness.next(2) == [presented(half), REMOVED]
    scanner.scan(BO)
    assert witness.next(1) == [presented(BO)]


def test_a_cable_pulled_in_the_middle_of_a_code_and_put_back(
    scanner: EmulatedSerialScanner, witness: Witness
) -> None:
    scanner.fault(Trouble.UNPLUG)
    scanner.scan(ADA)
    events = witness.next(1)
    if not isinstance(events[0], ReaderLost):  # the half was long silent before the cable went
        events += witness.until(Removed)
        events += [event for event in witness.next(1) if isinstance(event, ReaderLost)]
    assert isinstance(events[-1], ReaderLost)
    scanner.plug()
    assert witness.next(1) == [READY]
    scanner.scan(BO)
    assert witness.next(1) == [presented(BO)]


def test_a_stopped_reader_lets_go_of_the_line_and_its_thread(
    scanner: EmulatedSerialScanner,
) -> None:
    before = threading.active_count()
    reader, witness = SerialScanner(NAME, scanner.path, PACE), Witness()
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    reader.stop()
    assert threading.active_count() == before
    serial.Serial(scanner.path, exclusive=True).close()


def noise(dice: random.Random) -> bytes:
    """What may come along a line: bytes, codes, damaged and glued together, and ends of lines."""
    kinds = (
        lambda: dice.randbytes(dice.randrange(40)),
        lambda: ADA.encode()[: dice.randrange(len(ADA))],
        lambda: ADA.encode()[dice.randrange(len(ADA)) :],
        lambda: (ADA + BO).encode() * dice.randrange(3),
        lambda: dice.choice([b"\r", b"\n", b"\0", b"]Q3", b"TS1:", b"ts1:", b"\x1b[A"]),
        lambda: bytes(dice.choices(b"0123456789ABCDEF $%*+-./:TS1", k=dice.randrange(400))),
        lambda: b"7" * dice.choice([300, 7089]) if dice.random() < 0.02 else b"",
    )
    return b"".join(dice.choice(kinds)() for _ in range(dice.randrange(1, 4)))


def test_whatever_came_along_the_line_the_next_card_works(scanner: EmulatedSerialScanner) -> None:
    dice = random.Random(4)
    witness = Witness()
    reader = SerialScanner(NAME, scanner.path, LONG, look_seconds=0.01)
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    before: ReaderEvent = REMOVED
    for case in range(CASES):
        code = f"TS1:CASE{case}"
        scanner.send(noise(dice) + b"\r" + code.encode() + b"\r")
        while before != presented(code):
            [event] = witness.next(1)
            assert isinstance(event, Presented | Removed), case
            assert type(event) is not type(before), f"told twice: case {case}"
            before = event
    reader.stop()
