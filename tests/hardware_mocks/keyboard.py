"""Which keys a scanner presses to type a text, by the layout it was set to.

Written from the layouts' own tables (xkeyboard-config: us, no, se, dk, de), and apart from the
tables that the kiosk reads them with: here characters have keys, there keys have characters.
"""

from collections.abc import Sequence

Keys = Sequence[tuple[int, int]]
"""Numbers of keys (linux/input-event-codes.h), and whether they go down (1), up (0) or repeat
(2)."""

SHIFT, ALT_GR, ALT, CAPS_LOCK, ENTER, TAB = 42, 100, 56, 58, 28, 15
_LETTERS = {
    char: code
    for first, row in ((16, "qwertyuiop"), (30, "asdfghjkl"), (44, "zxcvbnm"))
    for code, char in enumerate(row, first)
}
_DIGITS = {char: code for code, char in enumerate("1234567890", 2)}
_KEYPAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))

_Chart = dict[str, tuple[int, tuple[int, ...]]]


def _chart(plain: dict[str, int], shifted: dict[str, int], third: dict[str, int]) -> _Chart:
    rows = ((plain, ()), (shifted, (SHIFT,)), (third, (ALT_GR,)))
    return {char: (key, held) for row, held in rows for char, key in row.items()}


_SHARED = {"%": 6, "/": 8, ":": 52, "?": 12, "=": 11, "_": 53, "&": 7}
_NORDIC = _chart(
    {"+": 12, "-": 53, ".": 52, ",": 51, "å": 26}, {**_SHARED, "*": 43, "#": 4}, {"$": 5}
)
LAYOUTS = {
    "us": _chart(
        {"-": 12, "=": 13, ".": 52, "/": 53, ",": 51},
        {"$": 5, "%": 6, "*": 9, "+": 13, ":": 39, "?": 53, "_": 12, "&": 8, "#": 4},
        {},
    ),
    "no": _NORDIC | _chart({"ø": 39, "æ": 40, "|": 41}, {}, {}),
    "se": _NORDIC | _chart({"ö": 39, "ä": 40, "§": 41}, {}, {}),
    "dk": _NORDIC | _chart({"æ": 39, "ø": 40, "½": 41}, {}, {}),
    "de": _chart(
        {"+": 27, "-": 53, ".": 52, ",": 51, "#": 43, "z": 21, "y": 44, "ß": 12, "ü": 26},
        {**_SHARED, "$": 5, "*": 27, "Z": 21, "Y": 44},
        {},
    ),
}


def typed(text: str, layout: str = "us", end: int | None = ENTER) -> Keys:
    """The keys for a text and its terminator. Raises KeyError for what the layout has not."""
    keys = [key for char in text for key in stroke(*_key(char, LAYOUTS[layout]))]
    return keys if end is None else [*keys, *stroke(end)]


def typed_by_number(text: str, end: int = ENTER) -> Keys:
    """The keys for a scanner that types the number of each character while it holds Alt."""
    keys: list[tuple[int, int]] = []
    for char in text:
        digits = [key for digit in f"{ord(char):04}" for key in stroke(_KEYPAD[digit])]
        keys += [(ALT, 1), *digits, (ALT, 0)]
    return [*keys, *stroke(end)]


def with_caps_lock(keys: Keys) -> Keys:
    """The keys of a scanner that switches caps lock on and off around what it types."""
    last = len(keys) - 2
    return [*stroke(CAPS_LOCK), *keys[:last], *stroke(CAPS_LOCK), *keys[last:]]


def stroke(code: int, modifiers: Sequence[int] = ()) -> Keys:
    """One key, with those that are held meanwhile."""
    down = [(modifier, 1) for modifier in modifiers]
    up = [(modifier, 0) for modifier in reversed(modifiers)]
    return [*down, (code, 1), (code, 0), *up]


def _key(char: str, layout: _Chart) -> tuple[int, tuple[int, ...]]:
    if char in layout:
        return layout[char]
    if char in _DIGITS:
        return _DIGITS[char], ()
    if char == " ":
        return 57, ()
    return _LETTERS[char.lower()], (SHIFT,) if char.isupper() else ()
