"""What a Type 4 tag says: from its files, read no further than needed, to evidence.

Source: NFC Forum Type 4 Tag, mapping versions 2 and 3 (files, section 4.3; NDEF detection, 5.4);
the message is for `message`.
"""

from collections.abc import Callable

from kiosk.readers.message import MAX_MESSAGE_BYTES, BrokenError, evidence_in
from presence.card import SignedCode, SunMessage, Unreadable

NDEF_APPLICATION = bytes.fromhex("D2760000850101")
CONTAINER_FILE = b"\xe1\x03"
CONTAINER_BYTES = 15
"""The capability container as far as the NDEF file's own entry, which comes first."""
LEAST_READ, MOST_READ = 0x0F, 0xFB
"""Bytes of one READ BINARY. No card may offer fewer; and no more are asked for than fit in one
block of 256 bytes, with the status word and what is around it."""
LENGTH_BYTES = 2
OK = b"\x90\x00"


class _RefusedError(Exception):
    """The card answered, but not with what was asked for."""


class _TooLongError(Exception):
    """The message is longer than any of ours."""


def read_type4(apdu: Callable[[bytes], bytes]) -> SignedCode | SunMessage | Unreadable:
    """The evidence on a card that `apdu(command)` speaks to: it returns data and status word, and
    what it raises passes through.

    A card without the application of NDEF is UNSUPPORTED. An NTAG 424 DNA makes its message anew
    when its file is selected, so that is done once (AN12196).
    """
    try:
        if not _has_application(apdu):
            return Unreadable.UNSUPPORTED
        return evidence_in(_find_message(apdu))
    except _TooLongError:
        return Unreadable.TOO_LONG
    except (BrokenError, _RefusedError):
        return Unreadable.GARBLED


def _has_application(apdu: Callable[[bytes], bytes]) -> bool:
    try:
        _ask(apdu, b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")
    except _RefusedError:
        return False
    return True


def _find_message(apdu: Callable[[bytes], bytes]) -> bytes:
    """The NDEF file's message; empty if there is none, or none for everyone."""
    _select(apdu, CONTAINER_FILE)
    container = _read(apdu, 0, CONTAINER_BYTES)
    version, most, control = container[2], int.from_bytes(container[3:5]), container[7:15]
    file, size, access = control[2:4], int.from_bytes(control[4:6]), control[6]
    if version >> 4 not in (2, 3) or control[:2] != b"\x04\x06" or access:
        return b""
    if most < LEAST_READ:
        raise BrokenError
    _select(apdu, file)
    length = int.from_bytes(_read(apdu, 0, LENGTH_BYTES))
    if LENGTH_BYTES + length > size:
        raise BrokenError
    if length > MAX_MESSAGE_BYTES:
        raise _TooLongError
    step = min(most, MOST_READ)
    return b"".join(
        _read(apdu, LENGTH_BYTES + at, min(step, length - at)) for at in range(0, length, step)
    )


def _select(apdu: Callable[[bytes], bytes], file: bytes) -> None:
    _ask(apdu, b"\x00\xa4\x00\x0c\x02" + file)


def _read(apdu: Callable[[bytes], bytes], at: int, size: int) -> bytes:
    """Exactly `size` bytes of the selected file (READ BINARY)."""
    content = _ask(apdu, b"\x00\xb0" + at.to_bytes(2) + bytes([size]))
    if len(content) != size:
        raise _RefusedError
    return content


def _ask(apdu: Callable[[bytes], bytes], command: bytes) -> bytes:
    answer = apdu(command)
    if len(answer) < len(OK):
        raise BrokenError
    if answer[-2:] != OK:
        raise _RefusedError
    return answer[:-2]
