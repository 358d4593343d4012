"""What an NDEF message says, on whatever kind of tag it lies: from its records to evidence.

Sources: NDEF (records, section 3.2), Text and URI record types.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from kiosk.readers.codes import our_code, sun_message
from presence.card import SignedCode, SunMessage, Unreadable

MAX_MESSAGE_BYTES = 512
"""Longer messages are not read. A code of 300 characters takes at most 376 bytes as text."""


class BrokenError(Exception):
    """A tag or its message ends early or contradicts itself."""


class _Record(NamedTuple):
    kind: tuple[int, bytes]
    payload: bytes


TEXT, URI = (1, b"T"), (1, b"U")


def evidence_in(message: bytes) -> SignedCode | SunMessage | Unreadable:
    """What the records of one message tell of the card; an empty message says EMPTY. The first
    code counts; what a chip made anew at this read takes it along.

    Raises BrokenError when the bytes are no message.
    """
    return _ours(list(_texts(_records(message)))) if message else Unreadable.EMPTY


def _records(message: bytes) -> list[_Record]:
    """All records (NDEF, section 3.2), or BrokenError. Chunked ones are kept as unknown."""
    records: list[_Record] = []
    rest = _Cursor(message)
    while True:
        flags = rest.number(1)
        begins, ends, chunked = flags & 0x80, flags & 0x40, flags & 0x20
        if bool(begins) == bool(records):
            raise BrokenError
        type_size = rest.number(1)
        payload_size = rest.number(1 if flags & 0x10 else 4)
        id_size = rest.number(1) if flags & 0x08 else 0
        kind = rest.take(type_size)
        rest.take(id_size)
        payload = rest.take(payload_size)
        records.append(_Record((0 if chunked else flags & 0x07, kind), payload))
        if ends:
            break
    if rest.left:
        raise BrokenError
    return records


class _Cursor:
    """Takes bytes off the front, and says BrokenError when there are too few or too many."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def take(self, size: int) -> bytes:
        if size > len(self._content):
            raise BrokenError
        taken, self._content = self._content[:size], self._content[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    @property
    def left(self) -> int:
        return len(self._content)


def _ours(texts: list[str]) -> SignedCode | SunMessage | Unreadable:
    codes = [code for code in map(our_code, texts) if code is not None]
    code = codes[0] if codes else Unreadable.EMPTY
    sun = next((sun for sun in map(sun_message, texts) if sun is not None), None)
    if sun is None:
        return code
    return replace(sun, code=code.text) if isinstance(code, SignedCode) else sun


def _texts(records: list[_Record]) -> Iterator[str]:
    try:
        for record in records:
            if record.kind == TEXT:
                yield _text(_Cursor(record.payload))
            elif record.kind == URI and record.payload[:1] == b"\x00":  # no abbreviated beginning
                yield record.payload[1:].decode()
    except UnicodeDecodeError as error:
        raise BrokenError from error


def _text(payload: _Cursor) -> str:
    """Text RTD, section 3.2: a status byte, the language, the text."""
    status = payload.number(1)
    payload.take(status & 0x3F)
    text = payload.take(payload.left)
    if not status & 0x80:
        return text.decode()
    return text.decode("utf-16" if text[:2] in (BOM_UTF16_BE, BOM_UTF16_LE) else "utf-16-be")
