"""Writing a Type 4 tag.

Source: NFC Forum Type 4 Tag, mapping versions 2 and 3: files in section 4.3, detecting a message in
5.4.1, writing one in 5.4.5 (its length is zero while it is written).
"""

from typing import NamedTuple

from kiosk.encoding.found import (
    NEEDS_KEY,
    NOT_SENSIBLE,
    READ_ONLY,
    REFUSES,
    STOPS_WRITING,
    Content,
    Found,
    RefusedError,
    Transmit,
    content_of,
    no_room,
)
from kiosk.readers.message import MAX_MESSAGE_BYTES
from kiosk.readers.type4 import (
    CONTAINER_BYTES,
    CONTAINER_FILE,
    LEAST_READ,
    LENGTH_BYTES,
    MOST_READ,
    NDEF_APPLICATION,
    OK,
)

MOST_WRITTEN = 0x80
"""Bytes of one UPDATE BINARY at most. More fit, but not through every reader."""
NO_KEY = b"\x69\x82"
"""Security status not satisfied (ISO/IEC 7816-4)."""
NO_TAG = "It is no card that can be written: a bank card, a telephone, a ticket or a staff badge."
CANNOT_LOCK = "It cannot be made read-only here: that is for NTAG215 and NTAG216 alone."


class _File(NamedTuple):
    """What the container says of the NDEF file."""

    name: bytes
    size: int
    most_read: int
    most_written: int
    reading: int
    writing: int
    """Who may: 0 everybody, FF nobody."""


class Type4Tag:
    """`Tag` on files."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit

    def look(self, message: bytes) -> Found:
        if self._ask(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")[1] != OK:
            return Found(Content.FOREIGN, NO_TAG)
        file = self._find()
        if file.reading:
            return Found(Content.FOREIGN, NEEDS_KEY)
        self._select(file.name)
        length = int.from_bytes(self._read(0, LENGTH_BYTES))
        content: Content = Content.GARBLED
        if length > file.size - LENGTH_BYTES:
            return Found(content, _hindrance(file, message))
        if length > MAX_MESSAGE_BYTES:
            return Found(Content.FOREIGN, _hindrance(file, message))
        return Found(content_of(self._message(file, length)), _hindrance(file, message))

    def write(self, message: bytes) -> None:
        file = self._open()
        step = min(file.most_written, MOST_WRITTEN)
        self._update(0, bytes(LENGTH_BYTES), REFUSES)
        for at in range(0, len(message), step):
            self._update(LENGTH_BYTES + at, message[at : at + step], STOPS_WRITING)
        self._update(0, len(message).to_bytes(LENGTH_BYTES), STOPS_WRITING)

    def message(self) -> bytes:
        file = self._open()
        return self._message(file, int.from_bytes(self._read(0, LENGTH_BYTES)))

    def lock(self) -> None:
        raise RefusedError(CANNOT_LOCK)

    def _open(self) -> _File:
        """Select everything anew, and the NDEF file last."""
        if self._ask(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")[1] != OK:
            raise RefusedError(NOT_SENSIBLE)
        file = self._find()
        self._select(file.name)
        return file

    def _find(self) -> _File:
        self._select(CONTAINER_FILE)
        container = self._read(0, CONTAINER_BYTES)
        file = _File(
            name=container[9:11],
            size=int.from_bytes(container[11:13]),
            most_read=int.from_bytes(container[3:5]),
            most_written=int.from_bytes(container[5:7]),
            reading=container[13],
            writing=container[14],
        )
        is_known = container[2] >> 4 in (2, 3) and container[7:9] == b"\x04\x06"
        if not is_known or file.most_read < LEAST_READ or file.most_written < LENGTH_BYTES:
            raise RefusedError(NOT_SENSIBLE)
        return file

    def _message(self, file: _File, length: int) -> bytes:
        if length > min(file.size - LENGTH_BYTES, MAX_MESSAGE_BYTES):
            raise RefusedError(NOT_SENSIBLE)
        step = min(file.most_read, MOST_READ)
        return b"".join(
            self._read(LENGTH_BYTES + at, min(step, length - at)) for at in range(0, length, step)
        )

    def _select(self, file: bytes) -> None:
        if self._ask(b"\x00\xa4\x00\x0c\x02" + file)[1] != OK:
            raise RefusedError(NOT_SENSIBLE)

    def _read(self, at: int, size: int) -> bytes:
        content, status = self._ask(b"\x00\xb0" + at.to_bytes(2) + bytes([size]))
        if status != OK or len(content) != size:
            raise RefusedError(NOT_SENSIBLE)
        return content

    def _update(self, at: int, content: bytes, why: str) -> None:
        command = b"\x00\xd6" + at.to_bytes(2) + bytes([len(content)]) + content
        status = self._ask(command)[1]
        if status != OK:
            raise RefusedError(NEEDS_KEY if status == NO_KEY and why == REFUSES else why)

    def _ask(self, command: bytes) -> tuple[bytes, bytes]:
        answer = self._transmit(command)
        return answer[: -len(OK)], answer[-len(OK) :]


def _hindrance(file: _File, message: bytes) -> str:
    if file.writing:
        return READ_ONLY if file.writing == 0xFF else NEEDS_KEY
    if LENGTH_BYTES + len(message) > file.size:
        return no_room(file.size - LENGTH_BYTES, len(message))
    return ""
