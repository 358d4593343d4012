"""A kiosk's configuration: complete, or refused with every fault and its line."""

from pathlib import Path

import pytest

from kiosk.config import Choices, Config, IndicatorConfig, ReaderConfig, load
from kiosk.readers import device_fault
from kiosk.readers.power import switch_fault
from presence.settings import SettingsError

CHOICES = Choices(
    reader_families=("pn532",),
    resettable=("pn532",),
    device_fault=device_fault,
    switch_fault=switch_fault,
    pin_factories=("lgpio", "mock", "none"),
    languages=("nb", "sv"),
)
EXAMPLE = Path(__file__).parents[2] / "deploy" / "kiosk.toml"
GOOD = """\
kiosk = "solbakken-1"
data = "data"
trust = "trust.json"

[server]
host = "127.0.0.1"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trust.json").touch()
    return tmp_path


def read(folder: Path, text: str) -> Config:
    path = folder / "kiosk.toml"
    path.write_text(text)
    return load(path, CHOICES)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_three_keys_and_a_server_are_enough(folder: Path) -> None:
    config = read(folder, GOOD)
    assert (config.kiosk, config.data) == ("solbakken-1", folder / "data")
    assert (config.server.host, config.server.port) == ("127.0.0.1", 1883)
    assert (config.readers, config.indicator) == ((), IndicatorConfig())
    assert (config.answer_deadline_ms, config.log_level) == (700, "info")
    assert (config.screen.port, config.screen.language) == (8080, "nb")


def test_the_example_is_a_good_one(folder: Path) -> None:
    text = EXAMPLE.read_text().replace("/etc/tilstede/trust.json", "trust.json")
    config = read(folder, text)
    assert config.readers == (ReaderConfig("pn532", "/dev/serial0", "hall"),)
    assert config.indicator.factory == "lgpio"


def test_a_reader_without_a_name_is_called_by_its_family(folder: Path) -> None:
    config = read(folder, GOOD + '[[reader]]\nfamily = "pn532"\ndevice = "/dev/serial0"\n')
    assert config.readers[0].name == "pn532"


def test_who_gives_a_password_signs_in_as_the_kiosk_and_does_not_show_it(folder: Path) -> None:
    config = read(folder, GOOD + 'password = "sesam"\n')
    assert (config.server.username, config.server.password) == ("solbakken-1", "sesam")
    assert "sesam" not in repr(config)


def test_every_fault_is_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = """\
kiosk = "Solbakken 1"
trust = "nowhere.json"
log_level = "loud"
answer_deadlin_ms = 700

[server]
host = 127
port = 70000

[[reader]]
family = "pn532"
device = "/dev/serial0"

[[reader]]
family = "pn523"
device = "serial1"

[[reader]]
family = "pn532"
device = "serial2"

[indicator]
factory = "gpio"
green = 17
red = 17
purple = 3

[screen]
language = "no"
port = true

[printer]
"""
    assert faults(folder, text) == [
        "kiosk.toml: data: is missing",
        "kiosk.toml:1: kiosk: a kiosk id has 1 to 64 lower-case letters, digits and hyphens, and"
        " neither begins nor ends with a hyphen",
        "kiosk.toml:2: trust: there is no file nowhere.json",
        "kiosk.toml:3: log_level: unknown 'loud'; choose one of: debug, info, warning, error",
        "kiosk.toml:4: answer_deadlin_ms: unknown key; did you mean answer_deadline_ms?",
        "kiosk.toml:7: server.host: must be a text in quotes",
        "kiosk.toml:8: server.port: must be a whole number from 1 to 65535",
        "kiosk.toml:15: reader[1].family: unknown 'pn523'; choose one of: pn532",
        "kiosk.toml:18: reader[2].name: two readers are called 'pn532'",
        "kiosk.toml:20: reader[2].device: needs the path of its device, such as /dev/serial0,"
        " not 'serial2'",
        "kiosk.toml:23: indicator.factory: unknown 'gpio'; choose one of: lgpio, mock, none",
        "kiosk.toml:25: indicator.red: pin 17 is taken by indicator.green",
        "kiosk.toml:26: indicator.purple: unknown key",
        "kiosk.toml:29: screen.language: unknown 'no'; choose one of: nb, sv",
        "kiosk.toml:30: screen.port: must be a whole number from 0 to 65535",
        "kiosk.toml:32: printer: unknown key",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["data: is missing", "kiosk: is missing", "server.host: is missing"]),
        (GOOD + "reader = 1\n", ["7: server.reader: unknown key"]),
        ("server = 1\n" + GOOD[: GOOD.index("[server]")], ["1: server: must be a table: [server]"]),
        ("reader = 1\n" + GOOD, ["1: reader: must be one table for each: [[reader]]"]),
        (GOOD + "[[reader]]\n", ["7: reader[0].family: is missing"]),
        (GOOD + '[[reader]]\nfamily = "pn532"\n', ["7: reader[0].device: needs the path"]),
        (GOOD.replace('"data"', '""'), ["2: data: must not be empty"]),
        (GOOD.replace('"data"', '"trust.json"'), ["2: data: trust.json is not a folder"]),
    ],
)
def test_each_fault_names_its_key_and_line(folder: Path, text: str, told: list[str]) -> None:
    found = faults(folder, text)
    for line in told:
        assert any(line in fault for fault in found), found


def test_what_is_no_toml_is_told_with_its_line(folder: Path) -> None:
    assert faults(folder, 'kiosk = "x"\ndata = \n') == [
        "kiosk.toml:2: this is not TOML: Invalid value"
    ]


@pytest.mark.parametrize("content", [None, b"kiosk = \xff"])
def test_a_file_that_cannot_be_read_is_told(folder: Path, content: bytes | None) -> None:
    path = folder / "kiosk.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be read"):
        load(path, CHOICES)
