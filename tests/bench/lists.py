"""What a status list costs: on the wire, when it is made, and when a card is looked up in it."""

import random
import time
from collections.abc import Callable

from presence.statuslist import Status, open_list, sign_list, table_of
from presence.trust import Purpose, trust_list
from tests.bench.blocks import Block, take_turns, typical
from tests.bench.figures import Figure, figure
from tests.builders import NOW, signing_key, trusted

CARDS, INVALID = 100_000, 1_000
NUMBER = 1


def measure(rounds: int) -> list[Figure]:
    """A list with 100,000 cards in it, of which one in a hundred is no longer good."""
    key = signing_key(Purpose.STATUS_LIST)
    trust = trust_list([trusted(key)])
    chance = random.Random(1)
    lost = chance.sample(range(2**17), INVALID)
    marks = dict.fromkeys(lost, Status.INVALID)
    token = sign_list(NUMBER, table_of(marks), key, NOW)
    held = open_list(token, NUMBER, trust)
    making, opening, looking = take_turns(
        rounds,
        lambda: _milliseconds(20, lambda: sign_list(NUMBER, table_of(marks), key, NOW)),
        lambda: _milliseconds(20, lambda: open_list(token, NUMBER, trust)),
        lambda: _milliseconds(1, lambda: [held.listed(index) for index in lost]),
    )
    return [
        figure(f"status list of {CARDS} cards, 1 % invalid", len(token) / 1000, "kB"),
        figure("status list packed and signed", typical(making), "ms"),
        figure("status list checked and unpacked", typical(opening), "ms"),
        figure("a card looked up in it", typical(looking) / INVALID * 1000, "µs"),
    ]


def _milliseconds(times: int, call: Callable[[], object]) -> Block:
    """One sample: the processor time of a call."""
    began = time.thread_time()
    for _ in range(times):
        call()
    return [(time.thread_time() - began) / times * 1e3]
