"""What is attached to a kiosk, as it is configured: what hangs on pins, and the readers with what
switches their power."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from kiosk.config import Config, IndicatorConfig, ReaderConfig, SwitchesConfig
from kiosk.indicator import (
    PinFactory,
    Pins,
    Switches,
    SwitchPins,
    open_indicator,
    open_pins,
    open_reset_line,
    open_switches,
)
from kiosk.ports import Indicator, Reader
from kiosk.readers import PowerCycle, ReaderSpec, open_reader
from kiosk.readers.power import usb_port


@dataclass(frozen=True)
class Attached:
    indicator: Indicator
    switches: Switches
    readers: Sequence[Reader]


def attach(
    config: Config,
    readers: Sequence[Reader] | None,
    pins: PinFactory | None,
    indicator: Indicator | None,
    stack: ExitStack,
) -> Attached:
    """What is given, and what is configured where nothing is. `stack` lets go of all of it, but for
    pins that are given: those are closed by whoever gave them.

    Raises ReaderConfigError and IndicatorConfigError.
    """
    pins = attach_pins(config.indicator, pins, stack)
    indicator = attach_lamps(config.indicator, pins) if indicator is None else indicator
    stack.callback(indicator.close)
    switches = stack.enter_context(closing(attach_switches(config.switches, pins)))
    return Attached(indicator, switches, attach_readers(config, readers, pins, stack))


def attach_pins(
    config: IndicatorConfig, given: PinFactory | None, stack: ExitStack
) -> PinFactory | None:
    """What everything on pins shares."""
    if given is not None:
        return given
    pins = open_pins(config.factory)
    if pins is not None:
        stack.callback(pins.close)
    return pins


def attach_lamps(config: IndicatorConfig, pins: PinFactory | None) -> Indicator:
    wired = Pins(config.green, config.amber, config.red, config.buzzer)
    return open_indicator(wired, pins)


def attach_switches(config: SwitchesConfig, pins: PinFactory | None) -> Switches:
    wired = SwitchPins(config.button, config.alarm, config.is_normally_open)
    return open_switches(wired, pins)


def open_readers(
    config: Config, power: Callable[[ReaderConfig], PowerCycle | None] = lambda _: None
) -> list[Reader]:
    """`power` gives what can switch a reader's power; without it nothing is switched, and no pin is
    taken. Raises ReaderConfigError, and what `power` raises."""
    return [
        open_reader(ReaderSpec(one.family, one.device, one.name), power(one))
        for one in config.readers
    ]


def check_readers(readers: Sequence[Reader]) -> None:
    """Whether one hangs. By the machine's own time, for that is what drivers take: the kiosk may
    have been given another clock. Raises RuntimeError when only a fresh process can help."""
    uptime = timedelta(seconds=time.monotonic())
    for reader in readers:
        reader.check(uptime)


def attach_readers(
    config: Config, given: Sequence[Reader] | None, pins: PinFactory | None, stack: ExitStack
) -> Sequence[Reader]:
    """Those that are `given`, or the configured ones. They are stopped by `stack`, and their pins
    let go of after that.

    Raises ReaderConfigError, and IndicatorConfigError when the pin of a reset line cannot be had.
    """
    readers = open_readers(config, partial(_power, pins, stack)) if given is None else given
    for reader in readers:
        stack.callback(reader.stop)
    return readers


def _power(pins: PinFactory | None, stack: ExitStack, reader: ReaderConfig) -> PowerCycle | None:
    if reader.reset_pin is not None:
        line = open_reset_line(reader.reset_pin, pins)
        stack.callback(line.close)
        return line.pulse
    return None if reader.power is None else usb_port(reader.power)
