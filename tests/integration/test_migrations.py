"""The migrations and the tables that the program knows are the same thing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from server import schema
from server.db import make_engine
from server.tables import metadata
from tests.integration.server_stand import make_database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    yield engine
    engine.dispose()


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_make_exactly_our_tables(engine: sa.Engine) -> None:
    schema.upgrade(engine)
    schema.check(engine)
    assert tables(engine) == set(metadata.tables)


def test_downgrade_takes_everything_away_and_upgrade_brings_it_back(engine: sa.Engine) -> None:
    schema.upgrade(engine)
    schema.downgrade(engine)
    assert tables(engine) == set()
    schema.upgrade(engine)
    schema.check(engine)


def test_upgrading_again_keeps_what_is_there(tmp_path: Path) -> None:
    engine = make_database(tmp_path)
    schema.upgrade(engine)
    with engine.connect() as connection:
        people = connection.execute(sa.text("SELECT count(*) FROM volunteers")).scalar_one()
    assert people == 3
    engine.dispose()


def test_every_connection_is_durable_and_checks_its_references(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }
