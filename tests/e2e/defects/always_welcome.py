"""A rule that welcomes everybody."""

from datetime import datetime

from msgspec.structs import replace

from presence import admission
from presence.facts import Facts
from presence.reason import Reason
from presence.verdict import Move, Outcome, Saying, Verdict


def decide(facts: Facts, now: datetime) -> Verdict:
    honest = admission.decide(facts, now)
    return replace(
        honest,
        move=Move.IN,
        outcome=Outcome.CONFIRMED,
        reason=Reason.OK,
        saying=Saying.WELCOME,
        tell=(),
    )
