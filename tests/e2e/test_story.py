"""The story passes, and would not if the system were wrong: each part is a process of its own."""

import subprocess
import sys

import pytest

STORY_SECONDS = 540
"""What the story may take on a machine that is busy with something else; alone it is far less."""
pytestmark = pytest.mark.timeout(STORY_SECONDS + 30)


def _play(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo.story", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=STORY_SECONDS,
    )


def test_the_whole_story_is_as_it_should_be() -> None:
    played = _play()
    assert played.returncode == 0, played.stdout + played.stderr
    assert ", 0 not as they should be." in played.stdout


DEFECTS = {
    "kiosk_without_commit": ("10", "Dag taps again"),
    "server_that_always_welcomes": ("4", "Velkommen, Carin"),
    "kiosk_that_drops_entries": ("network", "Frode B. and Jon B. are in the house"),
    "server_that_reminds_at_every_tap": ("6", "at 18:00 again"),
    "server_that_knows_no_other_home": ("14", "at Nordstrand: “Velkommen, Bjørn"),
    "server_that_warns_nobody": ("14", "both homes and the chapter are warned"),
    "server_that_accepts_replays": ("14", "the tag of the door"),
    "server_that_takes_codes_for_chips": ("cloned", "the same at Nordstrand"),
    "server_that_lets_dogs_in": ("9", "12:40:00  screen"),
    "server_without_nights": ("11", "“Takk for besøket, Bjørn"),
    "kiosk_with_a_diary": ("23", "holds no name any more"),
}
"""In which scenario each is to be noticed, and at which line."""


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_story_notices_a_defect(defect: str) -> None:
    scenario, noticed = DEFECTS[defect]
    program = f"--{defect.partition('_')[0]}"
    played = _play("--only", scenario, "--until-fault", program, f"tests.e2e.defects.{defect}")
    assert played.returncode == 1, played.stdout + played.stderr
    wrong = [line for line in played.stdout.splitlines() if "✗" in line]
    assert len(wrong) == 1, played.stdout
    assert noticed in wrong[0], played.stdout


def test_an_unknown_scenario_is_an_error_that_names_the_known_ones() -> None:
    played = _play("--only", "99")
    assert played.returncode == 2
    assert "network" in played.stderr
