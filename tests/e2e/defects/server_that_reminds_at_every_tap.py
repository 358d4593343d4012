"""A server that has forgotten whom it has reminded today."""

import sys
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from demo import server_process
from presence import admission
from presence.facts import Facts
from presence.roster import NOTHING_UNSETTLED
from presence.verdict import Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    if facts.row is None:
        return admission.decide(facts, now)
    here = structs.replace(facts.row.here, latest=None)
    row = structs.replace(facts.row, here=here)
    return admission.decide(replace(facts, row=row, unsettled=NOTHING_UNSETTLED), now)


if __name__ == "__main__":
    sys.exit(server_process.main(decide=decide))
