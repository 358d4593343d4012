"""A gateway can die at any point. What it has stored stays stored, once."""

import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from presence.messages import Settlement
from presence.topics import Leaf
from presence.verdict import Saying
from presence.visit import VisitState
from server.broker import Broker
from server.db import reading
from server.keys import Keys
from server.visits.models import EventRow, VisitRow
from tests.integration.gateway_process import gateway_process
from tests.integration.server_stand import (
    DOOR,
    NOW,
    WAIT,
    RawKiosk,
    arrived,
    code,
    entry,
    gateway,
    left,
    question,
    told,
)


def test_a_gateway_killed_between_commit_and_receipt_doubles_nothing(
    engine: sa.Engine, keys: Keys, tmp_path: Path, broker: Broker
) -> None:
    coming, going = entry(arrived(0), NOW - timedelta(hours=1)), entry(left(0))
    with RawKiosk(broker.port) as kiosk:
        with gateway_process(engine.url, tmp_path, broker.port, "receipts") as dying:
            kiosk.say(Leaf.ENTRIES, told(DOOR, coming, going))
            dying.join(WAIT)
            assert dying.exitcode == -signal.SIGKILL
        assert kiosk.next(Leaf.RECEIPTS, seconds=0.2) is None
        with gateway(engine, keys, broker.port):
            receipts = kiosk.tell(coming, going)
    assert [one.settlement for one in receipts.receipts] == [Settlement.DUPLICATE] * 2
    with reading(engine) as session:
        assert len(session.scalars(sa.select(EventRow.id)).all()) == 2
        visit = session.scalars(sa.select(VisitRow)).one()
        assert (visit.state, visit.left) == (VisitState.CLOSED, NOW)


def test_the_gateway_comes_back_after_the_broker_was_killed(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port) as served:
        with RawKiosk(broker.port) as kiosk:
            kiosk.tell(entry(arrived(0)))
        broker.kill()
        deadline = time.monotonic() + WAIT
        while served.wire.is_ready and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert served.wire.wait_ready(WAIT)
        with RawKiosk(broker.port) as kiosk:
            assert kiosk.ask(question(code(keys, 1))).verdict.saying is Saying.WELCOME
            kiosk.tell(entry(arrived(1)))
        assert served.is_alive


def test_entries_told_while_no_gateway_is_there_are_receipted_when_told_again(
    engine: sa.Engine, keys: Keys, tmp_path: Path, broker: Broker
) -> None:
    coming = entry(arrived(0))
    with RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.ENTRIES, told(DOOR, coming))
        assert kiosk.next(Leaf.RECEIPTS, seconds=0.2) is None
        with gateway(engine, keys, broker.port):
            receipts = kiosk.tell(coming)
    assert [one.settlement for one in receipts.receipts] == [Settlement.ACCEPTED]
