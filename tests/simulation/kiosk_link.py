"""Port `Link` over the simulated broker. What comes in is read by the kiosk's own reader."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from kiosk.events import LinkChanged
from kiosk.link.connection import QUESTION_EXPIRY_SECONDS, WINDOW
from kiosk.link.incoming import Incoming
from kiosk.link.mqtt import pause
from kiosk.ports import Received, Report
from presence import codec, topics
from presence.ids import KioskId
from presence.messages import FromKiosk, Link, Message, Question
from presence.topics import CHANNELS, Channel, Leaf
from tests.simulation import cast
from tests.simulation.broker import Broker, Connection, Packet
from tests.simulation.network import Line
from tests.simulation.timeline import seconds

_CHANNELS: dict[type[Message], Channel] = {one.message: one for one in CHANNELS.values()}
_SUBSCRIPTIONS = 2
_HEARTBEATS_THROUGH = 0.1
"""A message with QoS 0 may be lost, and heartbeats are: they would take most of the time here."""


class SimulatedLink:
    """One connection after the other. `asked` hears of every question that is handed over."""

    def __init__(
        self,
        kiosk: KioskId,
        broker: Broker,
        line: Line,
        chance: Random,
        report: Report,
        received: Received,
        number: Callable[[], int],
    ) -> None:
        self._kiosk, self._broker, self._line = kiosk, broker, line
        self._chance, self._report, self._received = chance, report, received
        self._number = number
        self._incoming = Incoming(kiosk, cast.TRUST)
        self._connection: Connection | None = None
        self._connected_as = 0
        self._is_up = False
        self._is_over = False
        self._in_flight = self._confirmed = 0
        self._failures = 0
        self.asked: Callable[[Question], None] = lambda _question: None

    # --- the kiosk's side ---

    def start(self) -> None:
        if self._is_over or self._connection is not None:
            return
        self._connected_as = self._number()
        gone = Packet(self._topic(Leaf.LINK), codec.encode(self._presence(is_up=False)))
        self._connection = self._broker.connect(self._kiosk, self, self._line, gone)
        if self._connection is None:
            self._try_again()
        else:
            self._in_flight = self._confirmed = 0
            self._connection.subscribe(topics.STATUS_LISTS)
            self._connection.subscribe(topics.all_down(self._kiosk))

    def stop(self) -> None:
        """The machine is gone."""
        self._is_over, self._is_up = True, False
        if self._connection is not None:
            self._connection.leave(sent_is_sent=False)

    def ask(self, question: Question) -> bool:
        is_sent = self._publish(question, seconds(QUESTION_EXPIRY_SECONDS))
        if is_sent:
            self.asked(question)
        return is_sent

    def send(self, message: FromKiosk) -> bool:
        return self._publish(message, None)

    # --- the broker's side ---

    def came_up(self) -> None:
        """Once for each subscription; the second one makes the link."""
        self._confirmed += 1
        if self._confirmed < _SUBSCRIPTIONS:
            return
        self._is_up, self._failures = True, 0
        self.send(self._presence(is_up=True))
        self._report(LinkChanged(is_up=True))

    def heard(self, packet: Packet, number: int) -> None:
        if packet.qos and self._connection is not None:
            self._connection.acknowledge(number)
        taken = self._incoming.read(packet.topic, packet.payload)
        if taken is not None:
            self._received(*taken)

    def published(self, packet: Packet) -> None:
        self._in_flight -= 1

    def lost(self) -> None:
        was_up, self._is_up, self._connection = self._is_up, False, None
        if self._is_over:
            return
        self._try_again()
        if was_up:
            self._report(LinkChanged(is_up=False))

    def _try_again(self) -> None:
        self._failures += 1
        wait = seconds(pause(self._failures, self._chance.random()))
        self._broker.timeline.after(wait, self.start)

    def _publish(self, message: FromKiosk, life: timedelta | None) -> bool:
        channel = _CHANNELS[type(message)]
        if self._connection is None or not self._is_up:
            return False
        if not channel.qos:
            if self._chance.random() >= _HEARTBEATS_THROUGH:
                return True
        elif self._in_flight >= WINDOW:
            return False
        else:
            self._in_flight += 1
        expires = None if life is None else self._broker.timeline.now + life
        topic = self._topic(channel.leaf)
        self._connection.publish(Packet(topic, codec.encode(message), channel.qos, expires))
        return True

    def _presence(self, *, is_up: bool) -> Link:
        return Link(kiosk=self._kiosk, is_up=is_up, connection=self._connected_as)

    def _topic(self, leaf: Leaf) -> str:
        return topics.topic(self._kiosk, leaf)
