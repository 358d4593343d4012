"""The kiosk's wire to the server, on a real broker."""

import socket
import statistics
import time
from datetime import datetime

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage

from presence import codec, topics
from presence.ids import InstitutionId, KioskId
from presence.messages import Answer, Briefings, Entries, Have, Link, Message, Roster
from presence.policy import Policy
from presence.roster import House
from presence.statuslist import SignedList
from presence.topics import DOWN_LIMIT, STATUS_LIMIT, UP_LIMIT, Leaf
from server.broker import Broker
from tests.fakes.facts import NOON
from tests.integration.link_bench import (
    CARD_KEY,
    DOWN,
    KIOSK,
    UP,
    LinkBench,
    ServerEnd,
    answer,
    question,
    running_link,
    server_end,
    signed,
)

HOUSE = House(InstitutionId("solbakken"), "Solbakken", "Europe/Oslo", Policy())


def said(message: MQTTMessage) -> Message:
    """What the kiosk said, read as the server reads it."""
    _, leaf = topics.parse(message.topic)
    channel = topics.CHANNELS[leaf]
    return codec.decode(channel.message, bytes(message.payload), channel.limit)


def a_roster(kiosk: KioskId = KIOSK) -> bytes:
    return codec.encode(Roster(kiosk=kiosk, whole=True, house=HOUSE, rows=()))


def kiosk_socket(bench: LinkBench) -> socket.socket:
    connection = bench.link._connection
    assert connection is not None
    sock = connection._client.socket()
    assert isinstance(sock, socket.socket)
    return sock


def test_a_link_that_came_up_says_so_on_both_sides(broker: Broker) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        assert bench.next_event() == UP
        assert said(server.next()) == Link(kiosk=KIOSK, is_up=True, connection=1)


def test_a_question_expires_and_carries_no_property_that_it_does_not_need(broker: Broker) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        assert bench.link.ask(question())
        server.next()
        message = server.next()
        assert said(message) == question()
        assert message.properties is not None
        carried = message.properties.json()  # type: ignore[no-untyped-call]
        assert carried in ({"MessageExpiryInterval": 1}, {"MessageExpiryInterval": 2})


def test_answers_come_in(broker: Broker) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        server.say(Leaf.ANSWER, codec.encode(answer()))
        assert bench.next_message() == (answer(), None)


def test_a_signed_roster_comes_in_with_the_time_of_its_signature(broker: Broker) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        server.say(Leaf.ROSTER, signed(a_roster()))
        roster, issued = bench.next_message()
        assert isinstance(roster, Roster)
        assert (roster.house, issued) == (HOUSE, NOON)


def test_status_lists_that_rest_in_the_broker_come_in_on_every_connection(broker: Broker) -> None:
    """Any that fits; whether they are to be believed is for their receiver to say."""
    largest = SignedList(2**31 - 1, b"\xd2" * STATUS_LIMIT)
    with server_end(broker.port) as server:
        server.say(topics.status_list(3), b"list", retain=True)
        server.say(topics.status_list(largest.number), largest.token, retain=True)
        with running_link(broker.port) as bench:
            came = [bench.next_message(), bench.next_message()]
            assert sorted(came, key=repr) == [(largest, None), (SignedList(3, b"list"), None)]
            kiosk_socket(bench).shutdown(socket.SHUT_RDWR)
            again = [bench.next_message(), bench.next_message()]
            assert sorted(again, key=repr) == sorted(came, key=repr)
            server.say(topics.status_list(3), b"newer", retain=True)
            assert bench.next_message() == (SignedList(3, b"newer"), None)


def test_nothing_waits_for_a_delayed_acknowledgement(broker: Broker) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        server.next()
        assert kiosk_socket(bench).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        times = []
        for _ in range(15):
            began = time.perf_counter()
            assert bench.link.ask(question())
            server.next()
            times.append(time.perf_counter() - began)
        assert statistics.median(times) < 0.03


def test_what_is_too_large_for_the_wire_is_told_once_and_not_sent(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        server.next()
        large = Have(kiosk=KIOSK, roster="0" * UP_LIMIT, briefings=None)
        assert [bench.link.send(large) for _ in range(3)] == [False] * 3
        assert bench.link.send(Entries(kiosk=KIOSK, entries=()))
        assert isinstance(said(server.next()), Entries)
    told = [one.getMessage() for one in caplog.records if one.name.startswith("kiosk")]
    assert told == ["up/have: too large to be sent"]


JUNK = {
    "bytes that are no message": (Leaf.ANSWER, b"\xff\x00{", "message"),
    "half a message": (Leaf.ANSWER, codec.encode(answer())[:-9], "message"),
    "an unknown version": (
        Leaf.ANSWER,
        codec.encode(msgspec.structs.replace(answer(), v=2)),
        "version",
    ),
    "a time without a zone, by which the clock would be set": (
        Leaf.ANSWER,
        codec.encode(answer()).replace(b'12:00:00Z"', b'12:00:00"'),
        "message",
    ),
    "too many bytes": (Leaf.RECEIPTS, b" " * (DOWN_LIMIT + 1), "message"),
    "a briefing of another home": (
        Leaf.BRIEFING,
        codec.encode(Briefings(kiosk=KioskId("nordstrand-1"), briefings=())),
        "message",
    ),
    "an unsigned roster": (Leaf.ROSTER, a_roster(), "signature"),
    "a roster signed for another kiosk": (
        Leaf.ROSTER,
        signed(a_roster(), audience="nordstrand-1"),
        "signature",
    ),
    "half a signed roster": (Leaf.ROSTER, signed(a_roster())[:-9], "signature"),
    "a roster of another kiosk": (Leaf.ROSTER, signed(a_roster(KioskId("x"))), "message"),
    "a roster signed with a card key": (Leaf.ROSTER, signed(a_roster(), CARD_KEY), "signature"),
    "a status list that is too large": (
        topics.status_list(3),
        b"\xd2" * (STATUS_LIMIT + 1),
        "message",
    ),
    "a status list without a number": ("tilstede/v1/public/status/all", b"\xd2", "topic"),
    "a topic of nobody": (f"tilstede/v1/kiosk/{KIOSK}/down/gossip", b"{}", "topic"),
}


@pytest.mark.parametrize(("leaf", "payload", "kind"), JUNK.values(), ids=JUNK.keys())
def test_junk_is_counted_told_once_and_disturbs_nothing(
    broker: Broker,
    caplog: pytest.LogCaptureFixture,
    leaf: Leaf | str,
    payload: bytes,
    kind: str,
) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        for _ in range(3):
            server.say(leaf, payload)
        server.say(Leaf.ANSWER, codec.encode(answer()))
        assert bench.next_message() == (answer(), None)
        assert bench.link.ignored == {kind: 3}
        assert len([one for one in caplog.records if one.name.startswith("kiosk")]) == 1
        assert bench.events.empty()


def test_when_the_broker_dies_the_link_comes_back_and_subscribes_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        assert bench.next_event() == UP
        server.next()
        broker.kill()
        assert bench.next_event() == DOWN
        asked = [bench.link.ask(question()) for _ in range(3)]
        asked.append(bench.link.send(Entries(kiosk=KIOSK, entries=())))
        assert not any(asked)
        server.wait_until_subscribed()
        assert bench.next_event() == UP
        server.say(Leaf.ANSWER, codec.encode(answer()))
        assert bench.next_message() == (answer(), None)
        assert bench.link.send(Entries(kiosk=KIOSK, entries=()))
        heard = [said(server.next())]
        if isinstance(heard[0], Link):  # whether the server was back before the kiosk is chance
            heard = [said(server.next())]
        assert isinstance(heard[0], Entries), "what was asked while it was down must not come late"
    told = [one.getMessage() for one in caplog.records if one.name.startswith("kiosk")]
    assert len(told) == 2
    assert told[0].startswith("no link to the server at 127.0.0.1:")
    assert told[1] == "the link to the server is back"


@pytest.mark.parametrize("way", ["torn", "stopped"])
def test_the_server_is_told_when_a_kiosk_goes(broker: Broker, way: str) -> None:
    with server_end(broker.port) as server, running_link(broker.port) as bench:
        bench.next_event()
        assert said(server.next()) == Link(kiosk=KIOSK, is_up=True, connection=1)
        if way == "torn":
            kiosk_socket(bench).shutdown(socket.SHUT_RDWR)
            assert bench.next_event() == DOWN
        else:
            bench.link.stop()
        assert said(server.next()) == Link(kiosk=KIOSK, is_up=False, connection=1)
        if way == "torn":
            assert said(server.next()) == Link(kiosk=KIOSK, is_up=True, connection=2)


def test_a_fault_of_our_own_costs_one_connection_and_not_the_thread(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[Message | SignedList] = []

    def stumble_once(message: Message | SignedList, _issued: datetime | None) -> None:
        taken.append(message)
        if len(taken) == 1:
            raise KeyError("Sonja")

    with server_end(broker.port) as server, running_link(broker.port, stumble_once) as bench:
        assert bench.next_event() == UP
        server.say(Leaf.ANSWER, codec.encode(answer()))
        assert [bench.next_event(), bench.next_event()] == [DOWN, UP]
        server.say(Leaf.ANSWER, codec.encode(answer()))
        wait_until_taken(server, bench)
        assert [type(message) for message in taken] == [Answer, Answer]
        assert (bench.link.faults, bench.link.is_running) == (1, True)
    assert "KeyError in stumble_once" in caplog.text
    assert "Sonja" not in caplog.text


def wait_until_taken(server: ServerEnd, bench: LinkBench) -> None:
    """The link reads in order, so what was said before has been taken when this comes back."""
    server.say("tilstede/v1/kiosk/solbakken-1/down/gossip", b"")
    deadline = time.monotonic() + 10
    while not bench.link.ignored and time.monotonic() < deadline:
        bench.link.send(Entries(kiosk=KIOSK, entries=()))
        server.next()
