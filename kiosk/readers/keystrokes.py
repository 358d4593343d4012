"""From the keys that a scanner presses to the text it has read.

A scanner that types like a keyboard sends keys, not characters: which character a key means is up
to the layout that the scanner was set to, and nobody at the door knows which that is. So what was
typed is read in every layout we know, and the one in which it is a code of ours counts; the
signature decides afterwards. Numbers of keys are those of the kernel (linux/input-event-codes.h).
"""

from collections.abc import Mapping
from typing import NamedTuple

from kiosk.readers.scanned import LONGEST_QR, NOISE_CHARACTERS, Scan, garbled, scans_in, too_long
from presence.card import SignedCode

TAB, ENTER, KEYPAD_ENTER = 15, 28, 96
CTRL, SHIFT = frozenset({29, 97}), frozenset({42, 54})
ALT, ALT_GR = 56, 100
_J, _M = 36, 50
UNKNOWN = "\ufffd"
QUIET_LOOKS, GAPS = 20, 4
"""Without a terminator a scan ends after so many quiet looks, and after so many times its longest
gap: there are scanners that take their time between two keys."""

_ROWS = ((2, "1234567890"), (16, "qwertyuiop"), (30, "asdfghjkl"), (44, "zxcvbnm"), (57, " "))
_COMMON = {key: char for first, row in _ROWS for key, char in enumerate(row, first)}
_KEYPAD = {
    **dict(enumerate("789-456+1230.", 71)),
    55: "*",
    98: "/",
}
_TYPING = frozenset({*range(2, 14), *range(16, 28), *range(30, 42), *range(43, 54), 57, 86}) | {
    *_KEYPAD
}
"""Keys that type something. Others, such as Num Lock, are pressed for reasons of their own; whether
Caps Lock is on is tried out."""
KEYPAD_DIGITS = {key: char for key, char in _KEYPAD.items() if char.isdigit()}


class Stroke(NamedTuple):
    """A key pressed with its modifiers, or a character given by its number (`key` 0)."""

    key: int
    is_shifted: bool = False
    is_alt_gr: bool = False
    char: str = ""


class Layout(NamedTuple):
    """What the keys mean that make a code of ours, besides letters, digits and the keypad."""

    plain: Mapping[int, str]
    shifted: Mapping[int, str]
    alt_gr: Mapping[int, str] = {}
    letters: Mapping[int, str] = {}
    """Those that stand elsewhere."""


LAYOUTS: Mapping[str, Layout] = {
    "us": Layout({12: "-", 52: ".", 53: "/"}, {5: "$", 6: "%", 9: "*", 13: "+", 39: ":"}),
    # Norwegian, Swedish and Danish differ only in what no code of ours has.
    "no, se, dk": Layout({12: "+", 52: ".", 53: "-"}, {6: "%", 8: "/", 43: "*", 52: ":"}, {5: "$"}),
    "de": Layout(
        {27: "+", 52: ".", 53: "-"},
        {5: "$", 6: "%", 8: "/", 27: "*", 52: ":"},
        letters={21: "z", 44: "y"},
    ),
}


def character(stroke: Stroke, layout: Layout, is_caps: bool) -> str:
    """What a stroke means in a layout; `is_caps`: caps lock is on."""
    key, is_shifted, is_alt_gr, char = stroke
    if char or key in _KEYPAD:
        return char or _KEYPAD[key]
    if is_alt_gr:
        return layout.alt_gr.get(key, UNKNOWN)
    plain = layout.letters.get(key) or _COMMON.get(key, "")
    if plain.isalpha():
        return plain.upper() if is_shifted ^ is_caps else plain
    if is_shifted and plain != " ":
        return layout.shifted.get(key, UNKNOWN)
    return plain or layout.plain.get(key, UNKNOWN)


class Keystrokes:
    """Takes apart what a scanner types. A scan ends with Enter or Tab, or when nothing has been
    typed for a while."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._strokes: list[Stroke] = []
        self._number = ""
        self._has_gap = False
        self._quiet = self._longest_quiet = 0

    @property
    def is_busy(self) -> bool:
        """Has a scan begun and not ended?"""
        return bool(self._strokes) or self._has_gap

    def press(self, key: int) -> list[Scan]:
        """A key goes down. The scans that end with it."""
        self._heard()
        self._down.add(key)
        if key in {TAB, ENTER, KEYPAD_ENTER} or (key in {_J, _M} and self._down & CTRL):
            return self._end()
        if ALT in self._down and key in KEYPAD_DIGITS:
            self._number = (self._number + KEYPAD_DIGITS[key])[-4:]
        elif key in _TYPING:
            self._type(key)
        return []

    def release(self, key: int) -> None:
        """A key goes up. Where Alt was held over digits of the keypad, that is a character."""
        self._heard()
        self._down.discard(key)
        if key == ALT and self._number:
            self._add(Stroke(0, char=chr(int(self._number) % 256)))
            self._number = ""

    def lost(self) -> None:
        """The kernel had no room for all keys: some of this scan are missing."""
        self._down.clear()
        self._has_gap = True

    def quiet(self) -> list[Scan]:
        """Nothing was typed in a whole look. The scan that ends with that, if any."""
        self._quiet += 1
        enough = max(QUIET_LOOKS, GAPS * self._longest_quiet)
        return self._end() if self.is_busy and self._quiet >= enough else []

    def _heard(self) -> None:
        if self.is_busy:
            self._longest_quiet = max(self._longest_quiet, self._quiet)
        self._quiet = 0

    def _type(self, key: int) -> None:
        is_alt_gr = ALT_GR in self._down or (ALT in self._down and bool(self._down & CTRL))
        if is_alt_gr or not self._down & CTRL:  # Ctrl and a letter: a control character
            self._add(Stroke(key, bool(self._down & SHIFT), is_alt_gr))

    def _add(self, stroke: Stroke) -> None:
        if len(self._strokes) <= LONGEST_QR + NOISE_CHARACTERS:
            self._strokes.append(stroke)

    def _end(self) -> list[Scan]:
        strokes, has_gap = self._strokes, self._has_gap
        self._strokes, self._number = [], ""
        self._has_gap = False
        self._quiet = self._longest_quiet = 0
        if has_gap:
            return [garbled()] if strokes else []
        if len(strokes) > LONGEST_QR + NOISE_CHARACTERS:
            return [too_long()]
        return typed(strokes)


def typed(strokes: list[Stroke]) -> list[Scan]:
    """What the strokes say, in the layout in which most of them are codes of ours."""
    readings = [
        scans_in("".join(character(stroke, layout, is_caps) for stroke in strokes))
        for is_caps in (False, True)
        for layout in LAYOUTS.values()
    ]
    return max(readings, key=_ours)


def _ours(scans: list[Scan]) -> int:
    return sum(len(scan.card) for scan in scans if isinstance(scan.outcome, SignedCode))
