"""Everything of a kiosk that hangs on pins, by gpiozero: lamps and buzzer, button and fire alarm,
the reset line of a reader.

`open_pins` is had once, shared by all of them, and closed last.
"""

from kiosk.indicator.factory import FACTORIES, IndicatorConfigError, PinFactory, open_pins
from kiosk.indicator.lamps import Lamps, NoLamps, Pins, open_indicator
from kiosk.indicator.patterns import PATTERNS, Beat, Pattern
from kiosk.indicator.reset import ResetLine, open_reset_line
from kiosk.indicator.switches import Switches, SwitchPins, open_switches

__all__ = [
    "FACTORIES",
    "PATTERNS",
    "Beat",
    "IndicatorConfigError",
    "Lamps",
    "NoLamps",
    "Pattern",
    "PinFactory",
    "Pins",
    "ResetLine",
    "SwitchPins",
    "Switches",
    "open_indicator",
    "open_pins",
    "open_reset_line",
    "open_switches",
]
