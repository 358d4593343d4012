"""Whatever comes over the wire: logged once, acknowledged, nothing else disturbed."""

import logging

import pytest
import sqlalchemy as sa

from presence import codec, topics
from presence.ids import KioskId
from presence.messages import Link
from presence.topics import Leaf
from presence.verdict import Saying
from server.broker import Broker
from server.db import reading
from server.keys import Keys
from server.kiosks.models import Kiosk
from server.visits.models import EventRow
from tests.integration.server_stand import (
    DOOR,
    OTHER_DOOR,
    RawKiosk,
    arrived,
    code,
    entry,
    gateway,
    question,
    told,
)


def bad_payloads(keys: Keys) -> dict[Leaf, list[bytes]]:
    asked = codec.encode(question(code(keys, 0)))
    entries = told(DOOR, entry(arrived(0)))
    return {
        Leaf.QUESTION: [b"", b"\xff\x00junk", b"[]", b"null", asked[: len(asked) // 2]],
        Leaf.ENTRIES: [b"{", entries[:-20], entries.replace(b'"v":1', b'"v":"1"'), b"[" * 9000],
        Leaf.HEARTBEAT: [b"{}", b'{"kiosk":"solbakken-1"}'],
        Leaf.LINK: [b'{"v":1,"kiosk":"solbakken-1","is_up":true,"connection":-1}'],
        Leaf.HAVE: [b"\x80"],
    }


def test_junk_is_logged_once_for_each_kind_and_disturbs_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway(engine, keys, broker.port) as served, RawKiosk(broker.port) as kiosk:
        for leaf, payloads in bad_payloads(keys).items():
            for payload in payloads:
                kiosk.say(leaf, payload)
        answer = kiosk.ask(question(code(keys, 0)))
        receipts = kiosk.tell(entry(arrived(0)))
        assert served.is_alive
    assert answer.verdict.saying is Saying.WELCOME
    assert len(receipts.receipts) == 1
    logged = [
        record.getMessage() for record in caplog.records if record.name.startswith("server.g")
    ]
    assert [line.partition(" cannot")[0] for line in logged] == [
        f"{DOOR}: {leaf}" for leaf in bad_payloads(keys)
    ]
    assert {record.levelno for record in caplog.records} <= {logging.WARNING, logging.INFO}


def test_an_unknown_version_gets_no_receipt_and_is_logged_once(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    newer = told(DOOR, entry(arrived(0))).replace(b'"v":1', b'"v":2')
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.ENTRIES, newer)
        kiosk.say(Leaf.ENTRIES, newer)
        known = entry(arrived(1))
        receipts = kiosk.tell(known)
    assert [one.event for one in receipts.receipts] == [known.event]
    with reading(engine) as session:
        assert session.scalars(sa.select(EventRow.id)).all() == [known.event]
    logged = [record.getMessage() for record in caplog.records if "version" in record.getMessage()]
    assert logged == [
        f"{DOOR}: up/entries has a version that is not known (version 2, this program speaks 1);"
        " further ones are not logged"
    ]


def test_a_kiosk_cannot_speak_for_another(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port) as victim,
        RawKiosk(broker.port, OTHER_DOOR) as thief,
    ):
        asked = codec.encode(question(code(keys, 0), DOOR))
        for _ in range(2):
            thief.send(topics.topic(OTHER_DOOR, Leaf.QUESTION), asked, b"x")
            thief.say(Leaf.ENTRIES, told(DOOR, entry(arrived(0))))
        own = entry(arrived(1))
        thief.tell(own)
        assert victim.next(Leaf.ANSWER, seconds=0.1) is None
        assert thief.next(Leaf.ANSWER, seconds=0.1) is None
    with reading(engine) as session:
        assert session.scalars(sa.select(EventRow.id)).all() == [own.event]
    logged = [record.getMessage() for record in caplog.records if "another" in record.getMessage()]
    assert logged == [
        f"{OTHER_DOOR}: up/question speaks for another kiosk; further ones are not logged",
        f"{OTHER_DOOR}: up/entries speaks for another kiosk; further ones are not logged",
    ]


def test_unknown_topics_and_oversized_messages_disturb_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.send(f"{topics.PREFIX}/kiosk/{DOOR}/up/gossip", b"{}")
        kiosk.send(f"{topics.PREFIX}/kiosk/{DOOR}/up/question/more", b"{}")
        kiosk.send(f"{topics.PREFIX}/kiosk/-bad-/up/question", b"{}")
        kiosk.say(Leaf.QUESTION, b" " * (topics.UP_LIMIT + 1))
        assert kiosk.ask(question(code(keys, 0))).verdict.saying is Saying.WELCOME
    logged = [record.getMessage() for record in caplog.records if "server.g" in record.name]
    assert [line for line in logged if "someone" in line] == [
        "someone: sent to an unknown topic (no such message in this contract);"
        " further ones are not logged"
    ]
    assert len([line for line in logged if "16385 bytes" in line]) == 1


def test_a_hundred_bad_messages_do_not_fill_the_brokers_window(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    """What is not acknowledged stays in the broker's window of 100, and stops everything."""
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        for _ in range(150):
            kiosk.say(Leaf.HAVE, b"junk")
        assert kiosk.ask(question(code(keys, 0))).verdict.saying is Saying.WELCOME


def test_the_link_of_an_unknown_kiosk_is_dropped(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = KioskId("stranger-1")
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port, stranger) as unknown,
        RawKiosk(broker.port) as kiosk,
    ):
        for connection in range(3):
            link = Link(kiosk=stranger, is_up=True, connection=connection)
            unknown.say(Leaf.LINK, codec.encode(link))
        unknown.say(Leaf.ENTRIES, told(stranger, entry(arrived(0))))
        kiosk.tell(entry(arrived(1)))
        assert unknown.next(Leaf.RECEIPTS, seconds=0.1) is None
    with reading(engine) as session:
        assert session.get(Kiosk, stranger) is None
    logged = [record.getMessage() for record in caplog.records if stranger in record.getMessage()]
    assert logged == ["stranger-1: is no kiosk of ours; further ones are not logged"]
