"""Databases for tests, made in a moment: each is a copy of one that was filled once.

Both kinds can do the same, so that the same tests run on both.
"""

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from server import schema
from server.db import make_engine
from tests.postgres import Cluster

Fill = Callable[[sa.Engine], None]


class Store(Protocol):
    """Where databases are made and thrown away."""

    def empty(self) -> sa.URL:
        """A new database without tables."""

    def copy(self, url: sa.URL) -> sa.URL:
        """A new database with the content of another one, which nobody uses just now."""

    def drop(self, url: sa.URL) -> None:
        """Throw it away, whoever still uses it."""


class SqliteStore:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def empty(self) -> sa.URL:
        return sa.make_url(f"sqlite:///{self._folder / f'{next(self._numbers)}.sqlite3'}")

    def copy(self, url: sa.URL) -> sa.URL:
        new = self.empty()
        shutil.copyfile(str(url.database), str(new.database))
        return new

    def drop(self, url: sa.URL) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{url.database}{ending}").unlink(missing_ok=True)


class PostgresStore:
    """Databases in a cluster that runs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._numbers = itertools.count(1)

    def empty(self) -> sa.URL:
        return self._make("template1")

    def copy(self, url: sa.URL) -> sa.URL:
        return self._make(str(url.database))

    def drop(self, url: sa.URL) -> None:
        self._cluster.execute(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")

    def _make(self, template: str) -> sa.URL:
        name = f"test_{next(self._numbers)}"
        self._cluster.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._cluster.url(name)


class Databases:
    """The databases of one kind. What was filled under a name is filled once and copied."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._filled: dict[str, sa.URL] = {}

    def empty(self) -> sa.URL:
        """A new database without tables."""
        return self._store.empty()

    def filled(self, name: str, fill: Fill) -> sa.URL:
        """A new database, with our tables and what `fill` puts into them."""
        if name not in self._filled:
            self._filled[name] = self._fill(fill)
        return self._store.copy(self._filled[name])

    def drop(self, url: sa.URL) -> None:
        """Throw a database away."""
        self._store.drop(url)

    @contextmanager
    def engine(self, url: sa.URL) -> Iterator[sa.Engine]:
        """An engine for a database of ours, which is thrown away afterwards."""
        engine = make_engine(url)
        try:
            yield engine
        finally:
            _wait_until_unused(engine)
            engine.dispose()
            self.drop(url)

    def _fill(self, fill: Fill) -> sa.URL:
        url = self._store.empty()
        engine = make_engine(url)
        schema.upgrade(engine)
        fill(engine)
        engine.dispose()
        return url


def _wait_until_unused(engine: sa.Engine) -> None:
    """Threads that were told to end may be in the middle of their last look."""
    pool, never = engine.pool, threading.Event()
    if not isinstance(pool, sa.QueuePool):
        return
    for _ in range(500):
        if pool.checkedout() == 0:
            return
        never.wait(0.01)
    raise AssertionError(f"{pool.checkedout()} connections were never given back")
