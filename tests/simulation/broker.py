"""An MQTT 5 broker in virtual time: as much of it as can go wrong for us.

QoS 1 with a send window and its acknowledgements, expiry, shared subscriptions, retained messages,
Last Will, one session for each client id and none that outlives its connection (both sides ask for
a clean start). In one connection messages keep their order, between connections they do not.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Protocol

from paho.mqtt.client import topic_matches_sub

from tests.simulation.network import Line
from tests.simulation.timeline import Timeline, seconds

WINDOW = 20
"""Messages with QoS 1 that a client has not acknowledged yet, at most."""
_SHARED = "$share/"
_AGAIN_WITHIN = 20.0
_WILL_WITHIN = 45.0


@dataclass(frozen=True, slots=True)
class Packet:
    """A PUBLISH."""

    topic: str
    payload: bytes
    qos: int = 1
    expires: timedelta | None = None
    """On the timeline."""
    correlation: bytes | None = None
    is_retained: bool = False


class Client(Protocol):
    """Who is connected. Called in virtual time, never from within a call to its connection."""

    def came_up(self) -> None: ...

    def heard(self, packet: Packet, number: int) -> None:
        """`number` is what the connection's `acknowledge` wants."""

    def published(self, packet: Packet) -> None:
        """The broker has acknowledged it (PUBACK)."""

    def lost(self) -> None: ...


class Connection:
    """A client's connection, and the broker's session for as long as it lasts."""

    def __init__(
        self, broker: "Broker", name: str, client: Client, line: Line, will: Packet | None
    ) -> None:
        self.name, self.will = name, will
        self.filters: list[str] = []
        self.is_alive = True
        self._broker, self._client, self._line = broker, client, line
        self._timeline = broker.timeline
        self._up_free = self._down_free = timedelta(0)
        self._number = 0
        self._unacknowledged: dict[int, Packet] = {}
        self._waiting: deque[Packet] = deque()
        line.carries(self.cut)

    # --- the client's end ---

    def subscribe(self, pattern: str) -> None:
        def confirmed() -> None:
            self._broker.subscribed(self, pattern)
            self._down(self._client.came_up)

        self._up(confirmed)

    def publish(self, packet: Packet) -> None:
        def received() -> None:
            self._broker.received(packet)
            if packet.qos:
                self._down(lambda: self._client.published(packet))

        self._up(received)

    def acknowledge(self, number: int) -> None:
        def received() -> None:
            self._unacknowledged.pop(number, None)
            self._send_waiting()

        self._up(received)

    def leave(self, *, sent_is_sent: bool) -> None:
        """The client is gone. `sent_is_sent`: its machine still sends what it has handed over."""
        if self.is_alive:
            self.is_alive = False
            if not sent_is_sent:
                self._up_free = timedelta.max
            self._broker.ended(self)

    # --- the broker's end ---

    def deliver(self, packet: Packet) -> None:
        self._waiting.append(packet)
        self._send_waiting()

    def cut(self) -> None:
        """The line or the broker ends it; what is on its way is gone."""
        if self.is_alive:
            self.leave(sent_is_sent=False)
            self._timeline.after(self._line.delay(), self._client.lost)

    def undelivered(self) -> list[Packet]:
        return [*self._unacknowledged.values(), *self._waiting]

    def _send_waiting(self) -> None:
        while self._waiting and len(self._unacknowledged) < WINDOW:
            packet = self._waiting.popleft()
            if packet.expires is not None and packet.expires <= self._timeline.now:
                continue
            self._number += 1
            number = self._number
            if packet.qos:
                self._unacknowledged[number] = packet
            self._hand_over(packet, number)

    def _hand_over(self, packet: Packet, number: int) -> None:
        self._down(lambda: self._client.heard(packet, number))

    # --- one after the other, in each direction ---

    def _up(self, act: "Act") -> None:
        def arrive() -> None:
            if self._up_free < timedelta.max:
                act()

        due = self._up_free = max(self._up_free, self._timeline.now + self._line.delay())
        self._timeline.after(due - self._timeline.now, arrive)

    def _down(self, act: "Act") -> None:
        def arrive() -> None:
            if self.is_alive:
                act()

        due = self._down_free = max(self._down_free, self._timeline.now + self._line.delay())
        self._timeline.after(due - self._timeline.now, arrive)


class Act(Protocol):
    def __call__(self) -> None: ...


class Broker:
    """`stutter` is the share of messages that it delivers twice."""

    def __init__(self, timeline: Timeline, chance: Random) -> None:
        self.timeline = timeline
        self.is_up = True
        self.stutter = 0.0
        self._chance = chance
        self._sessions: list[Connection] = []
        self._retained: dict[str, Packet] = {}

    def connect(
        self, name: str, client: Client, line: Line, will: Packet | None = None
    ) -> Connection | None:
        """None: nobody answers. An older session of the same name ends."""
        if not (self.is_up and line.is_open):
            return None
        for old in [one for one in self._sessions if one.name == name]:
            old.cut()
        connection = Connection(self, name, client, line, will)
        self._sessions.append(connection)
        return connection

    def stop(self) -> None:
        """As by a power cut: sessions, wills and retained messages are gone."""
        self.is_up = False
        self._retained.clear()
        for session in [*self._sessions]:
            session.will = None
            session.cut()

    def start(self) -> None:
        self.is_up = True

    def speak_plainly(self) -> None:
        self.stutter = 0.0

    # --- called by connections ---

    def subscribed(self, session: Connection, pattern: str) -> None:
        session.filters.append(pattern)
        if pattern.startswith(_SHARED):
            return  # retained messages are not for shared subscriptions (MQTT 5, section 4.8.2)
        for topic, packet in self._retained.items():
            if topic_matches_sub(pattern, topic):
                session.deliver(packet)

    def received(self, packet: Packet) -> None:
        if not self.is_up:
            return
        if packet.is_retained:
            self._retained[packet.topic] = packet
        self._route(packet)
        if packet.qos and self._chance.random() < self.stutter:
            again = seconds(self._chance.random() * _AGAIN_WITHIN)
            self.timeline.after(again, lambda: self._route(packet))

    def ended(self, session: Connection) -> None:
        self._sessions.remove(session)
        will = session.will
        if will is not None:
            late = seconds(self._chance.random() * _WILL_WITHIN)
            self.timeline.after(late, lambda: self.received(will))
        if self._chance.random() < 0.5:
            self._pass_on(session)

    def _pass_on(self, session: Connection) -> None:
        """What a member of a shared subscription leaves behind may go to another one."""
        if any(one.startswith(_SHARED) for one in session.filters):
            for packet in session.undelivered():
                self._route(packet)

    def _route(self, packet: Packet) -> None:
        if not self.is_up:
            return
        groups: dict[str, list[Connection]] = {}
        for session in self._sessions:
            for pattern in session.filters:
                if pattern.startswith(_SHARED):
                    groups.setdefault(pattern, []).append(session)
                elif topic_matches_sub(pattern, packet.topic):
                    session.deliver(replace(packet, is_retained=False))
        for pattern, members in groups.items():
            if topic_matches_sub(pattern.split("/", 2)[2], packet.topic):
                self._chance.choice(members).deliver(packet)
