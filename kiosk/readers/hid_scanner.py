"""A scanner that types like a keyboard, by evdev.

The device is grabbed: what is scanned reaches this process and no other, and is not typed into the
kiosk's browser.
"""

import select
from collections.abc import Callable

import evdev
from evdev import ecodes

from kiosk.readers.keystrokes import Keystrokes
from kiosk.readers.polling import Pace
from kiosk.readers.scanned import Scan
from kiosk.readers.scanner import LOOK_SECONDS, SCANNER_PACE, Port, ScannerReader

KEYS_OF_A_KEYBOARD = frozenset({ecodes.KEY_1, ecodes.KEY_T, ecodes.KEY_S, ecodes.KEY_LEFTSHIFT})
"""What does not have these types no code: a mouse, a power button."""
DOWN, UP = 1, 0
"""A third value repeats a key that is held: it was typed once."""
Opener = Callable[[str], evdev.InputDevice[str]]


def open_input(device: str) -> evdev.InputDevice[str]:
    """The input device, open and not yet grabbed. Raises OSError."""
    return evdev.InputDevice(device)


class HidScanner(ScannerReader):
    """`kiosk.ports.Reader` for one scanner that types."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = SCANNER_PACE,
        power_cycle: Callable[[], None] | None = None,
        *,
        look_seconds: float = LOOK_SECONDS,
        opener: Opener = open_input,
    ) -> None:
        def new_port() -> Port:
            return _HidPort(device, opener, look_seconds)

        super().__init__(name, new_port, pace, look_seconds, power_cycle)


class _HidPort:
    """`Port` of a scanner that types."""

    def __init__(self, path: str, opener: Opener, look_seconds: float) -> None:
        self._path, self._opener, self._look_seconds = path, opener, look_seconds
        self._device: evdev.InputDevice[str] | None = None
        self._keystrokes = Keystrokes()

    @property
    def is_busy(self) -> bool:
        return self._keystrokes.is_busy

    def open(self) -> None:
        """Raises OSError for what is not there, is no keyboard, or is grabbed by another process
        (EBUSY)."""
        self._device = self._opener(self._path)
        if not KEYS_OF_A_KEYBOARD.issubset(self._device.capabilities().get(ecodes.EV_KEY, [])):
            raise OSError(f"this is no keyboard: {self._path}")
        self._device.grab()

    def listen(self) -> tuple[bool, list[Scan]]:
        """Raises OSError (ENODEV) when the device is gone."""
        if self._device is None:
            raise OSError("this device was not opened")
        readable, _, _ = select.select([self._device], [], [], self._look_seconds)
        if not readable:
            return False, self._keystrokes.quiet()
        scans, count = [], 0
        for event in self._device.read():
            scans += self._take(event)
            count += 1
        if not count:
            raise OSError("the device has nothing to say any more")
        return True, scans

    def _take(self, event: evdev.InputEvent) -> list[Scan]:
        match event.type, event.value:
            case ecodes.EV_KEY, value if value == DOWN:
                return self._keystrokes.press(event.code)
            case ecodes.EV_KEY, value if value == UP:
                self._keystrokes.release(event.code)
            case ecodes.EV_SYN, _ if event.code == ecodes.SYN_DROPPED:
                self._keystrokes.lost()
        return []

    def close(self) -> None:
        """Closing it lets go of the grab too."""
        if self._device is not None:
            self._device.close()
