"""A theatre for all histories that one test process plays."""

from collections.abc import Iterator

import pytest

from tests.simulation.history import Theatre, theatre


@pytest.fixture(scope="session")
def stage() -> Iterator[Theatre]:
    with theatre() as made:
        yield made
