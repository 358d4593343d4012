"""Switching a reader's power: the last rung of the ladder. By Linux's own switches of a USB port.

Two attributes will do (Linux, Documentation/ABI/testing/sysfs-bus-usb):

- `/sys/bus/usb/devices/DEVICE/authorized`: 0 takes the device from its driver, 1 gives it back,
  and the driver begins anew. It stays under power. There since Linux 2.6.26, on every port.
- `/sys/bus/usb/devices/HUB:1.0/HUB-portN/disable`: 1 takes the device off the bus, 0 finds it
  again. On a hub that can switch its ports, the power goes too; most hubs cannot. There since Linux
  6.0, which was released in 2022.
"""

import errno
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress

SWITCHES = {"authorized": (b"0", b"1"), "disable": (b"1", b"0")}
"""What turns each of them off, and on."""
PATH = re.compile(r"/[A-Za-z0-9._/:-]*/(authorized|disable)")
NEEDED = (
    "the path of a USB port's switch, such as /sys/bus/usb/devices/1-1.2/authorized or"
    " /sys/bus/usb/devices/1-1:1.0/1-1-port2/disable"
)
OFF_SECONDS = 0.5
"""Long enough for what a small device has stored to run out, and shorter than a reader may take to
stop."""


def switch_fault(path: str) -> str | None:
    """What is wrong with such a path, if anything: "needs ...". It need not be there now: what is
    pulled out takes its switch with it."""
    return None if PATH.fullmatch(path) else f"needs {NEEDED}"


def usb_port(path: str, wait: Callable[[float], object] = time.sleep) -> Callable[[], None]:
    """What switches the port off and on by its attribute at `path`. `wait` waits so many seconds.

    The device is back on the bus some time after that; whoever opens it tries again until it is.
    Raises ValueError for a path that is none of the two attributes. What is returned raises
    OSError, which says what to do; it leaves no port switched off where that can be helped.
    """
    fault = switch_fault(path)
    if fault is not None:
        raise ValueError(f"{fault}, not {path!r}")
    off, on = SWITCHES[path.rpartition("/")[2]]

    def power_cycle() -> None:
        _write(path, off)
        try:
            wait(OFF_SECONDS)
        finally:
            _switch_on(path, on)

    return power_cycle


def _switch_on(path: str, on: bytes) -> None:
    with suppress(OSError):
        _write(path, on)
        return
    _write(path, on)  # the device may not have been ready for it


def _write(path: str, value: bytes) -> None:
    try:
        attribute = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(attribute, value)
        finally:
            os.close(attribute)
    except OSError as error:
        raise OSError(error.errno, _advice(error), path) from error


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENODEV:
            return "the USB port's switch is not there: is the device in another port?"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "the USB port's switch may not be used: allow it by the udev rule of HARDWARE"
        case _:
            return f"the USB port's switch does not work: {os.strerror(error.errno or 0)}"
