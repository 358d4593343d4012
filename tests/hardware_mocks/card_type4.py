"""NFC Forum Type 4 tags, mapping version 2.0: an application with a container and one NDEF file."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import ndef

from tests.hardware_mocks.card_isodep import (
    ENDS_EARLY,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    WRONG_LENGTH,
    WRONG_PLACE,
    Apdu,
    IsoDepCard,
)
from tests.hardware_mocks.card_model import SAMPLE_UID

NDEF_APPLICATION = bytes.fromhex("d2760000850101")
CONTAINER_FILE, NDEF_FILE = b"\xe1\x03", b"\xe1\x04"
READ_BINARY, UPDATE_BINARY = 0xB0, 0xD6
LENGTH = 2
"""The NDEF file begins with the length of its message."""


@dataclass
class Type4Card(IsoDepCard):
    """A tag with `message` in its NDEF file. What is written to it stays on it."""

    message: bytes = b""
    room: int = 256
    """Size of the NDEF file, the length in it included."""
    most_read: int = 0x00FB
    """MLe: so many bytes one READ BINARY gives at most."""
    most_written: int = 0x00FB
    """MLc: so many bytes one UPDATE BINARY takes at most."""
    is_writable: bool = True
    container: bytes | None = None
    """Another capability container than a sound one."""
    file: bytearray = field(default_factory=bytearray)
    """The NDEF file. Made of `message`, if not given."""
    _application: bool = False
    _selected: bytes | None = None

    def __post_init__(self) -> None:
        if LENGTH + len(self.message) > self.room:
            raise ValueError(f"{LENGTH + len(self.message)} bytes do not fit in {self.room}")
        if not self.file:
            content = len(self.message).to_bytes(LENGTH) + self.message
            self.file = bytearray(content.ljust(self.room, b"\x00"))

    def restart(self) -> None:
        self._application, self._selected = False, None

    def respond(self, command: Apdu) -> bytes:
        match command.code:
            case 0xA4:
                return self._select(command)
            case 0xB0:
                return self._read(command)
            case 0xD6:
                return self._update(command)
            case _:
                return super().respond(command)

    def sound_container(self) -> bytes:
        """The capability container (Type 4 Tag, table 4)."""
        access = b"\x00" + (b"\x00" if self.is_writable else b"\xff")
        control = b"\x04\x06" + NDEF_FILE + self.room.to_bytes(2) + access
        return (
            b"\x00\x0f\x20" + self.most_read.to_bytes(2) + self.most_written.to_bytes(2) + control
        )

    def content(self, file: bytes) -> bytes:
        """What a READ BINARY of this file reads from."""
        if file == NDEF_FILE:
            return bytes(self.file)
        return self.sound_container() if self.container is None else self.container

    def _select(self, command: Apdu) -> bytes:
        if command.p1 == 0x04:
            self.restart()
            self._application = command.data == NDEF_APPLICATION
            return OK if self._application else NOT_FOUND
        known = command.data in (CONTAINER_FILE, NDEF_FILE)
        if command.p1 != 0x00 or not self._application or not known:
            return NOT_FOUND
        self._selected = command.data
        self.opened(command.data)
        return OK

    def opened(self, file: bytes) -> None:
        """A file was selected."""

    def _read(self, command: Apdu) -> bytes:
        if self._selected is None:
            return NOT_FOUND
        if command.expected is None or command.expected > max(self.most_read, 15):
            return WRONG_LENGTH
        content = self.content(self._selected)
        if command.place >= len(content):
            return WRONG_PLACE
        given = content[command.place : command.place + command.expected]
        return given + (OK if len(given) == command.expected else ENDS_EARLY)

    def _update(self, command: Apdu) -> bytes:
        if self._selected != NDEF_FILE or not self.is_writable:
            return NOT_ALLOWED
        if not command.data or len(command.data) > self.most_written:
            return WRONG_LENGTH
        end = command.place + len(command.data)
        if end > self.room:
            return WRONG_PLACE
        self.file[command.place : end] = command.data
        return OK


def encoded(records: Iterable[ndef.Record]) -> bytes:
    """The records as one NDEF message."""
    return b"".join(ndef.message_encoder(list(records)))


def type4_with_records(
    records: Iterable[ndef.Record], *, uid: bytes = SAMPLE_UID, room: int = 1024
) -> Type4Card:
    """A Type 4 tag with these records. Raises ValueError if they do not fit."""
    return Type4Card(uid=uid, message=encoded(records), room=room)


def type4_with_text(text: str, *, uid: bytes = SAMPLE_UID, room: int = 1024) -> Type4Card:
    """A volunteer's card: one NDEF text record on a Type 4 tag."""
    return type4_with_records([ndef.TextRecord(text, "nb")], uid=uid, room=room)


def read_only_type4(text: str, *, uid: bytes = SAMPLE_UID) -> Type4Card:
    """A volunteer's card that takes no other text any more."""
    card = type4_with_text(text, uid=uid)
    card.is_writable = False
    return card


def message_on(card: Type4Card) -> bytes:
    """The card's message as any telephone reads it: one reading, with all that follows of it."""
    card.select()
    card.apdu(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")
    card.apdu(b"\x00\xa4\x00\x0c\x02" + NDEF_FILE)
    most = min(card.most_read, 256)
    size, content = LENGTH, b""
    while len(content) < size:
        wanted = min(most, size - len(content)) & 0xFF
        content += card.apdu(b"\x00\xb0" + len(content).to_bytes(2) + bytes([wanted]))[:-2]
        size = LENGTH + int.from_bytes(content[:LENGTH])
    return content[LENGTH:]


def replay(message: bytes, *, uid: bytes = SAMPLE_UID) -> Type4Card:
    """A card that says always the same: what was once read off another."""
    return Type4Card(uid=uid, message=message)
