"""The database: one declarative base, and engines and sessions that keep their promises."""

import enum
from datetime import UTC, datetime
from sqlite3 import Connection as SqliteConnection
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session

from presence.ids import ChapterId, InstitutionId, KioskId, VolunteerId

if TYPE_CHECKING:  # not loaded where the database is SQLite
    from psycopg import Connection as PostgresConnection

BUSY_SECONDS = 10
"""So long a writer waits for another one before it gives up."""

STALLED_SECONDS = 60
"""So long a transaction may do nothing on PostgreSQL before it loses its locks."""
WRITE_LOCK = 0x7469_6C73_7400
"""PostgreSQL's advisory lock for the right to write: "tilst" and a number of our own."""

_IS_WRITING = "tilstede_is_writing"
_READ: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_WRITE: dict[str, dict[str, Any]] = {
    "sqlite": {_IS_WRITING: True},
    # Each statement sees what is committed, and with the right to write nothing more can be.
    "postgresql": {_IS_WRITING: True, "isolation_level": "READ COMMITTED"},
}
_LIBPQ = {
    "application_name": "tilstede",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How a connection is made, and how soon a server that has vanished is noticed."""
_SETTINGS = f"""\
SET synchronous_commit = on;
SET lock_timeout = '{BUSY_SECONDS}s';
SET idle_in_transaction_session_timeout = '{STALLED_SECONDS}s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3"""
_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware time, stored in UTC. A time without a zone is refused: nobody knows when it is."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: sa.engine.Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.engine.Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


RowNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A rising number that the database gives out. SQLite counts in its INTEGER only."""


class Base(DeclarativeBase):
    """Root of all tables."""

    metadata = sa.MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime(),
        int: sa.BigInteger(),
        **dict.fromkeys((VolunteerId, ChapterId, InstitutionId, KioskId), sa.String()),
        enum.Enum: sa.Enum(
            enum.Enum,
            native_enum=False,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


def make_engine(url: str | sa.URL) -> sa.Engine:
    """An engine for `url`. Nothing is connected yet."""
    asked = sa.make_url(url)
    is_sqlite = asked.get_backend_name() == "sqlite"
    settings = {} if is_sqlite else {k: v for k, v in _LIBPQ.items() if k not in asked.query}
    engine = sa.create_engine(
        asked,
        # An error must not carry what was being written: names and cards would end in the log.
        hide_parameters=True,
        # A server that was started again has left every connection of the pool dead.
        pool_pre_ping=not is_sqlite,
        connect_args=settings,
    )
    keep_promises(engine)
    return engine


def keep_promises(engine: sa.Engine) -> None:
    """Make every connection of `engine` durable, checked and patient, and every transaction of
    `writing` the only one that writes."""
    if engine.dialect.name == "sqlite":
        _keep_on_sqlite(engine)
    else:
        _keep_on_postgresql(engine)


def reading(engine: sa.Engine) -> Session:
    """A session that sees one state of the database for as long as its transaction lasts."""
    return Session(engine, execution_options=_READ[engine.dialect.name])


def writing(engine: sa.Engine) -> Session:
    """A session whose transactions take the right to write at once, so that what they read first
    cannot have changed when they write, and that they are committed in the order in which they
    began: who reads numbers that rise (`server.changes`) misses none."""
    return Session(engine, execution_options=_WRITE[engine.dialect.name])


def impatient(engine: sa.Engine, seconds: float) -> sa.Connection:
    """A connection of its own, outside the pool, whose transactions are like those of `writing` but
    give up after so long where another one writes: for whom somebody at a door waits."""
    connection = engine.connect().execution_options(**_WRITE[engine.dialect.name])
    driver: Any = connection.connection.driver_connection
    connection.detach()
    milliseconds = round(seconds * 1000)
    if engine.dialect.name == "sqlite":
        driver.execute(f"PRAGMA busy_timeout = {milliseconds}")
    else:
        driver.execute(f"SET lock_timeout = {milliseconds}")
        driver.commit()
    return connection


def is_writing(connection: sa.Connection) -> bool:
    """Whether the connection is that of a session of `writing`."""
    return bool(connection.get_execution_options().get(_IS_WRITING, False))


def is_passing(error: Exception) -> bool:
    """The database cannot be had at the moment, or asks to be asked again. Nothing is wrong with
    what was to be read or written."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | PoolTimeoutError)


def _keep_on_sqlite(engine: sa.Engine) -> None:
    """The driver's own idea of transactions is switched off: it would begin one only at the first
    write, so that what was read before belongs to another state of the database."""

    @event.listens_for(engine, "connect")
    def connect(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            kind = "IMMEDIATE" if is_writing(connection) else "DEFERRED"
            connection.exec_driver_sql(f"BEGIN {kind}")


def _keep_on_postgresql(engine: sa.Engine) -> None:
    """Only one transaction writes at a time, as on SQLite (docs/adr/0019). Whoever stalls while
    writing loses the right to it, and whoever has vanished is noticed."""

    @event.listens_for(engine, "connect")
    def connect(connection: "PostgresConnection", _record: object) -> None:
        connection.execute(_SETTINGS)
        connection.commit()

    @event.listens_for(engine, "handle_error")
    def keep_to_yourself(context: sa.ExceptionContext) -> None:
        # After the first line come the values of the row that was refused.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (str(next(iter(error.args), "")).partition("\n")[0],)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if is_writing(connection):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
