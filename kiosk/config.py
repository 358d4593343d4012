"""The kiosk's configuration: a TOML file, checked whole before anything is started.

Every fault is told at once, with the line it stands in, so that nobody has to mend a file one
restart at a time. What each key means is in `deploy/kiosk.toml`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from msgspec import Struct

from presence import topics
from presence.errors import TopicError
from presence.ids import KioskId
from presence.settings import Fault, Settings, SettingsError, Table

LOG_LEVELS = ("debug", "info", "warning", "error")
HIGHEST_PIN = 27
CONTACTS = ("normally_closed", "normally_open")
SERIAL_LINES = ("/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0")
SERIAL_PINS = (14, 15)
"""Where a Raspberry Pi's own serial line comes out."""


class Choices(Struct, frozen=True):
    """What can be chosen; whoever composes the program knows."""

    reader_families: Sequence[str]
    resettable: Sequence[str]
    """Those families of which a chip has a reset line."""
    device_fault: Callable[[str, str], str | None]
    """What is wrong with such a device of a known family."""
    switch_fault: Callable[[str], str | None]
    """What is wrong with such a path of what switches a reader's power."""
    pin_factories: Sequence[str]
    languages: Sequence[str]


class Server(Struct, frozen=True):
    """Where the broker listens, and as whom the kiosk signs in. Shown without its password."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


class ReaderConfig(Struct, frozen=True):
    """`reset_pin` is the Broadcom (GPIO) number of the pin that resets the reader's chip, `power`
    the path of what switches the power of its USB port; not both."""

    family: str
    device: str
    name: str
    reset_pin: int | None = None
    power: str | None = None


class IndicatorConfig(Struct, frozen=True):
    """Broadcom (GPIO) numbers of the pins. `factory` None: neither lamps nor buzzer."""

    factory: str | None = None
    green: int = 17
    amber: int = 27
    red: int = 22
    buzzer: int = 18


class SwitchesConfig(Struct, frozen=True):
    """Broadcom (GPIO) numbers of the pins, which the indicator's factory gives; None: there is no
    such switch."""

    button: int | None = None
    alarm: int | None = None
    is_normally_open: bool = False
    """The alarm closes its contact instead of opening it. Then a cut wire is never noticed."""


class ScreenConfig(Struct, frozen=True):
    """The page for the kiosk's own browser, on loopback; port 0 takes a free one. `language` is
    the home's, for when nobody's own is known."""

    port: int = 8080
    language: str = "nb"


class Config(Struct, frozen=True):
    kiosk: KioskId
    data: Path
    """Folder of everything the kiosk must not forget."""
    trust: Path
    server: Server
    readers: tuple[ReaderConfig, ...] = ()
    indicator: IndicatorConfig = IndicatorConfig()
    switches: SwitchesConfig = SwitchesConfig()
    screen: ScreenConfig = ScreenConfig()
    answer_deadline_ms: int = 700
    log_level: str = "info"


def load(path: Path, choices: Choices) -> Config:
    """Read and check the file; relative paths in it start from its own folder.

    Raises SettingsError with every fault that was found.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [Fault(None, "", f"cannot be read: {error}")]) from error
    settings = Settings(text, str(path))
    config = _config(settings, path.absolute().parent, choices)
    settings.finish()
    return config


def _config(root: Table, folder: Path, choices: Choices) -> Config:
    kiosk = _kiosk(root)
    indicator, pins = _indicator(root.table("indicator"), choices)
    return Config(
        kiosk=kiosk,
        data=_data(root, folder),
        trust=_trust(root, folder),
        server=_server(root.table("server"), kiosk),
        readers=_readers(root.tables("reader"), choices, pins),
        indicator=indicator,
        switches=_switches(root.table("switches"), pins),
        screen=_screen(root.table("screen"), choices),
        answer_deadline_ms=root.whole("answer_deadline_ms", 100, 5_000, 700),
        log_level=root.text("log_level", "info", choices=LOG_LEVELS),
    )


def _kiosk(root: Table) -> KioskId:
    try:
        return topics.kiosk_id(root.text("kiosk"))
    except TopicError as error:
        root.fault("kiosk", str(error))
        return KioskId("")


def _data(root: Table, folder: Path) -> Path:
    path = folder / root.text("data")
    if path.exists() and not path.is_dir():
        root.fault("data", f"{path} is not a folder")
    return path


def _trust(root: Table, folder: Path) -> Path:
    path = folder / root.text("trust")
    if not path.is_file():
        root.fault("trust", f"there is no file {path}")
    return path


def _server(table: Table, kiosk: KioskId) -> Server:
    password = table.text("password", "") or None
    return Server(
        host=table.text("host"),
        port=table.whole("port", 1, 65_535, 1883),
        username=table.text("username", "") or (kiosk if password else None),
        password=password,
    )


class _Pins:
    """Which pin serves what, so that none serves two."""

    def __init__(self, *, are_there: bool) -> None:
        self._are_there = are_there
        self._users: dict[int, str] = {}

    def give(self, table: Table, key: str, numbers: Sequence[int]) -> None:
        """These serve what the key names, if anything here is about pins."""
        for pin in numbers if self._are_there else ():
            self.take(table, key, pin)

    def take(self, table: Table, key: str, pin: int) -> None:
        user = self._users.setdefault(pin, table.path(key))
        if user != table.path(key):
            table.fault(key, f"pin {pin} is taken by {user}")

    def maybe(self, table: Table, key: str) -> int | None:
        """The pin that this key names, if it is there."""
        pin = table.maybe_whole(key, 0, HIGHEST_PIN)
        if pin is not None and not self._are_there:
            table.fault(key, "there are no pins without indicator.factory")
        elif pin is not None and table.is_sound(key):
            self.take(table, key, pin)
        return pin


def _readers(tables: Sequence[Table], choices: Choices, pins: _Pins) -> tuple[ReaderConfig, ...]:
    readers: list[ReaderConfig] = []
    for table in tables:
        reader = _reader(table, choices, pins)
        if reader.name and any(other.name == reader.name for other in readers):
            table.fault("name", f"two readers are called {reader.name!r}")
        if any((other.family, other.device) == (reader.family, reader.device) for other in readers):
            table.fault("device", f"another {reader.family} has it already")
        readers.append(reader)
    return tuple(readers)


def _reader(table: Table, choices: Choices, pins: _Pins) -> ReaderConfig:
    family = table.text("family", choices=choices.reader_families)
    is_known = family in choices.reader_families
    device = table.text("device", "")
    fault = choices.device_fault(family, device) if is_known else None
    if fault is not None:
        table.fault("device", fault)
    if device in SERIAL_LINES:
        pins.give(table, "device", SERIAL_PINS)
    reset_pin = pins.maybe(table, "reset_pin")
    if reset_pin is not None and is_known and family not in choices.resettable:
        table.fault("reset_pin", f"only for {', '.join(choices.resettable)}")
    power = table.text("power", "") or None
    fault = None if power is None else choices.switch_fault(power)
    if fault is not None:
        table.fault("power", fault)
    if power is not None and reset_pin is not None:
        table.fault("power", "one of reset_pin and power is enough")
    return ReaderConfig(family, device, table.text("name", family), reset_pin, power)


def _indicator(table: Table, choices: Choices) -> tuple[IndicatorConfig, _Pins]:
    """Lamps and buzzer, and the pins that they leave to others."""
    default = IndicatorConfig()
    factory = table.text("factory", "none", choices=choices.pin_factories)
    wired = {
        name: table.whole(name, 0, HIGHEST_PIN, cast("int", getattr(default, name)))
        for name in ("green", "amber", "red", "buzzer")
    }
    pins = _Pins(are_there=factory != "none")
    for name, pin in wired.items():
        pins.take(table, name, pin)
    return IndicatorConfig(None if factory == "none" else factory, **wired), pins


def _switches(table: Table, pins: _Pins) -> SwitchesConfig:
    button, alarm = pins.maybe(table, "button"), pins.maybe(table, "alarm")
    contact = table.text("alarm_contact", "normally_closed", choices=CONTACTS)
    return SwitchesConfig(button, alarm, is_normally_open=contact == "normally_open")


def _screen(table: Table, choices: Choices) -> ScreenConfig:
    default = ScreenConfig()
    return ScreenConfig(
        port=table.whole("port", 0, 65_535, default.port),
        language=table.text("language", default.language, choices=choices.languages),
    )
