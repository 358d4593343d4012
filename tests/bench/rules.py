"""What the pure rules cost by themselves, one call after the other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from presence.admission import decide
from presence.card import Assurance, Credential
from presence.credential import verify_code
from presence.facts import Facts
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
from tests.builders import NOW, OSLO, house
from tests.checks.decision_doc import every_row

FACTS_OF_A_YEAR = 300

T = TypeVar("T")


def measure(city: City, rounds: int) -> list[Figure]:
    """Over the cards of all 300 volunteers, as the server knows them, and over every row of the
    decision table."""
    codes = [person.code_text for person in city.sample.people]
    known = [(tap, NOW) for tap in _taps(city, [verify_code(code, city.trust) for code in codes])]
    table = [(row.facts(basis), row.at) for row in every_row() for basis in row.bases]
    year, rules = a_year(), house().stay_rules(OSLO)
    deciding, all_sorts, verifying, visiting = take_turns(
        rounds,
        lambda: _deciding(known),
        lambda: _deciding(table),
        lambda: _microseconds(lambda code: verify_code(code, city.trust), codes),
        lambda: _microseconds(lambda facts: visits(facts, rules), [year] * 5),
    )
    return [
        figure("decide, the volunteers' next tap", typical(deciding), "µs", 20),
        figure(f"decide, the {len(table)} rows of its table", typical(all_sorts), "µs", 20),
        figure("verify_code", typical(verifying), "µs"),
        figure(f"visits of a person's year ({len(year)} facts)", typical(visiting) / 1e3, "ms", 2),
    ]


def a_year() -> list[Fact]:
    """One person's arrivals and departures of a year at one home, the newest first. Of every
    twentieth visit the departure was forgotten, and another arrival, by the other door, is there in
    its place."""
    facts: list[Fact] = []
    for number in range(FACTS_OF_A_YEAR // 2):
        came = NOW + timedelta(days=2 * number)
        is_forgotten = number % 20 == 0
        later = came + (timedelta(minutes=5) if is_forgotten else timedelta(hours=1))
        first, second = number.to_bytes(9, "big") + b"1", number.to_bytes(9, "big") + b"2"
        facts.append(_arrival(came, first))
        last = _arrival(later, second) if is_forgotten else Departure(later, _event(later, second))
        facts.append(last)
    return facts[::-1]


def _arrival(at: datetime, name: bytes) -> Arrival:
    return Arrival(at, _event(at, name), VisitId(uuid7(at, name)))


def _event(at: datetime, name: bytes) -> EventId:
    return EventId(uuid7(at, name))


def _deciding(taps: Sequence[tuple[Facts, datetime]]) -> Block:
    """Facts remember what was worked out from them, so each call gets facts of its own."""
    fresh = [(replace(facts), now) for facts, now in taps]
    return _microseconds(lambda tap: decide(*tap), fresh)


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
        found = [(one, roster.tap(connection, KIOSK, one.card, NOW)) for one in credentials]
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
