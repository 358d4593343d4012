from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from server.db import UtcTime, make_engine
from server.prepared import Prepared
from tests.databases import Databases


class Colour(StrEnum):
    RED = "red"


THINGS = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String),
    sa.Column("colour", sa.Enum(Colour, native_enum=False)),
    sa.Column("day", sa.Date),
    sa.Column("at", UtcTime()),
    sa.Column("is_new", sa.Boolean),
    sa.Column("body", sa.LargeBinary),
    sa.Column("weight", sa.Float),
)
NOON = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
FULL = (1, "one", Colour.RED, date(2026, 11, 24), NOON, True, b"\x00\xff", 0.25)
EMPTY = (2, "two", None, None, None, None, None, None)
NAMED = sa.select(THINGS).where(
    THINGS.c.name == sa.bindparam("name"), THINGS.c.id >= sa.bindparam("lowest")
)


@pytest.fixture
def connection(databases: Databases) -> Iterator[sa.Connection]:
    with databases.engine(databases.empty()) as engine:
        yield from filled(engine)


def filled(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as beginning:
        THINGS.metadata.create_all(beginning)
        beginning.execute(sa.insert(THINGS), [dict(zip(THINGS.c.keys(), FULL, strict=True))])
        beginning.execute(sa.insert(THINGS), [dict(zip(THINGS.c.keys(), EMPTY, strict=True))])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as open_connection:
        yield open_connection


def test_every_value_comes_as_its_type_says(connection: sa.Connection) -> None:
    prepared = Prepared(NAMED)
    assert prepared.rows(connection, {"name": "one", "lowest": 0}) == [list(FULL)]
    assert prepared.rows(connection, {"name": "two", "lowest": 0}) == [list(EMPTY)]


def test_rows_are_those_that_sqlalchemy_itself_gives(connection: sa.Connection) -> None:
    asked: dict[str, str | int] = {"name": "one", "lowest": 1}
    theirs = [list(row) for row in connection.execute(NAMED, asked)]
    assert Prepared(NAMED).rows(connection, asked) == theirs


def test_parameters_go_by_name_whatever_their_order(connection: sa.Connection) -> None:
    assert Prepared(NAMED).rows(connection, {"lowest": 2, "name": "one"}) == []


def test_a_prepared_statement_serves_another_connection_too(connection: sa.Connection) -> None:
    prepared = Prepared(sa.select(sa.literal_column("1", sa.Integer)))
    other = make_engine("sqlite://")  # of the other kind, perhaps
    with other.connect() as second:
        assert prepared.rows(connection, {}) == prepared.rows(second, {}) == [[1]]
    other.dispose()


def test_a_fault_of_the_database_is_one_of_sqlalchemys_and_repeats_no_value(
    connection: sa.Connection,
) -> None:
    missing = sa.table("missing", sa.column("name", sa.String))
    prepared = Prepared(sa.select(missing.c.name).where(missing.c.name == sa.bindparam("name")))
    with pytest.raises(SQLAlchemyError, match=r"no such table|does not exist") as fault:
        prepared.rows(connection, {"name": "Kari"})
    assert "Kari" not in str(fault.value)
