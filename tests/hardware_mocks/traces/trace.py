"""The file that a trace is kept in: JSON, line by line.

The first line is the `Header`. Then comes what went over the wire, in its order, with seconds
since the beginning. The last lines are `Expected`: what the kiosk's own reader told, and after how
many of the lines before. Whatever was on the wire is in hexadecimal digits.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.events import Presented, ReaderEvent, ReaderFaltering, ReaderReady, Removed

ACK = "ack"
"""In the place of a PN532's frame: an acknowledgement, which has no content."""
READER = "hall"
"""What a recorded reader is called."""
_KINDS: dict[str, type[ReaderEvent]] = {
    kind.__name__: kind for kind in (Presented, Removed, ReaderReady, ReaderFaltering)
}


class TraceError(ValueError):
    """The file is no trace, or the trace cannot be used. Says where and why."""


class Header(Struct, frozen=True, tag_field="line", tag="trace"):
    family: str
    recorded_from: str
    """In words: which device, or that it was an emulator."""
    looks_until_gone: int
    """Of the reader's `Pace`."""
    model: str = ""
    """Maker and model of a PC/SC reader, as its name begins."""


class To(Struct, frozen=True, tag_field="line", tag="to"):
    """The host says this: the content of a PN532's frame, or ACK."""

    t: float
    said: str


class From(Struct, frozen=True, tag_field="line", tag="from"):
    """The device says this: the content of a PN532's frame or ACK; or what a scanner sends."""

    t: float
    said: str


class CardCame(Struct, frozen=True, tag_field="line", tag="card"):
    """A card lies on a PC/SC reader. No `atr`: it is mute."""

    t: float
    atr: str


class CardWent(Struct, frozen=True, tag_field="line", tag="gone"):
    t: float


class Asked(Struct, frozen=True, tag_field="line", tag="apdu"):
    """A command to the card or its reader, and the answer with its status. None: the exchange
    failed."""

    t: float
    command: str
    answer: str | None


class Keys(Struct, frozen=True, tag_field="line", tag="keys"):
    """Type, code and value of each event of an input device (linux/input.h)."""

    t: float
    events: list[tuple[int, int, int]]


class Expected(Struct, frozen=True, tag_field="line", tag="expected"):
    """What the reader told, once the first `after` lines had been on the wire."""

    after: int
    event: str
    content: msgspec.Raw

    def told(self) -> ReaderEvent:
        """The event."""
        return msgspec.json.decode(self.content, type=_KINDS[self.event])


Item = To | From | CardCame | CardWent | Asked | Keys
_LINE = msgspec.json.Decoder(Header | Item | Expected)


class Trace(Struct, frozen=True):
    header: Header
    items: list[Item]
    expected: list[Expected]


def expected(event: ReaderEvent, after: int) -> Expected:
    """The line of an event. Raises TraceError for one that is not replayed."""
    name = type(event).__name__
    if name not in _KINDS:
        raise TraceError(f"{name} is not replayed")
    return Expected(after, name, msgspec.Raw(msgspec.json.encode(event)))


def write_trace(trace: Trace, path: Path) -> None:
    """Raises FileExistsError rather than replace a trace."""
    lines = [trace.header, *trace.items, *trace.expected]
    with path.open("xb") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)


def read_trace(path: Path) -> Trace:
    """Raises TraceError with the number of the line that is none, and OSError."""
    header: Header | None = None
    items: list[Item] = []
    told: list[Expected] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        item = _parsed(line, f"{path.name}, line {number}")
        if isinstance(item, Header) != (number == 1):
            raise TraceError(f"{path.name}, line {number}: the header is the first line")
        if isinstance(item, Header):
            header = item
        elif isinstance(item, Expected):
            told.append(item)
        elif told:
            raise TraceError(f"{path.name}, line {number}: what is expected comes last")
        else:
            items.append(item)
    if header is None:
        raise TraceError(f"{path.name} is empty")
    return Trace(header, items, told)


def _parsed(line: bytes, place: str) -> Header | Item | Expected:
    try:
        item: Header | Item | Expected = _LINE.decode(line)
        if isinstance(item, Expected):
            item.told()
        for content in contents(item):
            bytes.fromhex(content)
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise TraceError(f"{place}: {error}") from None
    return item


def contents(item: Header | Item | Expected) -> list[str]:
    """All bytes of a line, in hexadecimal digits."""
    match item:
        case To(said=said) | From(said=said):
            return [] if said == ACK else [said]
        case CardCame(atr=atr):
            return [atr]
        case Asked(command=command, answer=answer):
            return [command, answer or ""]
        case _:
            return []


Tell = Callable[[ReaderEvent], None]
