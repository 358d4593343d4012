"""The line that resets a reader's chip."""

import time

from gpiozero import GPIODevice

from kiosk.indicator.factory import IndicatorConfigError, PinFactory, faults, opening

LOW_SECONDS = 0.1
"""So long RSTPD_N is held low, far longer than the chip needs."""
START_SECONDS = 0.1
"""So long the chip is then left alone. It may be spoken to some milliseconds after RSTPD_N rises
(PN532/C1 data sheet, section 12.23; drivers wait 10 ms)."""


class ResetLine:
    """RSTPD_N of a PN532: low is hard power-down, and the chip starts afresh as it rises.

    The line is pulled low or let go of, never driven high: the board pulls it up to whatever its
    chip runs on, and the Pi's own resistor does on boards that do not. `close` may be called twice.
    """

    def __init__(self, pin: int, pin_factory: PinFactory) -> None:
        """Raises gpiozero's errors if the pin cannot be had."""
        self._line = GPIODevice(pin, pin_factory=pin_factory)
        self._line.pin.input_with_pull("up")

    def pulse(self) -> None:
        """Reset the chip. Blocks for a fifth of a second, until it may be spoken to again.

        Raises OSError where the pin is lost.
        """
        try:
            self._line.pin.output_with_state(0)
            try:
                time.sleep(LOW_SECONDS)
            finally:
                self._line.pin.input_with_pull("up")
        except faults() as error:
            raise OSError(f"the reset line cannot be moved: {error}") from error
        time.sleep(START_SECONDS)

    def close(self) -> None:
        """Let go of the pin."""
        self._line.close()


def open_reset_line(pin: int, factory: PinFactory | None) -> ResetLine:
    """The reset line on this GPIO number, let go of. `factory` is that of `open_pins`, which has
    to be closed later than the line.

    Raises IndicatorConfigError where there are no pins, and for a pin that cannot be had.
    """
    if factory is None:
        raise IndicatorConfigError(f"the reset line on pin {pin} needs a pin factory")
    with opening(f"the reset line on pin {pin}"):
        return ResetLine(pin, factory)
