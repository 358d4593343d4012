"""The real kiosk as a process of the desk: on the desk's clock, its pins watched and worked.

Each change of a lamp or of the buzzer is a line of JSON on standard output; so is being ready, and
what a reader says, but for what is on the card. A line on standard input, such as "open alarm" or
"close button", is what somebody outside does to a contact.
"""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPWMPin

from demo.clock import DeskClock, DeskKioskClock
from kiosk import app, config
from kiosk.app import Decide, KeptOutbox
from kiosk.attached import open_readers
from kiosk.config import Config
from kiosk.events import ReaderEvent
from kiosk.indicator import Pins
from kiosk.ports import Reader
from presence import admission

Report = Callable[[dict[str, Any]], None]
OPEN, CLOSE = "open", "close"


def main(
    arguments: Sequence[str] | None = None,
    *,
    outbox: Callable[[Config], KeptOutbox] | None = None,
    decide: Decide = admission.decide,
) -> int:
    """Serve until SIGTERM. `outbox` and `decide` are arguments so that a test can hand in broken
    ones."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    read = config.load(asked.config, app.CHOICES)
    report = _reporter()
    pins = WatchedPins(_NAMES, report)
    if read.switches.alarm is not None:  # at rest, its relay is closed
        pins.close_contact(read.switches.alarm)
    kiosk = app.build(
        read,
        clock=DeskKioskClock(DeskClock(asked.clock)),
        readers=[WatchedReader(reader, report) for reader in open_readers(read)],
        pins=pins,
        outbox=None if outbox is None else outbox(read),
        decide=decide,
        frame_ancestors=asked.frame_ancestor,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: kiosk.stop())
    worked = {"alarm": read.switches.alarm, "button": read.switches.button}
    threading.Thread(target=_work, args=(pins, worked), name="contacts", daemon=True).start()
    kiosk.run(lambda: report({"kind": "ready", "url": kiosk.url}))
    return 0


def _work(pins: "WatchedPins", contacts: Mapping[str, int | None]) -> None:
    """Do to the contacts what is said on standard input."""
    for line in sys.stdin:
        act, _, name = line.strip().partition(" ")
        pin = contacts.get(name)
        if pin is not None:
            (pins.open_contact if act == OPEN else pins.close_contact)(pin)


class WatchedReader:
    """Port `Reader`: another one, that tells the desk what happens to it."""

    def __init__(self, reader: Reader, report: Report) -> None:
        self.name = reader.name
        self._reader, self._tell = reader, report

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        def told(event: ReaderEvent) -> None:
            self._tell({"kind": "reader", "reader": self.name, "event": type(event).__name__})
            report(event)

        self._reader.start(told)

    def check(self, uptime: timedelta) -> None:
        self._reader.check(uptime)

    def stop(self) -> None:
        self._reader.stop()


_NAMES = {f"GPIO{getattr(Pins(), name)}": name for name in Pins.__struct_fields__}


class WatchedPins(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """gpiozero's own mock pins, which say what is done to them. `names` says what each one is.
    Contacts are between a pin and ground."""

    def __init__(self, names: dict[str, str], report: Report) -> None:
        self.names, self.report = names, report
        self.grounded: set[int] = set()
        super().__init__(pin_class=_WatchedPin)

    def close_contact(self, number: int) -> None:
        """On this GPIO number. Before anything is opened on the pin it is so from the start."""
        self.grounded.add(number)
        self.pin(number).drive_low()

    def open_contact(self, number: int) -> None:
        self.grounded.discard(number)
        self.pin(number).drive_high()


class _WatchedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero is untyped
    """Reports its level; a buzzer's level is the pitch it sounds at, in Hz."""

    def __init__(self, factory: WatchedPins, info: Any) -> None:
        self._told: float | None = None
        super().__init__(factory, info)

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self._number in self.factory.grounded:
            self.drive_low()

    def _change_state(self, value: float) -> bool:
        changed = bool(super()._change_state(value))
        self._tell()
        return changed

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        self._tell()

    def _tell(self) -> None:
        level = float(self._frequency or 1) if self._state else 0.0
        name = self.factory.names.get(self.info.name)
        if level != self._told and name is not None:
            self._told = level
            self.factory.report({"kind": "lamp", "lamp": name, "level": level})


def _reporter() -> Report:
    lock = threading.Lock()

    def report(what: dict[str, Any]) -> None:
        with lock:
            print(json.dumps(what), flush=True)

    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--clock", type=Path, required=True)
    parser.add_argument("--frame-ancestor", action="append", default=[])
    return parser


if __name__ == "__main__":
    sys.exit(main())
