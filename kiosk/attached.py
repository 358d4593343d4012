"""The readers that are attached to a kiosk, as it is configured, with what switches their power."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from kiosk.config import Config, ReaderConfig
from kiosk.indicator import PinFactory, open_reset_line
from kiosk.ports import Reader
from kiosk.readers import PowerCycle, ReaderSpec, open_reader
from kiosk.readers.power import usb_port


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
