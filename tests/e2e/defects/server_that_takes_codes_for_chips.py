"""A server that takes a code, which anybody can copy, for a chip that has just calculated."""

import sys
from dataclasses import replace
from datetime import datetime

from demo import server_process
from presence import admission
from presence.card import Assurance
from presence.facts import Facts
from presence.verdict import Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    is_code = facts.assurance is Assurance.A1
    return admission.decide(replace(facts, assurance=Assurance.A2) if is_code else facts, now)


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
