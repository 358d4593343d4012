"""`python -m tests.simulation SEED` tells a history, `--histories N` plays many and says the rate.

Ends with 1 when a rule was broken.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.simulation.defects import DEFECTS
from tests.simulation.history import Theatre, theatre
from tests.simulation.makers import REAL, Makers
from tests.simulation.shrink import report

_MADE = {defect.name: defect.makers for defect in DEFECTS}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    makers = _MADE[options.defect] if options.defect else REAL
    with theatre() as stage:
        if options.seed is not None:
            return tell(stage, options.seed, makers, options.defect or "")
        return many(stage, options.first, options.histories)


def tell(stage: Theatre, seed: int, makers: Makers, defect: str) -> int:
    """One history, as it is; shortened, where it breaks a rule."""
    history = stage.play(seed, makers)
    if history.broken is None:
        print(history.story)
        print(f"\nseed {seed}: every rule holds; {history.events} events, {history.digest[:16]}")
        return 0
    print(report(stage, history, makers, defect=defect))
    return 1


def many(stage: Theatre, first: int, histories: int) -> int:
    """The seeds from `first` on; each that breaks a rule is named, the first one is told."""
    began = time.monotonic()
    broken = []
    for seed in range(first, first + histories):
        history = stage.play(seed)
        if history.broken is not None:
            broken.append(history)
            print(f"seed {seed}: {history.broken.rule}: {history.broken.how}", flush=True)
    rate = histories / (time.monotonic() - began) * 60
    print(f"{histories} histories, {len(broken)} broken, {rate:.0f} a minute")
    if broken:
        print(report(stage, broken[0]))
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests.simulation", description="Deterministic histories."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("seed", type=int, nargs="?", help="tell this history")
    what.add_argument("--histories", type=int, metavar="N", help="play so many")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first of many")
    parser.add_argument("--defect", choices=list(_MADE), help="with this seeded defect")
    return parser


if __name__ == "__main__":
    sys.exit(main())
