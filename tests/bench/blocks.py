"""Measuring two things beside each other on a machine that others use too.

Each side is measured in short blocks, in turns: A B A B … A block of one side is only ever held
against the block of the other side next to it, so that what slowed the machine slowed both. What
counts is the median over blocks.
"""

import time
from collections.abc import Callable, Sequence
from math import ceil
from statistics import median

Block = Sequence[float]
"""Samples of one side, taken one right after the other."""

_CALIBRATION_TURNS = 100_000


def quantile(block: Block, share: float) -> float:
    """The smallest sample that at least `share` of the block do not exceed (nearest rank).

    Raises ValueError for an empty block and for a share that is not above 0 and at most 1.
    """
    if not block:
        raise ValueError("a block without samples has no quantiles")
    if not 0 < share <= 1:
        raise ValueError("a share is above 0 and at most 1")
    return sorted(block)[ceil(share * len(block)) - 1]


def typical(blocks: Sequence[Block], share: float = 0.5) -> float:
    """That quantile of each block; of those the median."""
    return median(quantile(block, share) for block in blocks)


def ratio(ours: Sequence[Block], floor: Sequence[Block], share: float = 0.5) -> float:
    """How many times the floor ours is: block by neighbouring block, and of those the median.

    Raises ValueError when the sides have not the same number of blocks.
    """
    pairs = zip(ours, floor, strict=True)
    return median(quantile(one, share) / quantile(other, share) for one, other in pairs)


def take_turns(rounds: int, *sides: Callable[[], Block]) -> list[list[Block]]:
    """The blocks of each side, in the order of the sides."""
    taken: list[list[Block]] = [[] for _ in sides]
    for _ in range(rounds):
        for blocks, side in zip(taken, sides, strict=True):
            blocks.append(side())
    return taken


def calibration_ms() -> float:
    """How long a fixed loop takes now (milliseconds): tells one machine and moment from another."""
    began = time.perf_counter()
    total = 0
    for number in range(_CALIBRATION_TURNS):
        total += number & 7
    return (time.perf_counter() - began) * 1000
