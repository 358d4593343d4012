"""From the report of a loss to every kiosk, through real gateways, a broker and kiosks' links."""

import itertools
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from kiosk.events import Event
from kiosk.link import Address, MqttLink
from kiosk.statuslists import SqliteStatusLists
from presence import codec, topics
from presence.card import CardRef
from presence.ids import KioskId
from presence.messages import Message
from presence.roster import CardState
from presence.statuslist import SignedList, Status, open_list, sign_list, table_of
from presence.topics import STATUS_LISTS, Leaf
from server.broker import Broker
from server.cards.services import report_lost, set_state
from server.db import writing
from server.gateway.statuslists import ON_ITS_WAY
from server.keys import Keys
from tests.integration.server_stand import (
    DOOR,
    NOW,
    OTHER_DOOR,
    RawKiosk,
    SettableClock,
    card_id,
    gateway,
    heartbeat,
    place,
)

PATIENCE = 20.0


class GoingClock(SettableClock):
    """The stand's time, going on as true time does, and further where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._began)


class Kiosk:
    """A kiosk's link and the lists it holds; `until` is its loop."""

    def __init__(self, port: int, keys: Keys, folder: Path, kiosk: KioskId) -> None:
        self.lists = SqliteStatusLists(folder / f"{kiosk}.db", keys.trust)
        self._came: queue.SimpleQueue[Message | SignedList] = queue.SimpleQueue()
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.link = MqttLink(
            kiosk,
            Address("127.0.0.1", port),
            keys.trust,
            events.put,
            lambda message, _issued: self._came.put(message),
            connection=itertools.count(1).__next__,
            jitter=lambda: 0.0,
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """Take what comes in until that is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            message = self._came.get(timeout=max(deadline - time.monotonic(), 0.01))
            if isinstance(message, SignedList):
                self.lists.take(message)

    def says(self, card: CardRef) -> Status | None:
        known = self.lists.listed(card)
        return None if known is None else known.status


@contextmanager
def kiosk(broker: Broker, keys: Keys, folder: Path, name: KioskId = DOOR) -> Iterator[Kiosk]:
    opened = Kiosk(broker.port, keys, folder, name)
    opened.link.start()
    try:
        yield opened
    finally:
        opened.link.stop()
        opened.lists.close()


def lose(engine: sa.Engine, number: int) -> CardRef:
    with writing(engine) as session, session.begin():
        assert report_lost(session, NOW, card_id(number), "chapter")
    return place(number)


def test_a_lost_card_is_refused_by_every_kiosk_also_by_those_that_come_later(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    with gateway(engine, keys, broker.port, GoingClock()), ExitStack() as stack:
        kiosks = [
            stack.enter_context(kiosk(broker, keys, tmp_path, name)) for name in (DOOR, OTHER_DOOR)
        ]
        for one in kiosks:
            one.until(lambda one=one: one.says(place(1)) is Status.VALID)  # type: ignore[misc]
        card = lose(engine, 1)
        for one in kiosks:
            one.until(lambda one=one: one.says(card) is Status.INVALID)  # type: ignore[misc]
        late = stack.enter_context(kiosk(broker, keys, tmp_path, KioskId("late-1")))
        late.until(lambda: late.says(card) is Status.INVALID)
        assert [one.lists.refused for one in (*kiosks, late)] == [0, 0, 0]
    with kiosk(broker, keys, tmp_path, KioskId("no-gateway-1")) as alone:
        alone.until(lambda: alone.says(card) is Status.INVALID)


def test_a_broker_that_lost_its_memory_gets_the_lists_again(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    card = lose(engine, 1)
    with gateway(engine, keys, broker.port, GoingClock()):
        with kiosk(broker, keys, tmp_path) as before:
            before.until(lambda: before.says(card) is Status.INVALID)
        broker.kill()
        with kiosk(broker, keys, tmp_path, OTHER_DOOR) as after:
            after.until(lambda: after.says(card) is Status.INVALID)


def test_a_kiosk_whose_heartbeat_names_no_list_is_sent_it(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    """What the broker retained was taken away, and no new connection tells the gateway of it."""
    clock = GoingClock()
    with (
        gateway(engine, keys, broker.port, clock),
        RawKiosk(broker.port) as forgetful,
        kiosk(broker, keys, tmp_path, OTHER_DOOR) as held,
    ):
        held.until(lambda: held.says(place(1)) is Status.VALID)
        forget(broker.port)
        with kiosk(broker, keys, tmp_path, KioskId("late-1")) as late:
            clock.now += ON_ITS_WAY
            forgetful.say(Leaf.HEARTBEAT, codec.encode(heartbeat(clock())))
            late.until(lambda: late.says(place(1)) is Status.VALID)


def test_a_forged_list_changes_nothing_even_when_the_broker_retains_it(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    card = lose(engine, 1)
    clock = GoingClock()
    with gateway(engine, keys, broker.port, clock), kiosk(broker, keys, tmp_path) as held:
        held.until(lambda: held.says(card) is Status.INVALID)
        stale = sign_list(1, table_of({}), keys.status_list, NOW - timedelta(days=3))
        for token in (b"", b"junk", stale):
            retain(broker.port, token)
        held.until(lambda: held.lists.refused == 3)
        assert held.says(card) is Status.INVALID
        lose(engine, 2)
        held.until(lambda: held.says(place(2)) is Status.INVALID)
        assert held.says(card) is Status.INVALID


def test_two_gateways_never_publish_a_list_that_goes_back(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    states = [CardState.SUSPENDED, CardState.ACTIVE]
    clock = GoingClock()
    with everything(broker.port) as came:
        with gateway(engine, keys, broker.port, clock):
            with gateway(engine, keys, broker.port, clock):
                change(engine, came, keys, states)
            change(engine, came, keys, states)
        with gateway(engine, keys, broker.port, clock):
            change(engine, came, keys, states)
    assert came.issued == sorted(came.issued)
    assert len(set(came.issued)) >= 6


class Came:
    """All lists that were published, in their order."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        self.issued: list[datetime] = []

    def until(self, keys: Keys, status: Status) -> None:
        """Until a list says so of the first volunteer's card."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            opened = open_list(bytes(message.payload), 1, keys.trust)
            self.issued.append(opened.issued)
            if opened.listed(place(0).index).status is status:
                return


def change(engine: sa.Engine, came: Came, keys: Keys, states: list[CardState]) -> None:
    said = {CardState.SUSPENDED: Status.SUSPENDED, CardState.ACTIVE: Status.VALID}
    for state in states:
        with writing(engine) as session, session.begin():
            set_state(session, NOW, card_id(0), state, "test")
        came.until(keys, said[state])


@contextmanager
def everything(port: int) -> Iterator[Came]:
    came = Came()
    ready: queue.SimpleQueue[None] = queue.SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = lambda _client, _data, message: came.messages.put(message)
    client.on_subscribe = lambda *_: ready.put(None)
    client.on_connect = lambda client, *_: client.subscribe(STATUS_LISTS, qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        ready.get(timeout=PATIENCE)
        yield came
    finally:
        client.disconnect()
        client.loop_stop()


def retain(port: int, payload: bytes) -> None:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    topic = topics.status_list(place(0).list)
    client.publish(topic, payload, qos=1, retain=True).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def forget(port: int) -> None:
    """An empty retained message takes the one that was retained away (MQTT 5, section 3.3.1.3)."""
    retain(port, b"")
