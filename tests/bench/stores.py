"""Facts made durable, against the bare sqlite3 module on the same disk: both with WAL and
synchronous=FULL, the same number of rows of the same size in each transaction."""

import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import sqlalchemy as sa

from demo.sample.homes import SOLBAKKEN
from kiosk.outbox import SqliteOutbox
from presence import codec
from presence.card import CardRef
from presence.credential import verify_code
from presence.ids import RANDOM_BYTES, BootId, EventId, PresentationId, VisitId, uuid7
from presence.messages import (
    MAX_ENTRIES,
    Arrived,
    ClockTrust,
    Entries,
    Entry,
    Left,
    Receipts,
    Stamp,
    What,
)
from presence.verdict import Basis, Outcome
from server.cards.sun import ChipKeys
from server.db import make_engine
from server.gateway import entries
from server.gateway.commits import Fact, commit
from tests.bench.blocks import Block, ratio, take_turns, typical
from tests.bench.city import City
from tests.bench.figures import Figure, figure
from tests.fakes.facts import reading

GROUPS = (1, 10, 50, 200)
NO_CHIPS = ChipKeys(meta=bytes(16), file=bytes(16), index=bytes(32))
"""Entries in one transaction."""
_BOOT = BootId("0192b3c4-d5e6-4f70-8a90-b1c2d3e4f506")


@dataclass(frozen=True, slots=True)
class Scale:
    """How many blocks, of about how many rows each."""

    rounds: int
    rows: int


def measure(city: City, scale: Scale) -> list[Figure]:
    """The server's way from entries to receipts by group size, then the kiosk's outbox."""
    with ExitStack() as stack:
        return [*_server(stack, city, scale), *_outbox(stack, city, scale)]


def _server(stack: ExitStack, city: City, scale: Scale) -> Iterator[Figure]:
    path = city.copy("stores.sqlite")
    engine = make_engine(f"sqlite:///{path}")
    stack.callback(engine.dispose)
    bare = stack.enter_context(closing(Bare(path, bytes_of_an_event(path))))
    told = telling(city)
    for size in GROUPS:
        yield from _compared(
            f"entries kept by the server, {size} a commit",
            lambda size: keep(engine, list(itertools.islice(told, size))),
            bare.insert,
            size,
            scale,
        )


def _outbox(stack: ExitStack, city: City, scale: Scale) -> Iterator[Figure]:
    outbox = stack.enter_context(closing(SqliteOutbox(city.directory / "outbox.db", os.urandom)))
    told = telling(city)
    size = len(codec.encode_entry(next(told)))
    bare = stack.enter_context(closing(Bare(city.directory / "bare.db", size, is_alone=True)))
    yield from _compared(
        "entries recorded by the kiosk's outbox",
        lambda _: outbox.record(next(told).what, reading()),
        bare.insert,
        1,
        scale,
    )


def keep(engine: sa.Engine, told: list[Entry]) -> bytes:
    """What the gateway's worker does with a group of entries; gives the receipts it would send."""
    facts: list[Fact] = []
    deliveries = []
    for part in _batches(told):
        raws = tuple(msgspec.Raw(codec.encode_entry(entry)) for entry in part)
        message = Entries(kiosk=SOLBAKKEN.kiosk, entries=raws)
        delivery = entries.read(message, SOLBAKKEN.id, NO_CHIPS)
        facts += [Fact(one, delivery) for one in delivery.told]
        deliveries.append(delivery)
    now = told[-1].stamp.wall
    commit(engine, now, facts)
    receipts = [receipt for delivery in deliveries for receipt in delivery.receipts]
    return codec.encode(Receipts(receipts=tuple(receipts), at=now))


class Bare:
    """One table with a key and bytes, by the sqlite3 module. `is_alone`: no other process may open
    the file, as with the kiosk's own."""

    def __init__(self, path: Path, row_bytes: int, *, is_alone: bool = False) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        if is_alone:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, body BLOB NOT NULL)")
        self._body = bytes(row_bytes)

    def insert(self, count: int) -> None:
        """So many rows in one transaction."""
        now = datetime.now(UTC)
        rows = [(uuid7(now, os.urandom(RANDOM_BYTES)), self._body) for _ in range(count)]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO bare VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def bytes_of_an_event(path: Path) -> int:
    """What one row of the server's table of events holds, on the average, beside its key."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM events LIMIT 500").fetchall()
    return sum(len(str(value)) for row in rows for value in row[1:]) // len(rows)


def _compared(
    name: str,
    ours: Callable[[int], object],
    floor: Callable[[int], object],
    size: int,
    scale: Scale,
) -> Iterator[Figure]:
    turns = max(3, scale.rows // size)
    first, second = take_turns(
        scale.rounds, partial(_seconds, ours, size, turns), partial(_seconds, floor, size, turns)
    )
    yield figure(name, 1 / typical(first), "per s")
    yield figure(f"{name}: time against bare SQLite", ratio(first, second), "×")


def _seconds(act: Callable[[int], object], size: int, turns: int) -> Block:
    """One sample: seconds a row."""
    began = time.perf_counter()
    for _ in range(turns):
        act(size)
    return [(time.perf_counter() - began) / (turns * size)]


def telling(city: City) -> Iterator[Entry]:
    """Arrivals of all volunteers, then their departures, and so on, ten seconds apart."""
    cards = [verify_code(one.code_text, city.trust).card for one in city.sample.people]
    wall = datetime.now(UTC).replace(microsecond=0)
    for number in itertools.count():
        wall += timedelta(seconds=10)
        is_coming = number // len(cards) % 2 == 0
        what = _what(cards[number % len(cards)], wall, is_coming=is_coming)
        stamp = Stamp(number, _BOOT, number * 10_000, wall, ClockTrust.SYNCED)
        yield Entry(EventId(_new_id(wall)), stamp, what)


def _what(card: CardRef, at: datetime, *, is_coming: bool) -> What:
    tap = PresentationId(_new_id(at))
    if is_coming:
        return Arrived(card, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED)
    return Left(card, tap, Basis.LIVE)


def _new_id(at: datetime) -> str:
    return uuid7(at, os.urandom(RANDOM_BYTES))


def _batches(told: list[Entry]) -> Iterator[list[Entry]]:
    """As many as a message may carry."""
    for first in range(0, len(told), MAX_ENTRIES):
        yield told[first : first + MAX_ENTRIES]
