"""Which cards are no longer believed: the Token Status List (draft-ietf-oauth-status-list-20).

A signed list holds two bits for each card that may ever stand in it. It says nothing about people,
so every kiosk may hold it, and it is how a kiosk that is alone still knows a lost card.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from math import floor

import cbor2
from msgspec import Struct

from presence import cose
from presence.errors import StatusListError
from presence.trust import Purpose, SigningKey, TrustList

ENTRIES = 2**17
"""Places in each list that we publish, from its first day on: how many cards there are cannot be
told from it."""
MAX_ENTRIES = 2**20
"""Places in a list that we read at most; nothing is unpacked beyond them."""
LIFE = timedelta(days=30)
"""So long a list is believed after it was issued (CREDENTIALS)."""
TIME_TO_LIVE = timedelta(days=1)
"""After this a newer one is to be looked for; one is issued every day."""
TYPE = "application/statuslist+cwt"

_BITS = (1, 2, 4, 8)
_PUBLISHED_BITS = 2
_ALGORITHM, _KEY_ID, _TYPE = 1, 4, 16
_SUB, _EXP, _IAT, _LIST, _TTL = 2, 4, 6, 65533, 65534
_SECOND = timedelta(seconds=1)


class Status(IntEnum):
    """What a list of two bits a card says of it (the draft, section 7.1; 3 is our own)."""

    VALID = 0
    INVALID = 1
    """Lost, unreturned, revoked, over: the reason stays on the server."""
    SUSPENDED = 2
    RENEWAL_DUE = 3


_STATUSES = {status.value: status for status in Status}


class Listed(Struct, frozen=True):
    """What the status list that a kiosk holds says of one card."""

    status: Status | None
    """None: the card's index lies outside the list."""
    issued: datetime
    expires: datetime
    """Exclusive: the list still speaks while `now < expires`."""


class StatusTable(Struct, frozen=True):
    """The values of a list, `bits` for each, packed from the lowest bit up (the draft, section
    4.1)."""

    bits: int
    packed: bytes

    def __len__(self) -> int:
        """How many places there are."""
        return len(self.packed) * 8 // self.bits

    def value(self, index: int) -> int | None:
        """What stands at `index`; None: it lies outside."""
        if not 0 <= index < len(self):
            return None
        byte, place = divmod(index * self.bits, 8)
        return self.packed[byte] >> place & (1 << self.bits) - 1


class StatusList(Struct, frozen=True):
    """A list whose signature has been checked. `token` is the whole of it as it was signed."""

    number: int
    issued: datetime
    expires: datetime
    table: StatusTable
    token: bytes

    def listed(self, index: int) -> Listed:
        """What it says of the card at `index`, found at once. A value that means nothing to us is
        taken as INVALID, to be on the safe side."""
        value = self.table.value(index)
        status = None if value is None else _STATUSES.get(value, Status.INVALID)
        return Listed(status, self.issued, self.expires)


class SignedList(Struct, frozen=True):
    """A list as it came over the wire, with the number that its topic names: not yet believed."""

    number: int
    token: bytes


def subject(number: int) -> str:
    """The name of a list, as a URI."""
    return f"tilstede:status:{number}"


# --- the table -------------------------------------------------------------------------------


def table_of(marks: Mapping[int, Status], entries: int = ENTRIES) -> StatusTable:
    """A table of two bits a card with `marks` at their indexes and VALID everywhere else.

    Raises IndexError for an index outside it.
    """
    packed = bytearray(entries * _PUBLISHED_BITS // 8)
    for index, status in marks.items():
        if not 0 <= index < entries:
            raise IndexError("a card outside its status list")
        packed[index // 4] |= status << index % 4 * _PUBLISHED_BITS
    return StatusTable(_PUBLISHED_BITS, bytes(packed))


def pack(table: StatusTable) -> dict[str, object]:
    """The table as it stands in the claim (the draft, section 4.3)."""
    return {"bits": table.bits, "lst": zlib.compress(table.packed, 9)}


def unpack(claim: object) -> StatusTable:
    """Read the claim. Raises StatusListError.

    However much it would unpack to, no more than MAX_ENTRIES places are ever made.
    """
    if not isinstance(claim, Mapping):
        raise StatusListError("the claim is not a map")
    bits, packed = claim.get("bits"), claim.get("lst")
    if type(bits) is not int or bits not in _BITS:
        raise StatusListError("a status has 1, 2, 4 or 8 bits")
    if type(packed) is not bytes:
        raise StatusListError("the packed list is not a byte string")
    return StatusTable(bits, _inflated(packed, MAX_ENTRIES * bits // 8))


def _inflated(packed: bytes, limit: int) -> bytes:
    """ZLIB (RFC 1950) undone, whole and at most `limit` bytes of it. Raises StatusListError."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise StatusListError("the list does not unpack") from error
    if len(content) > limit:
        raise StatusListError(f"unpacks to more than {limit} bytes")
    if not stream.eof:
        raise StatusListError("the packed list ends early")
    if stream.unused_data:
        raise StatusListError("bytes are left over behind the packed list")
    if not content:
        raise StatusListError("the list is empty")
    return content


# --- the signed list -------------------------------------------------------------------------


def sign_list(number: int, table: StatusTable, key: SigningKey, issued: datetime) -> bytes:
    """The signed list, valid for LIFE. `issued` is kept to the second.

    Raises ValueError when the key is not for status lists.
    """
    if key.purpose is not Purpose.STATUS_LIST:
        raise ValueError(f"a key for {key.purpose} cannot sign status lists")
    seconds = floor(issued.timestamp())
    claims = {
        _SUB: subject(number),
        _EXP: seconds + LIFE // _SECOND,
        _IAT: seconds,
        _LIST: pack(table),
        _TTL: TIME_TO_LIVE // _SECOND,
    }
    return cose.sign(cbor2.dumps(claims, canonical=True), key, kind=TYPE)


def open_list(token: bytes, number: int, trust: TrustList) -> StatusList:
    """The list of that number, if it is genuine; the draft, section 5.2.

    Whether it has ended, or is older than one already believed, is for its receiver to say.
    Raises SignatureError for what was not signed by a key for status lists, StatusListError for a
    signed thing that is not this list.
    """
    parsed = cose.parse(token)
    key = cose.verify(parsed, Purpose.STATUS_LIST, trust)
    if set(parsed.header) != {_ALGORITHM, _KEY_ID, _TYPE} or parsed.header[_TYPE] != TYPE:
        raise StatusListError("the protected header is not that of a status list")
    claims = cose.load_map(parsed.payload)
    if set(claims) != {_SUB, _EXP, _IAT, _LIST, _TTL}:
        raise StatusListError("not exactly the claims of a status list")
    if claims[_SUB] != subject(number):
        raise StatusListError("another list than its place says")
    issued, expires = _times(claims)
    if not key.is_valid_at(issued):
        raise StatusListError("the key was not valid when the list was issued")
    return StatusList(number, issued, expires, unpack(claims[_LIST]), token)


def _times(claims: Mapping[object, object]) -> tuple[datetime, datetime]:
    iat, exp, ttl = claims[_IAT], claims[_EXP], claims[_TTL]
    if type(iat) is not int or type(exp) is not int or type(ttl) is not int:
        raise StatusListError("times are whole seconds")
    if exp <= iat or ttl <= 0:
        raise StatusListError("ends before it begins")
    return cose.instant(iat), cose.instant(exp)


class Step(StrEnum):
    """What a list that was offered is to the one that is held."""

    NEWER = "newer"
    SAME = "same"
    """Byte for byte."""
    OLDER = "older"
    CONTRADICTION = "contradiction"
    """Another one, issued at the same second."""


def step(held: StatusList | None, offered: StatusList) -> Step:
    """The ratchet: only a NEWER list is ever taken over, and OLDER and CONTRADICTION are told."""
    if held is None or offered.issued > held.issued:
        return Step.NEWER
    if offered.token == held.token:
        return Step.SAME
    return Step.OLDER if offered.issued < held.issued else Step.CONTRADICTION
