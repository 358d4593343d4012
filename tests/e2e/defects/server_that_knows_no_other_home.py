"""A server that does not look where else somebody is."""

import sys
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from demo import server_process
from presence import admission
from presence.facts import Facts
from presence.verdict import Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    row = facts.row and structs.replace(facts.row, elsewhere=None)
    return admission.decide(replace(facts, row=row), now)


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
