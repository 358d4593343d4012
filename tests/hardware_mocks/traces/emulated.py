"""Traces of the emulators, where no real device has been recorded yet.

    python -m tests.hardware_mocks.traces.emulated DIRECTORY

writes one for each family. After a change of a driver the kept ones are taken anew like this; those
of real devices need the device.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

from kiosk.events import Presented, ReaderEvent, Removed
from tests.hardware_mocks.card_isodep import PhoneWallet
from tests.hardware_mocks.card_model import Card, UidOnlyCard, blank_card, card_with_text
from tests.hardware_mocks.card_ntag424 import ntag424
from tests.hardware_mocks.hid_scanner import EmulatedHidScanner
from tests.hardware_mocks.keyboard import Keys, typed
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.record import keep, record
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner
from tests.hardware_mocks.traces.recorder import Recorder
from tests.hardware_mocks.traces.trace import Trace
from tests.hardware_mocks.witness import Witness

EMULATOR = "the emulator, not a real device"
CODE = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
CARDS: Sequence[Card] = (
    card_with_text(CODE),
    ntag424(CODE, bytes(range(16)), bytes(range(16, 32))),
    UidOnlyCard(),
    PhoneWallet(),
    blank_card(),
)
SCANS = (CODE.encode() + b"\r", b"https://example.org/?id=110\r\n", b"]Q3" + CODE.encode() + b"\r")
TYPED = (typed(CODE), typed("https://example.org/"), typed(CODE, "de"))
LOOKS = 10
SECONDS = 120.0
PATIENCE = 20.0
ROOT = Path(__file__).parents[3]


@contextmanager
def _recording(
    family: str, device: str, looks: int | None
) -> Iterator[tuple[Witness, list[Trace]]]:
    """Who hears the reader, ready; and the trace, when this is over."""
    witness, recorded = Witness(), list[Trace]()
    recorder = Recorder(witness.tell)

    def run() -> None:
        recorded.append(
            record(
                family,
                device,
                SECONDS,
                recorded_from=EMULATOR,
                looks_until_gone=looks,
                recorder=recorder,
            )
        )

    thread = threading.Thread(target=run, name="recording")
    thread.start()
    try:
        witness.next(1)
        yield witness, recorded
    finally:
        recorder.over.set()
        thread.join(PATIENCE)


def _one_by_one(
    witness: Witness, things: Sequence[Callable[[], None]], lift: Callable[[], None]
) -> list[ReaderEvent]:
    told = []
    for hold in things:
        hold()
        told += witness.until(Presented)
        lift()
        told += witness.until(Removed)
    return told


def pn532(*cards: Card | tuple[Card, ...]) -> tuple[Trace, list[ReaderEvent]]:
    """Everything that was on the wire while these were held to it, and what the reader told."""

    def holding(thing: Card | tuple[Card, ...]) -> Callable[[], None]:
        copy = deepcopy(thing)
        return lambda: emulator.hold(*(copy if isinstance(copy, tuple) else (copy,)))

    with EmulatedPn532() as emulator:
        with _recording("pn532", emulator.path, None) as (witness, recorded):
            told = _one_by_one(witness, [holding(card) for card in cards], emulator.lift)
            emulator.await_looks(2)  # what was told last is in the trace by now
        return recorded[0], told


def pcsc(*cards: Card) -> tuple[Trace, list[ReaderEvent]]:
    """As above."""

    def holding(card: Card) -> Callable[[], None]:
        return lambda: reader.hold(deepcopy(card))

    with Pcscd(["ACS ACR1252 Reader PICC"]) as pcscd:
        [reader] = pcscd.readers
        with _recording("pcsc", "", None) as (witness, recorded):
            told = _one_by_one(witness, [holding(card) for card in cards], reader.lift)
        return recorded[0], told


def serial_scanner(*scans: bytes) -> tuple[Trace, list[ReaderEvent]]:
    """As above, of what a scanner says."""

    def saying(scan: bytes) -> Callable[[], None]:
        return lambda: scanner.send(scan)

    with EmulatedSerialScanner(repeats_itself=False) as scanner:
        with _recording("serial_scanner", scanner.path, LOOKS) as (witness, recorded):
            told = _one_by_one(witness, [saying(scan) for scan in scans], lambda: None)
        return recorded[0], told


def hid_scanner(path: Path, *scans: Keys) -> list[str]:
    """The trace itself, by the program: only a process of its own has the device. What it
    printed."""
    with EmulatedHidScanner() as scanner:  # noqa: SIM117  it has to be there first
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.hardware_mocks.record", "hid_scanner", scanner.path),
                *("--to", str(path), "--what", EMULATOR, "--looks", str(LOOKS)),
            ],
            env=scanner.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            printed = [process.stdout.readline()]
            for keys in scans:
                scanner.type(keys)
                scanner.await_typed()
                printed += [process.stdout.readline(), process.stdout.readline()]
            process.send_signal(signal.SIGINT)
            printed += process.stdout.readlines()
            process.wait(PATIENCE)
    return [line.rstrip() for line in printed]


def main(directory: Path) -> None:
    """One small trace for each family."""
    recorded = {
        "pn532": pn532(*CARDS, (PhoneWallet(), CARDS[0])),
        "pcsc": pcsc(*CARDS),
        "serial_scanner": serial_scanner(*SCANS),
    }
    for family, (trace, _) in recorded.items():
        keep(trace, directory / f"emulated_{family}.jsonl")
    print("\n".join(hid_scanner(directory / "emulated_hid_scanner.jsonl", *TYPED)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
