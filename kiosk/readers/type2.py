"""What a Type 2 tag says: from its memory, read no further than needed, to evidence.

Source: NFC Forum Type 2 Tag (memory, TLV blocks); the message is for `message`.
Reserved bytes in the middle of a message are not supported; no tag we issue has them.
"""

from collections.abc import Callable

from kiosk.readers.message import MAX_MESSAGE_BYTES, BrokenError, evidence_in
from presence.card import SignedCode, SunMessage, Unreadable

FIRST_PAGE = 3
"""The capability container; the TLV blocks begin one page later."""
BYTES_PER_PAGE, BYTES_PER_READ = 4, 16
NULL, NDEF_MESSAGE, TERMINATOR = 0x00, 0x03, 0xFE


class PageRefusedError(Exception):
    """The tag answered, but will not give this page."""


class _TooLongError(Exception):
    """The message is longer than any of ours."""


def read_type2(read: Callable[[int], bytes]) -> SignedCode | SunMessage | Unreadable:
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
        return evidence_in(message)
    except _TooLongError:
        return Unreadable.TOO_LONG
    except (BrokenError, PageRefusedError):
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
        raise BrokenError
    length, at = memory.span(at, 1)[0], at + 1
    if length == 0xFF:
        if at + 2 > end:
            raise BrokenError
        length, at = int.from_bytes(memory.span(at, 2)), at + 2
    if at + length > end:
        raise BrokenError
    return at, length
