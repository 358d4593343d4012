"""A server that has not noticed that a dog's approval is over."""

import sys
from datetime import datetime

from msgspec.structs import replace

from demo import server_process
from presence import admission
from presence.facts import Facts
from presence.verdict import DogLapsed, Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    verdict = admission.decide(facts, now)
    return replace(verdict, due=tuple(due for due in verdict.due if not isinstance(due, DogLapsed)))


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
