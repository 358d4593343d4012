"""A server that has never heard what a chip said before."""

import sys
from dataclasses import replace
from datetime import datetime

from demo import server_process
from presence import admission
from presence.facts import Facts
from presence.verdict import Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    return admission.decide(replace(facts, is_replayed=False), now)


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
