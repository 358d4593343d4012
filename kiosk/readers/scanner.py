"""What every scanner has in common, whatever it is plugged into: its line and its pace."""

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from kiosk.readers.polling import Pace, PollingReader, Sighting
from kiosk.readers.scanned import Held, Scan

LOOK_SECONDS = 0.05
SCANNER_PACE = Pace(idle=0.0, near=0.0, looks_until_gone=40)
"""The scanner is waited for in the look itself. What was scanned counts as held up for two seconds:
so long a scanner in presentation mode may take to say the same code again."""


class Port(Protocol):
    """What a scanner is plugged into. Used once; anything it raises means that it is lost."""

    @property
    def is_busy(self) -> bool:
        """Has a scan begun and not ended?"""
        ...

    def open(self) -> None:
        """Take the device, for this process alone."""

    def listen(self) -> tuple[bool, list[Scan]]:
        """Wait as long as a look takes for something to come. Whether something came, and the
        scans that ended."""
        ...

    def close(self) -> None:
        """Let go of the device, in whatever state. May be called twice."""


class ScannerReader(PollingReader):
    """`kiosk.ports.Reader` for one scanner. `new_port` makes an unopened port, whose looks take
    `look_seconds`."""

    def __init__(
        self,
        name: str,
        new_port: Callable[[], Port],
        pace: Pace,
        look_seconds: float,
        power_cycle: Callable[[], None] | None,
    ) -> None:
        # How long a card counts as held up is known to the line, which knows what is on its way.
        super().__init__(
            name,
            lambda: _ScannerLine(new_port(), pace.looks_until_gone, look_seconds),
            replace(pace, looks_until_gone=1),
            power_cycle,
        )


class _ScannerLine:
    """`Line` to a scanner. A scan that has begun when it breaks is forgotten with it."""

    def __init__(self, port: Port, looks: int, look_seconds: float) -> None:
        self._port, self._held, self._look_seconds = port, Held(looks), look_seconds

    def open(self) -> None:
        self._port.open()

    def sense(self) -> Sighting | None:
        """What is held up to the scanner. Waits for it as long as a look takes."""
        until = time.monotonic() + self._look_seconds
        while not self._held.has_more:
            came, scans = self._port.listen()
            self._held.add(scans)
            if not came or time.monotonic() >= until:
                break
        scan = self._held.look(self._port.is_busy)
        return None if scan is None else Sighting(scan.card, lambda: scan.outcome)

    def close(self) -> None:
        self._port.close()

    def interrupt(self) -> None:
        """No look takes long."""

    def drop(self) -> None:
        with contextlib.suppress(Exception):
            self._port.close()
