"""A link under test, and the server's end of the wire."""

import itertools
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from kiosk.events import Event, LinkChanged
from kiosk.link import Address, MqttLink
from kiosk.ports import Received
from presence import cose, topics
from presence.card import Assurance, SignedCode
from presence.ids import KioskId, PresentationId
from presence.messages import Answer, Message, Question
from presence.reason import Reason
from presence.statuslist import SignedList
from presence.topics import Leaf
from presence.trust import Purpose, SigningKey, TrustedKey, trust_list
from presence.verdict import Basis, Move, Outcome, Saying, Verdict
from tests.fakes.facts import NOON, TAP

KIOSK = KioskId("solbakken-1")
UP, DOWN = LinkChanged(is_up=True), LinkChanged(is_up=False)
PATIENCE = 15.0

ROSTER_KEY = SigningKey(b"r1", Ed25519PrivateKey.from_private_bytes(b"r" * 32), Purpose.ROSTER)
CARD_KEY = SigningKey(b"c1", Ed25519PrivateKey.from_private_bytes(b"c" * 32), Purpose.CARD)
TRUST = trust_list(
    TrustedKey(
        key.kid,
        key.private_key.public_key(),
        key.purpose,
        NOON.replace(year=2026, month=1),
        NOON.replace(year=2027),
    )
    for key in (ROSTER_KEY, CARD_KEY)
)


def question(presentation: PresentationId = TAP) -> Question:
    return Question(
        kiosk=KIOSK,
        presentation=presentation,
        evidence=SignedCode("TS1:ABC"),
        presented=NOON,
        uptime_ms=1,
    )


def answer(presentation: PresentationId = TAP) -> Answer:
    verdict = Verdict(
        Move.IN, Outcome.CONFIRMED, Reason.OK, Saying.WELCOME, Basis.LIVE, Assurance.A1
    )
    return Answer(presentation=presentation, verdict=verdict, at=NOON)


def signed(payload: bytes, key: SigningKey = ROSTER_KEY, audience: str = KIOSK) -> bytes:
    return cose.sign_message(payload, key, audience, NOON)


@dataclass
class LinkBench:
    """What the link told: its comings and goings, and what came in."""

    link: MqttLink
    events: "queue.Queue[Event]"
    messages: "queue.Queue[tuple[Message | SignedList, datetime | None]]"

    def next_event(self) -> Event:
        return self.events.get(timeout=PATIENCE)

    def next_message(self) -> tuple[Message | SignedList, datetime | None]:
        return self.messages.get(timeout=PATIENCE)


@contextmanager
def running_link(
    port: int,
    received: Received | None = None,
    jitter: float = 0.0,
) -> Iterator[LinkBench]:
    """A link to the broker on that port, started; stopped afterwards."""
    events: queue.Queue[Event] = queue.Queue()
    messages: queue.Queue[tuple[Message | SignedList, datetime | None]] = queue.Queue()

    def keep(message: Message | SignedList, issued: datetime | None) -> None:
        messages.put((message, issued))

    link = MqttLink(
        KIOSK,
        Address("127.0.0.1", port),
        TRUST,
        events.put,
        received or keep,
        connection=itertools.count(1).__next__,
        jitter=lambda: jitter,
    )
    link.start()
    try:
        yield LinkBench(link, events, messages)
    finally:
        link.stop()


class ServerEnd:
    """Hears all that the kiosk says, and speaks to it."""

    def __init__(self, port: int) -> None:
        self.heard: queue.Queue[MQTTMessage] = queue.Queue()
        self._subscribed: queue.Queue[None] = queue.Queue()
        self._client = Client(
            CallbackAPIVersion.VERSION2, "server", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_message = lambda _client, _, message: self.heard.put(message)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.put(None)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.wait_until_subscribed()

    def wait_until_subscribed(self) -> None:
        self._subscribed.get(timeout=PATIENCE)

    def next(self) -> MQTTMessage:
        return self.heard.get(timeout=PATIENCE)

    def say(self, leaf: Leaf | str, payload: bytes, *, retain: bool = False) -> None:
        topic = topics.topic(KIOSK, leaf) if isinstance(leaf, Leaf) else leaf
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe(topics.GATEWAYS.removeprefix("$share/gateway/"), qos=1)


@contextmanager
def server_end(port: int) -> Iterator[ServerEnd]:
    end = ServerEnd(port)
    try:
        yield end
    finally:
        end.stop()
