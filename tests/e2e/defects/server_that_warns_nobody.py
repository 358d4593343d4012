"""A server that lets somebody in who can hardly be there, and keeps it to itself."""

import sys
from datetime import datetime

from msgspec.structs import replace

from demo import server_process
from presence import admission
from presence.facts import Facts
from presence.verdict import Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    verdict = admission.decide(facts, now)
    return verdict if verdict.warning is None else replace(verdict, tell=())


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
