"""The processes that the benchmark starts, each with what it needs."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from demo.child import Child
from demo.sample.homes import SOLBAKKEN
from kiosk.roster import SqliteRoster
from presence.credential import verify_code
from presence.messages import Roster
from server.db import make_engine, reading
from server.institutions.services import house
from server.kiosks.roster import row_of
from tests.bench.city import City

READY_SECONDS = 10.0
KIOSK = SOLBAKKEN.kiosk


@contextmanager
def server(city: City, database: Path | str, port: int) -> Iterator[Child]:
    """The real server in a process of its own, its gateway subscribed. `database` is a file of
    SQLite's, or an address."""
    url = database if isinstance(database, str) else f"sqlite:///{database}"
    arguments = [str(city.directory), url, str(port)]
    yield from _running("tests.bench.server", arguments, city)


@contextmanager
def timed_gateway(city: City, database: Path, port: int, notes: Path) -> Iterator[Child]:
    """A gateway that notes the time at every step, and writes its notes at its end."""
    arguments = [str(city.directory), str(database), str(port), str(notes)]
    yield from _running("tests.bench.timed_gateway", arguments, city)


@contextmanager
def floor(city: City, database: Path, port: int, size: int) -> Iterator[Child]:
    """The floor's answering end in a process of its own, subscribed."""
    people = city.sample.people
    cards = [verify_code(person.code_text, city.trust).card for person in people]
    refs = json.dumps([(card.list, card.index) for card in cards])
    arguments = [str(port), str(database), KIOSK, refs, str(size)]
    yield from _running("tests.bench.floor", arguments, city)


@contextmanager
def kiosk(city: City, config: Path) -> Iterator[Child]:
    """A kiosk with stopwatches in a process of its own, its reader working."""
    yield from _running("tests.bench.kiosk", [str(config)], city)


def write_config(city: City, name: str, port: int, reader: str) -> Path:
    """The configuration of a kiosk with an empty folder of its own."""
    path = city.directory / f"{name}.toml"
    path.write_text(
        f"""\
kiosk = "{KIOSK}"
data = "{name}"
trust = "{city.trust_file}"
log_level = "warning"
[server]
host = "127.0.0.1"
port = {port}
[[reader]]
family = "pn532"
device = "{reader}"
[indicator]
factory = "mock"
[screen]
port = 0
""",
        encoding="utf-8",
    )
    return path


def give_roster(city: City, name: str, now: datetime) -> None:
    """Let that kiosk know all 300 volunteers, as if the server had sent them at `now`."""
    engine = make_engine(f"sqlite:///{city.database}")
    with reading(engine) as session:
        home = house(session, SOLBAKKEN.id, now)
        rows = [row_of(session, SOLBAKKEN.id, one.volunteer_id, now) for one in city.sample.people]
    engine.dispose()
    known = tuple(row for row in rows if row is not None)
    with closing(SqliteRoster(city.directory / name / "roster.db")) as roster:
        roster.apply(Roster(kiosk=KIOSK, whole=True, house=home, rows=known), now)


@contextmanager
def nobody() -> Iterator[int]:
    """A port of loopback at which nobody listens, and nobody else can either."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def _running(module: str, arguments: list[str], city: City) -> Iterator[Child]:
    child = Child(module, arguments, city.directory / f"{module}.log")
    child.start()
    try:
        child.wait_for(lambda report: "ready" in report, "readiness", READY_SECONDS)
        yield child
    finally:
        child.stop()
