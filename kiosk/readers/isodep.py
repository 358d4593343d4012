"""How a card wants to be spoken to, by its answer to the wish for ISO-DEP (ISO/IEC 14443-4)."""

from typing import NamedTuple

FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
WAITING_UNIT = 4096 / 13.56e6
"""Seconds: 302 microseconds, doubled so often as a card's FWI or SFGI says."""
LONGEST_WAIT = 8
"""No tag may want more than 2^8 units (NFC Forum Digital, ISO-DEP): 77 ms."""


class Activation(NamedTuple):
    frame_bytes: int
    """Of the longest frame to the card."""
    waiting_time: float
    """Seconds that it may take for an answer."""
    guard_time: float
    """Seconds that it is left alone first."""


def activation(ats: bytes) -> Activation:
    """From the answer to RATS (section 5.2). Raises ValueError."""
    if not ats or ats[0] != len(ats):
        raise ValueError("not the answer to RATS")
    form, rest = (ats[1], ats[2:]) if len(ats) > 1 else (0x02, b"")
    rest = rest[1:] if form & 0x10 else rest
    waits = rest[0] if form & 0x20 and rest else 0x40
    frame_bytes = FRAME_SIZES[min(form & 0x0F, len(FRAME_SIZES) - 1)]
    wait, guard = min(waits >> 4, LONGEST_WAIT), min(waits & 0x0F, LONGEST_WAIT)
    return Activation(
        frame_bytes, WAITING_UNIT * 2**wait, WAITING_UNIT * 2**guard if guard else 0.0
    )
