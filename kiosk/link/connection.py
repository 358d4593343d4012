"""One MQTT 5 connection, from its beginning to its end: the only module of the kiosk that knows
paho. It has no thread and no lock of its own; `kiosk.link.mqtt` gives it both.

Each connection has a paho client of its own, so nothing is ever left in one to be sent later: a
question must not, and entries wait in the outbox. As no thread of paho's runs, `publish` writes to
the socket there and then.
"""

import logging
import socket
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from presence import codec, messages, topics
from presence.ids import KioskId
from presence.messages import FromKiosk, Message, Question
from presence.topics import CHANNELS, Channel, Leaf

log = logging.getLogger(__name__)

WINDOW = 10
"""Messages with QoS 1 on their way at once at most; less where the broker says so, because paho
does not heed its Receive Maximum."""
QUESTION_EXPIRY_SECONDS = 2
KEEPALIVE_SECONDS = 30
CONNECT_SECONDS = 5.0
SILENCE_MS = 10_000
"""A line on which nothing that was sent is received for so long is dead."""
HEADROOM = 1024
"""What a packet has around its payload at most: topic, properties."""
_UNLIMITED = 2**28
_WITH_WILL = 0x04
"""DISCONNECT "with Will Message" (MQTT 5, section 3.14.2.1): the broker tells that we are gone."""

_CHANNELS: dict[type[Message], Channel] = {one.message: one for one in CHANNELS.values()}


class Address(Struct, frozen=True):
    """Where the broker is, and as whom the kiosk signs in. Shown without its password."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"{self.host}:{self.port}"


class LinkError(Exception):
    """This connection is of no use; the message says why, for the log."""


class Connection:
    """`up` is called when the subscription is confirmed, `heard` with topic and payload of what
    comes in. What they or any callback of paho's raises comes out of `work`."""

    def __init__(
        self,
        kiosk: KioskId,
        address: Address,
        number: int,
        up: Callable[[], None],
        heard: Callable[[str, bytes], None],
    ) -> None:
        self._kiosk, self._address, self._number = kiosk, address, number
        self._up, self._heard = up, heard
        self._topics = {leaf: topics.topic(kiosk, leaf) for leaf in Leaf}
        self._in_flight: dict[int, Leaf] = {}
        self._window = 0
        self._largest = 0
        self._told: set[tuple[Leaf, str]] = set()
        self._client = self._new_client()
        self.is_up = False
        self.why = "the connection ended"

    # --- life ---

    def open(self) -> socket.socket:
        """Connect; `is_up` follows later, from `work`. Blocks for 5 seconds and a name's look-up
        at most. Raises OSError."""
        greeting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        greeting.MaximumPacketSize = topics.DOWN_LIMIT + HEADROOM
        self._client.connect(
            self._address.host,
            self._address.port,
            KEEPALIVE_SECONDS,
            clean_start=True,
            properties=greeting,
        )
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            raise LinkError(self.why)
        return sock

    @property
    def is_open(self) -> bool:
        return self._client.socket() is not None

    @property
    def wants_to_write(self) -> bool:
        return self._client.want_write()

    def work(self, *, is_readable: bool) -> None:
        """Read what has come, write what could not be written at once, keep alive."""
        if is_readable:
            self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()

    def say_goodbye(self) -> None:
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=_WITH_WILL))

    def close(self) -> None:
        self.is_up = False
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    # --- sending ---

    def ask(self, question: Question) -> bool:
        return self.send(question, _QUESTION_PROPERTIES)

    def send(self, message: FromKiosk, properties: Properties | None = None) -> bool:
        """Write a message to the socket. False: the link is not up, or the window is shut."""
        return self.is_up and self._publish(message, properties)

    def _publish(self, message: FromKiosk, properties: Properties | None = None) -> bool:
        channel = _CHANNELS[type(message)]
        if channel.qos and len(self._in_flight) >= self._window:
            return False
        payload = codec.encode(message)
        if len(payload) > min(channel.limit, self._largest):
            self._tell_once(channel.leaf, "too large to be sent")
            return False
        topic = self._topics[channel.leaf]
        sent = self._client.publish(topic, payload, channel.qos, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        if channel.qos:
            self._in_flight[sent.mid] = channel.leaf
        return True

    def _presence(self, *, is_up: bool) -> messages.Link:
        return messages.Link(kiosk=self._kiosk, is_up=is_up, connection=self._number)

    def _tell_once(self, leaf: Leaf, fault: str) -> None:
        if (leaf, fault) not in self._told:
            self._told.add((leaf, fault))
            log.error("%s: %s", leaf, fault)

    # --- paho's callbacks ---

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, self._kiosk, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.connect_timeout = CONNECT_SECONDS
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        gone = codec.encode(self._presence(is_up=False))
        client.will_set(self._topics[Leaf.LINK], gone, qos=1)
        client.on_socket_open = _set_up_socket
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: Client,
        _: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        offer: Properties | None,
    ) -> None:
        if reason.is_failure:
            raise LinkError(f"the broker refused the connection: {reason}")
        if getattr(offer, "MaximumQoS", 1) < 1:
            raise LinkError("the broker does not offer QoS 1")
        self._window = min(WINDOW, getattr(offer, "ReceiveMaximum", WINDOW))
        self._largest = getattr(offer, "MaximumPacketSize", _UNLIMITED) - HEADROOM
        wanted = (topics.all_down(self._kiosk), topics.STATUS_LISTS)
        client.subscribe([(one, SubscribeOptions(qos=1)) for one in wanted])

    def _on_subscribe(
        self,
        _client: Client,
        _: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _more: Properties | None,
    ) -> None:
        if not reasons or any(reason.is_failure for reason in reasons):
            raise LinkError(f"the broker refused the subscription: {', '.join(map(str, reasons))}")
        self._publish(self._presence(is_up=True))
        self.is_up = True
        self._up()

    def _on_disconnect(
        self,
        _client: Client,
        _: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self.is_up = False
        self.why = f"the connection ended: {reason}"

    def _on_publish(
        self,
        _client: Client,
        _: Any,
        mid: int,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        leaf = self._in_flight.pop(mid, None)
        if leaf is not None and reason.is_failure:
            self._tell_once(leaf, f"refused by the broker: {reason}")

    def _on_message(self, _client: Client, _: Any, message: MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload))


class _Expiring(Properties):
    """Nothing but a Message Expiry Interval (0x02; MQTT 5, section 3.3.2.3.3), packed once and by
    hand: paho takes some 35 µs to do the same. Which answer belongs to which question is said by
    the presentation's id, so a question carries no CorrelationData."""

    _packed: bytes

    def __init__(self, seconds: int) -> None:
        # Properties lets nobody set an attribute that is no MQTT property.
        object.__setattr__(self, "_packed", b"\x05\x02" + seconds.to_bytes(4, "big"))

    def pack(self) -> bytes:
        return self._packed


_QUESTION_PROPERTIES = _Expiring(QUESTION_EXPIRY_SECONDS)


def _set_up_socket(_client: Client, _: Any, sock: Any) -> None:
    """Send at once, or the other end's delayed acknowledgement adds 40 ms to an answer; and notice
    soon that what was sent is not even received any more (tcp(7))."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
