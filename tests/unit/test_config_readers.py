"""What a kiosk's configuration may say of its readers."""

from pathlib import Path

import pytest

from kiosk.app import CHOICES
from kiosk.config import ReaderConfig, load
from presence.settings import SettingsError

KIOSK = """\
kiosk = "solbakken-1"
data = "data"
trust = "trust.json"
[server]
host = "127.0.0.1"
"""
LAMPS = '[indicator]\nfactory = "mock"\n'
SWITCH = "/sys/bus/usb/devices/1-1.2/authorized"
PORT = "/sys/bus/usb/devices/1-1:1.0/1-1-port2/disable"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trust.json").touch()
    return tmp_path


def reader(family: str, device: str | None = None, more: str = "") -> str:
    """One table, of which the family stands in the seventh line of a file if it is the first."""
    named = "" if device is None else f"device = {device!r}\n"
    return f"[[reader]]\nfamily = {family!r}\n{named}{more}"


def read(folder: Path, *tables: str) -> tuple[ReaderConfig, ...]:
    path = folder / "kiosk.toml"
    path.write_text(KIOSK + "".join(tables))
    return load(path, CHOICES).readers


def faults(folder: Path, *tables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, *tables)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("family", "device"),
    [
        ("pn532", "/dev/serial0"),
        ("pcsc", ""),
        ("pcsc", "ACS ACR1252 1S CL Reader"),
        ("camera", "/dev/v4l/by-id/usb-Lens_0001-video-index0"),
        ("picamera", "1"),
        ("serial_scanner", "/dev/ttyACM0"),
        ("hid_scanner", "/dev/input/by-id/usb-Scanner-event-kbd"),
    ],
)
def test_each_family_names_its_device_in_its_own_way(
    folder: Path, family: str, device: str
) -> None:
    assert read(folder, reader(family, device)) == (ReaderConfig(family, device, family),)


def test_the_only_pcsc_reader_needs_no_name(folder: Path) -> None:
    assert read(folder, reader("pcsc")) == (ReaderConfig("pcsc", "", "pcsc"),)


@pytest.mark.parametrize(
    ("family", "device", "told"),
    [
        ("pn532", "serial0", "needs the path of its device, such as /dev/serial0"),
        ("pn532", "/dev/$(reboot)", "needs the path of its device, such as /dev/serial0"),
        ("camera", "0", "needs the path of its device, such as /dev/video0"),
        ("picamera", "/dev/video0", "needs the number of the camera, such as 0"),
        ("pcsc", "/dev/usb1", "needs a part of the reader's name, such as ACR1252, or nothing"),
        ("serial_scanner", "COM3", "needs the path of its device, such as /dev/ttyACM0"),
    ],
)
def test_another_kind_of_device_is_a_fault_in_its_line(
    folder: Path, family: str, device: str, told: str
) -> None:
    assert faults(folder, reader(family, device)) == [
        f"kiosk.toml:8: reader[0].device: {told}, not {device!r}"
    ]


def test_a_device_that_is_missing_is_told_with_the_line_of_its_reader(folder: Path) -> None:
    assert faults(folder, reader("camera")) == [
        "kiosk.toml:6: reader[0].device: needs the path of its device, such as /dev/video0"
    ]


def test_an_unknown_family_names_the_choices(folder: Path) -> None:
    assert faults(folder, reader("mfrc522", "/dev/spidev0.0")) == [
        "kiosk.toml:7: reader[0].family: unknown 'mfrc522'; choose one of:"
        " pn532, pcsc, camera, picamera, serial_scanner, hid_scanner"
    ]


def test_a_reset_line_and_a_switch_of_a_port_are_taken_over(folder: Path) -> None:
    chip = reader("pn532", "/dev/serial0", "reset_pin = 25\n")
    desk = reader("pcsc", "", f"power = {SWITCH!r}\n")
    lens = reader("camera", "/dev/video0", f"power = {PORT!r}\n")
    first, second, third = read(folder, LAMPS, chip, desk, lens)
    assert (first.reset_pin, first.power) == (25, None)
    assert (second.reset_pin, second.power) == (None, SWITCH)
    assert third.power == PORT


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("reset_pin = 28\n", "reset_pin: must be a whole number from 0 to 27"),
        ('reset_pin = "25"\n', "reset_pin: must be a whole number from 0 to 27"),
        ("reset_pin = 17\n", "reset_pin: pin 17 is taken by indicator.green"),
        ("power = 1\n", "power: must be a text in quotes"),
        ('power = "authorized"\n', "power: needs the path of a USB port's switch, such as /sys/"),
        (
            'power = "/sys/../power"\n',
            "power: needs the path of a USB port's switch, such as /sys/",
        ),
    ],
)
def test_what_cannot_switch_a_reader_is_a_fault_in_its_line(
    folder: Path, more: str, told: str
) -> None:
    [fault] = faults(folder, reader("pn532", "/dev/serial0", more), LAMPS)
    assert fault.startswith(f"kiosk.toml:9: reader[0].{told}")


def test_one_way_to_switch_a_reader_is_enough(folder: Path) -> None:
    both = f"reset_pin = 25\npower = {SWITCH!r}\n"
    assert faults(folder, reader("pn532", "/dev/serial0", both), LAMPS) == [
        "kiosk.toml:10: reader[0].power: one of reset_pin and power is enough"
    ]


@pytest.mark.parametrize(("family", "device"), [("pn532", "/dev/serial0"), ("pcsc", "")])
def test_two_readers_do_not_fight_over_one_device(folder: Path, family: str, device: str) -> None:
    found = faults(folder, reader(family, device), reader(family, device, 'name = "other"'))
    assert len(found) == 1
    assert f"device: another {family} has it already" in found[0]


def test_two_chips_do_not_share_a_reset_line(folder: Path) -> None:
    hall = reader("pn532", "/dev/serial0", "reset_pin = 25\n")
    side = reader("pn532", "/dev/serial1", 'name = "side"\nreset_pin = 25\n')
    assert faults(folder, hall, side, LAMPS) == [
        "kiosk.toml:14: reader[1].reset_pin: pin 25 is taken by reader[0].reset_pin"
    ]


def test_only_a_bare_chip_has_a_reset_line(folder: Path) -> None:
    assert faults(folder, reader("pcsc", "", "reset_pin = 25\n"), LAMPS) == [
        "kiosk.toml:9: reader[0].reset_pin: only for pn532"
    ]


def test_a_reset_line_needs_pins(folder: Path) -> None:
    assert faults(folder, reader("pn532", "/dev/serial0", "reset_pin = 25\n")) == [
        "kiosk.toml:9: reader[0].reset_pin: there are no pins without indicator.factory"
    ]
