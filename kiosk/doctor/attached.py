"""What is plugged in, whether it is configured or not; and what stands in its way."""

import re
from collections.abc import Iterator
from pathlib import Path

from kiosk.config import Config
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.readers import pcsc_readers

MODULES = {
    "nfcpy": "nfc",
    "pyscard": "smartcard",
    "opencv-python-headless": "cv2",
    "zxing-cpp": "zxingcpp",
    "picamera2": "picamera2",
    "pyserial": "serial",
    "evdev": "evdev",
    "gpiozero": "gpiozero",
    "lgpio": "lgpio",
}
"""Python packages, and what they are called in a program."""
DRIVERS = {
    "pn532": ("nfcpy", "pyserial"),
    "pcsc": ("pyscard",),
    "camera": ("opencv-python-headless", "zxing-cpp"),
    "picamera": ("picamera2", "zxing-cpp"),
    "serial_scanner": ("pyserial",),
    "hid_scanner": ("evdev",),
    "lgpio": ("gpiozero", "lgpio"),
}
"""Those that are needed, by reader family and pin factory."""
SMART_CARD = "0b"
"""USB's class of such interfaces (USB CCID 1.1, section 4.3)."""
IN_THE_WAY = ("pn533_usb", "pn533", "nfc")
"""Modules of Linux that take a USB reader before pcscd does."""
KEYS = (2, 20, 31, 42)
"""KEY_1, KEY_T, KEY_S and the left shift: what types codes has them (linux/input-event-codes.h)."""


def drivers(machine: Machine, config: Config) -> Iterator[Finding]:
    """One finding for all that what is configured needs."""
    about = About("drivers")
    wanted = [*(one.family for one in config.readers), config.indicator.factory or ""]
    packages = sorted({one for kind in wanted for one in DRIVERS.get(kind, ())})
    versions = {one: machine.version(one, MODULES[one]) for one in packages}
    missing = [one for one, version in versions.items() if version is None]
    if missing:
        yield about.fault(
            f"not installed: {', '.join(missing)}",
            "pip install -r requirements-hardware.txt; picamera2 comes with Raspberry Pi OS, as"
            " does python3-lgpio",
        )
    elif packages:
        yield about.ok(", ".join(f"{one} {version}" for one, version in versions.items()))
    else:
        yield about.ok("none is needed by what is configured")


def configured(config: Config) -> Iterator[Finding]:
    if not config.readers:
        yield About("readers").fault(
            "no reader is configured", "add a [[reader]] to the configuration"
        )


def serial_ports(machine: Machine, config: Config) -> Iterator[Finding]:
    """On USB; a Pi's own serial line is always there."""
    used = _used(config)
    for kind in ("ttyACM*", "ttyUSB*"):
        for port in sorted(machine.at("/sys/class/tty").glob(kind)):
            if port.name not in used:
                device = f"/dev/{port.name}"
                yield _unused("serial port", device, "serial_scanner", device)


def cameras(machine: Machine, config: Config) -> Iterator[Finding]:
    """On USB. The Pi's own shows up as many devices of which none is for us."""
    used = _used(config)
    for camera in sorted(machine.at("/sys/class/video4linux").glob("video*")):
        is_on_usb = any(part.startswith("usb") for part in (camera / "device").resolve().parts)
        if is_on_usb and machine.text(camera / "index") == "0" and camera.name not in used:
            name, device = machine.text(camera / "name"), f"/dev/{camera.name}"
            yield _unused(f"camera {name}", device, "camera", device)


def typing_devices(machine: Machine, config: Config) -> Iterator[Finding]:
    """Which of them is a scanner cannot be told: all are keyboards."""
    used, found = _used(config), []
    for event in sorted(machine.at("/sys/class/input").glob("event*")):
        types = _keys(machine.text(event / "device/capabilities/key") or "")
        if event.name not in used and all(types >> key & 1 for key in KEYS):
            found.append(f"{machine.text(event / 'device/name')} (/dev/input/{event.name})")
    if found:
        yield About("attached", "keyboard").ok(f"not used, and types: {', '.join(found)}")


def _keys(told: str) -> int:
    """Bits by key. Words of 64 bits, the highest first, without leading zeros (Linux, input.c)."""
    words = told.split()
    if not all(re.fullmatch("[0-9a-f]{1,16}", word) for word in words):
        return 0
    return sum(int(word, 16) << 64 * place for place, word in enumerate(reversed(words)))


def smart_card_readers(machine: Machine, config: Config) -> Iterator[Finding]:
    """By pcscd where one is configured, by USB alone where none is."""
    if any(one.family == "pcsc" for one in config.readers):
        yield from _served()
        yield from _in_the_way(machine)
        return
    for interface in sorted(machine.at("/sys/bus/usb/devices").glob("*:*")):
        if machine.text(interface / "bInterfaceClass") == SMART_CARD:
            name = interface.name.partition(":")[0]
            product = machine.text(interface.parent / name / "product") or "smart card reader"
            yield _unused(product, f"USB {name}", "pcsc", "")


def _served() -> Iterator[Finding]:
    about = About("attached", "pcscd")
    try:
        names = pcsc_readers()
    except ImportError:
        return  # told of the drivers
    except OSError as error:
        yield about.fault(str(error), "systemctl status pcscd.socket; docs/hardware.md, PC/SC")
        return
    if names:
        yield about.ok(f"pcscd serves: {'; '.join(names)}")
    else:
        yield about.fault("pcscd serves no reader", "plug the reader in; lsusb; dmesg")


def _in_the_way(machine: Machine) -> Iterator[Finding]:
    loaded = {line.split()[0] for line in (machine.text("/proc/modules") or "").splitlines()}
    taken = [name for name in IN_THE_WAY if name in loaded]
    if taken:
        yield About("attached", "modules").warn(
            f"Linux itself may take USB readers by {', '.join(taken)}",
            "blacklist them: docs/hardware.md, PC/SC",
        )
    if machine.at("/etc/reader.conf.d/vpcd").exists():
        yield About("attached", "vpcd").fault(
            "pcscd takes cards from the network (vpcd)", "sudo apt purge vsmartcard-vpcd"
        )


def _unused(what: str, where: str, family: str, device: str) -> Finding:
    line = f'family = "{family}"' + (f', device = "{device}"' if device else "")
    return About("attached", where).warn(
        f"{what} is plugged in and not configured", f"pull it out, or add a [[reader]]: {line}"
    )


def _used(config: Config) -> set[str]:
    """Names of the devices behind the configured paths."""
    return {Path(one.device).resolve().name for one in config.readers if "/" in one.device}
