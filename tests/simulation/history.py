"""One seed, one history: played from its beginning until its books are closed."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.simulation import books, scenario
from tests.simulation.database import Database
from tests.simulation.makers import REAL, Makers
from tests.simulation.rule import Rule
from tests.simulation.scenario import LASTS, Scenario, Step
from tests.simulation.story import Ear, listening
from tests.simulation.timeline import EndlessError
from tests.simulation.watch import Broken
from tests.simulation.world import World

_ENDS = LASTS + timedelta(minutes=5)
_DRAINS = timedelta(minutes=6)
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class History:
    """What became of a seed. `broken` is the rule that did not hold, if there is one."""

    seed: int
    story: str
    digest: str
    broken: Broken | None
    taps: int
    events: int


class BrokenRuleError(AssertionError):
    """A history in which a rule did not hold; the message is its story."""


class Theatre:
    """Plays histories, one after the other, on files that are held in memory where that can be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder)

    def play(
        self, seed: int, makers: Makers = REAL, steps: Sequence[Step] | None = None
    ) -> History:
        """The history of `seed`; with `steps`, of those steps instead of its own."""
        plan = scenario.make(seed)
        if steps is not None:
            plan = replace(plan, steps=tuple(steps))
        files = self._folder / "kiosks"
        world = World(seed, plan, self._database, files, makers)
        try:
            with listening(world.story) as ear:
                _play(world, plan, ear)
        finally:
            world.close()
            shutil.rmtree(files)
        taps = sum(isinstance(step.what, scenario.Tap) for step in plan.steps)
        story = world.story
        return History(
            seed, story.text, story.digest, world.watch.broken, taps, world.timeline.events
        )

    def close(self) -> None:
        self._database.close()


@contextmanager
def theatre() -> Iterator[Theatre]:
    """In a folder of its own, gone afterwards."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=memory) as folder:
        made = Theatre(Path(folder))
        try:
            yield made
        finally:
            made.close()


class _Over(Exception):  # noqa: N818 - no error: the history has come to its end
    pass


def _play(world: World, plan: Scenario, ear: Ear) -> None:
    def look() -> None:
        world.watch.overdue()
        if ear.faults:
            world.watch.broke(Rule.NO_FAULT, ear.faults[0])
        if world.watch.broken is not None:
            raise _Over

    try:
        world.begin()
        for step in plan.steps:
            world.timeline.after(step.at, partial(world.do, step.what))
        world.timeline.run(_ENDS, look)
        world.heal()
        world.timeline.run(_ENDS + _DRAINS, look)
        books.balance(world)
    except _Over:
        pass
    except EndlessError:
        world.watch.broke(Rule.RESTS, f"{world.timeline.events} events")
    if world.watch.broken is not None:
        world.story.tell("BROKEN", f"{world.watch.broken.rule}: {world.watch.broken.how}")
