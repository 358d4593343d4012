import json
from pathlib import Path

import pytest

from tests.bench import blocks, figures
from tests.bench.figures import Figure, figure
from tests.bench.rules import FACTS_OF_A_YEAR, a_year


def test_a_quantile_is_one_of_the_samples_and_that_share_of_them_do_not_exceed_it() -> None:
    block = [float(number) for number in range(100, 0, -1)]
    assert blocks.quantile(block, 0.5) == 50
    assert blocks.quantile(block, 0.99) == 99
    assert blocks.quantile(block, 1) == 100
    assert blocks.quantile([7.0], 0.01) == 7


@pytest.mark.parametrize(("block", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.01)])
def test_a_quantile_that_does_not_exist_is_an_error(block: list[float], share: float) -> None:
    with pytest.raises(ValueError, match=r"samples|share"):
        blocks.quantile(block, share)


def test_a_block_is_compared_with_its_neighbour_so_that_a_slow_moment_cancels_out() -> None:
    ours = [[2.0, 2.0], [20.0, 20.0], [2.0, 2.0]]
    floor = [[1.0, 1.0], [10.0, 10.0], [1.0, 1.0]]
    assert blocks.ratio(ours, floor) == 2


def test_one_disturbed_block_does_not_move_the_ratio() -> None:
    ours = [[3.0], [3.0], [900.0]]
    assert blocks.ratio(ours, [[2.0], [2.0], [2.0]]) == 1.5


def test_the_ratio_of_a_quantile_is_of_that_quantile() -> None:
    ours, floor = [[1.0, 1.0, 1.0, 9.0]], [[1.0, 1.0, 1.0, 3.0]]
    assert blocks.ratio(ours, floor, 0.5) == 1
    assert blocks.ratio(ours, floor, 1) == 3


def test_sides_of_different_length_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        blocks.ratio([[1.0], [1.0]], [[1.0]])


def test_what_is_typical_is_the_median_over_blocks() -> None:
    assert blocks.typical([[1.0, 5.0], [2.0, 6.0], [90.0, 99.0]], 1) == 6


def test_sides_are_measured_in_turns() -> None:
    order: list[str] = []

    def side(name: str) -> blocks.Block:
        order.append(name)
        return [float(len(order))]

    taken = blocks.take_turns(3, lambda: side("a"), lambda: side("b"))
    assert order == ["a", "b"] * 3
    assert taken == [[[1.0], [3.0], [5.0]], [[2.0], [4.0], [6.0]]]


def test_a_goal_is_the_most_that_a_figure_may_be() -> None:
    assert figure("exactly", 1.5, "×", 1.5) == Figure("exactly", 1.5, "×", 1.5, met=True)
    assert figure("over", 1.6, "×", 1.5).met is False
    assert figure("without", 1.6, "×") == Figure("without", 1.6, "×", None, None)


def test_rounding_never_makes_a_missed_goal_look_met() -> None:
    missed = figure("hardly over", 1.5001, "×", 1.5)
    assert (missed.value, missed.met) == (1.5, False)


def test_the_file_is_a_list_of_objects_with_five_fields(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    figures.write([figure("speed", 12345.678, "per s"), figure("time", 21, "ms", 20)], path)
    assert json.loads(path.read_text()) == [
        {"name": "speed", "value": 12300, "unit": "per s", "goal": None, "met": None},
        {"name": "time", "value": 21, "unit": "ms", "goal": 20, "met": False},
    ]


def test_the_table_says_plainly_what_is_missed() -> None:
    table = figures.table([figure("time", 21, "ms", 20), figure("speed", 5, "per s")])
    assert [line.rstrip() for line in table.splitlines()] == [
        "figure  value  unit   goal",
        "-" * len("figure  value  unit   goal         "),
        "time       21  ms     ≤ 20  NOT MET",
        "speed       5  per s",
    ]


def test_the_names_of_what_is_missed_are_told() -> None:
    found = [figure("good", 1, "ms", 2), figure("bad", 3, "ms", 2), figure("plain", 9, "ms")]
    assert figures.missed(found) == ["bad"]


def test_the_year_that_is_measured_has_300_facts_in_an_order_that_must_be_mended() -> None:
    facts = a_year()
    assert len(facts) == FACTS_OF_A_YEAR
    assert facts != sorted(facts, key=lambda fact: fact.at)
