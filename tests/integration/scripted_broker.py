"""Just enough of an MQTT 5 broker to misbehave on purpose: it answers as it is told to.

Packets are as in MQTT 5, section 2 and 3. Real behaviour is tested against a real broker; this one
withholds, refuses and hangs up.
"""

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import BinaryIO

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14
NEVER = None


@dataclass
class Script:
    """What to answer. A code of 0x80 or more is a refusal; NEVER leaves the kiosk waiting."""

    connack: int = 0
    receive_maximum: int | None = None
    suback: int | None = 1
    puback: int | None = 0


@dataclass
class Heard:
    """Publications of one connection, by topic in the order they came."""

    topics: list[str] = field(default_factory=list)


class ScriptedBroker:
    """Serves one connection after the other. `heard` has one item for each."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: list[Heard] = []
        self.news = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._peer: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="scripted broker", daemon=True)
        self._thread.start()

    def wait_for(self, topics: list[str], connection: int = 0) -> bool:
        """Whether exactly these topics come in on that connection, in ten seconds at most."""

        def is_there() -> bool:
            return len(self.heard) > connection and self.heard[connection].topics == topics

        with self.news:
            return self.news.wait_for(is_there, 10)

    def wait_for_connections(self, count: int) -> bool:
        """Whether so many connections have been made, after ten seconds at most."""
        with self.news:
            return self.news.wait_for(lambda: len(self.heard) >= count, 10)

    def hang_up(self) -> None:
        """End the connection that is open, if one is."""
        if self._peer is not None:
            with contextlib.suppress(OSError):
                self._peer.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            # A kiosk that goes away in the middle is what these tests are about.
            with peer, peer.makefile("rb") as stream, contextlib.suppress(OSError):
                self._peer = peer
                heard = Heard()
                with self.news:
                    self.heard.append(heard)
                    self.news.notify_all()
                while packet := _read(stream):
                    self._answer(peer, heard, *packet)

    def _answer(self, peer: socket.socket, heard: Heard, first: int, body: bytes) -> None:
        script = self.script
        match first >> 4:
            case 1:
                properties = b""
                if script.receive_maximum is not None:
                    properties = b"\x21" + script.receive_maximum.to_bytes(2, "big")
                reply = bytes((0, script.connack, len(properties))) + properties
                peer.sendall(bytes((0x20, len(reply))) + reply)
            case 8 if script.suback is not None:
                peer.sendall(bytes((0x90, 4)) + body[:2] + bytes((0, script.suback)))
            case 3:
                size = int.from_bytes(body[:2], "big")
                with self.news:
                    heard.topics.append(body[2 : 2 + size].decode())
                    self.news.notify_all()
                if first & 0x06 and script.puback is not None:
                    mid = body[2 + size : 4 + size]
                    peer.sendall(bytes((0x40, 4)) + mid + bytes((script.puback, 0)))


def _read(stream: BinaryIO) -> tuple[int, bytes] | None:
    """One packet: its first byte and what follows its length; None at the end."""
    first = stream.read(1)
    length = shift = 0
    while first:
        byte = stream.read(1)
        if not byte:
            return None
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return first[0], stream.read(length)
    return None
