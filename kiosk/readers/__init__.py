"""Readers by family. A driver is imported when it is configured, and not before."""

import re

from msgspec import Struct

from kiosk.ports import Reader

CAMERA = "camera"
FAMILIES = ("pn532", CAMERA)
DEVICE_PATH = re.compile(r"/[A-Za-z0-9._/+:@-]+")
"""The path reaches a shell: nfcpy asks `stty` which speeds a line can do."""


class ReaderConfigError(ValueError):
    """The configuration names a reader that cannot be. Says what the choices are."""


class ReaderSpec(Struct, frozen=True):
    """Which reader, and where: the serial device of a `pn532`, such as `/dev/serial0`; the device
    of a `camera`, such as `/dev/video0`, or a video file that stands in for one."""

    family: str
    device: str
    name: str = ""
    """What events call it. The family, if not given; two of a family need names."""


def open_reader(spec: ReaderSpec) -> Reader:
    """The reader that `spec` names, not yet started.

    A device that is configured but not there (yet) is no error: the reader says so by ReaderLost,
    and keeps looking. Raises ReaderConfigError for an unknown family, a driver that is not
    installed, and a device that is missing from the configuration or is no device path.
    """
    match spec.family:
        case "pn532":
            device = _device_path(spec, "/dev/serial0")
            try:
                from kiosk.readers.nfc_pn532 import Pn532Reader
            except ImportError as error:
                raise ReaderConfigError("the reader pn532 needs the package nfcpy") from error
            return Pn532Reader(spec.name or spec.family, device)
        case "camera":
            device = _device_path(spec, "/dev/video0")
            try:
                from kiosk.readers.camera import CameraReader
                from kiosk.readers.video import VideoSource
            except ImportError as error:
                raise ReaderConfigError(
                    "the reader camera needs the packages opencv-python-headless and zxing-cpp"
                ) from error
            return CameraReader(spec.name or spec.family, lambda: VideoSource(device))
        case unknown:
            raise ReaderConfigError(
                f"unknown reader {unknown!r}; choose one of: {', '.join(FAMILIES)}"
            )


def _device_path(spec: ReaderSpec, example: str) -> str:
    if not DEVICE_PATH.fullmatch(spec.device):
        raise ReaderConfigError(
            f"reader {spec.family} needs the path of its device, such as {example}, "
            f"not {spec.device!r}"
        )
    return spec.device
