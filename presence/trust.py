"""Whom we believe, and for what: keys bound to one purpose each."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from presence.errors import TrustError

ED25519 = -19
"""COSE algorithm identifier of Ed25519, fully specified (RFC 9864)."""
MAX_KEY_ID = 16
"""Bytes in a key id at most; it stands on every card."""


class Purpose(StrEnum):
    """What a key may sign. A key of one purpose is never believed for another."""

    CARD = "card"
    STATUS_LIST = "status_list"
    ROSTER = "roster"
    COMMAND = "command"
    STAFF = "staff"


class TrustedKey(Struct, frozen=True):
    """One public key of the trust list, valid for signatures issued from `not_before` on and
    before `not_after`."""

    kid: bytes
    public_key: Ed25519PublicKey
    purpose: Purpose
    not_before: datetime
    not_after: datetime

    def is_valid_at(self, issued: datetime) -> bool:
        return self.not_before <= issued < self.not_after


class SigningKey(Struct, frozen=True):
    """A private key and what it may sign. Never printed."""

    kid: bytes
    private_key: Ed25519PrivateKey
    purpose: Purpose

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid.hex()}, purpose={self.purpose})"


TrustList = Mapping[tuple[Purpose, bytes], TrustedKey]
"""Looked up by purpose first, so that a key of another purpose is simply not there."""


def trust_list(keys: Iterable[TrustedKey]) -> TrustList:
    """The keys, by purpose and id. Raises TrustError when one id names two keys."""
    table: dict[tuple[Purpose, bytes], TrustedKey] = {}
    for key in keys:
        if (key.purpose, key.kid) in table:
            raise TrustError(f"key id {key.kid.hex()} stands twice for {key.purpose}")
        table[key.purpose, key.kid] = key
    return table


class _KeyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    kid: str
    public_key: str
    algorithm: int
    purpose: Purpose
    not_before: datetime
    not_after: datetime


class _TrustFile(Struct, frozen=True, forbid_unknown_fields=True):
    v: int
    keys: list[_KeyEntry]


def encode_trust(keys: Iterable[TrustedKey]) -> bytes:
    """The trust list as a JSON file: key ids and keys in base64."""
    entries = [
        _KeyEntry(
            kid=base64.b64encode(key.kid).decode(),
            public_key=base64.b64encode(key.public_key.public_bytes_raw()).decode(),
            algorithm=ED25519,
            purpose=key.purpose,
            not_before=key.not_before,
            not_after=key.not_after,
        )
        for key in keys
    ]
    return msgspec.json.format(msgspec.json.encode(_TrustFile(v=1, keys=entries)), indent=1)


def decode_trust(raw: bytes) -> TrustList:
    """Read a trust list file. Raises TrustError that names the fault."""
    try:
        file = msgspec.json.decode(raw, type=_TrustFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TrustError(f"the trust list cannot be read: {error}") from error
    if file.v != 1:
        raise TrustError(f"the trust list has version {file.v}, this program reads version 1")
    return trust_list(_key(entry) for entry in file.keys)


def _key(entry: _KeyEntry) -> TrustedKey:
    if entry.algorithm != ED25519:
        raise TrustError(f"key {entry.kid} has algorithm {entry.algorithm}, only {ED25519} is used")
    if entry.not_before.tzinfo is None or entry.not_after.tzinfo is None:
        raise TrustError(f"key {entry.kid} has a time without a time zone")
    try:
        kid = base64.b64decode(entry.kid, validate=True)
        public = Ed25519PublicKey.from_public_bytes(
            base64.b64decode(entry.public_key, validate=True)
        )
    except (binascii.Error, ValueError) as error:
        raise TrustError(f"key {entry.kid} is not a base64 Ed25519 key: {error}") from error
    if not 0 < len(kid) <= MAX_KEY_ID:
        raise TrustError(f"key {entry.kid} has an id that is not 1 to {MAX_KEY_ID} bytes long")
    return TrustedKey(kid, public, entry.purpose, entry.not_before, entry.not_after)
