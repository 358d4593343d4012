"""What is plugged in and not configured, what is missing, and what stands in the way."""

import os
import pty
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from msgspec.structs import replace

from kiosk.config import Config, IndicatorConfig, ReaderConfig, Server, SwitchesConfig
from kiosk.doctor import attached, pins, readers
from kiosk.doctor.finding import About, Finding, State
from kiosk.doctor.running import Running
from kiosk.events import (
    AlarmChanged,
    Presented,
    ReaderEvent,
    ReaderLost,
    ReaderReady,
    Removed,
    SwitchEvent,
)
from kiosk.health import Condition
from presence.card import ChipUid, SignedCode, Unreadable
from presence.ids import KioskId
from presence.messages import ReaderState
from tests.fakes.machine import healthy, put

ALL_KEYS = "10000 0 0 fffffffffffffffe"
MOUSE = "70000 0 0 0 0"


def configured(*devices: tuple[str, str], factory: str | None = None) -> Config:
    made = [ReaderConfig(family, device, family) for family, device in devices]
    return Config(
        KioskId("solbakken-1"),
        Path("data"),
        Path("trust.json"),
        Server("tilstede.example.org", 1883),
        readers=tuple(made),
        indicator=IndicatorConfig(factory),
    )


def one(findings: Iterable[Finding]) -> Finding:
    [finding] = findings
    assert (finding.mend != "") or finding.state in (State.OK, State.NOT_CHECKED)
    return finding


def test_a_scanner_that_nobody_configured_is_named_with_what_to_write(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/sys/class/tty/ttyACM0/dev", "166:0")
    put(tmp_path, "/sys/class/tty/ttyAMA0/dev", "204:64")
    finding = one(attached.serial_ports(machine, configured()))
    assert (finding.state, finding.name) == (State.WARN, "/dev/ttyACM0")
    assert 'family = "serial_scanner", device = "/dev/ttyACM0"' in finding.mend
    used = configured(("serial_scanner", "/dev/ttyACM0"))
    assert list(attached.serial_ports(machine, used)) == []


def test_a_camera_on_usb_that_nobody_configured_is_named(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    usb = tmp_path / "sys/devices/usb1/1-1"
    usb.mkdir(parents=True)
    for number, place, index in ((0, usb, "0"), (1, usb, "1"), (10, tmp_path, "0")):
        camera = f"/sys/class/video4linux/video{number}"
        put(tmp_path, f"{camera}/name", "Sample Cam")
        put(tmp_path, f"{camera}/index", index)
        (tmp_path / f"{camera.lstrip('/')}/device").symlink_to(place)
    finding = one(attached.cameras(machine, configured()))
    assert (finding.state, finding.name) == (State.WARN, "/dev/video0")
    assert "Sample Cam" in finding.found
    assert list(attached.cameras(machine, configured(("camera", "/dev/video0")))) == []


def test_what_types_is_named_and_a_mouse_is_not(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    for number, name, keys in ((3, "Sample Scanner", ALL_KEYS), (4, "Mouse", MOUSE)):
        device = f"/sys/class/input/event{number}/device"
        put(tmp_path, f"{device}/name", name)
        put(tmp_path, f"{device}/capabilities/key", keys)
    put(tmp_path, "/sys/class/input/event5/device/capabilities/key", "no numbers")
    finding = one(attached.typing_devices(machine, configured()))
    assert finding.state is State.OK
    assert finding.found == "not used, and types: Sample Scanner (/dev/input/event3)"
    used = configured(("hid_scanner", "/dev/input/event3"))
    assert list(attached.typing_devices(machine, used)) == []


def test_a_smart_card_reader_that_nobody_configured_is_named(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/sys/bus/usb/devices/1-1.2/product", "Sample Reader")
    put(tmp_path, "/sys/bus/usb/devices/1-1.2:1.0/bInterfaceClass", "0b")
    put(tmp_path, "/sys/bus/usb/devices/1-1.3:1.0/bInterfaceClass", "03")
    finding = one(attached.smart_card_readers(machine, configured()))
    assert (finding.state, finding.name) == (State.WARN, "USB 1-1.2")
    assert "Sample Reader" in finding.found
    assert 'family = "pcsc"' in finding.mend


def test_drivers_are_told_with_versions_and_missing_ones_by_name(tmp_path: Path) -> None:
    versions = {"nfcpy": "1.0.4", "pyserial": "3.5", "gpiozero": "2.0.1"}
    machine = healthy(tmp_path, version=lambda package, _: versions.get(package))
    pn532 = configured(("pn532", "/dev/serial0"))
    assert one(attached.drivers(machine, pn532)).found == "nfcpy 1.0.4, pyserial 3.5"
    finding = one(attached.drivers(machine, configured(("pcsc", ""), factory="lgpio")))
    assert finding.state is State.FAULT
    assert finding.found == "not installed: lgpio, pyscard"


def test_a_kiosk_without_any_reader_is_at_fault() -> None:
    assert one(attached.configured(configured())).state is State.FAULT
    assert list(attached.configured(configured(("pcsc", "")))) == []


def test_whatever_a_driver_is_called_in_a_program_is_known() -> None:
    named = {package for packages in attached.DRIVERS.values() for package in packages}
    assert named == attached.MODULES.keys()


# ---- a reader before its driver is asked


@pytest.fixture
def line() -> Iterator[str]:
    """A device that is no file."""
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("family", readers.ON_PATHS)
def test_a_device_that_is_not_there_is_told_with_how_it_gets_there(
    tmp_path: Path, family: str
) -> None:
    config = ReaderConfig(family, str(tmp_path / "none"), "hall")
    finding = one(readers.reader(healthy(tmp_path), config, None))
    assert (finding.state, finding.name) == (State.FAULT, "hall")
    assert finding.found == f"there is no {tmp_path}/none"
    assert finding.mend == readers.ABSENT[family]


def test_a_reader_whose_driver_is_not_installed_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.delitem(sys.modules, "kiosk.readers.picamera", raising=False)
    finding = one(readers.reader(healthy(tmp_path), ReaderConfig("picamera", "0", "hall"), None))
    assert finding.state is State.FAULT
    assert "needs python3-picamera2 from Raspberry Pi OS" in finding.found


def test_a_user_who_lacks_a_group_is_told_which(tmp_path: Path, line: str) -> None:
    machine = healthy(tmp_path, may_use=lambda _: False, group_of=lambda _: "dialout")
    finding = one(readers.reader(machine, ReaderConfig("pn532", line, "hall"), None))
    assert finding.state is State.FAULT
    assert finding.found == f"kari may not use {line}, which belongs to the group dialout"
    assert finding.mend.startswith("sudo usermod -aG dialout kari")


def test_a_user_who_may_not_use_pins_is_told_the_group(tmp_path: Path) -> None:
    machine = healthy(tmp_path, may_use=lambda _: False)
    finding = one(pins.pins(machine, configured(factory="lgpio"), None))
    assert finding.state is State.FAULT
    assert finding.mend.startswith("sudo usermod -aG gpio kari")


@pytest.mark.parametrize(
    ("factory", "state"), [(None, State.WARN), ("mock", State.NOT_CHECKED), ("lgpio", State.FAULT)]
)
def test_pins_that_are_not_there_are_told(
    tmp_path: Path, factory: str | None, state: State
) -> None:
    config = configured(factory=factory)
    assert one(pins.pins(healthy(tmp_path), config, None)).state is state


def test_the_buzzer_and_the_sound_cards_are_told(tmp_path: Path) -> None:
    finding = one(pins.sound(healthy(tmp_path), configured(factory="lgpio")))
    assert finding.state is State.OK
    assert "a buzzer on pin 18" in finding.found
    assert "vc4-hdmi - vc4-hdmi-0" in finding.found
    assert one(pins.sound(healthy(tmp_path), configured())).state is State.WARN


def test_the_switch_of_a_usb_port_has_to_be_there_and_usable(tmp_path: Path) -> None:
    switch = tmp_path / "authorized"
    config = ReaderConfig("pcsc", "", "hall", power=str(switch))
    assert one(readers.power_switch(healthy(tmp_path), config)).state is State.WARN
    switch.write_text("1")
    assert one(readers.power_switch(healthy(tmp_path), config)).state is State.OK
    machine = healthy(tmp_path, may_use=lambda _: False)
    assert "may not use" in one(readers.power_switch(machine, config)).found
    assert list(readers.power_switch(machine, ReaderConfig("pcsc", "", "hall"))) == []


# ---- a kiosk that runs


def running(**states: ReaderState) -> Running:
    condition = Condition(
        program="0.1.0",
        uptime_ms=1,
        readers=states,
        is_connected=True,
        is_alarm=True,
        outbox_depth=0,
        parked=0,
    )
    return Running(condition)


@pytest.mark.parametrize(
    ("kiosk", "state", "found"),
    [
        (running(hall=ReaderState.READY), State.OK, "is ready"),
        (running(hall=ReaderState.LOST), State.FAULT, "has lost it"),
        (running(hall=ReaderState.SILENT), State.WARN, "is silent"),
        (running(hall=ReaderState.RECOVERING), State.WARN, "is recovering"),
        (running(other=ReaderState.READY), State.WARN, "does not know it"),
        (Running(), State.NOT_CHECKED, "cannot be asked"),
    ],
)
def test_a_running_kiosk_says_how_its_readers_are(kiosk: Running, state: State, found: str) -> None:
    config = ReaderConfig("pn532", "/dev/serial0", "hall")
    finding = one(readers.reader_of_running(config, kiosk))
    assert finding.state is state
    assert found in finding.found


def test_a_running_kiosk_keeps_its_pins_and_tells_its_alarm() -> None:
    config = configured(factory="lgpio")
    assert one(pins.pins_of_running(config, running())).state is State.NOT_CHECKED
    wired = replace(config, switches=SwitchesConfig(alarm=24))
    kept, alarm = pins.pins_of_running(wired, running())
    assert kept.state is State.NOT_CHECKED
    assert (alarm.part, alarm.state) == ("fire alarm", State.FAULT)
    assert one(pins.pins_of_running(configured(), running())).state is State.WARN


# ---- what a reader says when it is tried


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([ReaderReady("hall")], State.OK),
        ([ReaderLost("hall", "no answer"), ReaderReady("hall")], State.OK),
        ([ReaderLost("hall", "no answer")], State.FAULT),
        ([], State.FAULT),
    ],
)
def test_a_reader_that_comes_back_at_once_works(events: list[ReaderEvent], state: State) -> None:
    told: SimpleQueue[ReaderEvent] = SimpleQueue()
    for event in events:
        told.put(event)
    config = ReaderConfig("pn532", "/dev/serial0", "hall")
    about = About("reader", "hall")
    assert readers._standing(told, config, about, seconds=0.05).state is state


# ---- a card that somebody was asked to hold up


@pytest.mark.parametrize(
    ("event", "state", "found"),
    [
        (Presented("hall", SignedCode("TS1:A")), State.OK, "our code"),
        (Presented("hall", ChipUid("04112233445566")), State.OK, "its serial number"),
        (Presented("hall", Unreadable.EMPTY), State.WARN, "empty"),
        (ReaderLost("hall", "unplugged"), State.FAULT, "lost meanwhile: unplugged"),
        (Removed("hall"), State.WARN, "no card came"),
    ],
)
def test_what_comes_of_a_card_is_told_and_not_what_is_on_it(
    event: ReaderEvent, state: State, found: str
) -> None:
    told: SimpleQueue[ReaderEvent] = SimpleQueue()
    told.put(event)
    finding = readers._tried(told, "hall", lambda _: None, seconds=0.05)
    assert finding.state is state
    assert found in finding.found
    assert "TS1" not in finding.found


def test_a_button_that_nobody_presses_is_a_warning() -> None:
    told: SimpleQueue[SwitchEvent] = SimpleQueue()
    told.put(AlarmChanged(is_raised=False))
    assert pins._button(told, lambda _: None, seconds=0.05).state is State.WARN
