"""Where the time of a question goes: `python -m tests.bench.where` prints a table.

Notes are taken in the kiosk's process and in the gateway's, by the one clock that both share. They
are taken where our own code begins and ends; what lies between is paho, the kernel and the broker.
"""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec

from server.broker import Broker
from tests.bench import city, desk
from tests.bench.blocks import calibration_ms
from tests.bench.city import City
from tests.bench.question import Kiosk, Trip
from tests.bench.timed_gateway import Notes

QUESTIONS = 3000
STEPS = (
    "kiosk: encode, write to the socket",
    "broker; gateway's paho reads",
    "gateway: decode",
    "gateway: signature (remembered), one read, facts",
    "gateway: decide",
    "gateway: encode, hand to paho",
    "gateway's paho writes; broker; kiosk's paho reads; decode",
)


def measure(made: City, questions: int) -> list[float]:
    """The median of each of STEPS, in microseconds."""
    notes_file = made.directory / "notes.json"
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(made.directory / "broker"))
        stack.enter_context(
            desk.timed_gateway(made, made.copy("where.sqlite"), broker.port, notes_file)
        )
        kiosk = stack.enter_context(Kiosk(made, broker.port))
        warm = len(made.sample.people)
        asked = [_ask(kiosk) for _ in range(warm + questions)][warm:]
    notes = msgspec.json.decode(notes_file.read_bytes(), type=list[Notes])[warm:]
    walks = [_walk(trip, steps) for trip, steps in zip(asked, notes, strict=True)]
    return [median(step) / 1000 for step in zip(*walks, strict=True)]


def _ask(kiosk: Kiosk) -> Trip:
    (question,) = kiosk.questions(1)
    return kiosk.ask(question)


def _walk(trip: Trip, notes: Notes) -> list[int]:
    came_in = max(notes[0], trip.handed_over)
    marks = [trip.asked, trip.handed_over, came_in, *notes[1:], trip.answered]
    return [after - before for before, after in pairwise(marks)]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        made = city.build(Path(directory), datetime.now(UTC))
        took = measure(made, QUESTIONS)
    for step, microseconds in zip(STEPS, took, strict=True):
        print(f"{step:58} {microseconds:6.0f} µs  {microseconds / sum(took):4.0%}")
    print(f"{'together':58} {sum(took):6.0f} µs")
    print(f"calibration loop: {calibration_ms():.2f} ms")


if __name__ == "__main__":
    main()
