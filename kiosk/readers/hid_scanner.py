"""A scanner that types like a keyboard, by evdev."""

from collections.abc import Callable

from kiosk.readers.polling import DEFAULT_PACE, Line, Pace, PollingReader


class HidScanner(PollingReader):
    """Not written yet."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = DEFAULT_PACE,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        def new_line() -> Line:
            raise OSError(f"{device} cannot be used yet")

        super().__init__(name, new_line, pace, power_cycle)
