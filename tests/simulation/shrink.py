"""From a history that breaks a rule to a shorter one that breaks the same rule."""

from collections.abc import Sequence

from tests.simulation import scenario
from tests.simulation.history import History, Theatre
from tests.simulation.makers import REAL, Makers
from tests.simulation.scenario import Step

MOST_TRIES = 100


def shrink(theatre: Theatre, broken: History, makers: Makers = REAL) -> History:
    """Leave out steps, many at first and then one by one, for as long as the same rule breaks.

    The shortest history that was found; at most MOST_TRIES are played.
    """
    if broken.broken is None:
        raise ValueError("this history breaks no rule")
    rule, best = broken.broken.rule, broken
    steps: Sequence[Step] = scenario.make(broken.seed).steps
    tries, size = 0, len(steps) // 2
    while size:
        first = 0
        while first < len(steps) and tries < MOST_TRIES:
            fewer = [*steps[:first], *steps[first + size :]]
            found = theatre.play(broken.seed, makers, fewer)
            tries += 1
            if found.broken is not None and found.broken.rule is rule:
                steps, best = fewer, found
            else:
                first += size
        size //= 2
    return best


def report(theatre: Theatre, broken: History, makers: Makers = REAL, *, defect: str = "") -> str:
    """What a person reads of a broken rule, shortened, and how to see it again."""
    if broken.broken is None:
        raise ValueError("this history breaks no rule")
    shorter = shrink(theatre, broken, makers)
    again = f"python -m tests.simulation {broken.seed}"
    if defect:
        again += f' --defect "{defect}"'
    return (
        f"seed {broken.seed} breaks the rule: {broken.broken.rule}\n\n{shorter.story}\n\n"
        f"{shorter.taps} of its {broken.taps} taps are enough for that. Play it again:\n  {again}"
    )
