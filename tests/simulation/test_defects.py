"""Each seeded defect is found, by the rule that it breaks."""

import pytest

from tests.simulation.defects import DEFECTS, Defect
from tests.simulation.history import Theatre
from tests.simulation.shrink import report

MOST_HISTORIES = 60


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "-"))
def test_a_seeded_defect_is_caught_within_a_few_histories(stage: Theatre, defect: Defect) -> None:
    played = (stage.play(seed, defect.makers) for seed in range(1, MOST_HISTORIES + 1))
    found = next(history for history in played if history.broken is not None)
    assert found.broken is not None
    assert found.broken.rule in defect.breaks
    assert f"BROKEN        {found.broken.rule}" in found.story


def test_there_are_at_least_ten_defects_and_every_one_has_a_name_of_its_own() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 10


def test_a_broken_history_is_told_shortly_and_says_how_to_play_it_again(stage: Theatre) -> None:
    defect = next(one for one in DEFECTS if one.name == "commits after speaking")
    whole = stage.play(3, defect.makers)
    told = report(stage, whole, defect.makers, defect=defect.name)
    assert whole.broken is not None
    assert told.startswith(f"seed 3 breaks the rule: {whole.broken.rule}")
    assert "holds up the card" in told
    assert len(told.splitlines()) < 25
    assert told.endswith('python -m tests.simulation 3 --defect "commits after speaking"')
