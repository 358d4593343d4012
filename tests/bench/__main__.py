"""`python -m tests.bench`: measure, print a table, keep it in bench/results.json.

A goal that is not met is told in the table and is no error; what cannot be measured is one.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    blocks,
    city,
    figures,
    gateways,
    lists,
    program,
    qr,
    question,
    readers,
    rules,
    simulation,
    stores,
    taps,
)
from tests.bench.city import City
from tests.bench.figures import Figure, figure

RESULTS = Path("bench/results.json")

Part = Callable[[City], list[Figure]]

FULL: dict[str, Part] = {
    "question": lambda made: question.measure(made, question.Scale(rounds=25, questions=200)),
    "taps": lambda made: taps.measure(made, 200),
    "program": lambda made: program.measure(made, 7),
    "stores": lambda made: stores.measure(made, stores.Scale(rounds=9, rows=200)),
    "gateways": lambda made: gateways.measure(made, gateways.Scale(7, 300, 20)),
    "rules": lambda made: rules.measure(made, 15),
    "qr": lambda made: qr.measure(9),
    "readers": lambda _made: readers.measure(readers.Scale(15, 20_000)),
    "lists": lambda made: lists.measure(15),
    "simulation": lambda made: simulation.measure(30),
}
QUICK: dict[str, Part] = {
    "question": lambda made: question.measure(made, question.Scale(rounds=4, questions=100)),
    "taps": lambda made: taps.measure(made, 20),
    "program": lambda made: program.measure(made, 2),
    "stores": lambda made: stores.measure(made, stores.Scale(rounds=2, rows=20)),
    "gateways": lambda made: gateways.measure(made, gateways.Scale(2, 100, 5)),
    "rules": lambda made: rules.measure(made, 3),
    "qr": lambda made: qr.measure(2),
    "readers": lambda _made: readers.measure(readers.Scale(3, 300)),
    "lists": lambda made: lists.measure(3),
    "simulation": lambda made: simulation.measure(5),
}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    parts = QUICK if options.quick else FULL
    wanted = options.only or list(parts)
    found = measure({name: parts[name] for name in wanted})
    print(figures.table(found))
    for name in figures.missed(found):
        print(f"NOT MET: {name}")
    if wanted == list(FULL) and not options.quick:
        figures.write(found, RESULTS)
        print(f"kept in {RESULTS}")


def measure(parts: dict[str, Part]) -> list[Figure]:
    """All figures, and first of all what the machine was like before, between and after."""
    found: list[Figure] = []
    loops = [blocks.calibration_ms() for _ in range(5)]
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        made = city.build(Path(directory), datetime.now(UTC))
        for name, part in parts.items():
            began = time.monotonic()
            found += part(made)
            print(f"{name}: measured in {time.monotonic() - began:.0f} s", file=sys.stderr)
            loops += [blocks.calibration_ms() for _ in range(5)]
    return [
        figure("calibration loop, fastest", min(loops), "ms"),
        figure("calibration loop, median", blocks.typical([loops]), "ms"),
        figure("calibration loop, slowest", max(loops), "ms"),
        *found,
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench", description="How fast it is, measured.")
    parser.add_argument(
        "--quick", action="store_true", help="a look in half a minute; results are not kept"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(FULL), metavar="PART", help=f"of {', '.join(FULL)}"
    )
    return parser


if __name__ == "__main__":
    main()
