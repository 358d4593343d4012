"""What a card's memory holds, with everything invented that might be anybody's.

The shape stays: blocks, records, lengths. What has no known shape becomes zero bytes. Sources: NFC
Forum Type 2 Tag (TLV blocks, section 2.3), NDEF (records, section 3.2), Text and URI record types.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable

from tests.hardware_mocks.traces.invention import Invention

USER_MEMORY = 16
NULL, LOCK, CONTROL, MESSAGE, TERMINATOR = 0x00, 0x01, 0x02, 0x03, 0xFE
NOT_TEXT = b"\xff"
"""No UTF-8, whatever is around it."""
KNOWN_TYPES = (b"T", b"U", b"Sp", b"Hs", b"text/vcard", b"android.com:pkg")
CONTAINER = 15
"""Bytes of a Type 4 tag's container as far as the message's own file."""


def invented_memory(memory: bytes, uid: bytes, invention: Invention) -> bytes:
    """A Type 2 tag's memory from its first byte on, as far as it was read; `uid` is its own."""
    serial = _serial_pages(invention.serial(uid)) + memory[9:12]
    container = memory[12:USER_MEMORY]
    is_formatted = container[:1] == b"\xe1"
    told = serial + (container if is_formatted else bytes(len(container)))
    if is_formatted:
        room = container[2] * 8 if len(container) > 2 else 0
        told += _blocks(memory[USER_MEMORY : USER_MEMORY + room], invention)
    return told.ljust(len(memory), b"\x00")[: len(memory)]


def _serial_pages(uid: bytes) -> bytes:
    """The first nine bytes, with both check bytes (NTAG21x, section 8.5.1)."""
    if len(uid) != 7:
        return bytes(9)
    first, second = uid[:3], uid[3:]
    return first + _check(b"\x88" + first) + second + _check(second)


def _check(serial: bytes) -> bytes:
    check = 0
    for byte in serial:
        check ^= byte
    return bytes([check])


def _blocks(content: bytes, invention: Invention) -> bytes:
    told, at = b"", 0
    while at < len(content):
        kind = content[at]
        if kind in (NULL, TERMINATOR):
            told, at = told + content[at : at + 1], at + 1
            if kind == TERMINATOR:
                break
            continue
        head = 4 if content[at + 1 : at + 2] == b"\xff" else 2
        size = int.from_bytes(content[at + 2 : at + 4] if head == 4 else content[at + 1 : at + 2])
        value = content[at + head : at + head + size]
        told += content[at : at + head] + _value(kind, value, invention)
        at += head + size
    return told


def _value(kind: int, value: bytes, invention: Invention) -> bytes:
    if kind == MESSAGE:
        return invented_message(value, invention)
    return value if kind in (LOCK, CONTROL) and len(value) <= 3 else bytes(len(value))


def invented_file(content: bytes, invention: Invention) -> bytes:
    """A Type 4 tag's file with a message: its length, and the message as far as it was read."""
    size = int.from_bytes(content[:2])
    told = content[:2] + invented_message(content[2 : 2 + size], invention)
    return told.ljust(len(content), b"\x00")


def invented_container(content: bytes) -> bytes:
    """A Type 4 tag's container: sizes and access, the same on all of a kind."""
    return content[:CONTAINER].ljust(len(content), b"\x00")


def invented_message(message: bytes, invention: Invention) -> bytes:
    """An NDEF message, or the beginning of one."""
    told = b""
    while message:
        head, type_size, id_size, size = _sizes(message)
        if head > len(message):
            break  # cut short, or none at all
        kind = message[head : head + type_size]
        at = head + type_size + id_size
        told += message[:head] + (kind if kind in KNOWN_TYPES else b"x" * len(kind))
        told += bytes(len(message[head + type_size : at]))
        told += _payload(kind, message[at : at + size], invention)
        is_last, message = message[0] & 0x40, message[at + size :]
        if is_last:
            break
    return told + bytes(len(message))


def _sizes(record: bytes) -> tuple[int, int, int, int]:
    """Bytes of a record's head, its type, its id and its payload."""
    is_short, has_id = bool(record[0] & 0x10), bool(record[0] & 0x08)
    length = 1 if is_short else 4
    head = 2 + length + has_id
    type_size = record[1] if len(record) > 1 else 0
    id_size = record[head - 1] if has_id and len(record) >= head else 0
    return head, type_size, id_size, int.from_bytes(record[2 : 2 + length])


def _payload(kind: bytes, payload: bytes, invention: Invention) -> bytes:
    if kind == b"U":
        return payload[:1] + _text(payload[1:], "utf-8", invention)
    if kind != b"T" or not payload:
        return bytes(len(payload))
    language = payload[1 : 1 + (payload[0] & 0x3F)]
    head = payload[:1] + (language if _is_language(language) else bytes(len(language)))
    text = payload[len(head) :]
    if not payload[0] & 0x80:
        return head + _text(text, "utf-8", invention)
    mark = text[:2] if text[:2] in (BOM_UTF16_BE, BOM_UTF16_LE) else b""
    encoding = "utf-16-le" if mark == BOM_UTF16_LE else "utf-16-be"
    return head + mark + _text(text[len(mark) :], encoding, invention)


def _is_language(language: bytes) -> bool:
    return len(language) <= 5 and language.replace(b"-", b"").isalpha()


def _text(content: bytes, encoding: str, invention: Invention) -> bytes:
    try:
        return invention.text(content.decode(encoding)).encode(encoding)
    except UnicodeDecodeError:
        return NOT_TEXT * len(content)


class Image:
    """What was read of a memory or a file, piece by piece, and what is told instead. Nothing
    before `first` has to be read."""

    def __init__(self, rewrite: Callable[[bytes], bytes], first: int = 0) -> None:
        self._rewrite, self._first = rewrite, first
        self._bytes: dict[int, int] = {}
        self._told: bytes | None = None

    def add(self, at: int, piece: bytes) -> None:
        """These were read there."""
        self._bytes |= {at + offset: byte for offset, byte in enumerate(piece)}

    def told(self, at: int, size: int) -> bytes:
        """What is told to be there. What lies behind a gap has no known shape."""
        if self._told is None:
            end = self._first
            while end in self._bytes:
                end += 1
            known = bytes(self._bytes.get(place, 0) for place in range(end))
            self._told = self._rewrite(known)
        return self._told[at : at + size].ljust(size, b"\x00")
