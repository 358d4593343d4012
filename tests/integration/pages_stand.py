"""The pages on a loaded sample, on a clock that a test sets: real app, real web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from demo.sample import Sample, Size, keys_from, load
from demo.sample.homes import SOLBAKKEN, Home
from demo.sample.visiting import KioskPen
from presence.card import CardRef
from server.app import create_app
from server.cards.models import Card
from server.db import reading, writing
from server.keys import Keys, open_keys
from server.kiosks.services import seen
from server.live import Live
from server.serving import WebServer
from server.visits.services import keep_entries
from server.visits.store import Told
from server.web import Parts
from tests.databases import Databases

NOW = datetime(2026, 11, 24, 10, 30, 0, 250_000, tzinfo=UTC)
THREADS = 16


class SetClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Site:
    """A loaded server without its gateway, and what a test does to it."""

    engine: sa.Engine
    clock: SetClock
    keys: Keys
    sample: Sample
    live: Live
    app: Flask
    pen: KioskPen
    """Writes what Solbakken's kiosk tells."""

    def card(self, key: str) -> Card:
        """A card of the cast as it is stored now."""
        with reading(self.engine) as session:
            found = session.get_one(Card, self.sample.cast[key].card_id)
            session.expunge(found)
            return found

    def ref(self, key: str) -> CardRef:
        return self.card(key).ref

    def keep(self, *told: Told) -> None:
        """What the gateway does with entries: store and commit."""
        with writing(self.engine) as session, session.begin():
            keep_entries(session, self.clock(), told)

    def hear(self, home: Home = SOLBAKKEN) -> None:
        """The home's kiosk has just been in contact."""
        with writing(self.engine) as session, session.begin():
            seen(session, self.clock(), home.kiosk)

    def arrive(self, key: str) -> None:
        self.keep(self.pen.arrived(self.ref(key), self.clock()))

    @contextmanager
    def writes(self) -> Iterator[Session]:
        with writing(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def served(self, port: int = 0) -> Iterator[str]:
        """The pages over HTTP on loopback: their address without the last slash."""
        web = WebServer(self.app, "127.0.0.1", port, THREADS)
        web.start()
        try:
            yield f"http://127.0.0.1:{web.port}"
        finally:
            web.stop()


@dataclass(frozen=True)
class Prepared:
    """A loaded database and its keys, to be copied for each test."""

    databases: Databases
    name: str
    keys: Keys
    sample: Sample

    def copy(self) -> sa.URL:
        return self.databases.filled(self.name, lambda _: None)


def prepare(databases: Databases, folder: Path, size: Size = "story") -> Prepared:
    """Load a sample into a new database; its keys are kept in `folder`."""
    keys = open_keys(folder / "keys", keys_from(NOW))
    loaded: list[Sample] = []

    def fill(engine: sa.Engine) -> None:
        with writing(engine) as session, session.begin():
            loaded.append(load(session, NOW, keys.card, size))

    databases.drop(databases.filled(str(folder), fill))
    return Prepared(databases, str(folder), keys, loaded[0])


@contextmanager
def site(prepared: Prepared, boards: int = 8, alive_seconds: float = 15) -> Iterator[Site]:
    """A site on a copy of what was prepared. At most `boards` boards are live."""
    with prepared.databases.engine(prepared.copy()) as engine:
        clock, keys = SetClock(NOW), prepared.keys
        live = Live(engine, boards, alive_seconds)
        app = create_app(Parts(engine, clock, keys.card, live), "a secret of the tests")
        pen = KioskPen(Random(7), SOLBAKKEN, NOW - timedelta(days=1))
        yield Site(engine, clock, keys, prepared.sample, live, app, pen)
