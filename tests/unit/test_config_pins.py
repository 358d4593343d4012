"""What a kiosk's configuration may say of its pins: no pin serves two, and each fault has its
line."""

from pathlib import Path

import pytest

from kiosk.app import CHOICES
from kiosk.config import Config, SwitchesConfig, load
from presence.settings import SettingsError

KIOSK = """\
kiosk = "solbakken-1"
data = "data"
trust = "trust.json"
[server]
host = "127.0.0.1"
"""
READER = '[[reader]]\nfamily = "pn532"\ndevice = "/dev/serial0"\n'
LAMPS = '[indicator]\nfactory = "mock"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trust.json").touch()
    return tmp_path


def read(folder: Path, *tables: str) -> Config:
    path = folder / "kiosk.toml"
    path.write_text(KIOSK + "".join(tables))
    return load(path, CHOICES)


def faults(folder: Path, *tables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, *tables)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_a_kiosk_has_no_switches_unless_it_says_so(folder: Path) -> None:
    assert read(folder, LAMPS).switches == SwitchesConfig(None, None, is_normally_open=False)


def test_button_and_alarm_each_have_a_pin_and_the_alarm_is_fail_safe(folder: Path) -> None:
    config = read(folder, LAMPS, "[switches]\nbutton = 23\nalarm = 24\n")
    assert config.switches == SwitchesConfig(23, 24, is_normally_open=False)


def test_a_contact_that_closes_for_an_alarm_has_to_be_asked_for(folder: Path) -> None:
    opens = read(folder, LAMPS, '[switches]\nalarm = 24\nalarm_contact = "normally_open"\n')
    assert opens.switches == SwitchesConfig(None, 24, is_normally_open=True)
    closes = read(folder, LAMPS, '[switches]\nalarm = 24\nalarm_contact = "normally_closed"\n')
    assert not closes.switches.is_normally_open


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ("button = 28\n", "9: switches.button: must be a whole number from 0 to 27"),
        ("alarm = true\n", "9: switches.alarm: must be a whole number from 0 to 27"),
        ("button = 17\n", "9: switches.button: pin 17 is taken by indicator.green"),
        ("alarm = 18\n", "9: switches.alarm: pin 18 is taken by indicator.buzzer"),
        ("button = 5\nalarm = 5\n", "10: switches.alarm: pin 5 is taken by switches.button"),
        ("alarm_pin = 5\n", "9: switches.alarm_pin: unknown key; did you mean alarm?"),
        (
            'alarm_contact = "closed"\n',
            "9: switches.alarm_contact: unknown 'closed'; choose one of: normally_closed,"
            " normally_open",
        ),
    ],
)
def test_switches_that_cannot_be_are_told_with_their_line(
    folder: Path, switches: str, told: str
) -> None:
    assert faults(folder, LAMPS, "[switches]\n" + switches) == [f"kiosk.toml:{told}"]


def test_lamps_switches_and_reset_lines_share_one_set_of_pins(folder: Path) -> None:
    reader = READER + "reset_pin = 25\n"
    assert faults(folder, reader, LAMPS, "red = 25\n", "[switches]\nalarm = 25\n") == [
        "kiosk.toml:9: reader[0].reset_pin: pin 25 is taken by indicator.red",
        "kiosk.toml:14: switches.alarm: pin 25 is taken by indicator.red",
    ]


def test_the_serial_line_has_pins_of_its_own(folder: Path) -> None:
    assert faults(folder, READER, LAMPS, "[switches]\nbutton = 14\nalarm = 15\n") == [
        "kiosk.toml:12: switches.button: pin 14 is taken by reader[0].device",
        "kiosk.toml:13: switches.alarm: pin 15 is taken by reader[0].device",
    ]
    read(folder, READER, '[indicator]\nfactory = "none"\ngreen = 14\n')


def test_without_a_factory_there_are_no_pins_for_switches(folder: Path) -> None:
    for none in ("", '[indicator]\nfactory = "none"\n'):
        (told,) = faults(folder, none, "[switches]\nbutton = 23\n")
        assert told.endswith("switches.button: there are no pins without indicator.factory")
