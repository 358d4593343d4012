"""What stands in a trace for serial numbers and texts: invented, as long, and of the same shape.

One original becomes the same invention wherever it stands in a trace, and another one in the next
trace: the key is drawn anew and kept nowhere. A text that is known in part becomes a part of what
the whole text becomes.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable

from presence.card import SUN_PREFIX
from presence.credential import PREFIX

BASE45 = string.digits + string.ascii_uppercase + " $%*+-./:"
"""In the order of their values (RFC 9285, table 1)."""
_LAST_OF_THREE, _LAST_OF_TWO = 32, 5
"""So many of the first characters are sound in the last place of a group, whatever is before."""
_DIGITS, _HEX = string.digits, "0123456789ABCDEF"
_SMALL = string.ascii_lowercase.replace("t", "")
"""An invented text must not begin like one of ours by chance."""
_LONGER = {2: "ø", 3: "€", 4: "\U0001f600"}
_Invented = Callable[[str, int], str]
"""One character, by the whole original and its place in it."""
RANDOM, CASCADE_TAG = 0x08, 0x88
"""First bytes of four that have a meaning (ISO/IEC 14443-3, section 6.5.4)."""


class Invention:
    """Everything that was invented for one trace, by its original."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self.serials: dict[bytes, bytes] = {}
        self.texts: dict[str, str] = {}
        self.strokes: set[tuple[tuple[int, ...], ...]] = set()
        """Of each scan that was typed: the keys for each of its characters."""

    def serial(self, original: bytes) -> bytes:
        """A serial number of the same kind: the maker's byte stays, and that one is random."""
        if original not in self.serials:
            self.serials[original] = self._serial(original)
        return self.serials[original]

    def text(self, original: str) -> str:
        """A text of ours stays one of ours, and any other stays any other."""
        if original.startswith(SUN_PREFIX):
            told = SUN_PREFIX + self._each(original[len(SUN_PREFIX) :], self._hex)
            self.texts[original.upper()] = told.upper()
        elif PREFIX in original:
            before, *codes = original.split(PREFIX)
            told = self._each(before, self._of_its_class) + "".join(map(self._code, codes))
        else:
            told = self._each(original, self._of_its_class)
        self.texts[original] = told
        return told

    def one_of(self, choices: str, about: str) -> str:
        """A character that hangs on all of `about`."""
        return choices[self._number(about.encode("utf-16-le", "surrogatepass")) % len(choices)]

    def _serial(self, original: bytes) -> bytes:
        if not original:
            return b""
        is_kept = len(original) > 4 or original[0] == RANDOM
        for attempt in range(1000):
            drawn = self._drawn(original + bytes([attempt % 256, attempt // 256]))
            told = original[: int(is_kept)] + drawn[int(is_kept) : len(original)]
            if told[-3:] != original[-3:] and (is_kept or told[0] not in (RANDOM, CASCADE_TAG)):
                return told
        raise AssertionError("no serial number can be invented")

    def _code(self, original: str) -> str:
        """A code without its beginning, and what a scanner may have sent behind it."""
        size = next((at for at, char in enumerate(original) if char not in BASE45), len(original))

        def invented(whole: str, at: int) -> str:
            if at >= size:
                return self._of_its_class(whole, at)
            if at % 3 == 2:
                choices = BASE45[:_LAST_OF_THREE]
            elif at % 3 == 1 and at == size - 1:
                choices = BASE45[:_LAST_OF_TWO]
            else:
                choices = BASE45.replace(" ", "").replace(":", "")
            return self.one_of(choices, whole[: at + 1])

        told = PREFIX + self._each(original, invented)
        self.texts[PREFIX + original[:size]] = told[: len(PREFIX) + size]
        return told

    def _hex(self, whole: str, at: int) -> str:
        if not re.match("[0-9A-Fa-f]", whole[at]):
            return self._of_its_class(whole, at)
        told = self.one_of(_HEX, whole[: at + 1])
        return told.lower() if whole[at].islower() else told

    def _of_its_class(self, whole: str, at: int) -> str:
        char, before = whole[at], whole[: at + 1]
        if char in _DIGITS:
            return self.one_of(_DIGITS, before)
        if char in string.ascii_letters:
            told = self.one_of(_SMALL, before)
            return told.upper() if char.isupper() else told
        return _LONGER[len(char.encode())] if char > "\x7f" else char

    def _each(self, original: str, invented: _Invented) -> str:
        return "".join(invented(original, at) for at in range(len(original)))

    def _number(self, about: bytes) -> int:
        return int.from_bytes(self._drawn(about)[:8])

    def _drawn(self, about: bytes) -> bytes:
        return hmac.digest(self._key, about, hashlib.sha256)
