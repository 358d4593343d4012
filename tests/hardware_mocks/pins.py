"""Pins that remember what was done to them: lamps by state, buzzers by tone; and what is pressed,
opened and cut outside."""

import threading
import time
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

PATIENCE = 20.0


class WatchedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero is untyped
    """A pin with PWM whose history can be waited for."""

    def __init__(self, factory: "WatchedPins", info: Any) -> None:
        self.lit: list[bool] = []
        """Each change of a lamp, from the beginning."""
        self.tones: list[float | None] = []
        """Each change of what a buzzer sounds like: the frequency in Hz, or None for silence."""
        self.heard_at: list[float] = []
        """When each of `tones` began, in seconds of the monotonic clock."""
        super().__init__(factory, info)

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self._number in self.factory.grounded:
            self.drive_low()

    def close(self) -> None:
        """Let go of the pin. It floats: what it drove was not switched off by this."""
        MockPin.close(self)

    def _change_state(self, value: float) -> bool:
        changed = bool(super()._change_state(value))
        if changed:
            with self.factory.changed:
                self.lit.append(bool(value))
                self._listen()
        return changed

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        with self.factory.changed:
            self._listen()

    def _listen(self) -> None:
        tone = self._frequency if self._state else None
        if tone != (self.tones[-1] if self.tones else None):
            self.tones.append(tone)
            self.heard_at.append(time.monotonic())
        self.factory.changed.notify_all()


class WatchedPins(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """A pin factory of watched pins."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.grounded: set[int] = set()
        """Inputs that something outside connects with ground."""
        super().__init__(pin_class=WatchedPin)

    def press(self, button: int) -> None:
        """Press the button on this GPIO number, or close the contact."""
        self.grounded.add(button)
        self.pin(button).drive_low()

    def let_go(self, button: int) -> None:
        """Let the button go."""
        self.grounded.discard(button)
        self.pin(button).drive_high()

    close_contact = press
    """The fire alarm's relay is at rest. Before anything is opened on the pin it is so from the
    start."""

    open_contact = let_go
    """The fire alarm's relay opens: an alarm."""

    cut_wire = let_go
    """Somebody cuts the wire to the relay: nothing holds the pin low any more."""

    def await_tones(self, pin: WatchedPin, count: int) -> list[float | None]:
        """The tones of `pin` once there are `count` of them. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(pin.tones) >= count, PATIENCE):
                raise TimeoutError(f"only {pin.tones}")
            return list(pin.tones)
