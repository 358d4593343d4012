"""The migrations and the tables that the program knows are the same thing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from server import schema
from server.tables import metadata
from tests.databases import Databases
from tests.postgres import Cluster


@pytest.fixture
def empty(databases: Databases) -> Iterator[sa.Engine]:
    with databases.engine(databases.empty()) as opened:
        yield opened


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_make_exactly_our_tables(empty: sa.Engine) -> None:
    schema.upgrade(empty)
    schema.check(empty)
    assert tables(empty) == set(metadata.tables)


def test_downgrade_takes_everything_away_and_upgrade_brings_it_back(empty: sa.Engine) -> None:
    schema.upgrade(empty)
    schema.downgrade(empty)
    assert tables(empty) == set()
    schema.upgrade(empty)
    schema.check(empty)


def test_upgrading_again_keeps_what_is_there(engine: sa.Engine) -> None:
    schema.upgrade(engine)
    with engine.connect() as connection:
        people = connection.execute(sa.text("SELECT count(*) FROM volunteers")).scalar_one()
    assert people == 3


def test_several_servers_that_start_at_once_make_the_tables_once(empty: sa.Engine) -> None:
    with ThreadPoolExecutor(4) as servers:
        for done in [servers.submit(schema.upgrade, empty) for _ in range(4)]:
            done.result()
    schema.check(empty)


def test_a_database_that_cannot_hold_every_name_is_refused(
    cluster: Cluster, postgresql: Databases
) -> None:
    cluster.execute("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    with postgresql.engine(cluster.url("latin")) as engine:
        with pytest.raises(schema.SchemaError, match="encoding is LATIN1"):
            schema.upgrade(engine)
        assert tables(engine) == set()
