"""Every rule of `rule.py` holds in every history."""

import pytest

from tests.simulation.history import Theatre
from tests.simulation.shrink import report

HISTORIES, AT_ONCE = 200, 20
DEEP = range(1001, 4001, 100)
ONCE_BROKEN = (1252, 3536)
"""Of those that `make test-deep` found."""


def play(stage: Theatre, seeds: range) -> None:
    for seed in seeds:
        history = stage.play(seed)
        if history.broken is not None:
            pytest.fail(report(stage, history), pytrace=False)


@pytest.mark.parametrize("first", range(1, HISTORIES + 1, AT_ONCE))
def test_every_rule_holds_in_these_histories(stage: Theatre, first: int) -> None:
    play(stage, range(first, first + AT_ONCE))


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_every_rule_holds_where_one_was_once_broken(stage: Theatre, seed: int) -> None:
    play(stage, range(seed, seed + 1))


@pytest.mark.deep
@pytest.mark.parametrize("first", DEEP)
def test_every_rule_holds_in_many_more_histories(stage: Theatre, first: int) -> None:
    play(stage, range(first, first + DEEP.step))
