"""Identities, as distinct types so that one can never be handed over for another."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, NewType

from msgspec import Meta

VolunteerId = NewType("VolunteerId", str)
ChapterId = NewType("ChapterId", str)
InstitutionId = NewType("InstitutionId", str)
KioskId = NewType("KioskId", str)
BootId = NewType("BootId", str)
EventId = NewType("EventId", str)
"""UUIDv7 minted where the event happened; the same event keeps it for ever."""
VisitId = NewType("VisitId", str)
PresentationId = NewType("PresentationId", str)
"""One card held up once. A question and its answer carry it."""

RANDOM_BYTES = 10
_UUID_LENGTH = 36
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

_AS_UUID = Meta(pattern=_UUID, max_length=_UUID_LENGTH)
"""The length too, because `$` lets a line break follow."""

# The same ids where they come over the wire: only their one form is let in.
WireEventId = Annotated[EventId, _AS_UUID]
WireVisitId = Annotated[VisitId, _AS_UUID]
WirePresentationId = Annotated[PresentationId, _AS_UUID]
WireBootId = Annotated[BootId, _AS_UUID]
WireKioskId = Annotated[KioskId, Meta(max_length=64)]
Count = Annotated[int, Meta(ge=0, lt=2**53)]
"""A whole number that every database and every JSON reader can hold."""


def uuid7(at: datetime, randomness: bytes) -> str:
    """A UUID version 7 (RFC 9562, section 5.7) as text.

    `at` is an aware time, kept to the millisecond; `randomness` is 10 bytes from the caller's
    random source, of which 74 bits are used. Raises ValueError on another length.
    """
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"uuid7 needs {RANDOM_BYTES} random bytes, got {len(randomness)}")
    milliseconds = int(at.astimezone(UTC).timestamp() * 1000)
    bits = int.from_bytes(randomness, "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= ((bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= bits & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))
