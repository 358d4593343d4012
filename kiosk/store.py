"""How the kiosk opens a SQLite file: durable, private, for one process alone."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCK_SECONDS = 3.0
"""How long a predecessor that is just ending may keep the file."""


class StoreError(RuntimeError):
    """A file cannot be used; the message says which and why. Nothing in it was touched."""


Connect = Callable[..., sqlite3.Connection]
"""`sqlite3.connect`, or what stands in for it."""


class Opened(NamedTuple):
    connection: sqlite3.Connection
    was_damaged: bool
    """The file that was there could not be read, was set aside, and this one is new."""


def open_store(
    path: Path, schema: Sequence[str], version: int, connect: Connect = sqlite3.connect
) -> Opened:
    """Open the database at `path`, made by the statements of `schema` where it is new.

    Every commit reaches the disk before it returns (WAL, synchronous FULL). The file is for its
    owner only, and locked: a second process gets a StoreError. A damaged file is renamed, never
    deleted. Raises StoreError for a file of another `version`, and for one that cannot be opened.
    """
    _create(path)
    try:
        return Opened(_open(path, schema, version, connect), was_damaged=False)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise StoreError(f"{path} cannot be opened: {error}") from error
        aside = _set_aside(path)
        log.error("%s is damaged (%s); set aside as %s, starting anew", path, error, aside.name)
    _create(path)
    return Opened(_open(path, schema, version, connect), was_damaged=True)


def _open(path: Path, schema: Sequence[str], version: int, connect: Connect) -> sqlite3.Connection:
    # The one thread that uses it need not be the one that opened it.
    connection = connect(path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damage(verdict)
        _bring_up(connection, path, schema, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(
    connection: sqlite3.Connection, path: Path, schema: Sequence[str], version: int
) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in (0, version):
        raise StoreError(f"{path} has version {found}, this program reads version {version}")
    with transaction(connection):
        if found == 0:
            for statement in schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is done within."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _create(path: Path) -> None:
    """An empty private file, its name on the disk for good; nothing if there is one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make names created or changed in `directory` survive a power cut (fsync(2))."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damage(verdict: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(verdict)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # The low byte is the primary code (sqlite.org/rescode.html).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for ending in ("-wal", "-shm", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    sync_directory(path.parent)
    return aside
