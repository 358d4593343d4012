"""The database as every part of the server opens it."""

import sqlite3
import traceback

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from server.changes import ChangeKind, newest, record
from server.db import is_passing, make_engine, reading, writing
from tests.databases import Databases
from tests.integration.server_stand import IMPATIENT, NOW, make_database
from tests.postgres import Cluster


def test_an_error_does_not_repeat_what_was_to_be_written(engine: sa.Engine) -> None:
    name = "Astrid"
    statement = sa.text("INSERT INTO volunteers (first_name) VALUES (:name)")
    with writing(engine) as session, pytest.raises(DBAPIError) as error:
        session.execute(statement, {"name": name})
    assert name not in "".join(traceback.format_exception(error.value))


def test_only_one_transaction_writes_at_a_time_and_the_next_one_sees_what_it_wrote(
    databases: Databases,
) -> None:
    """So numbers that rise are committed in their order, and nothing that was read has changed when
    it is written."""
    url = make_database(databases)
    impatient = make_engine(url)

    @event.listens_for(impatient, "connect")
    def be_impatient(connection: sqlite3.Connection | psycopg.Connection, _: object) -> None:
        connection.execute(IMPATIENT[impatient.dialect.name])
        connection.commit()

    with databases.engine(url) as engine:
        with writing(engine) as first, first.begin():
            one = record(first, ChangeKind.HOUSE, NOW)
            with writing(impatient) as second, pytest.raises(OperationalError) as busy:
                record(second, ChangeKind.HOUSE, NOW)
            assert is_passing(busy.value)
            with reading(impatient) as meanwhile:
                before = newest(meanwhile)
        with writing(impatient) as second, second.begin():
            seen = newest(second)
            two = record(second, ChangeKind.HOUSE, NOW)
        impatient.dispose()
    assert before < one == seen < two


def test_what_only_reads_cannot_write_on_postgresql(postgresql: Databases) -> None:
    with (
        postgresql.engine(make_database(postgresql)) as engine,
        reading(engine) as session,
        pytest.raises(DBAPIError, match="read-only transaction"),
    ):
        record(session, ChangeKind.HOUSE, NOW)


def test_a_connection_that_died_meanwhile_is_replaced(
    cluster: Cluster, postgresql: Databases
) -> None:
    with postgresql.engine(make_database(postgresql)) as engine:
        with reading(engine) as session:
            before = newest(session)
        cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{engine.url.database}'"
        )
        with writing(engine) as session, session.begin():
            assert record(session, ChangeKind.HOUSE, NOW) > before


def test_whoever_stalls_while_writing_loses_the_right_to_it(postgresql: Databases) -> None:
    with postgresql.engine(make_database(postgresql)) as engine, writing(engine) as stalled:
        record(stalled, ChangeKind.HOUSE, NOW)
        stalled.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '10ms'"))
        with writing(engine) as other, other.begin():
            record(other, ChangeKind.HOUSE, NOW)
        with pytest.raises(DBAPIError) as late:
            record(stalled, ChangeKind.HOUSE, NOW)
        assert is_passing(late.value)
