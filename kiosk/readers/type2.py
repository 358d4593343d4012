"""What a Type 2 tag says: from its memory, read no further than needed, to evidence.

Sources: NFC Forum Type 2 Tag (memory, TLV blocks), NDEF (records), Text and URI record types.
Reserved bytes in the middle of a message are not supported; no tag we issue has them.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from typing import NamedTuple

from kiosk.readers.codes import our_code
from presence.card import SignedCode, Unreadable

MAX_MESSAGE_BYTES = 512
"""Longer messages are not read. A code of 300 characters takes at most 376 bytes as text."""

FIRST_PAGE = 3
"""The capability container; the TLV blocks begin one page later."""
BYTES_PER_PAGE, BYTES_PER_READ = 4, 16
NULL, NDEF_MESSAGE, TERMINATOR = 0x00, 0x03, 0xFE


class PageRefusedError(Exception):
    """The tag answered, but will not give this page."""


class _BrokenError(Exception):
    """The tag ends early or contradicts itself."""


class _TooLongError(Exception):
    """The message is longer than any of ours."""


class _Record(NamedTuple):
    kind: tuple[int, bytes]
    payload: bytes


TEXT, URI = (1, b"T"), (1, b"U")


def read_type2(read: Callable[[int], bytes]) -> SignedCode | Unreadable:
    """The evidence on a tag whose memory `read(page)` gives, 16 bytes from that page on.

    `read` raises PageRefusedError for a page the tag will not give. What else it raises passes
    through.
    """
    try:
        memory = _Memory(read)
        container = memory.span(0, BYTES_PER_PAGE)
    except PageRefusedError:
        return Unreadable.UNSUPPORTED
    try:
        message = _find_message(memory, container)
        return _our_code(_records(message)) if message else Unreadable.EMPTY
    except _TooLongError:
        return Unreadable.TOO_LONG
    except (_BrokenError, PageRefusedError):
        return Unreadable.GARBLED


class _Memory:
    """Bytes from the capability container on, fetched when first asked for."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._blocks: dict[int, bytes] = {}

    def span(self, start: int, size: int) -> bytes:
        first, last = start // BYTES_PER_READ, (start + size - 1) // BYTES_PER_READ
        content = b"".join(self._block(number) for number in range(first, last + 1))
        return content[start % BYTES_PER_READ :][:size]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            page = FIRST_PAGE + number * (BYTES_PER_READ // BYTES_PER_PAGE)
            if page > 0xFF:
                raise PageRefusedError(page)
            self._blocks[number] = self._read(page)
        return self._blocks[number]


def _find_message(memory: _Memory, container: bytes) -> bytes:
    """The first NDEF message (Type 2 Tag, section 2.3); empty if there is none."""
    magic, version, size, access = container
    if magic != 0xE1 or version >> 4 != 1 or access >> 4:
        return b""
    at, end = BYTES_PER_PAGE, BYTES_PER_PAGE + size * 8
    while at < end:
        kind = memory.span(at, 1)[0]
        if kind == TERMINATOR:
            return b""
        at += 1
        if kind == NULL:
            continue
        at, length = _length(memory, at, end)
        if kind == NDEF_MESSAGE:
            if length > MAX_MESSAGE_BYTES:
                raise _TooLongError
            return memory.span(at, length) if length else b""
        at += length
    return b""


def _length(memory: _Memory, at: int, end: int) -> tuple[int, int]:
    """Where the value of a block begins, and its size."""
    if at >= end:
        raise _BrokenError
    length, at = memory.span(at, 1)[0], at + 1
    if length == 0xFF:
        if at + 2 > end:
            raise _BrokenError
        length, at = int.from_bytes(memory.span(at, 2)), at + 2
    if at + length > end:
        raise _BrokenError
    return at, length


def _records(message: bytes) -> list[_Record]:
    """All records (NDEF, section 3.2), or _BrokenError. Chunked ones are kept as unknown."""
    records: list[_Record] = []
    rest = _Cursor(message)
    while True:
        flags = rest.number(1)
        begins, ends, chunked = flags & 0x80, flags & 0x40, flags & 0x20
        if bool(begins) == bool(records):
            raise _BrokenError
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
        raise _BrokenError
    return records


class _Cursor:
    """Takes bytes off the front, and says _BrokenError when there are too few or too many."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def take(self, size: int) -> bytes:
        if size > len(self._content):
            raise _BrokenError
        taken, self._content = self._content[:size], self._content[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    @property
    def left(self) -> int:
        return len(self._content)


def _our_code(records: list[_Record]) -> SignedCode | Unreadable:
    codes = (our_code(text) for text in _texts(records))
    return next((code for code in codes if code is not None), Unreadable.EMPTY)


def _texts(records: list[_Record]) -> Iterator[str]:
    try:
        for record in records:
            if record.kind == TEXT:
                yield _text(_Cursor(record.payload))
            elif record.kind == URI and record.payload[:1] == b"\x00":  # no abbreviated beginning
                yield record.payload[1:].decode()
    except UnicodeDecodeError as error:
        raise _BrokenError from error


def _text(payload: _Cursor) -> str:
    """Text RTD, section 3.2: a status byte, the language, the text."""
    status = payload.number(1)
    payload.take(status & 0x3F)
    text = payload.take(payload.left)
    if not status & 0x80:
        return text.decode()
    return text.decode("utf-16" if text[:2] in (BOM_UTF16_BE, BOM_UTF16_LE) else "utf-16-be")
