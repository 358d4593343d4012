"""When a card counts as presented and when as gone: one rule for every contactless reader.

A card that rests on the reader is presented once. Contact may flap: only when a card has not been
seen for several looks in a row is it gone. A card that was found but could not be read to its end
is tried again while it stays; if it leaves instead, that is told as a garbled card, so that a tap
that was too quick is never met with silence.
"""

from kiosk.events import Presented, ReaderEvent, Removed
from presence.card import ChipUid, Evidence, Unreadable

TRIES = 12
"""How often reading a card is begun before it counts as garbled."""
RANDOM_SERIAL = b"random"


def is_random(serial: bytes) -> bool:
    """Is this serial number drawn anew whenever the card gets power?

    Four bytes beginning with 08 are (ISO/IEC 14443-3, section 6.5.4): phones and most bank cards
    do this.
    """
    return len(serial) == 4 and serial[0] == 0x08


def identity(serial: bytes) -> bytes:
    """What makes two looks the same card. A random serial number identifies nothing."""
    return RANDOM_SERIAL if is_random(serial) else serial


def by_serial(serial: bytes, outcome: Evidence | Unreadable) -> Evidence | Unreadable:
    """`outcome` of a card, or its serial number where that is all it has to tell.

    Whether a serial number counts is for the home's policy; it is never logged.
    """
    has_no_more = outcome is Unreadable.UNSUPPORTED and serial and not is_random(serial)
    return ChipUid(serial.hex().upper()) if has_no_more else outcome


class Presentation:
    """The card at one reader, look by look. Every method returns what is to be reported."""

    def __init__(self, reader: str, looks_until_gone: int) -> None:
        self._reader = reader
        self._looks_until_gone = looks_until_gone
        self._presented: bytes | None = None
        self._unfinished: bytes | None = None
        self._tries = 0
        self._misses = 0

    @property
    def card_is_near(self) -> bool:
        """Has a card been seen that is not confirmed gone?"""
        return self._presented is not None or self._unfinished is not None

    def wants(self, card: bytes) -> bool:
        """Is this another card than the one presented, so that it is to be read?"""
        self._misses = 0
        return card != self._presented

    def was_read(self, card: bytes, outcome: Evidence | Unreadable) -> list[ReaderEvent]:
        """A card was read to its end, or is known to be unreadable."""
        before = self._another_comes(card)
        self._presented, self._unfinished, self._tries = card, None, 0
        return [*before, Presented(self._reader, outcome)]

    def slipped(self, card: bytes) -> list[ReaderEvent]:
        """Contact was lost while the card was being read."""
        before = self._another_comes(card)
        self._unfinished = card
        self._tries += 1
        if self._tries < TRIES:
            return before
        return before + self.was_read(card, Unreadable.GARBLED)

    def nothing(self) -> list[ReaderEvent]:
        """A look found no card."""
        self._misses += 1
        return self.ended() if self._misses >= self._looks_until_gone else []

    def ended(self) -> list[ReaderEvent]:
        """Whatever was here is gone, or can no longer be watched."""
        events: list[ReaderEvent] = []
        if self._presented is not None:
            events.append(Removed(self._reader))
        if self._unfinished is not None:
            events += [Presented(self._reader, Unreadable.GARBLED), Removed(self._reader)]
        self._presented = self._unfinished = None
        self._tries = self._misses = 0
        return events

    def _another_comes(self, card: bytes) -> list[ReaderEvent]:
        if self._unfinished == card or (self._unfinished is None and self._presented is None):
            return []
        return self.ended()
