"""Writing a Type 2 tag: which pages, and in which order.

Sources: NFC Forum Type 2 Tag 1.1, sections 2.3 (TLV blocks), 6.1 (capability container) and 6.4.3
(writing a message: the length is zero while it is written); NTAG213/215/216 data sheet, sections
8.5.2 and 8.5.3 (lock bits), 8.5.6 and 8.5.7 (container and memory as sold); PC/SC part 3,
section 3.2.2, for the commands.

Theory of operation. Addresses are bytes, counted from page 0. The page that holds the length is
written twice: first with a length of zero, last with the real one. So a single page decides whether
there is a message at all.
"""

from collections.abc import Callable, Mapping
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
from kiosk.readers.polling import CardSlippedError
from presence.card import SignedCode, SunMessage

PAGE, PAGES_READ = 4, 4
LOCKS_AT, CONTAINER_AT, DATA_AT = 10, 12, 16
NULL, LOCK_CONTROL, MEMORY_CONTROL, NDEF_MESSAGE, TERMINATOR = 0x00, 0x01, 0x02, 0x03, 0xFE
READ, WRITE = bytes.fromhex("ffb000"), bytes.fromhex("ffd600")
DONE = b"\x90\x00"
TRIES = 2
"""An answer may be lost."""
CONTAINERS: Mapping[int, bytes] = {
    135: bytes.fromhex("e1103e00"),
    231: bytes.fromhex("e1106d00"),
}
"""How many pages a blank chip has, and the container that its maker would have given it."""
LOCK_BITS: Mapping[int, tuple[int, bytes]] = {
    0x12: (40, bytes.fromhex("ff0f00")),
    0x3E: (130, bytes.fromhex("ff0000")),
    0x6D: (226, bytes.fromhex("ff3f00")),
}
"""By the size in the container: the page of the dynamic lock bits, and those that lock all pages
(NTAG213, 215 and 216)."""
SMALL = 0x12
"""NTAG213, whose lock bits are for two pages each instead of sixteen."""
CANNOT_LOCK = "It cannot be made read-only here: that is for NTAG215 and NTAG216 alone."
ODD_LAYOUT = "It keeps bytes for itself in the middle of its memory. Take an NTAG215 or NTAG216."
UNKNOWN_CHIP = "It is empty, and too small or of an unknown kind. Take an NTAG215 or NTAG216."
OTHER_USE = "It is prepared for something else than a message. Take an NTAG215 or NTAG216."


class PageWrite(NamedTuple):
    page: int
    content: bytes


class Space(NamedTuple):
    """Where the message is, or would be."""

    at: int
    """Where its block begins."""
    value: range | None
    """The message that is there, empty if none is; None: what is there contradicts itself."""
    end: int
    """Where the memory for blocks ends."""
    reserved: int
    """The first byte that the tag keeps for itself; `end`, if there is none before it."""


Span = Callable[[int, int], bytes]
"""So many bytes from an address on."""


def survey(span: Span, size: int) -> Space:
    """Find the place of the first message. `size` is that of the memory for blocks, in bytes."""
    at, end = DATA_AT, DATA_AT + size
    free, reserved = at, end
    while at < end:
        kind = span(at, 1)[0]
        if kind == TERMINATOR:
            break
        if kind == NULL:
            at += 1
            continue
        value = _value(span, at + 1, end)
        if kind == NDEF_MESSAGE or value is None:
            return Space(at, value, end, reserved)
        if kind in (LOCK_CONTROL, MEMORY_CONTROL) and len(value) == 3:
            reserved = min(reserved, _reserved_at(span(value.start, 3)))
        at = free = value.stop
    return Space(free, range(0), end, reserved)


def _value(span: Span, at: int, end: int) -> range | None:
    """Where the value of a block lies whose length is at `at`; None: beyond the end."""
    if at >= end:
        return None
    length, start = span(at, 1)[0], at + 1
    if length == 0xFF:
        length, start = int.from_bytes(span(at + 1, 2)), at + 3
    return range(start, start + length) if start + length <= end else None


def _reserved_at(control: bytes) -> int:
    """Section 2.3.2: the page's number, the byte in it, and how large such a page is."""
    return (control[0] >> 4) * (1 << (control[2] & 0x0F)) + (control[0] & 0x0F)


def block(message: bytes) -> bytes:
    """The message as a block, without a terminator."""
    size = len(message)
    length = bytes([size]) if size < 0xFF else b"\xff" + size.to_bytes(2)
    return bytes([NDEF_MESSAGE]) + length + message


def pages_of(space: Space, message: bytes) -> range:
    """Which pages are written."""
    return range(space.at // PAGE, (space.at + len(block(message))) // PAGE + 1)


def plan(space: Space, span: Span, message: bytes) -> list[PageWrite]:
    """What to write, in this order, so that the message is there after the last page only."""
    written = block(message)
    if space.at + len(written) < space.end:
        written += bytes([TERMINATOR])
    first, last = space.at // PAGE, (space.at + len(written) - 1) // PAGE
    image = bytearray((last - first + 1) * PAGE)
    for page in (first, last):  # of the others nothing stays
        start = (page - first) * PAGE
        image[start : start + PAGE] = span(page * PAGE, PAGE)
    begin = space.at - first * PAGE
    image[begin : begin + len(written)] = written
    pages = {
        first + number: bytes(image[number * PAGE : (number + 1) * PAGE])
        for number in range(last - first + 1)
    }
    deciding, place = divmod(space.at + 1, PAGE)
    final = pages.pop(deciding)
    emptied = final[:place] + b"\x00" + final[place + 1 :]
    between = [PageWrite(page, content) for page, content in pages.items()]
    return [PageWrite(deciding, emptied), *between, PageWrite(deciding, final)]


def is_locked(locks: bytes, dynamic: bytes, size: int, pages: range) -> bool:
    """Is any of these pages locked? `size` is that in the container."""
    fixed, moving = int.from_bytes(locks, "little"), int.from_bytes(dynamic[:2], "little")
    each = 2 if size == SMALL else 16
    return any(
        fixed >> page & 1 if page < 16 else moving >> (page - 16) // each & 1 for page in pages
    )


class Type2Tag:
    """`Tag` on pages of four bytes."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit
        self._known: dict[int, bytes] = {}
        """Sixteen bytes from a page on, as read in this look."""

    def look(self, message: bytes) -> Found:
        self._known.clear()
        container = self._span(CONTAINER_AT, PAGE)
        if container == bytes(PAGE):
            maker = self._makers_container()
            if maker is None:
                return Found(Content.NOTHING, UNKNOWN_CHIP)
            return Found(Content.UNFORMATTED, self._hindrance(maker, message, with_container=True))
        if container[0] != 0xE1 or container[1] >> 4 != 1:
            return Found(Content.FOREIGN, OTHER_USE)
        if container[3] >> 4:
            return Found(Content.FOREIGN, NEEDS_KEY)
        return Found(self._content(container), self._hindrance(container, message))

    def write(self, message: bytes) -> None:
        self._known.clear()
        container, extra = self._span(CONTAINER_AT, PAGE), []
        if container == bytes(PAGE):
            container = self._makers_container() or container
            extra = [PageWrite(CONTAINER_AT // PAGE, container)]
        writes = plan(self._space(container), self._span, message)
        self._carry_out([*writes[:1], *extra, *writes[1:]])

    def message(self) -> bytes:
        self._known.clear()
        space = self._space(self._span(CONTAINER_AT, PAGE))
        return self._span(space.value.start, len(space.value)) if space.value else b""

    def lock(self) -> None:
        self._known.clear()
        container = self._span(CONTAINER_AT, PAGE)
        if container[2] not in LOCK_BITS:
            raise RefusedError(CANNOT_LOCK)
        page, bits = LOCK_BITS[container[2]]
        wanted = [
            (CONTAINER_AT // PAGE, b"\x00\x00\x00\x0f"),
            (page, bits + b"\x00"),
            (LOCKS_AT // PAGE, b"\x00\x00\xff\xff"),
        ]
        for number, mask in wanted:
            before = self._span(number * PAGE, PAGE)
            after = bytes(a | b for a, b in zip(before, mask, strict=True))
            if after != before:
                self._carry_out([PageWrite(number, after)])

    def _content(self, container: bytes) -> SignedCode | SunMessage | Content:
        value = self._space(container).value
        if value is None:
            return Content.GARBLED
        if len(value) > MAX_MESSAGE_BYTES:
            return Content.FOREIGN
        return content_of(self._span(value.start, len(value)) if value else b"")

    def _space(self, container: bytes) -> Space:
        return survey(self._span, container[2] * 8)

    def _hindrance(self, container: bytes, message: bytes, *, with_container: bool = False) -> str:
        if container[3]:
            return READ_ONLY if container[3] & 0x0F == 0x0F else NEEDS_KEY
        space = self._space(container)
        needed = len(block(message))
        if space.at + needed > space.end:
            return no_room(space.end - space.at, needed)
        if space.at + needed > space.reserved:
            return ODD_LAYOUT
        pages = pages_of(space, message)
        if with_container:
            pages = range(CONTAINER_AT // PAGE, pages.stop)
        locks, dynamic = self._span(LOCKS_AT, 2), bytes(2)
        if container[2] in LOCK_BITS:
            dynamic = self._span(LOCK_BITS[container[2]][0] * PAGE, 2)
        return READ_ONLY if is_locked(locks, dynamic, container[2], pages) else ""

    def _makers_container(self) -> bytes | None:
        """What the container of a blank chip would be, by its size."""
        for pages, container in CONTAINERS.items():
            if self._has(pages - 1) and not self._has(pages):
                return container
        return None

    def _carry_out(self, writes: list[PageWrite]) -> None:
        for number, one in enumerate(writes):
            command = WRITE + bytes([one.page, PAGE]) + one.content
            if not any(self._transmit(command) == DONE for _ in range(TRIES)):
                self._make_sure_of_card()
                raise RefusedError(STOPS_WRITING if number else REFUSES)

    def _span(self, at: int, size: int) -> bytes:
        pages = range(at // PAGE, (at + size - 1) // PAGE + 1)
        content = b"".join(self._page(page) for page in pages)
        return content[at % PAGE :][:size]

    def _page(self, page: int) -> bytes:
        start = page - page % PAGES_READ
        if start not in self._known:
            read = self._read(start)
            if read is None:
                raise RefusedError(NOT_SENSIBLE)
            self._known[start] = read
        return self._known[start][page % PAGES_READ * PAGE :][:PAGE]

    def _has(self, page: int) -> bool:
        return self._read(page) is not None

    def _read(self, page: int) -> bytes | None:
        """Four pages; None: the tag will not give them."""
        if page > 0xFF:
            return None
        for _ in range(TRIES):
            answer = self._transmit(READ + bytes([page, PAGE * PAGES_READ]))
            if len(answer) == PAGE * PAGES_READ + len(DONE) and answer.endswith(DONE):
                return answer[: -len(DONE)]
        self._make_sure_of_card()
        return None

    def _make_sure_of_card(self) -> None:
        """The reader says the same whether a card refuses or is gone. Raises CardSlippedError."""
        answer = self._transmit(READ + bytes([0, PAGE * PAGES_READ]))
        if not answer.endswith(DONE) or len(answer) != PAGE * PAGES_READ + len(DONE):
            raise CardSlippedError
