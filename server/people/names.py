"""What can be somebody's name, in any script."""

import unicodedata

LONGEST = 80
"""Characters."""
_BESIDE_LETTERS = frozenset(" -'’ʼ.·\u200c\u200d")
"""Spaces and marks within names; the last two join letters in Persian and in Indian scripts."""

RULE = (
    f"must be 1 to {LONGEST} characters: letters, spaces, hyphens, apostrophes and full stops only"
)


def is_name(text: str) -> bool:
    """Letters of any script with what may stand between them. What a spreadsheet would run, what
    no one can see, and pictures are none."""
    if not 1 <= len(text) <= LONGEST or text != text.strip():
        return False
    kinds = [unicodedata.category(character)[0] for character in text]
    return kinds[0] == "L" and all(
        kind in "LM" or character in _BESIDE_LETTERS
        for kind, character in zip(kinds, text, strict=True)
    )


def plain(text: str) -> str:
    """For comparing names: as they are written, but for capitals and the ways to store a letter."""
    return unicodedata.normalize("NFC", text).casefold()
