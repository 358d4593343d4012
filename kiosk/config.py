"""The kiosk's configuration: a TOML file, checked whole before anything is started.

Every fault is told at once, with the line it stands in, so that nobody has to mend a file one
restart at a time. What each key means is in `deploy/kiosk.toml`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from msgspec import Struct

from presence import topics
from presence.errors import TopicError
from presence.ids import KioskId
from presence.settings import Fault, Settings, SettingsError, Table

LOG_LEVELS = ("debug", "info", "warning", "error")
HIGHEST_PIN = 27


class Choices(Struct, frozen=True):
    """What can be chosen; whoever composes the program knows."""

    reader_families: Sequence[str]
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
    family: str
    device: str
    name: str


class IndicatorConfig(Struct, frozen=True):
    """Broadcom (GPIO) numbers of the pins. `factory` None: neither lamps nor buzzer."""

    factory: str | None = None
    green: int = 17
    amber: int = 27
    red: int = 22
    buzzer: int = 18


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
    return Config(
        kiosk=kiosk,
        data=_data(root, folder),
        trust=_trust(root, folder),
        server=_server(root.table("server"), kiosk),
        readers=_readers(root.tables("reader"), choices),
        indicator=_indicator(root.table("indicator"), choices),
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


def _readers(tables: Sequence[Table], choices: Choices) -> tuple[ReaderConfig, ...]:
    readers: list[ReaderConfig] = []
    for table in tables:
        reader = _reader(table, choices)
        if reader.name and any(other.name == reader.name for other in readers):
            table.fault("name", f"two readers are called {reader.name!r}")
        readers.append(reader)
    return tuple(readers)


def _reader(table: Table, choices: Choices) -> ReaderConfig:
    family = table.text("family", choices=choices.reader_families)
    path = "the whole path of a device, such as /dev/serial0"
    device = table.text("device", pattern="/.*", must_be=path)
    return ReaderConfig(family, device, table.text("name", family))


def _indicator(table: Table, choices: Choices) -> IndicatorConfig:
    default = IndicatorConfig()
    factory = table.text("factory", "none", choices=choices.pin_factories)
    pins = {
        name: table.whole(name, 0, HIGHEST_PIN, cast("int", getattr(default, name)))
        for name in ("green", "amber", "red", "buzzer")
    }
    users: dict[int, str] = {}
    for name, pin in pins.items():
        if users.setdefault(pin, name) != name:
            table.fault(name, f"pin {pin} is taken by {users[pin]}")
    return IndicatorConfig(None if factory == "none" else factory, **pins)


def _screen(table: Table, choices: Choices) -> ScreenConfig:
    default = ScreenConfig()
    return ScreenConfig(
        port=table.whole("port", 0, 65_535, default.port),
        language=table.text("language", default.language, choices=choices.languages),
    )
