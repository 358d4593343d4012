"""What was seen in a story, by whom, and whether it was as it should be: a readable table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

_WIDTH = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody saw or did. `instead` says what was wrong; None: nothing."""

    scenario: str
    at: datetime
    who: str
    what: str
    instead: str | None = None


class Book:
    """Written from top to bottom; each line is printed as it is written."""

    def __init__(self, clock: Callable[[], datetime], write: Callable[[str], object]) -> None:
        """`clock` gives the story's local time; `write` takes one line of text."""
        self.lines: list[Line] = []
        self._clock, self._write = clock, write
        self._scenario = ""

    def begin(self, scenario: str) -> None:
        self._scenario = scenario
        self._write("")
        self._write(scenario)

    def tell(self, who: str, what: str) -> None:
        """Something that was done, or seen without a claim."""
        self._add(Line(self._scenario, self._clock(), who, what))

    def check(self, who: str, what: str, is_so: bool, instead: object = "") -> None:
        """Something that must be so. `instead` is what was seen, should it not be so."""
        fault = None if is_so else f"not so: {instead}"
        self._add(Line(self._scenario, self._clock(), who, what, fault))

    def fail(self, who: str, what: str, why: str) -> None:
        """A scenario could not go on."""
        self._add(Line(self._scenario, self._clock(), who, what, why))

    @property
    def faults(self) -> list[Line]:
        return [line for line in self.lines if line.instead is not None]

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        mark = "✓" if line.instead is None else "✗"
        self._write(f"  {line.at:%H:%M:%S}  {line.who:<{_WIDTH}}  {mark}  {line.what}")
        if line.instead is not None:
            self._write(f"  {'':8}  {'':<{_WIDTH}}     {line.instead}")
