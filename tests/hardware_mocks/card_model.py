"""Cards as a reader's antenna meets them: one model, shared by every emulated reader.

A card answers `select` when a reader finds it and `answer` for every command after that. It knows
nothing of the reader's cable, so the same card can be held to an emulated PN532 or to an emulated
PC/SC reader. Here are Type 2 tags and chips with nothing but a serial number; `card_isodep`,
`card_type4` and `card_ntag424` have those that speak in APDUs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import ndef

BITS_OF_NAK = 4
PAGE = 4
USER_MEMORY = 4 * PAGE
"""Pages 0 to 3 hold the serial number, lock bits and capability container (NTAG21x, 8.5)."""

NAK = b"\x00"
"""Invalid argument, such as a page beyond the memory (NTAG21x, 9.3)."""
NAK_NOT_ALLOWED = b"\x04"
ACK = b"\x0a"


@dataclass(frozen=True, slots=True)
class Anticollision:
    """What a card says while it is being found (ISO/IEC 14443-3, type A)."""

    uid: bytes
    sens_res: bytes = b"\x00\x44"
    sel_res: bytes = b"\x00"
    """Empty: it has no anticollision (Type 1)."""


class Card(Protocol):
    """A card on the antenna."""

    def select(self) -> Anticollision:
        """Be found. Begins a new dialogue, as each switching-on of the field does."""

    def answer(self, command: bytes) -> bytes | None:
        """The reply without checksum; one byte is a 4-bit acknowledgement; None is silence."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Sizes of an NTAG (NTAG213/215/216 data sheet, table 5 and section 10.1)."""

    pages: int
    capability: bytes
    version: bytes

    @property
    def room(self) -> int:
        """Bytes for TLV blocks, as the capability container promises."""
        return self.capability[2] * 8

    @property
    def lock_page(self) -> int:
        """Where the lock bits are of all pages from 16 on (section 8.5.3)."""
        return self.pages - 5


NTAG215 = Chip(135, b"\xe1\x10\x3e\x00", b"\x00\x04\x04\x02\x01\x00\x11\x03")
NTAG216 = Chip(231, b"\xe1\x10\x6d\x00", b"\x00\x04\x04\x02\x01\x00\x13\x03")

SAMPLE_UID = bytes.fromhex("04a1b2c3d4e580")


@dataclass(slots=True)
class Type2Card:
    """An NFC Forum Type 2 tag: pages of four bytes, read four at a time and written one by one.

    `content` is what lies in the user memory from page 4 on: TLV blocks, sound or not. What is
    written to the card stays on it.
    """

    content: bytes = b"\x03\x00\xfe"
    uid: bytes = SAMPLE_UID
    chip: Chip = NTAG215
    capability: bytes | None = None
    """Another capability container than the chip is sold with."""
    locks: bytes = b"\x00\x00"
    """Lock bits of pages 3 to 15 (section 8.5.2)."""
    pages_read: list[int] = field(default_factory=list)
    """First page of every READ so far, in order."""
    pages_written: list[int] = field(default_factory=list)
    """Page of every WRITE that was carried out, in order."""
    _asleep: bool = False

    def select(self) -> Anticollision:
        self._asleep = False
        return Anticollision(self.uid)

    def answer(self, command: bytes) -> bytes | None:
        if self._asleep or not command:
            return None
        reply = self._reply(command[0], command[1:])
        if len(reply) == 1 and reply != ACK:
            self._asleep = True  # after a NAK the chip must be selected anew
        return reply

    def memory(self) -> bytes:
        """The whole chip, byte by byte, as READ sees it."""
        head = self.uid[:3] + _check_byte(b"\x88" + self.uid[:3])
        head += self.uid[3:] + _check_byte(self.uid[3:]) + b"\x48" + self.locks
        head += self.chip.capability if self.capability is None else self.capability
        return (head + self.content).ljust(self.chip.pages * PAGE, b"\x00")

    def _reply(self, code: int, arguments: bytes) -> bytes:
        match code, len(arguments):
            case 0x30, 1:
                return self._read(arguments[0])
            case 0x3A, 2:
                return self._fast_read(arguments[0], arguments[1])
            case 0xA2, 5:
                return self._write(arguments[0], arguments[1:])
            case 0x60, 0:
                return self.chip.version
            case _:
                return NAK

    def _read(self, page: int) -> bytes:
        if page >= self.chip.pages:
            return NAK
        self.pages_read.append(page)
        memory = self.memory()
        return (memory + memory)[page * PAGE : page * PAGE + 16]  # rolls over at the end

    def _fast_read(self, first: int, last: int) -> bytes:
        if not first <= last < self.chip.pages:
            return NAK
        self.pages_read.extend(range(first, last + 1))
        return self.memory()[first * PAGE : (last + 1) * PAGE]

    def _write(self, page: int, written: bytes) -> bytes:
        if not 2 <= page < self.chip.pages:
            return NAK
        if self._is_locked(page):
            return NAK_NOT_ALLOWED
        if page == 2:
            self.locks = _either(self.locks, written[2:])
        elif page == 3:  # one-time programmable: a bit that is set stays set
            self.capability = _either(self.memory()[12:16], written)
        else:
            memory = self.memory()
            kept = _either(memory[page * PAGE :][:PAGE], written)
            written = kept if page == self.chip.lock_page else written
            self.content = memory[USER_MEMORY : page * PAGE] + written + memory[(page + 1) * PAGE :]
        self.pages_written.append(page)
        return ACK

    def _is_locked(self, page: int) -> bool:
        if page < 16:
            return bool(int.from_bytes(self.locks, "little") >> page & 1) and page >= 3
        if page >= self.chip.lock_page:
            return False
        dynamic = self.memory()[self.chip.lock_page * PAGE :][:2]
        return bool(int.from_bytes(dynamic, "little") >> (page // 16 - 1) & 1)


@dataclass(slots=True)
class UidOnlyCard:
    """A chip that gives its serial number and wants a key for anything else (MIFARE Classic)."""

    uid: bytes = bytes.fromhex("9c31f00d")
    sel_res: bytes = b"\x08"

    def select(self) -> Anticollision:
        return Anticollision(self.uid, b"\x00\x04", self.sel_res)

    def answer(self, command: bytes) -> bytes | None:
        return NAK_NOT_ALLOWED if command else None


@dataclass(slots=True)
class Type1Card:
    """A chip of the oldest kind (Topaz): no anticollision, and a serial number for whoever asks."""

    uid: bytes = bytes.fromhex("10203040")

    def select(self) -> Anticollision:
        return Anticollision(self.uid, sens_res=b"\x0c\x00", sel_res=b"")

    def answer(self, command: bytes) -> bytes | None:
        return b"\x11\x48" + self.uid if command[:1] == b"\x78" else None


def _either(one: bytes, other: bytes) -> bytes:
    return bytes(a | b for a, b in zip(one, other, strict=True))


def _check_byte(serial: bytes) -> bytes:
    check = 0
    for byte in serial:
        check ^= byte
    return bytes([check])


def ndef_tlv(message: bytes) -> bytes:
    """`message` as an NDEF message block with its terminator (Type 2 Tag, section 2.3)."""
    size = bytes([len(message)]) if len(message) < 0xFF else b"\xff" + len(message).to_bytes(2)
    return b"\x03" + size + message + b"\xfe"


def card_with_records(
    records: Iterable[ndef.Record], *, uid: bytes = SAMPLE_UID, chip: Chip = NTAG215
) -> Type2Card:
    """A card written with the given NDEF records. Raises ValueError if they do not fit."""
    content = ndef_tlv(b"".join(ndef.message_encoder(list(records))))
    if len(content) > chip.room:
        raise ValueError(f"{len(content)} bytes do not fit in {chip.room}")
    return Type2Card(content, uid, chip)


def card_with_text(text: str, *, uid: bytes = SAMPLE_UID, chip: Chip = NTAG215) -> Type2Card:
    """A volunteer's card: one NDEF text record."""
    return card_with_records([ndef.TextRecord(text, "nb")], uid=uid, chip=chip)


def card_with_ndef_bytes(message: bytes, *, uid: bytes = SAMPLE_UID) -> Type2Card:
    """A card whose NDEF message is these bytes, whatever they mean."""
    return Type2Card(ndef_tlv(message), uid)


def blank_card(*, uid: bytes = SAMPLE_UID) -> Type2Card:
    """A card as it comes from the maker: formatted, with an empty message."""
    return Type2Card(uid=uid)


def unformatted_card(*, uid: bytes = SAMPLE_UID) -> Type2Card:
    """A card that was never made ready for NDEF: no capability container."""
    return Type2Card(b"", uid, capability=b"\x00\x00\x00\x00")


def read_only_card(text: str, *, uid: bytes = SAMPLE_UID) -> Type2Card:
    """A volunteer's card that takes no other text any more: it says so, and its pages are
    locked."""
    card = card_with_text(text, uid=uid)
    card.capability = NTAG215.capability[:3] + b"\x0f"
    card.locks = b"\xff\xff"
    at = card.chip.lock_page * PAGE - USER_MEMORY
    card.content = card.content.ljust(at, b"\x00") + b"\xff\xff\x00\x00"
    return card
