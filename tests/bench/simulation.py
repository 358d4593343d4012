"""How fast histories are simulated, one after the other in one process."""

import time

from tests.bench.figures import Figure, figure
from tests.simulation.history import theatre


def measure(histories: int) -> list[Figure]:
    """Of the first seeds. Setting the stage, which is done once, is not counted."""
    with theatre() as stage:
        stage.play(0)
        began = time.monotonic()
        events = sum(stage.play(seed).events for seed in range(1, histories + 1))
        taken = time.monotonic() - began
    return [
        figure("simulated histories", 60 * histories / taken, "per min"),
        figure("events in a simulated history, mean", events / histories, ""),
    ]
