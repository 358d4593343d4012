"""A scanner on a serial line, by pyserial.

The line is taken for this process alone. USB scanners that show up as a serial device take any
speed; one on a real serial line has to be set to 9600 baud, 8 data bits, no parity, which is what
they come with.
"""

from collections.abc import Callable

import serial

from kiosk.readers.polling import Pace
from kiosk.readers.scanned import Lines, Scan
from kiosk.readers.scanner import LOOK_SECONDS, SCANNER_PACE, Port, ScannerReader

BAUDRATE = 9600
Opener = Callable[[str, float], serial.Serial]


def open_serial(device: str, look_seconds: float) -> serial.Serial:
    """The serial device, for this process alone. Raises SerialException."""
    return serial.Serial(device, BAUDRATE, timeout=look_seconds, exclusive=True)


class SerialScanner(ScannerReader):
    """`kiosk.ports.Reader` for one scanner on a serial line."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = SCANNER_PACE,
        power_cycle: Callable[[], None] | None = None,
        *,
        look_seconds: float = LOOK_SECONDS,
        opener: Opener = open_serial,
    ) -> None:
        def new_port() -> Port:
            return _SerialPort(lambda: opener(device, look_seconds))

        super().__init__(name, new_port, pace, look_seconds, power_cycle)


class _SerialPort:
    """`Port` of a scanner on a serial line."""

    def __init__(self, opener: Callable[[], serial.Serial]) -> None:
        self._opener = opener
        self._serial: serial.Serial | None = None
        self._lines = Lines()

    @property
    def is_busy(self) -> bool:
        return self._lines.is_busy

    def open(self) -> None:
        self._serial = self._opener()

    def listen(self) -> tuple[bool, list[Scan]]:
        """Raises SerialException or OSError when the line is gone."""
        if self._serial is None:
            raise OSError("this line was not opened")
        received: bytes = self._serial.read(1)
        if not received:
            return False, self._lines.quiet()
        received += self._serial.read(self._serial.in_waiting)
        return True, self._lines.feed(received)

    def close(self) -> None:
        if self._serial is not None:
            self._serial.close()
