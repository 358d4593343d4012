"""Readers by family. A driver is imported when it is configured, and not before."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from kiosk.events import Way
from kiosk.ports import Reader

if TYPE_CHECKING:
    from kiosk.readers.frames import Picture

WAYS: Mapping[str, Way] = {
    "pn532": Way.CHIP,
    "pcsc": Way.CHIP,
    "camera": Way.CODE,
    "picamera": Way.CODE,
    "serial_scanner": Way.CODE,
    "hid_scanner": Way.CODE,
}
"""Each family, and how a card is shown to it."""
FAMILIES = tuple(WAYS)
DEVICE_PATH = re.compile(r"/[A-Za-z0-9._/+:@-]+")
"""The path reaches a shell: nfcpy asks `stty` which speeds a line can do."""

PATH = "the path of its device, such as {}"
DEVICES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "pn532": (DEVICE_PATH, PATH.format("/dev/serial0")),
    "pcsc": (
        re.compile(r"|[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,127}"),
        "a part of the reader's name, such as ACR1252, or nothing",
    ),
    "camera": (DEVICE_PATH, PATH.format("/dev/video0")),
    "picamera": (re.compile("[0-9]"), "the number of the camera, such as 0"),
    "serial_scanner": (DEVICE_PATH, PATH.format("/dev/ttyACM0")),
    "hid_scanner": (DEVICE_PATH, PATH.format("/dev/input/by-id/usb-...-event-kbd")),
}
"""What names the device of each family, and that in words."""
RESETTABLE = ("pn532",)
"""Families of which a chip has a reset line."""

PowerCycle = Callable[[], None]
"""Takes a reader's power away, or pulls its chip's reset line, and gives it back. Blocks until the
reader may be opened again, two seconds at most. Raises OSError."""


class ReaderConfigError(ValueError):
    """The configuration names a reader that cannot be. Says what the choices are."""


class ReaderSpec(Struct, frozen=True):
    """Which reader, and where.

    `device` is, by family: the serial device of a `pn532` or a `serial_scanner`, such as
    `/dev/serial0`; a part of the name of a `pcsc` reader, such as `ACR1252`, or nothing for the
    only one; the device of a `camera`, such as `/dev/video0`, or a video file that stands in for
    one; the number of a `picamera`, such as `0`; the input device of a `hid_scanner`, such as
    `/dev/input/by-id/usb-…-event-kbd`.
    """

    family: str
    device: str
    name: str = ""
    """What events call it. The family, if not given; two of a family need names."""


def device_fault(family: str, device: str) -> str | None:
    """What is wrong with such a device of a known family, if anything: "needs ..."."""
    pattern, needed = DEVICES[family]
    if pattern.fullmatch(device):
        return None
    return f"needs {needed}" + (f", not {device!r}" if device else "")


def open_reader(spec: ReaderSpec, power_cycle: PowerCycle | None = None) -> Reader:
    """The reader that `spec` names, not yet started.

    `power_cycle` is what helps where opening it afresh does not. A device that is configured but
    not there (yet) is no error: the reader says so by ReaderLost, and keeps looking.
    Raises ReaderConfigError for an unknown family, a driver that is not installed, and a device
    that is missing from the configuration or cannot be one.
    """
    opener = _OPENERS.get(spec.family)
    if opener is None:
        raise ReaderConfigError(
            f"unknown reader {spec.family!r}; choose one of: {', '.join(FAMILIES)}"
        )
    fault = device_fault(spec.family, spec.device)
    if fault is not None:
        raise ReaderConfigError(f"reader {spec.family} {fault}")
    return opener(spec, power_cycle)


def _pn532(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.nfc_pn532 import Pn532Reader
    except ImportError as error:
        raise _missing(spec, "the package nfcpy") from error
    return Pn532Reader(spec.name or spec.family, spec.device, power_cycle=power_cycle)


def _pcsc(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.pcsc import PcscReader
    except ImportError as error:
        raise _missing(spec, "the package pyscard, and pcscd from Debian") from error
    return PcscReader(spec.name or spec.family, spec.device, power_cycle=power_cycle)


def _camera(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.camera import CameraReader
        from kiosk.readers.video import VideoSource
    except ImportError as error:
        raise _missing(spec, "the packages opencv-python-headless and zxing-cpp") from error
    return CameraReader(
        spec.name or spec.family, lambda: VideoSource(spec.device), power_cycle=power_cycle
    )


def _picamera(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.camera import CameraReader
        from kiosk.readers.picamera import PicameraSource
    except ImportError as error:
        raise _missing(spec, "python3-picamera2 from Raspberry Pi OS, and zxing-cpp") from error
    number = int(spec.device)
    return CameraReader(
        spec.name or spec.family, lambda: PicameraSource(number), power_cycle=power_cycle
    )


def _serial_scanner(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.serial_scanner import SerialScanner
    except ImportError as error:
        raise _missing(spec, "the package pyserial") from error
    return SerialScanner(spec.name or spec.family, spec.device, power_cycle=power_cycle)


def _hid_scanner(spec: ReaderSpec, power_cycle: PowerCycle | None) -> Reader:
    try:
        from kiosk.readers.hid_scanner import HidScanner
    except ImportError as error:
        raise _missing(spec, "the package evdev") from error
    return HidScanner(spec.name or spec.family, spec.device, power_cycle=power_cycle)


_OPENERS: Mapping[str, Callable[[ReaderSpec, PowerCycle | None], Reader]] = {
    "pn532": _pn532,
    "pcsc": _pcsc,
    "camera": _camera,
    "picamera": _picamera,
    "serial_scanner": _serial_scanner,
    "hid_scanner": _hid_scanner,
}


def pcsc_readers() -> list[str]:
    """The names of those that pcscd serves. Raises OSError, and ImportError without pyscard."""
    from kiosk.readers.smartcards import reader_names

    return reader_names()


def one_picture(spec: ReaderSpec) -> "Picture | None":
    """Of a camera that no reader has; None: this family has no pictures. Raises OSError, and
    ImportError without its driver."""
    if spec.family == "camera":
        from kiosk.readers.frames import one_picture
        from kiosk.readers.video import VideoSource

        return one_picture(VideoSource(spec.device))
    if spec.family == "picamera":
        from kiosk.readers.frames import one_picture
        from kiosk.readers.picamera import PicameraSource

        return one_picture(PicameraSource(int(spec.device)))
    return None


def _missing(spec: ReaderSpec, what: str) -> ReaderConfigError:
    return ReaderConfigError(
        f"the reader {spec.family} needs {what}; choose one of: {', '.join(FAMILIES)}"
    )
