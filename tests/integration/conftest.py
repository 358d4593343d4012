"""Real parts that integration tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.broker import Broker
from server.keys import Keys
from tests.integration.server_stand import make_database, make_keys


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """The system's mosquitto on a free loopback port, stopped afterwards by its process id."""
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A real SQLite file with two homes, three people and their cards."""
    engine = make_database(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The server's keys, and the trust list that goes with them."""
    return make_keys(tmp_path)
