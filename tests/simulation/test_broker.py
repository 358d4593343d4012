"""The simulated broker does what MQTT 5 says, as far as it goes."""

from dataclasses import dataclass, field
from random import Random

from tests.simulation.broker import WINDOW, Broker, Connection, Packet
from tests.simulation.network import Line
from tests.simulation.timeline import Timeline, seconds

SHARED = "$share/gateway/up/#"


@dataclass
class Listener:
    """Keeps what it hears, and acknowledges it if it is told to."""

    got: list[str] = field(default_factory=list)
    connection: Connection | None = None
    acknowledges: bool = True
    is_lost: bool = False

    def came_up(self) -> None:
        """Nothing to do."""

    def heard(self, packet: Packet, number: int) -> None:
        self.got.append(packet.payload.decode())
        if self.acknowledges and self.connection is not None:
            self.connection.acknowledge(number)

    def published(self, packet: Packet) -> None:
        self.got.append(f"PUBACK {packet.payload.decode()}")

    def lost(self) -> None:
        self.is_lost = True


@dataclass
class Bench:
    timeline: Timeline = field(default_factory=Timeline)

    def __post_init__(self) -> None:
        self.broker = Broker(self.timeline, Random(1))

    def join(
        self, name: str, *patterns: str, acknowledges: bool = True, will: str = ""
    ) -> Listener:
        listener = Listener(acknowledges=acknowledges)
        last = Packet("up/will", will.encode()) if will else None
        self.line = Line(name, Random(name))
        listener.connection = self.broker.connect(name, listener, self.line, last)
        assert listener.connection is not None
        for pattern in patterns:
            listener.connection.subscribe(pattern)
        self.wait(1)
        return listener

    def say(self, speaker: Listener, topic: str, *words: str, **more: bool) -> None:
        assert speaker.connection is not None
        for word in words:
            speaker.connection.publish(Packet(topic, word.encode(), **more))  # type: ignore[arg-type]
        self.wait(1)

    def wait(self, time: float) -> None:
        self.timeline.run(self.timeline.now + seconds(time), lambda: None)


def test_one_member_of_a_shared_subscription_gets_each_message_in_order() -> None:
    bench = Bench()
    members = [bench.join("a", SHARED), bench.join("b", SHARED)]
    speaker = bench.join("kiosk")
    words = [str(number) for number in range(30)]
    bench.say(speaker, "up/entries", *words)
    heard = [int(word) for member in members for word in member.got]
    assert sorted(heard) == list(range(30))
    for member in members:
        assert member.got
        assert member.got == sorted(member.got, key=int)
    assert speaker.got == [f"PUBACK {word}" for word in words]


def test_without_acknowledgements_the_window_shuts() -> None:
    bench = Bench()
    silent = bench.join("kiosk", "down/#", acknowledges=False)
    speaker = bench.join("gateway")
    bench.say(speaker, "down/answer", *map(str, range(WINDOW + 5)))
    assert len(silent.got) == WINDOW
    assert silent.connection is not None
    silent.connection.acknowledge(1)
    bench.wait(1)
    assert len(silent.got) == WINDOW + 1


def test_retained_messages_wait_for_whoever_comes_later_until_the_broker_forgets() -> None:
    bench = Bench()
    speaker = bench.join("gateway")
    bench.say(speaker, "public/status/1", "old", is_retained=True)
    bench.say(speaker, "public/status/1", "new", is_retained=True)
    assert bench.join("early", "public/status/+").got == ["new"]
    bench.broker.stop()
    bench.broker.start()
    assert bench.join("late", "public/status/+").got == []


def test_the_last_will_is_said_for_who_loses_the_connection() -> None:
    bench = Bench()
    listener = bench.join("gateway", SHARED)
    speaker = bench.join("kiosk", will="gone")
    bench.line.drop()
    bench.wait(60)
    assert speaker.is_lost
    assert listener.got == ["gone"]


def test_what_is_on_its_way_when_a_line_breaks_is_gone_and_nothing_is_kept_for_later() -> None:
    bench = Bench()
    listener = bench.join("kiosk", "down/#")
    speaker = bench.join("gateway")
    assert speaker.connection is not None
    speaker.connection.publish(Packet("down/answer", b"lost"))
    bench.line.drop()
    bench.wait(1)
    again = bench.join("gateway")
    assert listener.connection is not None
    listener.connection.leave(sent_is_sent=False)
    bench.say(again, "down/answer", "to nobody")
    assert bench.join("kiosk", "down/#").got == listener.got == []


def test_a_question_that_nobody_took_in_time_expires() -> None:
    bench = Bench()
    busy = bench.join("gateway", SHARED, acknowledges=False)
    speaker = bench.join("kiosk")
    bench.say(speaker, "up/entries", *map(str, range(WINDOW)))
    assert speaker.connection is not None
    late = Packet("up/question", b"late", expires=bench.timeline.now + seconds(2))
    speaker.connection.publish(late)
    bench.wait(3)
    assert busy.connection is not None
    busy.connection.acknowledge(1)
    bench.wait(1)
    assert "late" not in busy.got


def test_a_second_connection_of_one_name_ends_the_first() -> None:
    bench = Bench()
    first = bench.join("kiosk", "down/#")
    second = bench.join("kiosk", "down/#")
    bench.wait(1)
    assert first.is_lost
    bench.say(bench.join("gateway"), "down/answer", "hello")
    assert (first.got, second.got) == ([], ["hello"])


def test_a_broker_that_stutters_says_some_things_twice() -> None:
    bench = Bench()
    bench.broker.stutter = 1.0
    listener = bench.join("kiosk", "down/#")
    bench.say(bench.join("gateway"), "down/receipts", "settled")
    bench.wait(30)
    assert listener.got == ["settled"] * 2
