"""Power that goes off at a chosen moment: before or after any statement of a program's database."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

_OUT = -1


class PowerCutError(BaseException):
    """The machine, or the process, is gone at this very point. No program may catch it."""


class Fuse:
    """Blows after a number of steps once it is set; until then it only counts."""

    def __init__(self) -> None:
        self._left: int | None = None

    def set(self, steps: int) -> None:
        """So many more steps are taken, and the one after that is not."""
        self._left = steps

    def clear(self) -> None:
        self._left = None

    def burn(self) -> None:
        """A step is about to be taken. Raises PowerCutError; ever again, once it has blown."""
        if self._left is None:
            return
        if self._left <= 0:
            raise PowerCutError
        self._left -= 1


class PoweredConnection(sqlite3.Connection):
    """Burns the fuse before and after each statement. `committed` is called when what was written
    is on the disk for good, before anybody else can know."""

    fuse: Fuse
    committed: Callable[["PoweredConnection"], None]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.fuse.burn()
        cursor = super().execute(sql, parameters)
        if not sql.startswith(("SELECT", "BEGIN", "PRAGMA", "ROLLBACK")):
            self._note()
            self.fuse.burn()
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        self.fuse.burn()
        cursor = super().executemany(sql, parameters)
        self._note()
        self.fuse.burn()
        return cursor

    def look(self, query: str, parameters: Any = ()) -> list[Any]:
        """A glance that costs no power."""
        return super().execute(query, parameters).fetchall()

    def _note(self) -> None:
        if not self.in_transaction:
            self.committed(self)


def opener(
    fuse: Fuse, committed: Callable[["PoweredConnection"], None]
) -> Callable[..., sqlite3.Connection]:
    """What a store opens its file with (`kiosk.store.Connect`)."""

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: PoweredConnection = sqlite3.connect(
            *arguments, **options, factory=PoweredConnection
        )
        connection.fuse, connection.committed = fuse, committed
        return connection

    return connect
