"""What the pure rules cost by themselves, one call after the other."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from presence.admission import Facts, decide
from presence.card import Assurance, Credential
from presence.credential import verify_code
from presence.ids import EventId, VisitId, uuid7
from presence.roster import NOTHING_UNSETTLED, House, RosterRow
from presence.verdict import Basis
from presence.visit import Arrival, Departure, Fact, visits
from server.db import make_engine
from server.kiosks import roster
from tests.bench.blocks import Block, take_turns, typical
from tests.bench.city import City
from tests.bench.desk import KIOSK
from tests.bench.figures import Figure, figure
from tests.builders import NOW

FACTS_OF_A_YEAR = 300

T = TypeVar("T")


def measure(city: City, rounds: int) -> list[Figure]:
    """Over the cards of all 300 volunteers, as the server knows them."""
    codes = [person.code_text for person in city.sample.people]
    taps = _taps(city, [verify_code(code, city.trust) for code in codes])
    year = a_year()
    deciding, verifying, visiting = take_turns(
        rounds,
        lambda: _microseconds(lambda tap: decide(tap, NOW), taps),
        lambda: _microseconds(lambda code: verify_code(code, city.trust), codes),
        lambda: _microseconds(visits, [year] * 5),
    )
    return [
        figure("decide", typical(deciding), "µs", 20),
        figure("verify_code", typical(verifying), "µs"),
        figure(f"visits of a person's year ({len(year)} facts)", typical(visiting) / 1e3, "ms", 2),
    ]


def a_year() -> list[Fact]:
    """One person's arrivals and departures of a year at one home, the newest first."""
    facts: list[Fact] = []
    for number in range(FACTS_OF_A_YEAR // 2):
        came = NOW + timedelta(days=2 * number)
        left = came + timedelta(hours=1)
        name = number.to_bytes(10, "big")
        facts.append(Arrival(came, EventId(uuid7(came, name)), VisitId(uuid7(came, name))))
        facts.append(Departure(left, EventId(uuid7(left, name))))
    return facts[::-1]


def _microseconds(call: Callable[[T], object], arguments: Sequence[T]) -> Block:
    """One sample: the processor time of a call, over all arguments. The machine's other work is not
    in it."""
    began = time.thread_time()
    for argument in arguments:
        call(argument)
    return [(time.thread_time() - began) / len(arguments) * 1e6]


def _taps(city: City, credentials: Sequence[Credential]) -> list[Facts]:
    engine = make_engine(f"sqlite:///{city.database}")
    with engine.connect() as connection:
        found = [(one, roster.tap(connection, KIOSK, one.card)) for one in credentials]
    engine.dispose()
    return [_facts(one, tap.house, tap.row) for one, tap in found if tap is not None]


def _facts(credential: Credential, house: House, row: RosterRow | None) -> Facts:
    return Facts(
        credential=credential,
        assurance=Assurance.A1,
        row=row,
        unsettled=NOTHING_UNSETTLED,
        house=house,
        zone=ZoneInfo(house.zone),
        basis=Basis.LIVE,
        presented=NOW,
        uptime=timedelta(hours=1),
    )
