"""The kiosk's wire to a broker that refuses, withholds and hangs up."""

import time
from collections.abc import Iterator

import pytest

from kiosk.link.mqtt import pause
from presence import topics
from presence.messages import Entries
from presence.topics import Leaf
from tests.integration.link_bench import DOWN, KIOSK, UP, LinkBench, question, running_link
from tests.integration.scripted_broker import NEVER, Script, ScriptedBroker

LINK, QUESTION, ENTRIES = (
    topics.topic(KIOSK, leaf) for leaf in (Leaf.LINK, Leaf.QUESTION, Leaf.ENTRIES)
)
ENTRY = Entries(kiosk=KIOSK, entries=())


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[ScriptedBroker]:
    started = ScriptedBroker(getattr(request, "param", Script()))
    yield started
    started.stop()


def scripted(**script: int | None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("broker", [Script(**script)], indirect=True)  # type: ignore[arg-type]


@scripted(receive_maximum=3, puback=NEVER)
def test_no_more_is_on_its_way_than_the_broker_takes(broker: ScriptedBroker) -> None:
    with running_link(broker.port) as bench:
        assert bench.next_event() == UP
        assert [bench.link.send(ENTRY) for _ in range(5)] == [True, True, False, False, False]
        assert not bench.link.ask(question())
        assert broker.wait_for([LINK, ENTRIES, ENTRIES])


@scripted(receive_maximum=1000, puback=NEVER)
def test_no_more_than_ten_are_on_their_way_whatever_the_broker_takes(
    broker: ScriptedBroker,
) -> None:
    with running_link(broker.port) as bench:
        assert bench.next_event() == UP
        assert [bench.link.send(ENTRY) for _ in range(12)] == [True] * 9 + [False] * 3
        assert broker.wait_for([LINK] + [ENTRIES] * 9)


@scripted(receive_maximum=1)
def test_the_window_opens_again_with_each_acknowledgement(broker: ScriptedBroker) -> None:
    with running_link(broker.port) as bench:
        assert bench.next_event() == UP
        for sent in range(1, 4):
            assert send_when_there_is_room(bench, broker, sent)


@scripted(puback=NEVER)
def test_what_was_on_its_way_when_the_connection_broke_is_never_sent_again(
    broker: ScriptedBroker,
) -> None:
    with running_link(broker.port) as bench:
        assert bench.next_event() == UP
        assert bench.link.ask(question())
        assert broker.wait_for([LINK, QUESTION])
        broker.hang_up()
        assert [bench.next_event(), bench.next_event()] == [DOWN, UP]
        assert bench.link.send(ENTRY)
        assert broker.wait_for([LINK, ENTRIES], connection=1)


@scripted(puback=0x97)
def test_an_acknowledgement_that_refuses_is_no_success_and_told_once(
    broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with running_link(broker.port) as bench:
        assert bench.next_event() == UP
        for sent in range(1, 21):  # more than the window: each refusal has been taken in
            assert send_when_there_is_room(bench, broker, sent)
    told = [one.getMessage() for one in caplog.records if "up/entries" in one.getMessage()]
    assert told == ["up/entries: refused by the broker: Quota exceeded"]


def send_when_there_is_room(bench: LinkBench, broker: ScriptedBroker, number: int) -> bool:
    """The broker has acknowledged all before; the link may need a moment to read that."""
    deadline = time.monotonic() + 10
    while not bench.link.send(ENTRY):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return broker.wait_for([LINK] + [ENTRIES] * number)


@scripted(suback=0x87)
def test_a_link_whose_subscription_is_refused_is_not_up(
    broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with running_link(broker.port) as bench:
        assert broker.wait_for_connections(2)
        assert not bench.link.ask(question())
        assert bench.events.empty()
    assert "the broker refused the subscription: Not authorized" in caplog.text
    assert len(caplog.records) == 1


@scripted(connack=0x87)
def test_a_refused_connection_is_tried_again_and_told_once(
    broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with running_link(broker.port) as bench:
        assert broker.wait_for_connections(3)
        assert bench.events.empty()
    assert "the broker refused the connection: Not authorized" in caplog.text
    assert len(caplog.records) == 1


@scripted(suback=NEVER)
def test_a_link_is_up_only_when_its_subscription_is_confirmed(broker: ScriptedBroker) -> None:
    with running_link(broker.port) as bench:
        assert broker.wait_for_connections(1)
        assert not bench.link.ask(question())
        assert bench.events.empty()


def test_without_a_broker_nothing_is_handed_over_and_stopping_is_quick() -> None:
    gone = ScriptedBroker(Script())
    gone.stop()
    with running_link(gone.port) as bench:
        assert not bench.link.ask(question())
        assert not bench.link.send(ENTRY)
        began = time.monotonic()
        bench.link.stop()
        assert time.monotonic() - began < 1


@scripted(connack=0x87)
def test_who_asks_makes_the_link_try_again_and_not_more_than_once_a_second(
    broker: ScriptedBroker,
) -> None:
    with running_link(broker.port, jitter=0.999) as bench:
        began = time.monotonic()
        while len(broker.heard) < 4 and time.monotonic() - began < 15:
            bench.link.ask(question())
            time.sleep(0.01)
        # Unasked, three pauses with this jitter take 4 + 8 + 16 seconds.
        assert 3 <= time.monotonic() - began < 12


def test_pauses_grow_to_a_minute_and_jitter_spreads_them() -> None:
    assert [pause(failures, 1.0) for failures in range(8)] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert [pause(failures, 0.0) for failures in (0, 5, 10_000)] == [1, 1, 1]
    assert pause(2, 0.5) == 4.5
