"""The readers that are configured, each tried by its own driver: opened, looked at once, closed."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

from kiosk.config import ReaderConfig
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.running import Running
from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady
from kiosk.readers import ReaderConfigError, ReaderSpec, one_picture, open_reader
from presence.card import ChipUid, Unreadable
from presence.messages import ReaderState

OPEN_SECONDS = 15.0
"""Longer than any reader takes until it says how it is. OpenCV waits ten for a camera."""
GRACE_SECONDS = 3.0
"""One that is lost at first and comes back so soon works: it, or this machine, was busy."""
CARD_SECONDS = 20.0
ON_PATHS = ("pn532", "camera", "serial_scanner", "hid_scanner")
"""Families whose device is a path."""
ABSENT = {
    "pn532": "turn the serial port on and its login console off: sudo raspi-config, Interface"
    " Options, Serial Port; then restart",
    "camera": "plug the camera in; ls /dev/v4l/by-id tells what it is called",
    "serial_scanner": "plug the scanner in; ls /dev/serial/by-id tells what it is called. Is it set"
    " to USB serial (CDC), not to keyboard?",
    "hid_scanner": "plug the scanner in; ls /dev/input/by-id tells what it is called. Is it set to"
    " keyboard (HID), not to serial?",
}
MEND = {
    "pn532": "look at the four wires (TXD to RXD, crosswise) and the board's two switches (HSU);"
    " take the board's power away for ten seconds; does another program have the device (sudo fuser"
    " -v DEVICE)?",
    "pcsc": "is the reader plugged in and its lamp lit? systemctl status pcscd.socket; pcscd must"
    " let this user in (docs/hardware.md, PC/SC)",
    "camera": "plug the camera out and in; does another program have it (sudo fuser -v DEVICE)?",
    "picamera": "rpicam-hello --list-cameras; look at both ends of its ribbon cable, with the power"
    " off; does another program have it?",
    "serial_scanner": "plug the scanner out and in; does another program have it (sudo fuser -v"
    " DEVICE)? sudo apt purge modemmanager",
    "hid_scanner": "plug the scanner out and in; does another program have it (sudo fuser -v"
    " DEVICE)?",
}
WIDTH, HEIGHT = 1280, 720
BLACK, DARK, FLAT = 8.0, 40.0, 2.0
OURS = "ReaderGoneError: "
"""Whoever reads this needs no name for it."""
Say = Callable[[str], None]


def reader(
    machine: Machine, config: ReaderConfig, say: Say | None, seconds: float = OPEN_SECONDS
) -> Iterator[Finding]:
    """By its driver. With `say`, whoever stands there is asked to hold a card to it."""
    about = About("reader", config.name)
    unusable = _unusable(machine, config, about)
    if unusable is not None:
        yield unusable
        return
    spec = ReaderSpec(config.family, config.device, config.name)
    try:
        opened = open_reader(spec)
    except ReaderConfigError as error:
        yield about.fault(str(error), "install what is missing (requirements-hardware.txt)")
        return
    told: SimpleQueue[ReaderEvent] = SimpleQueue()
    opened.start(told.put)
    try:
        standing = _standing(told, config, about, seconds)
        yield standing
        if say is not None and standing == _answers(config, about):
            yield _tried(told, config.name, say)
    finally:
        opened.stop()
    if standing == _answers(config, about):
        yield from _picture(spec)


def reader_of_running(config: ReaderConfig, running: Running) -> Iterator[Finding]:
    """What the kiosk says, which has the reader to itself."""
    about = About("reader", config.name)
    stop_first = f"{_mend(config)}. To learn more, stop the kiosk and run this again"
    if running.condition is None:
        yield about.not_checked("the running kiosk has it, and cannot be asked", stop_first)
        return
    match running.condition.readers.get(config.name):
        case ReaderState.READY:
            yield about.ok(f"the running kiosk says that this {config.family} is ready")
        case None:
            yield about.warn("the running kiosk does not know it", "restart the kiosk")
        case ReaderState.LOST:
            yield about.fault("the running kiosk has lost it", stop_first)
        case state:
            yield about.warn(f"the running kiosk says that it is {state}", stop_first)


def power_switch(machine: Machine, config: ReaderConfig) -> Iterator[Finding]:
    """What switches the power of the reader's USB port, where one is configured."""
    if config.power is None:
        return
    about, switch = About("reader", f"{config.name} power"), Path(config.power)
    if not switch.exists():
        yield about.warn(
            f"there is no {switch}", "lsusb -t tells the port; is the reader in another one?"
        )
    elif not machine.may_use(switch):
        yield about.warn(
            f"{machine.user()} may not use {switch}",
            "add the udev rule of docs/hardware.md (A reader that does not answer)",
        )
    else:
        yield about.ok("its USB port can be switched")


def _unusable(machine: Machine, config: ReaderConfig, about: About) -> Finding | None:
    """Is the device there, and for this user?"""
    device = Path(config.device)
    if config.family not in ON_PATHS:
        return None
    if not device.exists():
        return about.fault(f"there is no {device}", ABSENT[config.family])
    is_file = stat.S_ISREG(device.stat().st_mode)
    if not is_file and not machine.may_use(device):
        user, group = machine.user(), machine.group_of(device)
        return about.fault(
            f"{user} may not use {device}, which belongs to the group {group}",
            f"sudo usermod -aG {group} {user}; then log in again, or restart the kiosk",
        )
    return None


def _answers(config: ReaderConfig, about: About) -> Finding:
    where = f" at {config.device}" if config.device else ""
    return about.ok(f"the {config.family}{where} answers")


def _standing(
    told: SimpleQueue[ReaderEvent], config: ReaderConfig, about: About, seconds: float
) -> Finding:
    event = _await(told, seconds, ReaderReady, ReaderLost)
    back = _await(told, GRACE_SECONDS, ReaderReady) if isinstance(event, ReaderLost) else None
    match back or event:
        case ReaderReady():
            return _answers(config, about)
        case ReaderLost(why=why):
            return about.fault(f"it does not work: {why.removeprefix(OURS)}", _mend(config))
        case _:
            return about.fault(f"it has said nothing for {seconds:.0f} s", _mend(config))


def _tried(
    told: SimpleQueue[ReaderEvent], name: str, say: Say, seconds: float = CARD_SECONDS
) -> Finding:
    about = About("reader", f"{name} card")
    say(f"Hold a card to the reader {name!r} within {seconds:.0f} s, still, for a second...")
    event = _await(told, seconds, Presented, ReaderLost)
    match event:
        case Presented(evidence=Unreadable() as why):
            return about.warn(f"a card was seen: {why.value}", "try it once more, with our card")
        case Presented(evidence=ChipUid()):
            return about.ok("a card was read: its serial number, no code of ours")
        case Presented():
            return about.ok("a card with our code was read; whether it is genuine was not asked")
        case ReaderLost(why=why):
            return about.fault(f"it was lost meanwhile: {why}", "look at its cable")
        case _:
            return about.warn(f"no card came in {seconds:.0f} s", "try it once more")


def _await(
    told: SimpleQueue[ReaderEvent], seconds: float, *kinds: type[ReaderEvent]
) -> ReaderEvent | None:
    """The first event of these kinds; None where none comes in time."""
    give_up = monotonic() + seconds
    while True:
        try:
            event = told.get(timeout=max(0.0, give_up - monotonic()))
        except Empty:
            return None
        if isinstance(event, kinds):
            return event


def _picture(spec: ReaderSpec) -> Iterator[Finding]:
    picture = one_picture(spec)
    if picture is None:
        return
    about = About("camera", spec.name)
    told = f"{picture.width}x{picture.height}, brightness {picture.brightness:.0f} of 255"
    if picture.brightness < BLACK:
        yield about.fault(
            f"the picture is black ({told})", "is its lens covered, or the hall dark?"
        )
    elif picture.contrast < FLAT:
        yield about.warn(f"the picture shows nothing ({told})", "is its lens covered or dirty?")
    elif picture.brightness < DARK:
        yield about.warn(f"the picture is dark ({told})", "add a lamp where cards are held")
    elif picture.width < WIDTH or picture.height < HEIGHT:
        yield about.warn(
            f"the picture is small ({told})", f"codes need {WIDTH}x{HEIGHT}: take another camera"
        )
    else:
        yield about.ok(told)


def _mend(config: ReaderConfig) -> str:
    return MEND[config.family].replace("DEVICE", config.device)
