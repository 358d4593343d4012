"""Real parts that integration tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from server.broker import Broker
from server.keys import Keys
from tests.databases import Databases, PostgresStore, SqliteStore
from tests.integration.pages_stand import Prepared, Site, prepare, site
from tests.integration.server_stand import make_database, make_keys
from tests.postgres import Cluster


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """The system's mosquitto on a free loopback port, stopped afterwards by its process id."""
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for ordinary tests, which never syncs."""
    made = Cluster()
    made.start()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def postgresql(cluster: Cluster) -> Databases:
    return Databases(PostgresStore(cluster))


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Databases(SqliteStore(tmp_path_factory.mktemp("databases")))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Whoever asks for this is run on both kinds of database. A machine without PostgreSQL fails
    the test."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def engine(databases: Databases) -> Iterator[sa.Engine]:
    """A real database with two homes, three people and their cards."""
    with databases.engine(make_database(databases)) as opened:
        yield opened


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The server's keys, and the trust list that goes with them."""
    return make_keys(tmp_path)


@pytest.fixture(scope="session")
def loaded() -> dict[Databases, Prepared]:
    """The story's sample, loaded once into each kind of database."""
    return {}


@pytest.fixture(scope="module")
def prepared(
    databases: Databases,
    loaded: dict[Databases, Prepared],
    tmp_path_factory: pytest.TempPathFactory,
) -> Prepared:
    if databases not in loaded:
        loaded[databases] = prepare(databases, tmp_path_factory.mktemp("story"))
    return loaded[databases]


@pytest.fixture
def story(prepared: Prepared) -> Iterator[Site]:
    """The pages on a copy of the story's sample."""
    with site(prepared) as found:
        yield found


@pytest.fixture
def client(story: Site) -> FlaskClient:
    return story.app.test_client()
