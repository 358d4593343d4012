"""Virtual time: what is to happen, and when. Nothing waits, nothing runs beside anything else."""

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kiosk.clock import RELEASED

START = max(RELEASED, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
"""A Tuesday, ten in the morning at the homes."""
MOST_EVENTS = 30_000
"""Ten times what a lively history has."""

Act = Callable[[], None]


class EndlessError(RuntimeError):
    """Something goes on and on without getting anywhere."""


class Timeline:
    """`now` is the time since the history's beginning."""

    def __init__(self) -> None:
        self.now = timedelta(0)
        self.events = 0
        self._due: list[tuple[timedelta, int, Act]] = []
        self._count = 0

    @property
    def wall(self) -> datetime:
        """The true time."""
        return START + self.now

    def after(self, delay: timedelta, act: Act) -> None:
        """Things due at the same time happen in the order in which they were asked for."""
        self._count += 1
        heapq.heappush(self._due, (self.now + max(delay, timedelta(0)), self._count, act))

    def run(self, until: timedelta, between: Act) -> None:
        """Let everything happen that is due; `between` is called after each thing.

        Raises EndlessError.
        """
        while self._due and self._due[0][0] <= until:
            self.now, _, act = heapq.heappop(self._due)
            self.events += 1
            if self.events > MOST_EVENTS:
                raise EndlessError
            act()
            between()
        self.now = until


def stream(seed: int, purpose: str) -> random.Random:
    """Chance for one purpose: what one part draws does not move what another draws."""
    return random.Random(f"{seed}/{purpose}")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
