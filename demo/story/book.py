"""What was seen in a story, by whom, and whether it was as it should be: a readable table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

_WIDTH = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody saw or did. `instead` says what was wrong; None: nothing."""

    scenario: str
    at: datetime
    who: str
    what: str
    instead: str | None = None


class FaultFound(Exception):  # noqa: N818 - it is the end of a search, and no error
    """One fault was enough."""


class Book:
    """Written from top to bottom; each line is printed as it is written."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        write: Callable[[str], object],
        *,
        ends_with_fault: bool = False,
    ) -> None:
        """`clock` gives the story's local time; `write` takes one line of text. `ends_with_fault`:
        the first line that is not as it should be raises FaultFound."""
        self.lines: list[Line] = []
        self._clock, self._write = clock, write
        self._ends_with_fault = ends_with_fault
        self._scenario = ""
        self._day: date | None = None

    def begin(self, scenario: str) -> None:
        self._scenario, self._day = scenario, None
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
        if line.at.date() != self._day:
            self._day = line.at.date()
            self._write(f"  {line.at:%A %-d %B %Y}")
        mark = "✓" if line.instead is None else "✗"
        self._write(f"  {line.at:%H:%M:%S}  {line.who:<{_WIDTH}}  {mark}  {line.what}")
        if line.instead is not None:
            self._write(f"  {'':8}  {'':<{_WIDTH}}     {line.instead}")
            if self._ends_with_fault:
                raise FaultFound
