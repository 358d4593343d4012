"""Whether the broker takes a kiosk in: a connection that is made, and given up at once."""

import select
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from kiosk.link.connection import CONNECT_SECONDS, Address, LinkError
from presence.ids import KioskId

ANSWER_SECONDS = 5.0
"""For the broker's CONNACK, after the line is there."""


def probe(kiosk: KioskId, address: Address) -> None:
    """Sign in as the kiosk does, but under another client id: a broker drops the older of two that
    have the same (MQTT 5, section 3.1.4). Nothing is subscribed and nothing sent.

    Blocks for some ten seconds and a name's look-up at most. Raises OSError where nobody answers,
    LinkError where somebody does who does not take us in.
    """
    answers: list[ReasonCode] = []
    client = Client(
        CallbackAPIVersion.VERSION2, f"{kiosk}-doctor", protocol=MQTTProtocolVersion.MQTTv5
    )
    client.connect_timeout = CONNECT_SECONDS
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    client.on_connect = _taker(answers)
    client.connect(address.host, address.port)
    try:
        _await(client, answers)
    finally:
        client.disconnect()
        sock = client.socket()
        if sock is not None:
            sock.close()
    if answers[0].is_failure:
        raise LinkError(f"the broker refused the connection: {answers[0]}")


def _taker(answers: list[ReasonCode]) -> Callable[..., None]:
    def on_connect(
        _client: Client, _: Any, _flags: ConnectFlags, reason: ReasonCode, _offer: Properties | None
    ) -> None:
        answers.append(reason)

    return on_connect


def _await(client: Client, answers: list[ReasonCode]) -> None:
    give_up = time.monotonic() + ANSWER_SECONDS
    while not answers:
        sock = client.socket()
        if sock is None:
            raise LinkError("what answers there ended the connection: is it an MQTT broker?")
        left = give_up - time.monotonic()
        if left <= 0:
            raise LinkError("what answers there says nothing: is it an MQTT broker?")
        if client.want_write():
            client.loop_write()
        if select.select([sock], [], [], min(left, 1.0))[0]:
            client.loop_read()
