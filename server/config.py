"""The server's configuration: one TOML file, checked as a whole before anything starts."""

from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from presence.settings import Fault, Settings, SettingsError, Table

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
_SUCH_AS = "such as sqlite:////path/to/file or postgresql://user:password@host/name"
_HOST = r"[A-Za-z0-9.:_-]+"
_HOST_IN_WORDS = "a host name or an address"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the MQTT broker is. Our own one is started and watched by the server."""

    host: str = "127.0.0.1"
    port: int = 0
    is_own: bool = True
    """Started by us on loopback; port 0 takes a free one."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the server needs to know. `data` holds keys, and the database unless told otherwise."""

    data: Path
    database: str = field(repr=False)
    """Its address may hold a password."""
    broker: BrokerAddress = BrokerAddress()
    web_host: str = "127.0.0.1"
    web_port: int = 0
    """0 takes a free one."""
    frame_ancestors: tuple[str, ...] = ()
    """Who may show our pages in a frame. Nobody, unless named here."""
    policies: Path | None = None
    """A folder with societies' own policies. They stand before those that come with the program."""


def own_database(data: Path) -> str:
    """The address of the SQLite file in the data directory."""
    return f"sqlite:///{data / 'tilstede.sqlite3'}"


def read(path: Path) -> Config:
    """Raises SettingsError with every fault and its line."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [Fault(None, "", f"cannot be read: {error}")]) from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Config:
    """Check the text of a file that is called `where`. Raises SettingsError."""
    settings = Settings(text, where)
    data = Path(settings.table("data").text("directory"))
    web = settings.table("web")
    config = Config(
        data=data,
        database=_database(settings.table("database"), data),
        broker=_broker(settings.table("broker")),
        web_host=web.text("host", "127.0.0.1", pattern=_HOST, must_be=_HOST_IN_WORDS),
        web_port=web.whole("port", 1, 65_535, 8080),
        frame_ancestors=web.texts("frame_ancestors"),
        policies=_policies(settings),
    )
    if config.web_host not in LOOPBACK:
        web.fault("host", "must be 127.0.0.1 until people can sign in to the pages")
    settings.finish()
    return config


def _database(table: Table, data: Path) -> str:
    url = table.text("url", own_database(data))
    try:
        asked = sa.make_url(url)
    except (ArgumentError, ValueError):
        table.fault("url", f"is not a database address {_SUCH_AS}")
        return url
    if asked.drivername not in DRIVERS:
        table.fault("url", f"names a kind of database that is not known; write one {_SUCH_AS}")
    elif not asked.database:
        table.fault("url", f"does not say which database; write one {_SUCH_AS}")
    return url


def _policies(settings: Settings) -> Path | None:
    folder = settings.text("policies", "")
    return Path(folder) if folder else None


def _broker(table: Table) -> BrokerAddress:
    is_own = table.boolean("own", default=True)
    port = table.whole("port", 1, 65_535, 1883)
    host = table.text("host", "127.0.0.1", pattern=_HOST, must_be=_HOST_IN_WORDS)
    if is_own and host != "127.0.0.1":
        table.fault("host", "our own broker listens on 127.0.0.1 only")
    return BrokerAddress(host, port, is_own)
