"""Lamps and buzzer by gpiozero: the only module that knows gpiozero.

What a signal looks and sounds like is data (`PATTERNS`). No meaning rests on colour alone, no lamp
flashes, and every tone lies between 500 and 2000 Hz (DOMAIN, accessibility): rising is in, falling
is out, a low double is "see staff".
"""

import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gpiozero import LED, GPIOZeroError, TonalBuzzer
from gpiozero.tones import Tone
from msgspec import Struct

from kiosk.events import Signal
from kiosk.ports import Indicator

MIDDLE_HZ, OCTAVES = 1000, 1
"""The buzzer's range is an octave to either side: 500 to 2000 Hz."""

FACTORIES = ("lgpio", "mock", "none")


class IndicatorConfigError(ValueError):
    """The configuration names lamps that cannot be. Says what the choices are."""


class Pins(Struct, frozen=True):
    """Where lamps and buzzer are wired: Broadcom (GPIO) numbers."""

    green: int = 17
    amber: int = 27
    red: int = 22
    buzzer: int = 18


class Beat(Struct, frozen=True):
    """For how long which tone sounds; no tone is silence."""

    seconds: float
    hertz: int | None = None


class Pattern(Struct, frozen=True):
    """One signal: lamps, lit until the next signal, and beats, played once or over and over."""

    green: bool = False
    amber: bool = False
    red: bool = False
    beats: tuple[Beat, ...] = ()
    repeats: bool = False


LOW = 520
PATTERNS: Mapping[Signal, Pattern] = {
    Signal.IDLE: Pattern(),
    Signal.WAIT: Pattern(amber=True, beats=(Beat(0.015, 1000),)),
    Signal.WELCOME: Pattern(green=True, beats=(Beat(0.12, 660), Beat(0.2, 990))),
    Signal.GOODBYE: Pattern(green=True, beats=(Beat(0.12, 990), Beat(0.2, 660))),
    Signal.ASK_STAFF: Pattern(red=True, beats=(Beat(0.18, LOW), Beat(0.12), Beat(0.18, LOW))),
    Signal.FAULT: Pattern(amber=True, red=True, beats=(Beat(0.6, LOW),)),
    Signal.ALARM: Pattern(
        red=True, beats=(Beat(0.3, 1800), Beat(0.3, 1200), Beat(0.6)), repeats=True
    ),
}


class Lamps:
    """`kiosk.ports.Indicator` on pins. Plays its tones in one thread of its own.

    `pin_factory` is gpiozero's, and is closed with the lamps. Raises gpiozero's errors if a pin
    cannot be had.
    """

    def __init__(
        self, pins: Pins, pin_factory: Any, patterns: Mapping[Signal, Pattern] = PATTERNS
    ) -> None:
        self._patterns = patterns
        self._pin_factory = pin_factory
        self._green = LED(pins.green, pin_factory=pin_factory)
        self._amber = LED(pins.amber, pin_factory=pin_factory)
        self._red = LED(pins.red, pin_factory=pin_factory)
        self._buzzer = TonalBuzzer(
            pins.buzzer, mid_tone=Tone(MIDDLE_HZ), octaves=OCTAVES, pin_factory=pin_factory
        )
        self._turn = threading.Condition()
        self._playing = Pattern()
        self._beat = 0
        self._signals = 0
        self._closed = False
        self._thread = threading.Thread(target=self._play, name="indicator", daemon=True)
        self._thread.start()

    def signal(self, signal: Signal) -> None:
        """Show `signal` instead of what is shown. Lamps and first tone are on at return."""
        with self._turn:
            if self._closed:
                return
            self._playing, self._beat = self._patterns[signal], 0
            self._signals += 1
            self._light(self._playing)
            self._sound()
            self._turn.notify()

    def close(self) -> None:
        """All off, for good. May be called twice."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            self._light(Pattern())
            self._buzzer.stop()
            self._turn.notify()
        self._thread.join()
        for device in (self._green, self._amber, self._red, self._buzzer):
            device.close()
        self._pin_factory.close()

    def _light(self, pattern: Pattern) -> None:
        self._green.value = pattern.green
        self._amber.value = pattern.amber
        self._red.value = pattern.red

    def _sound(self) -> None:
        """The tone of the current beat, or silence."""
        beats = self._playing.beats
        hertz = beats[self._beat].hertz if self._beat < len(beats) else None
        if hertz is None:
            self._buzzer.stop()
        else:
            self._buzzer.play(Tone(hertz))

    def _play(self) -> None:
        with self._turn:
            while not self._closed:
                playing = self._signals
                self._turn.wait(self._seconds_left())
                if self._signals == playing and not self._closed:
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


class NoLamps:
    """`kiosk.ports.Indicator` for a kiosk that has neither lamps nor buzzer."""

    def signal(self, signal: Signal) -> None:
        """Nothing to light: the screen says it all."""

    def close(self) -> None:
        """Nothing to release."""


def open_indicator(pins: Pins, factory: str | None) -> Indicator:
    """Lamps by the named pin factory; None or "none" means that none are attached.

    Never another factory than the one asked for. Raises IndicatorConfigError for an unknown one,
    for one that does not work on this machine, and for pins that cannot be had.
    """
    if factory in (None, "none"):
        return NoLamps()
    try:
        return Lamps(pins, _pin_factory(factory))
    except GPIOZeroError as error:
        raise IndicatorConfigError(f"lamps on {pins}: {error}") from error


def _pin_factory(name: str | None) -> Any:
    match name:
        case "lgpio":
            return _lgpio_factory()
        case "mock":
            return import_module("gpiozero.pins.mock").MockFactory(pin_class="mockpwmpin")
        case _:
            raise IndicatorConfigError(
                f"unknown pin factory {name!r}; choose one of: {', '.join(FACTORIES)}"
            )


def _lgpio_factory() -> Any:
    try:
        native = import_module("gpiozero.pins.lgpio")
    except ImportError as error:
        raise IndicatorConfigError("the pin factory lgpio needs the package lgpio") from error
    try:
        return native.LGPIOFactory()
    except (GPIOZeroError, OSError, native.lgpio.error) as error:
        raise IndicatorConfigError(f"no pins by lgpio on this machine: {error}") from error
