"""What scanners send and type, with invented codes.

What a scanner adds to a code stays: what it puts before, between and behind. Of any other text the
kinds of characters stay.
"""

import re
from bisect import bisect_right
from itertools import accumulate

from msgspec.structs import replace

from kiosk.readers.keystrokes import LAYOUTS, UNKNOWN, Keystrokes, Stroke, character
from kiosk.readers.scanned import Scan
from presence.card import SignedCode
from presence.credential import PREFIX
from tests.hardware_mocks.traces.invention import Invention
from tests.hardware_mocks.traces.trace import From, Item, Keys

_PIECES = re.compile(r"([\r\n\t\x03\x04])")
_OURS = re.compile(
    r"([^A-Za-z0-9\]]*(?:\][A-Za-z][0-9A-Za-z])?[0-9A-Za-z]{0,3})(TS1:.*)", re.DOTALL
)
_CONTROL = {*map(chr, range(32)), *map(chr, range(127, 160))}


def invented_stream(items: list[Item], invention: Invention) -> list[Item]:
    """As many lines of what a scanner on a serial line sent, in pieces of the same sizes."""
    pieces = [bytes.fromhex(item.said) if isinstance(item, From) else b"" for item in items]
    stream = b"".join(pieces).decode("latin-1")
    told = "".join(_scan(piece, invention) for piece in _PIECES.split(stream)).encode("latin-1")
    ends = list(accumulate(map(len, pieces), initial=0))
    return [
        replace(item, said=told[start:end].hex()) if isinstance(item, From) else item
        for item, start, end in zip(items, ends, ends[1:], strict=False)
    ]


def _scan(piece: str, invention: Invention) -> str:
    clean = "".join(char for char in piece if char not in _CONTROL)
    ours = _OURS.fullmatch(clean)
    told = iter(ours[1] + invention.text(ours[2]) if ours else invention.text(clean))
    return "".join(char if char in _CONTROL else next(told) for char in piece)


EV_KEY, DOWN, UP = 1, 1, 0
LETTERS = (*range(16, 26), *range(30, 39), *range(44, 51))
DIGITS = tuple(range(2, 12))
KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_KEYPAD_KEYS = {digit: key for key, digit in KEYPAD.items()}
_ELSEWHERE = (20, 21, 44)
"""T, and the two that stand elsewhere in Germany: never invented."""
TERMINATORS = (15, 28, 96)
CTRL, SHIFT, ALT, ALT_GR = (29, 97), (42, 54), 56, 100
SILENT = (*CTRL, *SHIFT, ALT, ALT_GR, 58, 69, 70)
CHANGED_KEYS = {*LETTERS, *DIGITS, *KEYPAD}
Event = tuple[int, int, int]


def invented_keys(items: list[Item], invention: Invention) -> list[Item]:
    """As many lines of what a scanner typed, with as many keys."""
    counts = [len(item.events) if isinstance(item, Keys) else 0 for item in items]
    events = [event for item in items if isinstance(item, Keys) for event in item.events]
    told = _Typing(invention).told(events)
    for original, invented in zip(_codes(events), _codes(told), strict=True):
        invention.texts[original] = invented
    ends = list(accumulate(counts, initial=0))
    return [
        replace(item, events=told[start:end]) if isinstance(item, Keys) else item
        for item, start, end in zip(items, ends, ends[1:], strict=False)
    ]


def _codes(events: list[Event]) -> list[str]:
    """The codes of ours that a kiosk hears in these."""
    keystrokes, scans = Keystrokes(), list[Scan]()
    for kind, key, value in events:
        if kind == EV_KEY and value == DOWN:
            scans += keystrokes.press(key)
        elif kind == EV_KEY and value == UP:
            keystrokes.release(key)
    while keystrokes.is_busy:
        scans += keystrokes.quiet()
    return [scan.outcome.text for scan in scans if isinstance(scan.outcome, SignedCode)]


class _Typing:
    """The strokes of a recording, scan by scan."""

    def __init__(self, invention: Invention) -> None:
        self._invention = invention
        self._strokes: list[tuple[Stroke, list[int]]] = []
        """Each with the events in which its keys go down."""
        self._instead: dict[int, int] = {}
        """Another key, by the event."""
        self._events: list[Event] = []
        self._down: set[int] = set()
        self._number: list[tuple[int, int]] = []

    def told(self, events: list[Event]) -> list[Event]:
        self._events = events
        for at, (kind, key, value) in enumerate(events):
            if kind == EV_KEY and value == DOWN:
                self._press(at, key)
            elif kind == EV_KEY and value == UP:
                self._release(key)
        self._end()
        return self._retyped(events)

    def _press(self, at: int, key: int) -> None:
        self._down.add(key)
        if key in TERMINATORS or (self._down & {*CTRL} and key in (36, 50)):
            self._end()
        elif ALT in self._down and key in KEYPAD:
            self._number.append((at, key))
        elif key not in SILENT:
            is_alt_gr = ALT_GR in self._down
            stroke = Stroke(key, bool(self._down & {*SHIFT}), is_alt_gr)
            self._strokes.append((stroke, [at]))

    def _release(self, key: int) -> None:
        self._down.discard(key)
        if key == ALT and self._number:
            number = int("".join(KEYPAD[key] for _, key in self._number)[-4:])
            places = [at for at, _ in self._number]
            self._strokes.append((Stroke(0, char=chr(number % 256)), places))
            self._number = []

    def _end(self) -> None:
        """A scan is over: find other keys for it."""
        strokes, self._strokes = self._strokes, []
        text = _text([stroke for stroke, _ in strokes])
        begins = [found.start() for found in re.finditer(PREFIX, text, re.IGNORECASE)]
        changed: list[tuple[int, ...]] = []
        for at, (stroke, places) in enumerate(strokes):
            since = bisect_right(begins, at) - 1
            begin = begins[since] if since >= 0 else 0
            if since < 0 or at >= begin + len(PREFIX):
                about = f"{begin >= 0}{text[begin : at + 1]}"
                self._instead |= self._other_keys(stroke, places, about)
                changed.append(tuple(self._events[place][1] for place in places))
        self._invention.strokes.add(tuple(changed))

    def _other_keys(self, stroke: Stroke, places: list[int], about: str) -> dict[int, int]:
        if stroke.key in LETTERS:
            letters = "".join(chr(key) for key in LETTERS if key not in _ELSEWHERE)
            return {places[0]: ord(self._invention.one_of(letters, about))}
        if stroke.key in DIGITS and not stroke.is_shifted and not stroke.is_alt_gr:
            return {places[0]: ord(self._invention.one_of("".join(map(chr, DIGITS)), about))}
        if stroke.key in KEYPAD:
            return {places[0]: _KEYPAD_KEYS[self._invention.one_of("0123456789", about)]}
        if stroke.key == 0:
            number = f"{ord(self._other_char(stroke.char, about)):0{len(places)}}"
            digits = number[-len(places) :]
            return {at: _KEYPAD_KEYS[digit] for at, digit in zip(places, digits, strict=True)}
        return {}

    def _other_char(self, char: str, about: str) -> str:
        if char.isdecimal():
            return self._invention.one_of("0123456789", about)
        letters = "ABCDEFGHIJKLMNOPQRS"  # each with two digits, as a small "t" has not
        return self._invention.one_of(letters, about) if char.isalpha() else char

    def _retyped(self, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        held: dict[int, int] = {}
        for at, (kind, key, value) in enumerate(events):
            if kind != EV_KEY:
                told.append((kind, key, value))
                continue
            if value == DOWN:
                held[key] = self._instead.get(at, key)
            told.append((kind, held.get(key, key), value))
            if value == UP:
                held.pop(key, None)
        return told


def _text(strokes: list[Stroke]) -> str:
    """What they say in the layout that knows most of it: one character for each stroke."""
    readings = [
        "".join(character(stroke, layout, is_caps) or UNKNOWN for stroke in strokes)
        for is_caps in (False, True)
        for layout in LAYOUTS.values()
    ]
    return max(readings, key=lambda text: (text.count(PREFIX), -text.count(UNKNOWN)))
