"""What was found on a card that lies on the desk's reader, whatever its kind."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from kiosk.readers.message import BrokenError, evidence_in
from presence.card import SignedCode, SunMessage, Unreadable

Transmit = Callable[[bytes], bytes]
"""Sends one APDU; gives data and two bytes of status. Raises `CardSlippedError`."""


class Content(Enum):
    """What a card says that is no evidence of ours."""

    NOTHING = auto()
    FOREIGN = auto()
    """A message of somebody else's, such as a web address."""
    GARBLED = auto()
    """A message that contradicts itself, such as one that was half written."""
    UNFORMATTED = auto()
    """No message, and no place for one yet. It can be made ready, once and for all."""


class Found(Struct, frozen=True):
    """What a look at a card has shown."""

    content: SignedCode | SunMessage | Content
    hindrance: str = ""
    """Why the card cannot be written, in a sentence. Empty: it can."""


class RefusedError(Exception):
    """The card does not let itself be written; the message says why, in a sentence."""


class Tag(Protocol):
    """A card that a message can lie on. Anything raises `CardSlippedError` when the card is gone,
    and RefusedError when it does not do as it should."""

    def look(self, message: bytes) -> Found:
        """What is on it, and whether `message` could be."""

    def write(self, message: bytes) -> None:
        """Write the message: what was there is emptied first, and the length comes last."""

    def message(self) -> bytes:
        """What is on it now, read anew."""

    def lock(self) -> None:
        """Make it read-only for good."""


READ_ONLY = "It is read-only: nothing can be written to it any more."
NEEDS_KEY = (
    "It lets only somebody with its key write to it, as a personalised NTAG 424 DNA does. This desk"
    " cannot write such cards yet."
)
MAKES_MESSAGES = (
    "It is an NTAG 424 DNA that makes messages of its own. This desk cannot write such cards yet."
)
NOT_SENSIBLE = "Its answers make no sense. Lay it there once more, or take another card."
REFUSES = "It does not let itself be written. Take another."
STOPS_WRITING = (
    "It stopped taking what was written, and holds no code now. Lay it there once more; if it stays"
    " like that, take another."
)
KEEPS_NOT = "It does not keep what is written to it. Take another."


def no_room(has: int, needs: int) -> str:
    """`needs` and `has` are bytes."""
    return (
        f"It is too small: it has room for {max(has, 0)} bytes, and the code needs {needs}."
        " Take an NTAG215 or NTAG216."
    )


def content_of(message: bytes) -> SignedCode | SunMessage | Content:
    """What a message is to the desk."""
    if not message:
        return Content.NOTHING
    try:
        evidence = evidence_in(message)
    except BrokenError:
        return Content.GARBLED
    return Content.FOREIGN if isinstance(evidence, Unreadable) else evidence


def text_message(code: str) -> bytes:
    """The code as an NDEF message of one Text record (Text RTD, section 3; NDEF, section 3.2)."""
    payload = bytes([len(LANGUAGE)]) + LANGUAGE + code.encode()
    size = len(payload)
    head = bytes([0xD1, 1, size]) if size < 0x100 else b"\xc1\x01" + size.to_bytes(4)
    return head + b"T" + payload


LANGUAGE = b"nb"
