"""From what a scanner sends to one code at a time.

A scanner is silent until something is scanned, and has no card that rests on it. What was scanned
counts as held up for a moment after, so that a scanner that says the same code again and again, for
as long as it is before it, presents it once.
"""

import re
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from kiosk.readers.codes import our_code
from presence.base45 import decode
from presence.card import MAX_CODE_CHARACTERS, Evidence, SignedCode, Unreadable
from presence.credential import PREFIX

LONGEST_QR = 7089
"""Digits in the largest QR code (ISO/IEC 18004, version 40 at level L). Nothing else that a scanner
reads is longer."""
NOISE_CHARACTERS = 4
"""So many more a scanner may be set to send behind a code."""
_BEFORE = r"(?:\][A-Za-z][0-9A-Za-z])?[0-9A-Za-z]{0,3}"
"""What a scanner may be set to send before a code: the AIM identifier of its symbology (ISO/IEC
15424, such as `]Q1`), and a maker's own of up to three letters or digits."""
_OURS = re.compile(_BEFORE + "(" + re.escape(PREFIX) + r"[0-9A-Z $%*+\-./:]*)(.*)", re.DOTALL)
_ENDS = re.compile(rb"[\r\n\t\x03\x04]")
_BLANK = "".join(map(chr, [*range(33), *range(127, 256)]))
"""Control characters, blanks, and what a line without a scanner on it sends."""
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])


class Scan(Struct, frozen=True):
    """One thing that a scanner has read."""

    card: bytes
    """What makes two scans the same card. All that says nothing to us is one and the same, so that
    a visiting card of ten lines is told once."""
    outcome: Evidence | Unreadable


def scans_in(text: str) -> list[Scan]:
    """What a scanner has sent up to its terminator; nothing, if that is nothing but noise.

    Several codes may be glued together, where the scanner sends no terminator. A code of ours may
    hold `TS1:` itself, by chance: only what cannot be one code is taken apart.
    """
    text = text.translate(_CONTROL) if PREFIX in text else text
    if not text.strip(_BLANK):
        return []
    return [_scan(part) for part in _apart(text)]


def too_long() -> Scan:
    """More was sent than any code has."""
    return _of(Unreadable.TOO_LONG)


def garbled() -> Scan:
    """Something was sent, and a part of it was lost."""
    return _of(Unreadable.GARBLED)


class Lines:
    """Takes apart what a scanner on a serial line sends, which comes in pieces of any size.

    A scan ends with CR, LF, Tab, ETX or EOT, or when nothing has come for `quiet_looks` looks.
    """

    def __init__(self, quiet_looks: int = 2) -> None:
        self._quiet_looks = quiet_looks
        self._begun = bytearray()
        self._quiet = 0
        self._is_too_long = False

    @property
    def is_busy(self) -> bool:
        """Has a scan begun and not ended?"""
        return bool(self._begun) or self._is_too_long

    def feed(self, received: bytes) -> list[Scan]:
        """The scans that end with what has been received."""
        self._quiet = 0
        *ended, begun = _ENDS.split(received)
        scans = []
        for piece in ended:
            self._add(piece)
            scans += self._end()
        self._add(begun)
        return scans

    def quiet(self) -> list[Scan]:
        """Nothing came in a whole look. The scan that ends with that, if any."""
        self._quiet += 1
        return self._end() if self._quiet >= self._quiet_looks else []

    def _add(self, piece: bytes) -> None:
        room = LONGEST_QR + NOISE_CHARACTERS - len(self._begun)
        self._is_too_long = self._is_too_long or len(piece) > room
        self._begun += piece[: max(room, 0)]

    def _end(self) -> list[Scan]:
        text = self._begun.decode("latin-1")
        is_too_long = self._is_too_long
        self._begun.clear()
        self._is_too_long = False
        return [too_long()] if is_too_long else scans_in(text)


class Held:
    """What was scanned last, for as long as it counts as held up: `looks` looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._left = 0
        self._waiting: deque[Scan] = deque()
        self._scan: Scan | None = None

    @property
    def has_more(self) -> bool:
        """Is there a scan that no look has found yet?"""
        return bool(self._waiting)

    def add(self, scans: Iterable[Scan]) -> None:
        """These have been scanned, in this order."""
        self._waiting.extend(scans)

    def look(self, is_busy: bool = False) -> Scan | None:
        """What is held up. While the scanner `is_busy` with the next scan, which may be the same
        once more and may take seconds, nothing is over."""
        if self._waiting:
            self._scan, self._left = self._waiting.popleft(), self._looks
        elif not is_busy:
            self._left -= 1
            if self._left <= 0:
                self._scan = None
        return self._scan


def _apart(text: str) -> list[str]:
    first = text.find(PREFIX)
    if first < 0 or text.find(PREFIX, first + 1) < 0 or _is_one(text[first:]):
        return [text]
    before, *parts = text.split(PREFIX)
    pieces = [PREFIX + part for part in parts]
    return [before + pieces[0], *pieces[1:]]


def _is_one(text: str) -> bool:
    if len(text) > MAX_CODE_CHARACTERS:
        return False
    try:
        decode(text.removeprefix(PREFIX))
    except ValueError:
        return False
    return True


def _scan(text: str) -> Scan:
    found = _OURS.fullmatch(text.lstrip(_BLANK.replace(" ", "")))
    if found is None:
        return _of(Unreadable.UNSUPPORTED)
    code, behind = found.groups()
    evidence = our_code(code) or Unreadable.UNSUPPORTED
    if isinstance(evidence, SignedCode):
        if len(behind) > NOISE_CHARACTERS:
            return garbled()
        return Scan(evidence.text.encode(), evidence)
    return _of(evidence)


def _of(why: Evidence | Unreadable) -> Scan:
    return Scan(str(why).encode(), why)
