"""A process that reads an emulated scanner that types, and tells what it hears.

    LD_PRELOAD=libumockdev-preload.so.0 UMOCKDEV_DIR=... python -m tests.hardware_mocks.hid_reader \
        NAME PATH LOOKS

Standard output has a line for each event, and one before each look, which then waits for a line on
standard input: whoever started it says what is typed in which look, and nothing hangs on speed.
"""

import sys
import threading

import evdev
import msgspec

from kiosk.events import Presented, ReaderEvent, ReaderFaltering, ReaderLost, ReaderReady, Removed
from kiosk.readers.hid_scanner import HidScanner
from kiosk.readers.polling import Pace

LOOK, GO, STOP = "look", "go", "stop"
LOOK_SECONDS = 0.002
_KINDS: dict[str, type[ReaderEvent]] = {
    kind.__name__: kind for kind in (Presented, Removed, ReaderReady, ReaderLost, ReaderFaltering)
}


def line_of(event: ReaderEvent) -> str:
    """An event as one line of text."""
    return f"{type(event).__name__} {msgspec.json.encode(event).decode()}"


def event_of(line: str) -> ReaderEvent:
    """The event of a line."""
    kind, _, content = line.partition(" ")
    return msgspec.json.decode(content, type=_KINDS[kind])


class _Gate:
    """Where looks wait to be allowed, until the end comes."""

    def __init__(self) -> None:
        self._allowed = threading.Semaphore(0)
        self._is_open = False

    def pass_one(self) -> None:
        if not self._is_open:
            print(LOOK, flush=True)
            self._allowed.acquire()

    def allow(self) -> None:
        self._allowed.release()

    def stay_open(self) -> None:
        self._is_open = True
        self._allowed.release()


def main(name: str, path: str, looks: str) -> None:
    """Read until told to stop."""
    gate = _Gate()

    class Watched(evdev.InputDevice[str]):
        def fileno(self) -> int:
            gate.pass_one()
            return super().fileno()

    reader = HidScanner(
        name,
        path,
        Pace(idle=0.0, near=0.0, looks_until_gone=int(looks), reopen=(0.02,)),
        look_seconds=LOOK_SECONDS,
        opener=Watched,
    )
    reader.start(lambda event: print(line_of(event), flush=True))
    for line in sys.stdin:
        if line.rstrip() == STOP:
            break
        gate.allow()
    gate.stay_open()
    reader.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
