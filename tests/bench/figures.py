"""What was measured, as a table for people and as a file for whoever compares."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

DIGITS = 3


class Figure(Struct, frozen=True):
    """One figure. `goal` is the most that it may be; None where nothing was promised."""

    name: str
    value: float
    unit: str
    goal: float | None
    met: bool | None


def figure(name: str, value: float, unit: str, goal: float | None = None) -> Figure:
    """A figure, rounded to three digits, and whether it keeps its goal as it was measured."""
    met = None if goal is None else value <= goal
    return Figure(name, rounded(value), unit, goal, met)


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def encode(figures: Sequence[Figure]) -> bytes:
    """The file: a JSON list with one object for each figure."""
    return msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n"


def write(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(figures))


def table(figures: Sequence[Figure]) -> str:
    """The figures below each other; what misses its goal says so."""
    rows = [("figure", "value", "unit", "goal", "")]
    rows += [(one.name, f"{one.value:g}", one.unit, _goal(one), _met(one)) for one in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def missed(figures: Sequence[Figure]) -> list[str]:
    """The names of those that miss their goal."""
    return [one.name for one in figures if one.met is False]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, unit, goal, met = row
    first, second, third, fourth, last = widths
    cells = (name.ljust(first), value.rjust(second), unit.ljust(third), goal.rjust(fourth))
    return "  ".join((*cells, met.ljust(last)))


def _goal(one: Figure) -> str:
    return "" if one.goal is None else f"≤ {one.goal:g}"


def _met(one: Figure) -> str:
    return {None: "", True: "met", False: "NOT MET"}[one.met]
