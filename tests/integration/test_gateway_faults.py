"""When the database refuses, or cannot be had: nothing is lost, nothing else is disturbed."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from presence.messages import Settlement
from presence.topics import Leaf
from presence.verdict import Saying
from server.broker import Broker
from server.db import reading, writing
from server.keys import Keys
from server.visits.models import EventRow
from tests.integration.server_stand import (
    DOOR,
    IMPATIENT,
    RawKiosk,
    arrived,
    code,
    entry,
    gateway,
    question,
    told,
)

REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.id = '{}'"
    " BEGIN SELECT RAISE(ABORT, 'no'); END",
    "postgresql": "ALTER TABLE events ADD CONSTRAINT refuse CHECK (id <> '{}')",
}
FAULT = {"sqlite": "OperationalError", "postgresql": "LockNotAvailable"}
ACCEPTED, REJECTED = Settlement.ACCEPTED, Settlement.REJECTED


def test_a_fact_that_the_database_refuses_is_rejected_alone(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    facts = [entry(arrived(number)) for number in range(3)]
    with writing(engine) as session, session.begin():
        session.execute(sa.text(REFUSE[engine.dialect.name].format(facts[1].event)))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        receipts = kiosk.tell(*facts)
    assert {one.event: one.settlement for one in receipts.receipts} == {
        facts[0].event: ACCEPTED,
        facts[1].event: REJECTED,
        facts[2].event: ACCEPTED,
    }
    with reading(engine) as session:
        stored = set(session.scalars(sa.select(EventRow.id)))
    assert stored == {facts[0].event, facts[2].event}


def test_while_the_database_is_locked_nothing_is_receipted_and_questions_are_answered(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    kind = engine.dialect.name

    @event.listens_for(engine, "connect")
    def be_impatient(connection: sqlite3.Connection | psycopg.Connection, _: object) -> None:
        connection.execute(IMPATIENT[kind])
        connection.commit()

    engine.dispose()
    fact = entry(arrived(0))
    caplog.set_level("INFO")
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        with writing(engine) as other:
            other.connection()
            for _ in range(3):
                kiosk.say(Leaf.ENTRIES, told(DOOR, fact))
            assert kiosk.next(Leaf.RECEIPTS, seconds=0.5) is None
            assert kiosk.ask(question(code(keys, 1))).verdict.saying is Saying.WELCOME
        receipts = kiosk.tell(fact)
    assert [one.settlement for one in receipts.receipts] == [ACCEPTED]
    logged = [record.getMessage() for record in caplog.records if "written" in record.getMessage()]
    assert logged == [
        f"the database: cannot be written ({FAULT[kind]}); further ones are not logged",
        "the database: cannot be written is over",
    ]
