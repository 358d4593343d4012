"""A server to test: a seeded database, a gateway at a real broker, a kiosk made of raw MQTT."""

import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy.orm import Session

from presence import admission, codec, topics
from presence.activity import Activity
from presence.card import CardRef, SignedCode
from presence.credential import issue_code
from presence.ids import (
    BootId,
    ChapterId,
    EventId,
    InstitutionId,
    KioskId,
    PresentationId,
    VisitId,
    VolunteerId,
    uuid7,
)
from presence.messages import (
    Answer,
    Arrived,
    ClockTrust,
    Entries,
    Entry,
    Heartbeat,
    HeldList,
    Left,
    Question,
    Receipts,
    Stamp,
    What,
)
from presence.policy import Policy
from presence.topics import Leaf
from presence.verdict import Basis, Outcome
from server.cards.models import Card
from server.cards.services import NewCard, issue_card
from server.changes import Cursor
from server.db import reading, writing
from server.gateway.answers import Decide
from server.gateway.gateway import Gateway
from server.gateway.publications import CURSOR
from server.gateway.wire import mqtt
from server.institutions.models import Assignment, Chapter, Institution, Society
from server.institutions.services import assign
from server.keys import Keys, open_keys
from server.kiosks.services import add_kiosk
from server.people.models import Volunteer
from server.people.services import add_volunteer
from server.policies import files
from server.policies.services import keep
from tests.databases import Databases

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CHAPTER = ChapterId("fjordby")
SOLBAKKEN = InstitutionId("solbakken")
NORDSTRAND = InstitutionId("nordstrand")
DOOR = KioskId("solbakken-1")
OTHER_DOOR = KioskId("nordstrand-1")
BOOT = BootId(uuid7(NOW, b"\x01" * 10))
WAIT = 20.0
IMPATIENT = {"sqlite": "PRAGMA busy_timeout = 50", "postgresql": "SET lock_timeout = '50ms'"}
"""Makes a connection give up at once where another one writes."""


def fresh() -> str:
    return uuid7(NOW, os.urandom(10))


def volunteer(number: int) -> VolunteerId:
    return VolunteerId(f"volunteer-{number}")


def place(number: int) -> CardRef:
    """Where the card of a volunteer stands in the lists."""
    return CardRef(1, 1000 + number)


def card_id(number: int) -> str:
    return f"card-{number}"


def seed(session: Session, people: int = 3) -> None:
    """A chapter, two homes with a kiosk each, and volunteers who are expected at the first one."""
    keep(session, NOW, files.shipped())
    session.add(Society(id="NO", name="Besøkstjenesten", policy_id="NO"))
    session.flush()
    session.add_all(
        [
            Chapter(
                id=CHAPTER,
                society_id="NO",
                name="Fjordby",
                leader_name="Liv",
                leader_phone="55500000",
            ),
            Institution(id=SOLBAKKEN, society_id="NO", name="Solbakken", zone="Europe/Oslo"),
            Institution(id=NORDSTRAND, society_id="NO", name="Nordstrand", zone="Europe/Oslo"),
        ]
    )
    session.flush()
    add_kiosk(session, NOW, DOOR, SOLBAKKEN, "Inngang")
    add_kiosk(session, NOW, OTHER_DOOR, NORDSTRAND, "Inngang")
    for number in range(people):
        add_person(session, number)


def add_person(session: Session, number: int, birth_date: date = date(1960, 5, 1)) -> None:
    person = Volunteer(
        id=volunteer(number),
        first_name=f"Person{number}",
        last_name="Prøve",
        birth_date=birth_date,
    )
    add_volunteer(session, NOW, person, CHAPTER)
    new = NewCard(
        id=card_id(number),
        volunteer=volunteer(number),
        chapter=CHAPTER,
        place=place(number),
        cti=number.to_bytes(8, "big"),
        valid_from=date(2026, 1, 1),
    )
    issue_card(session, NOW - timedelta(days=300), new, Policy(), "test")
    expected = Assignment(
        volunteer_id=volunteer(number),
        institution_id=SOLBAKKEN,
        chapter_id=CHAPTER,
        activity=Activity.VISIT,
        started_on=date(2026, 1, 1),
    )
    assign(session, NOW, expected)


def make_database(databases: Databases, people: int = 3) -> sa.URL:
    """A new database with two homes and so many people."""

    def fill(engine: sa.Engine) -> None:
        with writing(engine) as session, session.begin():
            seed(session, people)

    return databases.filled(f"{people} people", fill)


def make_keys(folder: Path) -> Keys:
    return open_keys(folder / "keys", NOW - timedelta(days=1000))


def code(keys: Keys, number: int) -> str:
    """The text on a volunteer's card, as `cards.services.code_of` signs it."""
    issued = NOW - timedelta(days=300)
    return issue_code(
        keys.card,
        place(number),
        number.to_bytes(8, "big"),
        issued,
        datetime(2036, 1, 28, tzinfo=UTC),
    )


class SettableClock:
    """The time, as a test sets it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def gateway(
    engine: sa.Engine,
    keys: Keys,
    port: int,
    clock: SettableClock | None = None,
    decide: Decide = admission.decide,
) -> Iterator[Gateway]:
    """A gateway that has been accepted by the broker."""
    served = Gateway(
        engine,
        mqtt("127.0.0.1", port),
        keys,
        clock=clock or SettableClock(),
        decide=decide,
    )
    served.start()
    try:
        assert served.wire.wait_ready(WAIT)
        _wait_for_place(engine)
        yield served
    finally:
        served.stop()


def _wait_for_place(engine: sa.Engine) -> None:
    """Until the gateway knows from where on changes are news to it."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        with reading(engine) as session:
            if session.get(Cursor, CURSOR) is not None:
                return
        time.sleep(0.01)
    raise TimeoutError("the gateway has not found its place among the changes")


class RawKiosk:
    """A kiosk as the broker sees one: sends what it is told to, keeps what it gets."""

    def __init__(self, port: int, kiosk: KioskId = DOOR) -> None:
        self.kiosk = kiosk
        self._port = port
        self._got: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        self._is_ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda _client, _data, message: self._got.put(message)
        self._client.on_connect = lambda client, *_: client.subscribe(topics.all_down(kiosk), qos=1)
        self._client.on_subscribe = lambda *_: self._is_ready.set()

    def __enter__(self) -> "RawKiosk":
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._is_ready.wait(WAIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(
        self,
        topic: str,
        payload: bytes,
        correlation: bytes | None = None,
        expiry: int | None = None,
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation is not None:
            properties.CorrelationData = correlation
        if expiry is not None:
            properties.MessageExpiryInterval = expiry
        sent = self._client.publish(topic, payload, qos=1, properties=properties)
        sent.wait_for_publish(WAIT)

    def say(self, leaf: Leaf, payload: bytes) -> None:
        self.send(topics.topic(self.kiosk, leaf), payload)

    def next(self, leaf: Leaf, seconds: float = WAIT) -> MQTTMessage | None:
        """The next message of this kind; others that come before it are dropped."""
        wanted = topics.topic(self.kiosk, leaf)
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self._got.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if message.topic == wanted:
                return message

    def ask(self, question: Question, correlation: bytes = b"here") -> Answer:
        """Put a question and return its answer. It is good for as long as it is waited for: a
        kiosk's own time would make a slow machine's answer a late one."""
        topic = topics.topic(self.kiosk, Leaf.QUESTION)
        self.send(topic, codec.encode(question), correlation, expiry=round(WAIT))
        message = self.next(Leaf.ANSWER)
        assert message is not None, "no answer"
        assert correlation_of(message) == correlation
        return codec.decode(Answer, bytes(message.payload), topics.DOWN_LIMIT)

    def tell(self, *entries: Entry | bytes) -> Receipts:
        """Tell entries (or what is meant to be one) and return the receipts."""
        self.say(Leaf.ENTRIES, told(self.kiosk, *entries))
        return self.receipts()

    def receipts(self) -> Receipts:
        message = self.next(Leaf.RECEIPTS)
        assert message is not None, "no receipts"
        return codec.decode(Receipts, bytes(message.payload), topics.DOWN_LIMIT)


def correlation_of(message: MQTTMessage) -> bytes | None:
    return getattr(message.properties, "CorrelationData", None)


def told(kiosk: KioskId, *entries: Entry | bytes) -> bytes:
    raws = [one if isinstance(one, bytes) else codec.encode_entry(one) for one in entries]
    head = codec.encode(Entries(kiosk=kiosk, entries=()))
    return head.replace(b'"entries":[]', b'"entries":[' + b",".join(raws) + b"]")


def question(text: str, kiosk: KioskId = DOOR, at: datetime = NOW) -> Question:
    return Question(
        kiosk=kiosk,
        presentation=PresentationId(fresh()),
        evidence=SignedCode(text),
        presented=at,
        uptime_ms=3_600_000,
    )


def entry(
    what: What,
    at: datetime = NOW,
    trust: ClockTrust = ClockTrust.SYNCED,
    event: str | None = None,
) -> Entry:
    return Entry(EventId(event or fresh()), Stamp(1, BOOT, 1000, at, trust), what)


def arrived(number: int, basis: Basis = Basis.LIVE, visit: VisitId | None = None) -> Arrived:
    outcome = Outcome.CONFIRMED if basis is Basis.LIVE else Outcome.UNCONFIRMED
    return Arrived(
        place(number), visit or VisitId(fresh()), PresentationId(fresh()), basis, outcome
    )


def left(number: int, *, is_doubtful: bool = False) -> Left:
    return Left(place(number), PresentationId(fresh()), Basis.LIVE, is_doubtful)


def card_of(session: Session, number: int) -> Card:
    card = session.get(Card, card_id(number))
    assert card is not None
    return card


def heartbeat(at: datetime = NOW, *held: HeldList) -> Heartbeat:
    """What the kiosk at the door tells of itself, and of the status lists it holds."""
    return Heartbeat(
        kiosk=DOOR,
        at=at,
        boot=BOOT,
        program="0.1.0",
        uptime_ms=1000,
        outbox_depth=0,
        oldest_entry_ms=None,
        parked=0,
        unreadable=0,
        trust=ClockTrust.SYNCED,
        readers={},
        roster_issued=None,
        free_disk_mb=500,
        status_lists=held,
    )
