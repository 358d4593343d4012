"""The server's database: a real SQLite file, the same at the beginning of every history."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from server import schema
from server.db import make_engine, writing
from tests.simulation import cast
from tests.simulation.power import Fuse


class Database:
    """One for many histories, one after the other: what SQLAlchemy has compiled once stays."""

    def __init__(self, folder: Path) -> None:
        self._path, self._template = folder / "server.sqlite3", folder / "template.sqlite3"
        self.fuse: Fuse | None = None
        """Of the gateway whose turn it is."""
        self._changed: list[Callable[[], None]] = []
        self._has_committed = False
        template = make_engine(f"sqlite:///{self._template}")
        schema.upgrade(template)
        with writing(template) as session, session.begin():
            cast.seed(session)
        template.dispose()
        self.engine = make_engine(f"sqlite:///{self._path}")
        event.listen(self.engine, "before_cursor_execute", self._statement)
        event.listen(self.engine, "commit", self._commit)

    def begin_anew(self) -> None:
        """For the next history."""
        self.engine.dispose()
        self._changed.clear()
        self._has_committed, self.fuse = False, None
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._template, self._path)

    def close(self) -> None:
        self.engine.dispose()

    def on_change(self, tell: Callable[[], None]) -> None:
        """`tell` is called after something was committed, by whomever."""
        self._changed.append(tell)

    def tell_of_changes(self) -> None:
        """To be called when a process has had its turn."""
        if self._has_committed:
            self._has_committed = False
            for tell in self._changed:
                tell()

    def _statement(self, *_: Any) -> None:
        if self.fuse is not None:
            self.fuse.burn()

    def _commit(self, _connection: sa.Connection) -> None:
        if self.fuse is not None:
            self.fuse.burn()
        self._has_committed = True
