"""The way between one machine and the broker, and how good it is just now."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from tests.simulation.timeline import seconds

QUICK = seconds(0.02)
_SHORTEST = seconds(0.001)


class Line:
    """`slowest` is the longest that a message takes just now. A closed line carries nothing."""

    def __init__(self, name: str, chance: Random) -> None:
        self.name = name
        self.slowest = QUICK
        self.is_open = True
        self._chance = chance
        self._cut: list[Callable[[], None]] = []

    def delay(self) -> timedelta:
        share = self._chance.random()
        return _SHORTEST + (self.slowest - _SHORTEST) * share

    def carries(self, cut: Callable[[], None]) -> None:
        """A connection uses the line; `cut` ends it."""
        self._cut.append(cut)

    def drop(self) -> None:
        """Whatever connection there is ends."""
        cuts, self._cut = self._cut, []
        for cut in cuts:
            cut()

    def close(self) -> None:
        self.is_open = False
        self.drop()

    def quicken(self) -> None:
        self.slowest = QUICK

    def mend(self) -> None:
        self.is_open = True
        self.quicken()
