"""Several gateways on one database share the work. Any of them can die at any point, and so can
the database: every entry is kept once and receipted, and kiosks learn what is new."""

import random
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import sqlalchemy as sa

from presence import codec, cose, topics
from presence.ids import KioskId, VisitId
from presence.messages import Arrived, Entry, Roster, Settlement
from presence.roster import CardState, RosterRow
from presence.topics import Leaf
from presence.trust import Purpose
from presence.verdict import Saying
from presence.visit import NOT_HERE, Arrival, Departure, Fact, Visit, here_after, visits
from server.broker import Broker
from server.cards.services import report_lost
from server.db import make_engine, reading, writing
from server.keys import Keys
from server.kiosks.roster import row_of
from server.kiosks.services import add_kiosk
from server.visits.models import EventRow, VisitRow
from tests.builders import RULES
from tests.databases import Databases, PostgresStore
from tests.integration.gateway_process import TellingKiosk, gateway_process
from tests.integration.server_stand import (
    DOOR,
    NOW,
    SOLBAKKEN,
    RawKiosk,
    card_id,
    code,
    gateway,
    make_database,
    make_keys,
    place,
    question,
    volunteer,
)
from tests.postgres import Cluster

GARDEN = KioskId("solbakken-2")
PEOPLE = 6
SEED = 4711
DEATHS = (
    *("statement:1", "statement:2", "statement:5", "statement:9", "statement:14", "statement:22"),
    *("commit:1", "commit:4", "receipts", "roster"),
)


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    """A PostgreSQL whose commits wait for the disk."""
    made = Cluster(is_durable=True)
    made.start()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def lasting(durable: Cluster) -> Databases:
    return Databases(PostgresStore(durable))


@pytest.fixture(params=["sqlite", "lasting"], ids=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[sa.URL]:
    """A database that survives a crash."""
    databases: Databases = request.getfixturevalue(request.param)
    with prepared(databases) as made:
        yield made


@contextmanager
def prepared(databases: Databases) -> Iterator[sa.URL]:
    made = make_database(databases, PEOPLE)
    with databases.engine(made) as engine:
        with writing(engine) as session, session.begin():
            add_kiosk(session, NOW, GARDEN, SOLBAKKEN, "Hage")
        yield made


@contextmanager
def telling(port: int) -> Iterator[tuple[TellingKiosk, TellingKiosk]]:
    """Two doors of one home that tell of the same people at the same time."""
    with (
        TellingKiosk(port, DOOR, PEOPLE, SEED) as door,
        TellingKiosk(port, GARDEN, PEOPLE, SEED + 1) as garden,
    ):
        yield door, garden


def check(url: sa.URL, kiosks: tuple[TellingKiosk, ...]) -> None:
    """Everything that was told is there once, was accepted once at most and rejected never, and
    the visits are those of the rule."""
    told = {event: one for kiosk in kiosks for event, one in kiosk.told.items()}
    receipts: Counter[tuple[str, Settlement]] = sum((one.receipts for one in kiosks), Counter())
    engine = make_engine(url)
    with reading(engine) as session:
        stored = sorted(session.scalars(sa.select(EventRow.id)))
        rows = {number: row_of(session, SOLBAKKEN, volunteer(number), NOW) for number in PEOPLES}
        kept = {number: _kept(session.scalars(_visits_of(number)).all()) for number in PEOPLES}
    engine.dispose()
    assert stored == sorted(told)
    assert {event for event, _ in receipts} == set(told)
    assert {settlement for _, settlement in receipts} <= {Settlement.ACCEPTED, Settlement.DUPLICATE}
    assert all(times == 1 for (_, what), times in receipts.items() if what is Settlement.ACCEPTED)
    for number in PEOPLES:
        facts = [_fact(one) for one in told.values() if one.what.card == place(number)]
        row = rows[number]
        assert row is not None
        assert kept[number] == list(visits(facts, RULES))
        assert row.here == here_after(NOT_HERE, facts, RULES)


PEOPLES = range(PEOPLE)


def _visits_of(number: int) -> sa.Select[VisitRow]:
    mine = sa.select(VisitRow).where(VisitRow.volunteer_id == volunteer(number))
    return mine.order_by(VisitRow.id)


def _kept(rows: Sequence[VisitRow]) -> list[Visit]:
    fields = [field for field in Visit.__struct_fields__ if field != "id"]
    return [
        Visit(VisitId(row.visit), **{field: getattr(row, field) for field in fields})
        for row in rows
    ]


def _fact(one: Entry) -> Fact:
    if isinstance(one.what, Arrived):
        return Arrival(one.stamp.wall, one.event, one.what.visit)
    return Departure(one.stamp.wall, one.event)


def test_gateways_killed_under_load_lose_and_double_nothing(
    url: sa.URL, tmp_path: Path, broker: Broker
) -> None:
    make_keys(tmp_path)
    chance = random.Random(SEED)
    deaths = [*DEATHS, *["never"] * 6]
    chance.shuffle(deaths)
    with telling(broker.port) as kiosks, ExitStack() as stack:

        def start(dies: str) -> BaseProcess:
            return stack.enter_context(gateway_process(url, tmp_path, broker.port, dies))

        older = start("never")
        for death in deaths:
            newer = start(death)
            kiosks[0].wait_for(chance.randrange(1, 30), older, newer)
            older.kill()
            older = newer
        start("never")
        for kiosk in kiosks:
            kiosk.finish()
    check(url, kiosks)


def test_a_postgresql_that_is_stopped_and_started_again_costs_nothing(
    durable: Cluster, lasting: Databases, tmp_path: Path, broker: Broker
) -> None:
    make_keys(tmp_path)
    with prepared(lasting) as url, telling(broker.port) as kiosks:
        with (
            gateway_process(url, tmp_path, broker.port) as one,
            gateway_process(url, tmp_path, broker.port) as other,
        ):
            for how in (signal.SIGINT, signal.SIGQUIT):
                kiosks[0].wait_for(20, one, other)
                durable.stop(how)
                kiosks[1].tries(2)
                durable.start()
            kiosks[0].wait_for(20, one, other)
            for kiosk in kiosks:
                kiosk.finish()
            assert one.is_alive()
            assert other.is_alive()
        check(url, kiosks)


def test_when_the_gateway_that_speaks_dies_another_one_says_what_it_had_to_say(
    engine: sa.Engine, keys: Keys, tmp_path: Path, broker: Broker
) -> None:
    with RawKiosk(broker.port) as kiosk, gateway_process(engine.url, tmp_path, broker.port) as one:
        assert kiosk.next(Leaf.ROSTER)  # its greeting: it is the one that speaks
        with gateway(engine, keys, broker.port):
            one.kill()
            with writing(engine) as session, session.begin():
                report_lost(session, NOW, card_id(0), "test")
            (row,) = _next_rows(kiosk, keys)
            assert (row.volunteer, row.cards[0].state) == (volunteer(0), CardState.LOST)
            assert kiosk.ask(question(code(keys, 1))).verdict.saying is Saying.WELCOME


def test_of_several_gateways_one_speaks(
    postgresql: Databases, keys: Keys, tmp_path: Path, broker: Broker
) -> None:
    with (
        postgresql.engine(make_database(postgresql)) as engine,
        RawKiosk(broker.port) as kiosk,
        gateway(engine, keys, broker.port),
        gateway(engine, keys, broker.port),
        gateway(engine, keys, broker.port),
    ):
        for number in range(3):
            with writing(engine) as session, session.begin():
                report_lost(session, NOW, card_id(number), "test")
            # Told by another one too, it would come again and be taken for the next.
            assert [row.volunteer for row in _next_rows(kiosk, keys)] == [volunteer(number)]


def _next_rows(kiosk: RawKiosk, keys: Keys) -> tuple[RosterRow, ...]:
    """The rows of the next roster that has any."""
    while True:
        message = kiosk.next(Leaf.ROSTER)
        assert message is not None, "no roster"
        signed = bytes(message.payload)
        opened = cose.open_message(signed, Purpose.ROSTER, kiosk.kiosk, keys.trust)
        rows = codec.decode(Roster, opened.payload, topics.DOWN_LIMIT).rows
        if rows:
            return rows
