"""Which of the codes in a camera's picture is the card that is held up.

A camera sees more than one thing, and not in every picture. So a code of ours stays the one that
counts until it has been out of the picture for a while, whatever else comes into it: two people
side by side are not told apart by chance. Anything else, such as a web address on the card's other
half or on a poster, is told once, if nothing of ours is seen for a few looks; after that it belongs
to the scenery for as long as it stays. Only a hash is remembered of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.readers.codes import our_code
from presence.card import SignedCode

LOOKS_UNTIL_TOLD = 5
"""So often something that is none of ours is seen before anybody is told."""


@dataclass(slots=True)
class _Stranger:
    looks: int = 0
    misses: int = 0
    is_told: bool = False


class Attention:
    """What was seen in the last `looks_until_gone` looks, and what it was taken for."""

    def __init__(self, looks_until_gone: int) -> None:
        self._looks_until_gone = looks_until_gone
        self._ours: str | None = None
        self._misses = 0
        self._strangers: dict[int, _Stranger] = {}
        self._told: int | None = None

    @property
    def is_on_a_card(self) -> bool:
        """Does a code of ours count, though perhaps out of sight for a moment?"""
        return self._ours is not None

    def choose(self, texts: Sequence[str]) -> str | None:
        """The text that counts in this look; None: no card is to be seen."""
        ours = [text for text in texts if isinstance(our_code(text), SignedCode)]
        others = {hash(text): text for text in texts if text not in ours}
        self._remember(others)
        chosen = self._one_of_ours(ours)
        if chosen is not None or self._ours is not None:
            self._get_used_to(others)
            return chosen
        return self._stranger(others)

    def _one_of_ours(self, ours: Sequence[str]) -> str | None:
        if self._ours is None:
            self._ours = ours[0] if ours else None
        elif self._ours not in ours:
            self._misses += 1
            if self._misses >= self._looks_until_gone:
                self._ours, self._misses = None, 0
            return None
        self._misses = 0
        return self._ours

    def _remember(self, others: dict[int, str]) -> None:
        for one in others:
            seen = self._strangers.setdefault(one, _Stranger())
            seen.looks, seen.misses = seen.looks + 1, 0
        for one in [one for one in self._strangers if one not in others]:
            self._strangers[one].misses += 1
            if self._strangers[one].misses >= self._looks_until_gone:
                del self._strangers[one]
                self._told = None if self._told == one else self._told

    def _get_used_to(self, others: dict[int, str]) -> None:
        for one in others:
            self._strangers[one].is_told = True
        self._told = None

    def _stranger(self, others: dict[int, str]) -> str | None:
        for one, text in others.items():
            stranger = self._strangers[one]
            if not stranger.is_told and stranger.looks >= LOOKS_UNTIL_TOLD:
                stranger.is_told, self._told = True, one
                return text
        return None if self._told is None else others.get(self._told)
