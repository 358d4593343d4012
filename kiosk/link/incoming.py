"""What came in over the wire, and whether it may be believed. Nothing here knows MQTT."""

import logging
from collections import Counter
from datetime import datetime

from presence import codec, cose, topics
from presence.errors import MessageError, SignatureError, TopicError, UnknownVersionError
from presence.ids import KioskId
from presence.messages import Message
from presence.topics import CHANNELS, Leaf
from presence.trust import Purpose, TrustList

log = logging.getLogger(__name__)


class Incoming:
    """Reads what the broker delivers to this kiosk. Whatever is not a message of the contract, of
    a version we speak, meant for this kiosk and signed where it must be, is counted and told once
    of each kind, and disturbs nothing else."""

    def __init__(self, kiosk: KioskId, trust: TrustList) -> None:
        self._kiosk, self._trust = kiosk, trust
        self._leaves = {topics.topic(kiosk, leaf): leaf for leaf in Leaf if leaf.startswith("down")}
        self._told: set[tuple[str, str]] = set()
        self.ignored: Counter[str] = Counter()
        """By kind of fault."""

    def read(self, topic: str, payload: bytes) -> tuple[Message, datetime | None] | None:
        """The message, and when it was signed if it is one that is signed; None: not to be taken.

        Whether a signed message is older than one already believed is for its receiver to say.
        """
        leaf = self._leaves.get(topic)
        try:
            return self._open(leaf, payload)
        except TopicError as error:
            self._ignore("topic", "a topic", error)
        except UnknownVersionError as error:
            self._ignore("version", str(leaf), error)
        except MessageError as error:
            self._ignore("message", str(leaf), error)
        except SignatureError as error:
            self._ignore("signature", str(leaf), error)
        return None

    def _open(self, leaf: Leaf | None, payload: bytes) -> tuple[Message, datetime | None]:
        if leaf is None:
            raise TopicError("no topic on which a kiosk is spoken to")
        channel = CHANNELS[leaf]
        if len(payload) > channel.limit:
            raise MessageError(f"{len(payload)} bytes, at most {channel.limit} are allowed")
        issued = None
        if channel.is_signed:
            signed = cose.open_message(payload, Purpose.ROSTER, self._kiosk, self._trust)
            payload, issued = signed.payload, signed.issued
        message = codec.decode(channel.message, payload, channel.limit)
        if getattr(message, "kiosk", self._kiosk) != self._kiosk:
            raise MessageError("meant for another kiosk")
        return message, issued

    def _ignore(self, kind: str, what: str, why: Exception) -> None:
        self.ignored[kind] += 1
        if (kind, what) not in self._told:
            self._told.add((kind, what))
            log.warning("ignored %s: %s", what, why)
