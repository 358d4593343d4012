"""One seed, one history, byte for byte."""

import os
import subprocess
import sys

import pytest

from tests.simulation import scenario
from tests.simulation.history import Theatre

SEEDS = (2, 7, 41)


def test_a_history_played_again_is_the_same_to_the_last_byte(stage: Theatre) -> None:
    first = [stage.play(seed) for seed in SEEDS]
    assert [stage.play(seed) for seed in SEEDS] == first
    assert len({history.digest for history in first}) == len(SEEDS)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_with_other_hashes_tells_the_same_story(
    stage: Theatre, hash_seed: str
) -> None:
    here = stage.play(SEEDS[1])
    there = subprocess.run(
        [sys.executable, "-m", "tests.simulation", str(SEEDS[1])],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.startswith(here.story)
    assert here.digest[:16] in there.stdout


def test_a_step_left_out_does_not_change_what_came_before_it(stage: Theatre) -> None:
    steps = scenario.make(SEEDS[0]).steps
    last = steps[-1].at
    whole, shorter = stage.play(SEEDS[0]), stage.play(SEEDS[0], steps=steps[:-1])
    opening = len(whole.story.splitlines()) // 3
    assert last > scenario.LASTS / 2
    assert whole.story.splitlines()[:opening] == shorter.story.splitlines()[:opening]


def test_histories_are_lively(stage: Theatre) -> None:
    """Rules that nothing puts to the test always hold."""
    stories = "\n".join(stage.play(seed).story for seed in range(1, 31))
    for told in (
        "welcome (confirmed, live)",
        "welcome (unconfirmed, roster)",
        "goodbye (unconfirmed, roster)",
        "already in",
        "see staff",
        "thanks ",
        "loses power",
        "is killed",
        "is cut off",
        "was rejected and is parked",
        "reports",
        "publishes briefing",
        "delivers",
        "plays again what a chip said",
        "see staff (refused, live, replayed)",
        "goodbye (confirmed, live), replayed",
        "no answer tells who it is",
    ):
        assert told in stories, told
