"""Answers and entries per second, on both databases, with one and with two gateways.

Every combination has a broker and processes of its own; they are asked in turns, so that what slows
the machine slows all of them. The floor is the bare answering end of `tests.bench.floor`, flooded
in the same way.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from time import perf_counter

import sqlalchemy as sa

from presence import codec, topics
from presence.card import SignedCode
from presence.ids import RANDOM_BYTES, PresentationId, uuid7
from presence.messages import Question
from presence.topics import Leaf
from server import schema
from server.broker import Broker
from server.db import make_engine
from server.tables import metadata
from tests.bench import desk, floor
from tests.bench.blocks import Block, ratio, take_turns, typical
from tests.bench.city import City
from tests.bench.desk import KIOSK
from tests.bench.figures import Figure, figure
from tests.bench.stores import telling
from tests.databases import PostgresStore
from tests.integration.server_stand import told
from tests.postgres import Cluster

AT_ONCE = 16
"""Messages on their way at the same time."""
ENTRIES_AT_ONCE = 10
"""Entries in a message."""
PATIENCE = 20.0
MANY = (1, 2)


@dataclass(frozen=True, slots=True)
class Scale:
    """How many blocks, of how many questions and of how many messages with entries each."""

    rounds: int
    questions: int
    deliveries: int


class Flood:
    """A raw client that keeps AT_ONCE messages on their way."""

    def __init__(self, port: int, ask: str, answer: str) -> None:
        self._ask = ask
        self._answers: SimpleQueue[None] = SimpleQueue()
        ready: SimpleQueue[None] = SimpleQueue()
        self._client = floor.client(f"flood-{answer.replace('/', '-')}")
        self._client.on_message = lambda *_: self._answers.put(None)
        self._client.on_subscribe = lambda *_: ready.put(None)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(answer, qos=1)
        self._client.loop_start()
        ready.get(timeout=PATIENCE)

    def block(self, payloads: Sequence[bytes]) -> Block:
        """One sample: seconds a message, from the first one to the last one's answer."""
        began = perf_counter()
        for number, payload in enumerate(payloads):
            if number >= AT_ONCE:
                self._answers.get(timeout=PATIENCE)
            self._client.publish(self._ask, payload, qos=1)
        for _ in range(min(AT_ONCE, len(payloads))):
            self._answers.get(timeout=PATIENCE)
        return [(perf_counter() - began) / len(payloads)]

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def measure(city: City, scale: Scale) -> list[Figure]:
    """Both databases, one and two gateways, in turns with the floor."""
    with ExitStack() as stack:
        ports = dict(_served(stack, city))
        questions = _questions(city)
        entries = _entries(city)
        asking = {
            name: _flood(stack, port, Leaf.QUESTION, Leaf.ANSWER) for name, port in ports.items()
        }
        telling_of = {
            name: _flood(stack, port, Leaf.ENTRIES, Leaf.RECEIPTS) for name, port in ports.items()
        }
        bare = _floor(stack, city)

        def ask(flood: Flood) -> Block:
            return flood.block(list(itertools.islice(questions, scale.questions)))

        def tell(flood: Flood) -> Block:
            return flood.block(list(itertools.islice(entries, scale.deliveries)))

        for flood in (*asking.values(), bare):
            flood.block(list(itertools.islice(questions, len(city.sample.people))))
        least, *answers = take_turns(
            scale.rounds, *(partial(ask, flood) for flood in (bare, *asking.values()))
        )
        kept = take_turns(scale.rounds, *(partial(tell, flood) for flood in telling_of.values()))
    return list(_figures(list(ports), least, answers, kept))


def _figures(
    names: list[str], least: list[Block], answers: list[list[Block]], kept: list[list[Block]]
) -> Iterator[Figure]:
    for name, blocks in zip(names, answers, strict=True):
        yield figure(f"answers, {name}", 1 / typical(blocks), "per s")
        yield figure(f"answers, {name}: time against the floor", ratio(blocks, least), "×")
    yield figure("floor: bare MQTT and bare read", 1 / typical(least), "per s")
    for name, blocks in zip(names, kept, strict=True):
        yield figure(f"entries kept, {name}", ENTRIES_AT_ONCE / typical(blocks), "per s")


def _served(stack: ExitStack, city: City) -> Iterator[tuple[str, int]]:
    """The port of a broker with gateways, by what they are."""
    cluster = Cluster(is_durable=True)
    stack.callback(cluster.remove)
    cluster.start()
    store = PostgresStore(cluster)
    filled = store.empty()
    _fill(filled, city)
    for many in MANY:
        name = f"{many} gateway{'s' if many > 1 else ''}"
        path = city.copy(f"gateways-{many}.sqlite")
        yield f"SQLite, {name}", _serve(stack, city, f"sqlite:///{path}", many)
        url = store.copy(filled).render_as_string(hide_password=False)
        yield f"PostgreSQL, {name}", _serve(stack, city, url, many)


def _serve(stack: ExitStack, city: City, url: str, many: int) -> int:
    broker = stack.enter_context(_broker(city))
    for _ in range(many):
        stack.enter_context(desk.server(city, url, broker.port))
    return broker.port


def _broker(city: City) -> Broker:
    return Broker(city.directory / f"broker-{os.urandom(4).hex()}")


def _floor(stack: ExitStack, city: City) -> Flood:
    broker = stack.enter_context(_broker(city))
    database = city.copy("gateways-floor.sqlite")
    stack.enter_context(desk.floor(city, database, broker.port, size=400))
    flood = Flood(broker.port, floor.ASKED, floor.ANSWERED)
    stack.callback(flood.stop)
    return flood


def _flood(stack: ExitStack, port: int, ask: Leaf, answer: Leaf) -> Flood:
    flood = Flood(port, topics.topic(KIOSK, ask), topics.topic(KIOSK, answer))
    stack.callback(flood.stop)
    return flood


def _fill(url: sa.URL, city: City) -> None:
    """Everything that is in the city's file, in another database."""
    source, target = make_engine(f"sqlite:///{city.database}"), make_engine(url)
    schema.upgrade(target)
    with source.connect() as old, target.begin() as new:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
            if rows:
                new.execute(sa.insert(table), rows)
            for column in table.columns:
                if column is table.autoincrement_column:
                    last = sa.func.pg_get_serial_sequence(table.name, column.name)
                    highest = sa.select(sa.func.coalesce(sa.func.max(column), 1)).scalar_subquery()
                    new.execute(sa.select(sa.func.setval(last, highest)))
        new.exec_driver_sql("ANALYZE")
    source.dispose()
    target.dispose()


def _questions(city: City) -> Iterator[bytes]:
    """The volunteers' cards, one after the other, without end."""
    for person in itertools.cycle(city.sample.people):
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        yield codec.encode(
            Question(
                kiosk=KIOSK,
                presentation=PresentationId(uuid7(now, os.urandom(RANDOM_BYTES))),
                evidence=SignedCode(person.code_text),
                presented=now,
                uptime_ms=3_600_000,
            )
        )


def _entries(city: City) -> Iterator[bytes]:
    entries = telling(city)
    while True:
        yield told(KIOSK, *itertools.islice(entries, ENTRIES_AT_ONCE))
