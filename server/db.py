"""The database: one declarative base, and engines and sessions that keep their promises."""

import enum
from datetime import UTC, datetime
from sqlite3 import Connection as SqliteConnection
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Session

from presence.ids import ChapterId, InstitutionId, KioskId, VolunteerId

BUSY_SECONDS = 10
"""So long a writer waits for another one before it gives up."""

_BEGIN = "tilstede_begin"
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
    # An error must not carry what was being written: names and cards would end in the log.
    engine = sa.create_engine(url, hide_parameters=True)
    keep_promises(engine)
    return engine


def keep_promises(engine: sa.Engine) -> None:
    """Make every SQLite connection of `engine` durable, checked and patient.

    The driver's own idea of transactions is switched off: it would begin one only at the first
    write, so that what was read before belongs to another state of the database.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"BEGIN {options.get(_BEGIN, 'DEFERRED')}")


def reading(engine: sa.Engine) -> Session:
    """A session that sees one state of the database for as long as its transaction lasts."""
    return Session(engine)


def writing(engine: sa.Engine) -> Session:
    """A session whose transactions take the right to write at once, so that what they read first
    cannot have changed when they write."""
    return Session(engine, execution_options={_BEGIN: "IMMEDIATE"})
