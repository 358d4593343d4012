"""Which of the cards on an antenna is the one that is held up.

A wallet brings a bank card along, and a forgotten card rests on the reader while others are held to
it. So every card that comes is read once, and what is told is the best of them: a code of ours
before a serial number, and that before a thing that says nothing. What is worth less than the card
that lies there already is told to nobody; what is worth as much is the next person's. A card counts
as gone when it has not been seen for several looks.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from kiosk.readers.polling import CardSlippedError, Sighting
from kiosk.readers.presentation import TRIES
from presence.card import ChipUid, Evidence, SignedCode, SunMessage, Unreadable

Outcome = Evidence | Unreadable
NOTHING, SERIAL, CODE = 0, 1, 2
AGAIN = b" again"
"""Tells a card from the one beside it, where what that one says was told under its name."""


def worth(outcome: Outcome) -> int:
    """How much sooner a card is meant that says this than one that says less."""
    match outcome:
        case SignedCode() | SunMessage():
            return CODE
        case ChipUid():
            return SERIAL
        case _:
            return NOTHING


class Field(Protocol):
    """The cards within reach of one antenna, by their identities."""

    def cards(self) -> Sequence[bytes]:
        """All of them."""

    def read(self, card: bytes) -> Outcome:
        """What one of them says. Raises CardSlippedError when it stops answering, and anything
        else when the line is lost."""
        ...


class Antenna:
    """What was found in the last `looks_until_gone` looks, and which card was taken for the one."""

    def __init__(self, looks_until_gone: int) -> None:
        self._looks_until_gone = looks_until_gone
        self._misses: dict[bytes, int] = {}
        """For each card that has been read: looks since it was seen."""
        self._slips: dict[bytes, int] = {}
        self._chosen: bytes | None = None
        self._worth = NOTHING
        self._told_as = b""
        """What the sightings of the chosen card call it: the card they began with."""

    @property
    def is_watching(self) -> bool:
        """Is a card near that has been read? Then others may be beside it."""
        return bool(self._misses)

    def choose(self, found: Sequence[bytes], field: Field) -> Sighting | None:
        """The card that counts in this look, if any."""
        self._age(found)
        newcomers = [card for card in found if card not in self._misses]
        if self._chosen is None:
            first = newcomers[0] if newcomers else None
            return None if first is None else Sighting(first, partial(self._read_all, first, field))
        for card in newcomers:
            told = self._meet(card, field, is_beside=self._chosen in found)
            if told is not None:
                return Sighting(self._told_as, told)
        if self._chosen not in found:
            return None
        return Sighting(self._told_as, partial(field.read, self._chosen))

    def _age(self, found: Sequence[bytes]) -> None:
        for card in list(self._misses):
            self._misses[card] = 0 if card in found else self._misses[card] + 1
            if self._misses[card] >= self._looks_until_gone:
                del self._misses[card]
                if card == self._chosen:
                    self._chosen, self._worth, self._told_as = None, NOTHING, b""
        self._slips = {card: tries for card, tries in self._slips.items() if card in found}

    def _read_all(self, first: bytes, field: Field) -> Outcome:
        """Read the card that came first, and if it is none of ours, those beside it too."""
        read = self._read_each([first], field)
        if all(worth(outcome) < CODE for outcome in read.values()):
            others = [card for card in field.cards() if card not in {first, *self._misses}]
            read |= self._read_each(others, field)
        if not read:
            raise CardSlippedError
        best = max(read, key=lambda card: worth(read[card]))  # the first of equals
        self._misses |= dict.fromkeys(read, 0)
        self._take(best, read[best], told_as=first)
        return read[best]

    def _read_each(self, cards: Sequence[bytes], field: Field) -> dict[bytes, Outcome]:
        """Those that can be read now. The others are met at the next look."""
        read: dict[bytes, Outcome] = {}
        for card in cards:
            with suppress(CardSlippedError):
                read[card] = field.read(card)
        return read

    def _meet(self, card: bytes, field: Field, *, is_beside: bool) -> Callable[[], Outcome] | None:
        """Read a card that came after the chosen one. Returns what it says, if that is told.

        When the chosen one is out of sight, one that is worth less may have taken its place, or
        may be in the same wallet: that shows when it has been away for long enough.
        """
        try:
            outcome = field.read(card)
        except CardSlippedError:
            self._slips[card] = self._slips.get(card, 0) + 1
            if self._slips[card] >= TRIES and is_beside:
                self._misses[card] = 0
            return None
        if worth(outcome) < max(self._worth, SERIAL):
            if is_beside:
                self._misses[card] = 0
            return None
        self._misses[card] = 0
        self._take(card, outcome, told_as=card + AGAIN if card == self._told_as else card)
        return lambda: outcome

    def _take(self, card: bytes, outcome: Outcome, *, told_as: bytes) -> None:
        self._chosen, self._worth, self._told_as = card, worth(outcome), told_as
