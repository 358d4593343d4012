"""What each signal looks and sounds like.

No meaning rests on colour alone, no lamp flashes, and every tone lies between 500 and 2000 Hz
(DOMAIN, "Accessibility"): rising is in, falling is out, a low double is "see staff".
That a card is being read is a lamp and a soft click; a verdict alone sounds like one. A fault is
silent, for it is what lamps go back to after every greeting while a reader is lost.
"""

from collections.abc import Mapping

from msgspec import Struct

from kiosk.events import Signal


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
CLICK_SECONDS = 0.04
"""lgpio wakes fifty times a second while nothing sounds, so that a first tone begins up to 21 ms
late and ends on time: a shorter click would be cut, or not be heard at all."""

PATTERNS: Mapping[Signal, Pattern] = {
    Signal.IDLE: Pattern(),
    Signal.WAIT: Pattern(amber=True, beats=(Beat(CLICK_SECONDS, 1000),)),
    Signal.WELCOME: Pattern(green=True, beats=(Beat(0.12, 660), Beat(0.2, 990))),
    Signal.GOODBYE: Pattern(green=True, beats=(Beat(0.12, 990), Beat(0.2, 660))),
    Signal.ASK_STAFF: Pattern(red=True, beats=(Beat(0.18, LOW), Beat(0.12), Beat(0.18, LOW))),
    Signal.FAULT: Pattern(amber=True, red=True),
    Signal.ALARM: Pattern(
        red=True, beats=(Beat(0.3, 1800), Beat(0.3, 1200), Beat(0.6)), repeats=True
    ),
    Signal.ALARM_SILENCED: Pattern(red=True),
}
