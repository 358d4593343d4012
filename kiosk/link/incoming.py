"""What came in over the wire, and whether it may be believed. Nothing here knows MQTT."""

import logging
from collections import Counter
from datetime import datetime

from presence import codec, cose, topics
from presence.errors import MessageError, SignatureError, TopicError, UnknownVersionError
from presence.ids import KioskId
from presence.messages import Message
from presence.statuslist import SignedList
from presence.topics import CHANNELS, STATUS_LIMIT, Leaf
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

    def read(
        self, topic: str, payload: bytes
    ) -> tuple[Message | SignedList, datetime | None] | None:
        """The message, and when it was signed if it is one that is signed; None: not to be taken.

        Whether a signed message is older than one already believed is for its receiver to say, and
        so is all of a status list but its size.
        """
        leaf = self._leaves.get(topic)
        what = str(leaf or "a status list")
        try:
            return self._open(leaf, payload) if leaf else (_status_list(topic, payload), None)
        except TopicError as error:
            self._ignore("topic", "a topic", error)
        except UnknownVersionError as error:
            self._ignore("version", what, error)
        except MessageError as error:
            self._ignore("message", what, error)
        except SignatureError as error:
            self._ignore("signature", what, error)
        return None

    def _open(self, leaf: Leaf, payload: bytes) -> tuple[Message, datetime | None]:
        channel = CHANNELS[leaf]
        _check_size(payload, channel.limit)
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


def _status_list(topic: str, payload: bytes) -> SignedList:
    try:
        number = topics.status_list_number(topic)
    except TopicError as error:
        raise TopicError("no topic on which a kiosk is spoken to") from error
    _check_size(payload, STATUS_LIMIT)
    return SignedList(number, payload)


def _check_size(payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise MessageError(f"{len(payload)} bytes, at most {limit} are allowed")
