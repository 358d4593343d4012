"""Lamps and buzzer."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from gpiozero import LED, TonalBuzzer
from gpiozero.tones import Tone
from msgspec import Struct

from kiosk.events import Signal
from kiosk.indicator.factory import PinFactory, faults, opening
from kiosk.indicator.patterns import PATTERNS, Pattern
from kiosk.ports import Indicator

log = logging.getLogger(__name__)

MIDDLE_HZ, OCTAVES = 1000, 1
"""The buzzer's range is an octave to either side: 500 to 2000 Hz."""


class Pins(Struct, frozen=True):
    """Where lamps and buzzer are wired: Broadcom (GPIO) numbers."""

    green: int = 17
    amber: int = 27
    red: int = 22
    buzzer: int = 18


class Lamps:
    """`kiosk.ports.Indicator` on pins. Plays its tones in one thread of its own.

    A pin that fails later is logged once and delays nothing: the screen says it all too.
    """

    def __init__(
        self, pins: Pins, pin_factory: PinFactory, patterns: Mapping[Signal, Pattern] = PATTERNS
    ) -> None:
        """Raises gpiozero's errors if a pin cannot be had; those it had are let go of then."""
        self._patterns = patterns
        with ExitStack() as stack:
            self._lamps = [
                stack.enter_context(closing(LED(pin, pin_factory=pin_factory)))
                for pin in (pins.green, pins.amber, pins.red)
            ]
            self._buzzer = stack.enter_context(closing(_buzzer(pins.buzzer, pin_factory)))
            self._devices = stack.pop_all()
        self._turn = threading.Condition()
        self._playing = Pattern()
        self._beat = 0
        self._signals = 0
        self._is_closed = False
        self._has_failed = False
        self._thread = threading.Thread(target=self._play, name="indicator", daemon=True)
        self._thread.start()

    def signal(self, signal: Signal) -> None:
        """Show `signal` instead of what is shown. Lamps and first tone are on at return."""
        with self._turn:
            if self._is_closed:
                return
            self._playing, self._beat = self._patterns[signal], 0
            self._signals += 1
            self._light(self._playing)
            self._sound()
            self._turn.notify()

    def close(self) -> None:
        """All off, for good. May be called twice."""
        with self._turn:
            if self._is_closed:
                return
            self._is_closed = True
            self._playing = Pattern()
            self._light(self._playing)
            self._sound()
            self._turn.notify()
        self._thread.join()
        self._devices.close()

    def _light(self, pattern: Pattern) -> None:
        lit = (pattern.green, pattern.amber, pattern.red)
        for lamp, is_lit in zip(self._lamps, lit, strict=True):
            with self._bearing_faults():
                lamp.value = is_lit

    def _sound(self) -> None:
        """The tone of the current beat, or silence."""
        beats = self._playing.beats
        hertz = beats[self._beat].hertz if self._beat < len(beats) else None
        with self._bearing_faults():
            if hertz is None:
                self._buzzer.stop()
                # lgpio leaves the pin as the last wave left it, high as often as low, and through
                # a buzzer on a transistor that is a current that never ends.
                self._buzzer.pwm_device.off()
            else:
                self._buzzer.play(Tone(hertz))

    @contextmanager
    def _bearing_faults(self) -> Iterator[None]:
        try:
            yield
        except faults() as error:
            if not self._has_failed:
                self._has_failed = True
                log.warning("lamps or buzzer do not work: %s", error)

    def _play(self) -> None:
        with self._turn:
            while not self._is_closed:
                playing = self._signals
                self._turn.wait(self._seconds_left())
                if self._signals == playing and not self._is_closed:
                    self._next_beat()

    def _seconds_left(self) -> float | None:
        """How long the current beat lasts; None if only another signal ends it."""
        beats = self._playing.beats
        return beats[self._beat].seconds if self._beat < len(beats) else None

    def _next_beat(self) -> None:
        if self._beat < len(self._playing.beats):
            self._beat += 1
        if self._playing.repeats and self._beat == len(self._playing.beats):
            self._beat = 0
        self._sound()


def _buzzer(pin: int, pin_factory: PinFactory) -> TonalBuzzer:
    return TonalBuzzer(pin, mid_tone=Tone(MIDDLE_HZ), octaves=OCTAVES, pin_factory=pin_factory)


class NoLamps:
    """`kiosk.ports.Indicator` for a kiosk that has neither lamps nor buzzer."""

    def signal(self, signal: Signal) -> None:
        """Nothing to light: the screen says it all."""

    def close(self) -> None:
        """Nothing to release."""


def open_indicator(pins: Pins, factory: PinFactory | None) -> Indicator:
    """Lamps on the pins of this factory, which `open_pins` gave; none where it is None.

    Raises IndicatorConfigError for pins that cannot be had.
    """
    if factory is None:
        return NoLamps()
    with opening(f"lamps on {pins}"):
        return Lamps(pins, factory)
