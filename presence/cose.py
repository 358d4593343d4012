"""COSE_Sign1 (RFC 9052, section 4.2) with Ed25519 (RFC 9864): the one envelope for all we sign.

Parsing is strict, because it happens before a signature can be checked. Only integers, strings,
arrays and maps are let in: none of the tagged values (dates, fractions, patterns, references to
other values) that a CBOR library would build for a stranger. What was read is built again from its
parts and compared byte by byte, so there is exactly one encoding of every signed thing, and no
flipped bit can hide in a second one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import cbor2
from cryptography.exceptions import InvalidSignature
from msgspec import Struct

from presence.dates import check_utc
from presence.errors import SignatureError
from presence.trust import ED25519, MAX_KEY_ID, Purpose, SigningKey, TrustedKey, TrustList

_TAG_SIGN1 = 18
_TAG_BYTE = 0xC0 | _TAG_SIGN1
_INTEGER, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_ALGORITHM, _KEY_ID, _CWT_CLAIMS, _TYPE = 1, 4, 15, 16
_AUDIENCE, _ISSUED_AT = 3, 6
_MAX_DEPTH = 6


class Sign1(Struct, frozen=True):
    """The parts of a COSE_Sign1, read strictly but not yet believed."""

    protected: bytes
    header: Mapping[object, object]
    payload: bytes
    signature: bytes

    @property
    def key_id(self) -> bytes:
        """The id of the signing key. Raises SignatureError when there is none."""
        kid = self.header.get(_KEY_ID)
        if type(kid) is not bytes or not 0 < len(kid) <= MAX_KEY_ID:
            raise SignatureError("the key id is not a short byte string")
        return kid


def sign(
    payload: bytes,
    key: SigningKey,
    claims: Mapping[int, object] | None = None,
    kind: str | None = None,
) -> bytes:
    """Sign `payload`. `claims` become CWT claims in the protected header (RFC 9597), `kind` the
    media type of the whole (RFC 9596)."""
    header: dict[int, object] = {_ALGORITHM: ED25519, _KEY_ID: key.kid}
    if claims is not None:
        header[_CWT_CLAIMS] = dict(claims)
    if kind is not None:
        header[_TYPE] = kind
    protected = cbor2.dumps(header, canonical=True)
    signature = key.private_key.sign(_to_be_signed(protected, payload))
    return _encode(protected, payload, signature)


def parse(raw: bytes) -> Sign1:
    """Read a COSE_Sign1. Raises SignatureError on anything but its one strict encoding."""
    if raw[:1] != bytes([_TAG_BYTE]):
        raise SignatureError("not a COSE_Sign1")
    parts = _load(raw[1:])
    if not isinstance(parts, Sequence) or isinstance(parts, str | bytes) or len(parts) != 4:
        raise SignatureError("a COSE_Sign1 has four parts")
    protected, unprotected, payload, signature = parts
    if not (type(protected) is bytes and type(payload) is bytes and type(signature) is bytes):
        raise SignatureError("header, payload and signature are byte strings")
    if not isinstance(unprotected, Mapping) or unprotected:
        raise SignatureError("the unprotected header must be empty")
    header = load_map(protected)
    if raw != _encode(protected, payload, signature):
        raise SignatureError("not the one deterministic encoding")
    return Sign1(protected, header, payload, signature)


def verify(token: Sign1, purpose: Purpose, trust: TrustList) -> TrustedKey:
    """The key that signed `token`, if it may sign for `purpose`. Raises SignatureError."""
    if token.header.get(_ALGORITHM) != ED25519:
        raise SignatureError("the algorithm is not Ed25519")
    key = trust.get((purpose, token.key_id))
    if key is None:
        raise SignatureError(f"no key {token.key_id.hex()} for {purpose}")
    try:
        key.public_key.verify(token.signature, _to_be_signed(token.protected, token.payload))
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit") from error
    return key


class SignedMessage(Struct, frozen=True):
    """What a verified signed message carried."""

    payload: bytes
    issued: datetime


def sign_message(payload: bytes, key: SigningKey, audience: str, issued: datetime) -> bytes:
    """Sign a message for one receiver. `issued` is kept to the second."""
    claims = {_AUDIENCE: audience, _ISSUED_AT: int(issued.timestamp())}
    return sign(payload, key, claims)


def open_message(raw: bytes, purpose: Purpose, audience: str, trust: TrustList) -> SignedMessage:
    """The payload of a message signed for `purpose` and for this `audience`.

    Raises SignatureError. The caller keeps the ratchet: it must not go back behind an `issued`
    that it has already believed.
    """
    token = parse(raw)
    key = verify(token, purpose, trust)
    claims = token.header.get(_CWT_CLAIMS)
    if set(token.header) != {_ALGORITHM, _KEY_ID, _CWT_CLAIMS} or not isinstance(claims, Mapping):
        raise SignatureError("the protected header is not that of a signed message")
    issued_at = claims.get(_ISSUED_AT)
    if set(claims) != {_AUDIENCE, _ISSUED_AT} or type(issued_at) is not int:
        raise SignatureError("a signed message names its audience and its time, nothing else")
    if claims[_AUDIENCE] != audience:
        raise SignatureError("the message is meant for another receiver")
    issued = instant(issued_at)
    if not key.is_valid_at(issued):
        raise SignatureError("the key was not valid when the message was signed")
    return SignedMessage(token.payload, issued)


def instant(seconds: int) -> datetime:
    """A CWT NumericDate (RFC 8392, section 2) as an aware time. Raises SignatureError."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
        check_utc(moment, "a time")
    except (OverflowError, OSError, ValueError) as error:
        raise SignatureError("a time is out of range") from error
    return moment


def load_map(raw: bytes) -> Mapping[object, object]:
    """A CBOR map in its deterministic encoding with integer keys. Raises SignatureError."""
    value = _load(raw)
    if not isinstance(value, Mapping):
        raise SignatureError("not a CBOR map")
    if not all(type(key) is int for key in value):
        raise SignatureError("every key must be an integer")
    if cbor2.dumps(value, canonical=True) != raw:
        raise SignatureError("not the one deterministic encoding")
    return value


def _load(raw: bytes) -> object:
    if _end_of_item(raw, 0, _MAX_DEPTH) != len(raw):
        raise SignatureError("bytes are left over")
    try:
        return cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise SignatureError("not CBOR that can be read") from error


def _end_of_item(raw: bytes, start: int, depth: int) -> int:
    """Where the plain CBOR item at `start` ends (RFC 8949, section 3). Builds nothing.

    Raises SignatureError on tags, floats, simple values, indefinite lengths and deep nesting.
    """
    if depth == 0:
        raise SignatureError("nested too deeply")
    major, value, position = _head(raw, start)
    if major in (_INTEGER, _NEGATIVE):
        return position
    if major in (_BYTES, _TEXT):
        return position + value
    if major not in (_ARRAY, _MAP):
        raise SignatureError("neither an integer, a string, an array nor a map")
    for _ in range(value if major == _ARRAY else 2 * value):
        position = _end_of_item(raw, position, depth - 1)
    return position


def _head(raw: bytes, start: int) -> tuple[int, int, int]:
    """Major type and argument of the item at `start`, and where its content begins."""
    if start >= len(raw):
        raise SignatureError("ends too early")
    major, short = divmod(raw[start], 32)
    if short < 24:
        return major, short, start + 1
    if short > 27:
        raise SignatureError("a length is not stated")
    end = start + 1 + 2 ** (short - 24)
    return major, int.from_bytes(raw[start + 1 : end], "big"), end


def _encode(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    return cbor2.dumps(
        cbor2.CBORTag(_TAG_SIGN1, [protected, {}, payload, signature]), canonical=True
    )


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
