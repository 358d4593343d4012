"""Pins that remember what was done to them: lamps by state, buzzers by tone."""

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
        super().__init__(pin_class=WatchedPin)

    def await_tones(self, pin: WatchedPin, count: int) -> list[float | None]:
        """The tones of `pin` once there are `count` of them. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(pin.tones) >= count, PATIENCE):
                raise TimeoutError(f"only {pin.tones}")
            return list(pin.tones)
