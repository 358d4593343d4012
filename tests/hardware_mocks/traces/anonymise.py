"""A recording without anything that is anybody's, and the check that nothing of it is left."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.events import Presented, ReaderEvent
from presence.card import SUN_PREFIX, ChipUid, Evidence, SignedCode, SunMessage, Unreadable
from presence.credential import PREFIX
from tests.hardware_mocks.traces.apdus import CardTalk
from tests.hardware_mocks.traces.invention import Invention
from tests.hardware_mocks.traces.pn532 import Pn532Anonymiser
from tests.hardware_mocks.traces.scans import (
    CHANGED_KEYS,
    DOWN,
    EV_KEY,
    SILENT,
    invented_keys,
    invented_stream,
)
from tests.hardware_mocks.traces.trace import (
    Asked,
    CardCame,
    Item,
    Keys,
    Trace,
    TraceError,
    contents,
    expected,
    read_trace,
)

WINDOW, TELLING = 8, 6
"""So many characters in a row are looked for, so many of them letters and digits."""
TELLING_BYTES = 4


def anonymised(recorded: Trace, invention: Invention) -> Trace:
    """The same dialogue about invented cards. Raises TraceError for what nobody here knows, and
    that is not known to be harmless."""
    match recorded.header.family:
        case "pn532":
            items = Pn532Anonymiser(invention).told(recorded.items)
        case "pcsc":
            items = _cards(recorded.items, invention)
        case "serial_scanner":
            items = invented_stream(recorded.items, invention)
        case "hid_scanner":
            items = invented_keys(recorded.items, invention)
        case family:
            raise TraceError(f"{family} is not recorded")
    told = [expected(_event(line.told(), invention), line.after) for line in recorded.expected]
    return Trace(recorded.header, items, told)


def _cards(items: list[Item], invention: Invention) -> list[Item]:
    """Each card's dialogue is one, from its coming on."""
    told, asked, talk = list(items), list[int](), CardTalk(invention)
    for at, item in enumerate([*items, CardCame(0.0, "")]):
        if isinstance(item, Asked):
            answer = None if item.answer is None else bytes.fromhex(item.answer)
            talk.hear(bytes.fromhex(item.command), answer)
            asked.append(at)
        elif isinstance(item, CardCame):
            for place, instead in zip(asked, talk.told(), strict=True):
                before = told[place]
                assert isinstance(before, Asked)
                told[place] = replace(before, answer=None if instead is None else instead.hex())
            asked, talk = [], CardTalk(invention)
    return told


def _event(event: ReaderEvent, invention: Invention) -> ReaderEvent:
    if isinstance(event, Presented):
        return Presented(event.reader, _evidence(event.evidence, invention))
    return event


def _evidence(original: Evidence | Unreadable, invention: Invention) -> Evidence | Unreadable:
    """Raises TraceError for a card that is not in the trace."""
    try:
        match original:
            case SignedCode(text=text):
                return SignedCode(invention.texts[text])
            case ChipUid(uid=uid):
                return ChipUid(invention.serials[bytes.fromhex(uid)].hex().upper())
            case SunMessage(picc=picc, cmac=cmac, code=code):
                told = invention.texts[SUN_PREFIX + picc + cmac].removeprefix(SUN_PREFIX)
                instead = None if code is None else invention.texts[code]
                return SunMessage(told[: len(picc)], told[len(picc) :], instead)
            case Unreadable():
                return original
    except KeyError:
        raise TraceError("the reader told of something that is not in the trace") from None


def leaks(path: Path, invention: Invention) -> list[str]:
    """What kinds of originals are found in a trace's file, in whatever form."""
    trace = read_trace(path)
    wire = [bytes.fromhex(content) for item in trace.items for content in contents(item)]
    words = [msgspec.json.encode(line) for line in (trace.header, *trace.expected)]
    haystacks = [b"".join(words).upper(), b"".join(wire), *wire]
    found = []
    if any(_is_in(needle, haystacks) for needle in _serial_needles(invention)):
        found.append("a serial number")
    if any(_is_in(needle, haystacks) for needle in _text_needles(invention)):
        found.append("a text")
    typed = _typed(trace)
    if any(run in typed for strokes in invention.strokes for run in _runs(strokes)):
        found.append("keys of a text")
    return found


def _is_in(needle: bytes, haystacks: list[bytes]) -> bool:
    return any(needle in haystack for haystack in haystacks)


def _serial_needles(invention: Invention) -> set[bytes]:
    """What does not belong to the kind of chip; there and back, as bytes and as digits."""
    telling = [serial[1:] if len(serial) > 4 else serial for serial in invention.serials]
    both = {way for serial in telling for way in (serial, serial[::-1])}
    return {form for way in both if len(way) >= TELLING_BYTES for form in _forms(way)}


def _text_needles(invention: Invention) -> set[bytes]:
    needles: set[bytes] = set()
    for text in invention.texts:
        bare = text.removeprefix(SUN_PREFIX).replace(PREFIX, "")
        runs = {bare[at : at + WINDOW] for at in range(max(1, len(bare) - WINDOW + 1))}
        for run in runs:
            if sum(char.isalnum() and char.isascii() for char in run) >= TELLING:
                for way in (run, run[::-1]):
                    needles |= _forms(way.encode()) | _forms(way.encode("utf-16-be"))
                needles.add(run.upper().encode())
    return needles


def _forms(content: bytes) -> set[bytes]:
    return {content, content.hex().upper().encode()}


def _runs(strokes: tuple[tuple[int, ...], ...]) -> set[str]:
    """Keys for as many characters as tell something, each key as a character."""
    runs = (strokes[at : at + WINDOW] for at in range(len(strokes) - WINDOW + 1))
    return {
        "".join(chr(key) for keys in run for key in keys)
        for run in runs
        if sum(keys[0] in CHANGED_KEYS for keys in run) >= TELLING
    }


def _typed(trace: Trace) -> str:
    return "".join(
        chr(key)
        for item in trace.items
        if isinstance(item, Keys)
        for kind, key, value in item.events
        if kind == EV_KEY and value == DOWN and key not in SILENT
    )
