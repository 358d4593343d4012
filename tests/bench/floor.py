"""The least that a question can cost: a bare paho client that answers each message with another.

`python -m tests.bench.floor PORT DATABASE KIOSK CARDS BYTES` is the answering end. For each message
it reads what the gateway reads for a tap, by the very same SQL statement, through the bare sqlite3
module, makes nothing of it, and sends so many bytes back. A message that begins with `NO_READ` is
answered without reading.
"""

import itertools
import json
import socket
import sqlite3
import sys
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic_ns
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from presence.card import CardRef
from presence.ids import KioskId
from tests.bench.process import say

ASKED, ANSWERED = "tilstede/bench/kiosk/floor/up/question", "tilstede/bench/kiosk/floor/down/answer"
NO_READ = b"!"
PATIENCE = 10.0


def client(name: str) -> Client:
    """MQTT 5, small packets sent at once, all else as paho has it."""
    new = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
    new.on_socket_open = _send_at_once
    return new


def _send_at_once(_client: Client, _: Any, opened: Any) -> None:
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class BareRead:
    """The tap's statement by the bare module: its rows as they come, nothing made of them."""

    def __init__(self, database: str, kiosk: KioskId) -> None:
        from sqlalchemy.dialects import sqlite

        from server.kiosks import roster

        self._statement = str(roster._tap.compile(dialect=sqlite.dialect(paramstyle="named")))
        self._connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._kiosk = kiosk

    def __call__(self, card: CardRef) -> list[Any]:
        asked = {"kiosk": self._kiosk, "list": card.list, "index": card.index}
        return self._connection.execute(self._statement, asked).fetchall()


class Asker:
    """The asking end, in the process that measures."""

    def __init__(self, port: int) -> None:
        self._arrived: SimpleQueue[int] = SimpleQueue()
        self._is_ready: SimpleQueue[None] = SimpleQueue()
        self._client = client("floor-asker")
        self._client.on_message = lambda *_: self._arrived.put(monotonic_ns())
        self._client.on_subscribe = lambda *_: self._is_ready.put(None)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(ANSWERED, qos=1)
        self._client.loop_start()
        self._is_ready.get(timeout=PATIENCE)

    def ask(self, payload: bytes) -> float:
        """Milliseconds from the publication to the answer's callback."""
        began = monotonic_ns()
        self._client.publish(ASKED, payload, qos=1)
        return (self._arrived.get(timeout=PATIENCE) - began) / 1e6

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def answering(read: Callable[[CardRef], list[Any]], cards: list[CardRef], size: int) -> Client:
    """The answering end: it goes through the cards, as the questions do."""
    turns, payload = itertools.cycle(cards), bytes(size)
    new = client("floor-answerer")

    def answer(_client: Client, _: Any, message: MQTTMessage) -> None:
        if not message.payload.startswith(NO_READ):
            read(next(turns))
        new.publish(ANSWERED, payload, qos=1)

    new.on_message = answer
    new.on_subscribe = lambda *_: say(ready=True)
    return new


def main(port: str, database: str, kiosk: str, cards: str, size: str) -> None:
    refs = [CardRef(*pair) for pair in json.loads(cards)]
    end = answering(BareRead(database, KioskId(kiosk)), refs, int(size))
    end.connect("127.0.0.1", int(port))
    end.subscribe(ASKED, qos=1)
    end.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
