"""A gateway that dies, as by a power cut, where it is told to: the whole of a process."""

import itertools
import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from presence import admission
from presence.ids import KioskId
from presence.topics import Leaf
from server.db import is_writing, make_engine
from server.gateway.gateway import Gateway
from server.gateway.wire import mqtt
from server.keys import open_keys
from tests.integration.server_stand import NOW, WAIT

EVENTS = {"statement": "before_cursor_execute", "commit": "commit"}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingGateway(Gateway):
    dies_at: Leaf | None = None

    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        if leaf is self.dies_at:
            die()
        super().publish(kiosk, leaf, payload)


def die_at(engine: sa.Engine, name: str, number: int) -> None:
    """Die at the event of that name, the so-manyth time that it comes up in writing."""
    counted = itertools.count(1)

    @event.listens_for(engine, name)
    def count(connection: sa.Connection, *_: object) -> None:
        if is_writing(connection) and next(counted) == number:
            die()


def main(database: str, folder: Path, port: int, where: str, ready: Connection) -> None:
    """Serve with the keys in `folder`, and send something to `ready` once the broker has taken us
    in. `where` is `receipts` or `roster` (die before the first such message is sent), `statement:N`
    or `commit:N` (before the N-th of those that write), or `never`."""
    keys = open_keys(folder / "keys", NOW)
    engine = make_engine(database)
    gateway = DyingGateway(
        engine,
        mqtt("127.0.0.1", port),
        keys,
        clock=lambda: NOW,
        decide=admission.decide,
    )
    gateway.start()
    if not gateway.wire.wait_ready(WAIT):
        raise SystemExit("no broker")
    name, _, number = where.partition(":")
    if name in EVENTS:
        die_at(engine, EVENTS[name], int(number))
    elif name != "never":
        gateway.dies_at = Leaf[name.upper()]
    ready.send(None)
    threading.Event().wait()
