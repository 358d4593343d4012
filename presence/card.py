"""What a reader saw of a card, and what is known once its signature has been checked."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated

from msgspec import Meta, Struct

MAX_CODE_CHARACTERS = 300
SUN_PREFIX = "TSS1:"
"""Begins the text that an NTAG 424 DNA makes anew at every read: 32 hexadecimal digits of encrypted
card data, then 16 of the MAC (CREDENTIALS, "NTAG 424 DNA")."""


class Assurance(IntEnum):
    """How sure we are that this is the genuine card."""

    A0 = 0
    """An identifier only; anyone can copy it."""
    A1 = 1
    """Signed by the issuer; the signature can be copied with it."""
    A2 = 2
    """The card made a fresh message that nobody else can make."""
    A3 = 3
    """A live card, challenged now."""


class SignedCode(Struct, frozen=True, tag="signed_code"):
    """A `TS1:` text, from a QR or from an NDEF record. At most 300 characters are genuine."""

    text: Annotated[str, Meta(max_length=MAX_CODE_CHARACTERS)]

    def __repr__(self) -> str:
        return "SignedCode(...)"


class SunMessage(Struct, frozen=True, omit_defaults=True, tag="sun"):
    """What one read of an NTAG 424 DNA gave: encrypted card data and MAC, as hexadecimal text.

    Only the server has the keys to them. `code` is the signed code that stands beside them on the
    card, by which a kiosk that is alone knows it.
    """

    picc: Annotated[str, Meta(max_length=64)]
    cmac: Annotated[str, Meta(max_length=32)]
    code: Annotated[str, Meta(max_length=MAX_CODE_CHARACTERS)] | None = None

    def __repr__(self) -> str:
        return "SunMessage(...)"


class ChipUid(Struct, frozen=True, tag="uid"):
    """The identifier of a legacy chip, as hexadecimal text. Proves nothing by itself."""

    uid: Annotated[str, Meta(max_length=20)]

    @property
    def is_random(self) -> bool:
        """Made up for this touch, as phones and many bank cards do: four bytes, the first of them
        08 (ISO/IEC 14443-3). It names nothing and nobody."""
        return len(self.uid) == 8 and self.uid.startswith("08")

    def __repr__(self) -> str:
        return "ChipUid(...)"


class Unreadable(StrEnum):
    """Why a thing held to the reader gave no evidence at all. Told in words, counted, not kept."""

    EMPTY = "empty"
    """A card with no message on it, or none of ours."""
    TOO_LONG = "too_long"
    """More text than any genuine code has."""
    GARBLED = "garbled"
    """A message that ends early or contradicts itself."""
    UNSUPPORTED = "unsupported"
    """A kind of card this reader cannot talk to, such as a bank card."""


Evidence = SignedCode | SunMessage | ChipUid


class CardRef(Struct, frozen=True, order=True, array_like=True):
    """The place of a card in the status lists: random, never reused, and on the card itself.

    It is how both machines name a card to each other without naming a person.
    """

    list: Annotated[int, Meta(ge=0, lt=2**31)]
    index: Annotated[int, Meta(ge=0, lt=2**31)]


class Recognised(Struct, frozen=True):
    """A card that was known by what it is, without a signed code: by the server's register of
    chips, or by what a kiosk has learnt from an answer."""

    card: CardRef
    expires: datetime | None = None
    """First instant at which the card's life is over (exclusive), where that is known."""


class Credential(Struct, frozen=True):
    """The signed content of a genuine card. It holds no name, chapter or birth date."""

    card: CardRef
    cti: bytes
    issued: datetime
    expires: datetime
    """First instant at which the card's life is over (exclusive)."""
    key: bytes
    """Which issuing key signed it: the key id of the trust list."""
