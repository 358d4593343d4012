"""A gateway process: the real gateway at a simulated wire, turned instead of run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from presence.topics import Leaf
from server.gateway.gateway import Gateway
from server.gateway.ports import Receive, Wire
from server.gateway.wire import FIRST_WAIT, LONGEST_WAIT
from server.gateway.worker import POLL_SECONDS, SAVE_EVERY
from tests.simulation import cast
from tests.simulation.broker import Broker, Connection, Packet
from tests.simulation.database import Database
from tests.simulation.makers import Makers
from tests.simulation.network import Line
from tests.simulation.power import Fuse, PowerCutError
from tests.simulation.timeline import Timeline, seconds
from tests.simulation.watch import Watch

_WAKING = seconds(0.002)


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """Port `Incoming`."""

    wire: "SimulatedWire"
    packet: Packet
    connection: Connection
    number: int
    deadline: timedelta

    @property
    def topic(self) -> str | None:
        return self.packet.topic

    @property
    def payload(self) -> bytes:
        return self.packet.payload

    @property
    def correlation(self) -> bytes | None:
        return self.packet.correlation

    def is_late(self) -> bool:
        return self.wire.timeline.now > self.deadline

    def acknowledge(self) -> None:
        self.wire.fuse.burn()
        if self.connection.is_alive:
            self.connection.acknowledge(self.number)


class SimulatedWire:
    """Port `Wire`."""

    def __init__(  # what the gateway gives, and the world around
        self,
        name: str,
        world: "Surroundings",
        subscription: str,
        receive: Receive,
        connected: Callable[[], None],
    ) -> None:
        self.timeline, self.fuse = world.timeline, world.fuse
        self._name, self._world = name, world
        self._subscription, self._receive, self._connected = subscription, receive, connected
        self._connection: Connection | None = None
        self._is_over = False
        self._wait = FIRST_WAIT
        self.is_ready = False

    @property
    def is_alive(self) -> bool:
        return not self._is_over

    def start(self) -> None:
        if self._is_over or self._connection is not None:
            return
        world = self._world
        self._connection = world.broker.connect(self._name, self, world.line)
        if self._connection is None:
            self._try_again()
        else:
            self._connection.subscribe(self._subscription)

    def stop(self) -> None:
        """The process is gone; its machine still sends what was handed over."""
        self._is_over, self.is_ready = True, False
        if self._connection is not None:
            self._connection.leave(sent_is_sent=True)

    def wait_ready(self, seconds: float) -> bool:
        return self.is_ready

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        correlation: bytes | None = None,
        *,
        is_retained: bool = False,
    ) -> bool:
        self.fuse.burn()
        if self._connection is None or not self.is_ready:
            return False
        if topic.endswith(Leaf.ANSWER):
            self._world.watch.answered(payload)
        packet = Packet(topic, payload, qos, correlation=correlation, is_retained=is_retained)
        self._connection.publish(packet)
        return True

    def came_up(self) -> None:
        self.is_ready, self._wait = True, FIRST_WAIT
        self._world.take_turn(self._connected)

    def heard(self, packet: Packet, number: int) -> None:
        if self._connection is None:
            return
        deadline = timedelta.max
        if packet.expires is not None:
            # The broker tells whole seconds (MQTT 5, section 3.3.2.3.3).
            left = -((self.timeline.now - packet.expires) // seconds(1))
            deadline = self.timeline.now + seconds(left)
        message = SimulatedMessage(self, packet, self._connection, number, deadline)
        self._world.take_turn(lambda: self._receive(message))

    def published(self, packet: Packet) -> None:
        """paho keeps its window by itself."""

    def lost(self) -> None:
        self._connection, self.is_ready = None, False
        if not self._is_over:
            self._try_again()

    def _try_again(self) -> None:
        wait = self._wait * (0.5 + 0.5 * self._world.chance.random())
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self.timeline.after(seconds(wait), self.start)


@dataclass
class Surroundings:
    """What a gateway process stands in."""

    timeline: Timeline
    broker: Broker
    line: Line
    chance: Random
    watch: Watch
    fuse: Fuse
    take_turn: Callable[[Callable[[], None]], None]


class SimulatedGateway:
    """The machine on which one gateway process after the other runs."""

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        broker: Broker,
        database: Database,
        watch: Watch,
        chance: Random,
        makers: Makers,
    ) -> None:
        self.name = name
        self.line = Line(name, chance)
        self.fuse = Fuse()
        self._timeline, self._database, self._watch = timeline, database, watch
        self._chance, self._makers = chance, makers
        self._world = Surroundings(
            timeline, broker, self.line, chance, watch, self.fuse, self._take_turn
        )
        self._process: Gateway | None = None
        self._back_after = timedelta(0)
        self._turn_at: timedelta | None = None
        self._is_to_save = False
        database.on_change(self._turn_soon)

    def start(self) -> None:
        if self._process is not None:
            return
        self._watch.story.tell(self.name, "starts")
        self.fuse.clear()
        self._process = self._makers.gateway(
            self._database.engine,
            self._connect,
            cast.KEYS,
            clock=lambda: self._timeline.wall,
            decide=self._makers.server_decides,
        )
        process = self._process
        self._take_turn(process.worker.begin)
        self._take_turn(process.wire.start)

    def kill(self, steps: int, off_for: timedelta) -> None:
        """Let the process end after so many more statements and messages, and start it again."""
        self._back_after = off_for
        self.fuse.set(steps)

    def _connect(self, subscription: str, receive: Receive, connected: Callable[[], None]) -> Wire:
        return SimulatedWire(self.name, self._world, subscription, receive, connected)

    def _take_turn(self, act: Callable[[], None]) -> None:
        """Let the process do something; it may be its end."""
        if self._process is None:
            return
        self._database.fuse = self.fuse
        try:
            act()
        except PowerCutError:
            self._die()
        finally:
            self._database.fuse = None
        self._database.tell_of_changes()
        self._turn_within(_WAKING)

    def _turn_soon(self) -> None:
        """Somebody has committed something: the process looks for that by itself."""
        self._turn_within(seconds(POLL_SECONDS * self._chance.random()))
        if not self._is_to_save:
            self._is_to_save = True
            self._timeline.after(SAVE_EVERY + seconds(POLL_SECONDS), self._save)

    def _save(self) -> None:
        """By now the process writes down how far it has come."""
        self._is_to_save = False
        self._turn()

    def _turn_within(self, delay: timedelta) -> None:
        due = self._timeline.now + delay
        if self._turn_at is None or due < self._turn_at:
            self._turn_at = due
            self._timeline.after(delay, self._turn_if_due)

    def _turn_if_due(self) -> None:
        if self._turn_at == self._timeline.now:
            self._turn_at = None
            self._turn()

    def _turn(self) -> None:
        process = self._process
        if process is None:
            return
        self._database.fuse = self.fuse
        try:
            process.worker.turn(0)
        except PowerCutError:
            self._die()
        finally:
            self._database.fuse = None
        self._database.tell_of_changes()

    def _die(self) -> None:
        process, self._process = self._process, None
        self._watch.story.tell(self.name, "is killed")
        self.fuse.clear()
        self._database.fuse = None
        if process is not None:
            process.stop()
        self._timeline.after(self._back_after, self.start)

    def heal(self) -> None:
        self.fuse.clear()
        self.line.mend()
        self.start()

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop()
