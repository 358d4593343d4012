"""Frames between a host and a PN532 (PN532 user manual UM0701-02, section 6.2.1)."""

from enum import Enum

ACK = b"\x00\x00\xff\x00\xff\x00"
SYNTAX_ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"
TO_CHIP, TO_HOST = 0xD4, 0xD5
START = b"\x00\xff"


class Control(Enum):
    """A frame that carries nothing."""

    ACK = "ack"
    NACK = "nack"


def frame(content: bytes) -> bytes:
    """`content` (direction, code, parameters) as a frame; extended if it is over 255 bytes."""
    checksum = bytes([-sum(content) & 0xFF])
    return b"\x00" + START + _lengths(len(content)) + content + checksum + b"\x00"


def _lengths(size: int) -> bytes:
    if size <= 0xFF:
        return bytes([size, -size & 0xFF])
    high, low = divmod(size, 0x100)
    return bytes([0xFF, 0xFF, high, low, -(high + low) & 0xFF])


class FrameReader:
    """Finds frames in bytes as they arrive. What is not a sound frame is skipped."""

    def __init__(self) -> None:
        self._waiting = b""

    def forget(self) -> None:
        """Drop a frame that has arrived in part."""
        self._waiting = b""

    def feed(self, received: bytes) -> list[Control | bytes]:
        """The frames that are complete now: control frames, or the content of commands."""
        self._waiting += received
        found: list[Control | bytes] = []
        while (start := self._waiting.find(START)) >= 0:
            taken, item = _take(self._waiting[start + len(START) :])
            if taken == 0:
                break
            self._waiting = self._waiting[start + len(START) + taken :]
            if item is not None:
                found.append(item)
        return found


def _take(rest: bytes) -> tuple[int, Control | bytes | None]:
    """Length and content of the frame after its start code; a length of 0 asks for more bytes."""
    if len(rest) < 2:
        return 0, None
    match rest[0], rest[1]:
        case 0x00, 0xFF:
            return 2, Control.ACK
        case 0xFF, 0x00:
            return 2, Control.NACK
        case 0xFF, 0xFF:
            if len(rest) < 5:
                return 0, None
            return _take_content(rest, 5, rest[2] << 8 | rest[3], sum(rest[2:5]))
        case size, check:
            return _take_content(rest, 2, size, size + check)


def _take_content(rest: bytes, head: int, size: int, check: int) -> tuple[int, bytes | None]:
    if check & 0xFF:
        return head, None
    end = head + size + 1
    if len(rest) < end:
        return 0, None
    if sum(rest[head:end]) & 0xFF:
        return end, None
    return end, rest[head : end - 1]
