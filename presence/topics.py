"""The only place where a topic string exists, and the table of the whole contract."""

import re
from enum import StrEnum

from msgspec import Struct

from presence import messages
from presence.credential import MAX_REF
from presence.errors import TopicError
from presence.ids import KioskId

PREFIX = "tilstede/v1"
_KIOSK_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_KIB = 1024
_STATUS = f"{PREFIX}/public/status/"
_LIST_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
UP_LIMIT = 16 * _KIB
DOWN_LIMIT = 256 * _KIB
STATUS_LIMIT = 64 * _KIB
"""Bytes in a signed status list at most; one with nothing to compress has some 32 KiB."""


class Leaf(StrEnum):
    """The last two levels of a kiosk's topics. `up` is from the kiosk, `down` is to it."""

    QUESTION = "up/question"
    ENTRIES = "up/entries"
    HEARTBEAT = "up/heartbeat"
    LINK = "up/link"
    HAVE = "up/have"
    ANSWER = "down/answer"
    RECEIPTS = "down/receipts"
    ROSTER = "down/roster"
    BRIEFING = "down/briefing"


class Channel(Struct, frozen=True):
    """One line of the contract. `limit` is the largest payload in bytes."""

    leaf: Leaf
    message: type[messages.Message]
    qos: int
    limit: int
    is_signed: bool = False


CHANNELS: dict[Leaf, Channel] = {
    channel.leaf: channel
    for channel in (
        Channel(Leaf.QUESTION, messages.Question, 1, UP_LIMIT),
        Channel(Leaf.ENTRIES, messages.Entries, 1, UP_LIMIT),
        Channel(Leaf.HEARTBEAT, messages.Heartbeat, 0, UP_LIMIT),
        Channel(Leaf.LINK, messages.Link, 1, UP_LIMIT),
        Channel(Leaf.HAVE, messages.Have, 1, UP_LIMIT),
        Channel(Leaf.ANSWER, messages.Answer, 1, DOWN_LIMIT),
        Channel(Leaf.RECEIPTS, messages.Receipts, 1, DOWN_LIMIT),
        Channel(Leaf.ROSTER, messages.Roster, 1, DOWN_LIMIT, is_signed=True),
        Channel(Leaf.BRIEFING, messages.Briefings, 1, DOWN_LIMIT),
    )
}

GATEWAYS = f"$share/gateway/{PREFIX}/kiosk/+/up/#"
"""What every gateway subscribes to; the broker deals each message to one of them."""


STATUS_LISTS = f"{_STATUS}+"
"""What every kiosk subscribes to besides: all status lists, which are retained (QoS 1)."""


def kiosk_id(text: str) -> KioskId:
    """`text` as a kiosk's id: lower-case letters, digits and inner hyphens, at most 64.

    Raises TopicError, because anything else could name another topic than it seems to.
    """
    if not _KIOSK_ID.fullmatch(text):
        raise TopicError(
            "a kiosk id has 1 to 64 lower-case letters, digits and hyphens, and neither begins"
            " nor ends with a hyphen"
        )
    return KioskId(text)


def topic(kiosk: KioskId, leaf: Leaf) -> str:
    return f"{PREFIX}/kiosk/{kiosk}/{leaf}"


def all_down(kiosk: KioskId) -> str:
    """What a kiosk subscribes to: everything meant for it."""
    return f"{PREFIX}/kiosk/{kiosk}/down/#"


def status_list(number: int) -> str:
    """The topic of a status list."""
    return f"{_STATUS}{number}"


def status_list_number(text: str) -> int:
    """The number of the status list whose topic this is. Raises TopicError on any other topic."""
    number = text.removeprefix(_STATUS)
    if number == text or not _LIST_NUMBER.fullmatch(number) or int(number) >= MAX_REF:
        raise TopicError("not the topic of a status list")
    return int(number)


def parse(text: str) -> tuple[KioskId, Leaf]:
    """The kiosk and the leaf of a topic. Raises TopicError on any other topic."""
    head, _, rest = text.partition(f"{PREFIX}/kiosk/")
    name, _, leaf = rest.partition("/")
    if head or not rest or not leaf:
        raise TopicError("not a topic of this contract")
    try:
        return kiosk_id(name), Leaf(leaf)
    except ValueError as error:
        if isinstance(error, TopicError):
            raise
        raise TopicError("no such message in this contract") from error
