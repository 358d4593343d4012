"""The only place on the server that knows paho: one connection to the broker, made again and again.

Every connection gets a client of its own, so that nothing of an old one is sent late: state lives
in the database and whoever misses an answer asks again. Messages are acknowledged by hand.
"""

import logging
import os
import random
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from server.gateway.ports import Connect, Receive

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 30
FIRST_WAIT, LONGEST_WAIT = 0.2, 30.0
"""Seconds between attempts to connect: doubled each time, with jitter."""
_WINDOW = 20
_TURN_MS = 1000
_CLOSED = -1
_NEVER = float("inf")
_STALL_SECONDS = 0.1
_PAUSE_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """A message as it came (port `Incoming`)."""

    topic: str | None
    payload: bytes
    correlation: bytes | None
    deadline: float
    """By `time.monotonic`."""
    mid: int
    qos: int
    client: Client
    wire: "MqttWire"

    def is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def acknowledge(self) -> None:
        if self.qos and self.wire.serves(self.client):
            self.client.ack(self.mid, self.qos)


class AnswerProperties(Properties):
    """The question's CorrelationData, packed by hand. paho looks every property up by name several
    times, which costs more than finding the answer."""

    _packed: bytes

    def __init__(self, correlation: bytes) -> None:
        packed = b"\x09" + len(correlation).to_bytes(2, "big") + correlation
        # Properties lets nobody set an attribute that is no MQTT property, and setting itself up
        # takes it as long as the rule takes to decide.
        object.__setattr__(self, "_packed", _variable_length(len(packed)) + packed)

    def pack(self) -> bytes:
        return self._packed


class MqttWire:
    """Port `Wire`. Connects, subscribes, and hands over what comes in, all on one thread of its
    own."""

    def __init__(
        self,
        host: str,
        port: int,
        subscription: str,
        receive: Receive,
        connected: Callable[[], None],
    ) -> None:
        """`receive` and `connected` are called on the wire's thread."""
        self._address = (host, port)
        self._subscription = subscription
        self._receive = receive
        self._connected = connected
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._client: Client | None = None
        self._window = _WINDOW
        self._is_failing = False
        self._stall = Stall()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="gateway-wire", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the thread's end, too."""
        self._stopping.set()
        client = self._client
        if client is not None:
            client.disconnect()
        if self._thread.is_alive():
            self._thread.join()
        wake, self._wake = self._wake, _CLOSED
        if wake != _CLOSED:
            os.close(wake)

    def wait_ready(self, seconds: float) -> bool:
        return self._ready.wait(seconds)

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        correlation: bytes | None = None,
        *,
        is_retained: bool = False,
    ) -> bool:
        client = self._client
        if client is None or not self._ready.is_set():
            return False
        properties = None if correlation is None else AnswerProperties(correlation)
        client.publish(topic, payload, qos, is_retained, properties)
        return True

    def serves(self, client: Client) -> bool:
        """That client's connection is the one that stands."""
        return client is self._client

    def _run(self) -> None:
        for wait in self._waits():
            try:
                self._live()
            except OSError as error:
                self._report_failure(error)
            except Exception:
                # The top of this thread: whatever paho does, the next connection is a new one.
                log.exception("the connection to the broker failed; making a new one")
            finally:
                self._ready.clear()
                self._client = None
            if self._stopping.wait(wait):
                return

    def _waits(self) -> Iterator[float]:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            was_ready = self._ready.is_set()
            yield wait * random.uniform(0.5, 1.0)  # noqa: S311
            wait = FIRST_WAIT if was_ready else min(2 * wait, LONGEST_WAIT)

    def _live(self) -> None:
        """One connection, from its beginning to its end."""
        client = self._make_client()
        client.connect(*self._address, keepalive=KEEPALIVE_SECONDS, clean_start=True)
        self._client = client
        if self._stopping.is_set():
            client.disconnect()
        self._serve(client)

    def _serve(self, client: Client) -> None:
        """Until the connection ends. As paho's own loop, but what a message leads to is written in
        the same turn: an answer does not wait for the next one."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        while isinstance(connection := client.socket(), socket.socket):
            writing = select.POLLOUT if client.want_write() else 0
            poll.register(connection, select.POLLIN | writing)
            ready = [descriptor for descriptor, _ in poll.poll(_TURN_MS)]
            if self._wake in ready:
                os.eventfd_read(self._wake)
            if connection.fileno() in ready:
                client.loop_read()
            if client.want_write():
                client.loop_write()
            client.loop_misc()

    def _has_to_write(self, *_: object) -> None:
        """paho has something to write. Only for another thread's must the wire be woken."""
        if threading.current_thread() is not self._thread:
            os.eventfd_write(self._wake, 1)

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.max_inflight_messages = self._window
        client.on_socket_open = _without_delay
        # With this set, another thread's message is written by the wire's thread alone.
        client.on_socket_register_write = self._has_to_write
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._report_failure(f"the broker refuses us: {reason}")
            client.disconnect()
            return
        allowed = getattr(properties, "ReceiveMaximum", _WINDOW)
        if allowed < self._window:
            # paho cannot narrow its window on a connection that stands.
            self._window = allowed
            client.disconnect()
            return
        client.subscribe(self._subscription, qos=1)

    def _on_subscribe(
        self,
        client: Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        failures = [str(reason) for reason in reasons if reason.is_failure]
        if failures:
            self._report_failure(f"the broker refuses our subscription: {failures[0]}")
            client.disconnect()
            return
        log.info("connected to the broker")
        self._is_failing = False
        self._ready.set()
        self._connected()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._stopping.is_set():
            self._report_failure(f"the connection ended: {reason}")

    def _on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        started = time.monotonic()
        incoming = self._incoming(client, message, self._stall.arrival(started))
        try:
            self._receive(incoming)
        except Exception:
            # Top of the thread again: an exception here would kill it silently.
            log.exception("a message could not be dealt with")
            incoming.acknowledge()
        self._stall.dealt_with(started, time.monotonic())

    def _incoming(self, client: Client, message: MQTTMessage, arrived: float) -> MqttMessage:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = None
        properties = message.properties
        expiry = getattr(properties, "MessageExpiryInterval", None)
        return MqttMessage(
            topic=topic,
            payload=bytes(message.payload),
            correlation=getattr(properties, "CorrelationData", None),
            deadline=_NEVER if expiry is None else arrived + expiry,
            mid=message.mid,
            qos=message.qos,
            client=client,
            wire=self,
        )

    def _report_failure(self, what: object) -> None:
        if not self._is_failing:
            self._is_failing = True
            log.warning("no broker: %s; trying again until it is there", what)


class Stall:
    """For how long a message may have waited in the socket before it was read.

    Where one message took long, those that are read right after it may be as old as its beginning.
    """

    def __init__(self) -> None:
        self._began = self._over = self._ended = 0.0

    def arrival(self, now: float) -> float:
        """The earliest time at which the message that is read now can have come."""
        if now > self._over or now - self._ended > _PAUSE_SECONDS:
            self._over = 0.0
            return now
        return self._began

    def dealt_with(self, started: float, ended: float) -> None:
        self._ended = ended
        if ended - started >= _STALL_SECONDS:
            self._began, self._over = started, 2 * ended - started


def _without_delay(_client: Client, _userdata: object, opened: object) -> None:
    """Small messages go out at once; without it each answer waits some 40 ms."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _variable_length(number: int) -> bytes:
    """A Variable Byte Integer (MQTT 5, section 1.5.5)."""
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        if not number:
            encoded.append(digit)
            return bytes(encoded)
        encoded.append(digit | 0x80)


def mqtt(host: str, port: int) -> Connect:
    """Wires to the MQTT broker at that address."""
    return partial(MqttWire, host, port)
