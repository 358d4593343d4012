"""The server's private keys: made once, kept in files that nobody else can read."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from presence.errors import TrustError
from presence.trust import (
    Purpose,
    SigningKey,
    TrustedKey,
    TrustList,
    decode_trust,
    encode_trust,
)
from server.cards.sun import ChipKeys

PURPOSES = (Purpose.CARD, Purpose.ROSTER, Purpose.STATUS_LIST)
TRUST_FILE = "trust.json"
WEB_FILE = "web.key"
CHIP_FILE = "chips.json"
_CHIP_SECRETS = {"meta": 16, "file": 16, "index": 32}
"""The secrets of `ChipKeys`, and how many bytes each has."""
KEY_YEARS = 20
_KEY_ID_BYTES = 8
_SECRET_BYTES = 32
_OTHERS = 0o077


class KeysError(RuntimeError):
    """The keys cannot be used; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What this server signs with, the trust list that lets others believe it, and what it knows
    chips by."""

    signing: Mapping[Purpose, SigningKey]
    trust: TrustList
    chips: ChipKeys

    @property
    def card(self) -> SigningKey:
        return self.signing[Purpose.CARD]

    @property
    def roster(self) -> SigningKey:
        return self.signing[Purpose.ROSTER]

    @property
    def status_list(self) -> SigningKey:
        return self.signing[Purpose.STATUS_LIST]


def open_keys(directory: Path, not_before: datetime) -> Keys:
    """The keys in `directory`; new ones, for what is signed from `not_before` on, where there are
    none yet. Raises KeysError."""
    if not (directory / TRUST_FILE).exists():
        _make(directory, not_before)
    try:
        trust = decode_trust((directory / TRUST_FILE).read_bytes())
        signing = {purpose: _load(directory, purpose, trust) for purpose in PURPOSES}
    except (OSError, TrustError) as error:
        raise KeysError(f"the keys in {directory} cannot be used: {error}") from error
    return Keys(signing, trust, open_chip_keys(directory))


def open_secret(directory: Path) -> str:
    """What the web pages' cookies and tokens are signed with. Raises KeysError."""
    path = directory / WEB_FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _write(path, secrets.token_hex(_SECRET_BYTES).encode())
    return _read(path).decode()


def open_chip_keys(directory: Path) -> ChipKeys:
    """The secrets of the chips in `directory`; new ones where there are none yet. They stand in one
    file, so that there are all of them or none: no chip is known under another one. Raises
    KeysError."""
    path = directory / CHIP_FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        made = {name: secrets.token_hex(size) for name, size in _CHIP_SECRETS.items()}
        _write(path, json.dumps(made).encode())
    try:
        found = json.loads(_read(path))
        read = {name: bytes.fromhex(found[name]) for name in _CHIP_SECRETS}
    except (ValueError, TypeError, KeyError):
        # Without its cause, which repeats what stands in the file.
        raise KeysError(f"{path} does not hold the secrets of the chips") from None
    for name, size in _CHIP_SECRETS.items():
        if len(read[name]) != size:
            raise KeysError(f"{path}: {name} must have {size} bytes")
    return ChipKeys(**read)


def _make(directory: Path, not_before: datetime) -> None:
    """Private keys first and the trust list last: what is there only in part is not used."""
    directory.mkdir(parents=True, exist_ok=True)
    # What is signed names its time to the second; the first such second must count, too.
    whole = not_before.replace(microsecond=0)
    trusted = [_make_one(directory, purpose, whole) for purpose in PURPOSES]
    _write(directory / TRUST_FILE, encode_trust(trusted), 0o644)


def _make_one(directory: Path, purpose: Purpose, not_before: datetime) -> TrustedKey:
    path = _path(directory, purpose)
    if path.exists():
        raise KeysError(
            f"{path} is there but {directory / TRUST_FILE} is not; restore it from the backup,"
            " or move the key away to begin with new ones"
        )
    key = Ed25519PrivateKey.generate()
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    not_after = not_before.replace(year=not_before.year + KEY_YEARS, day=1)
    return TrustedKey(_key_id(key), key.public_key(), purpose, not_before, not_after)


def _load(directory: Path, purpose: Purpose, trust: TrustList) -> SigningKey:
    path = _path(directory, purpose)
    try:
        key = load_pem_private_key(_read(path), None)
    except ValueError as error:
        raise KeysError(f"{path} is not a private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(f"{path} is not an Ed25519 key")
    kid = _key_id(key)
    trusted = trust.get((purpose, kid))
    if trusted is None or trusted.public_key != key.public_key():
        raise KeysError(f"{path} is not in the trust list {directory / TRUST_FILE}")
    return SigningKey(kid, key, purpose)


def _path(directory: Path, purpose: Purpose) -> Path:
    return directory / f"{purpose}.pem"


def _key_id(key: Ed25519PrivateKey) -> bytes:
    return sha256(key.public_key().public_bytes_raw()).digest()[:_KEY_ID_BYTES]


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from error
    if mode & _OTHERS:
        raise KeysError(f"{path} can be read by others; run: chmod 600 {path}")
    return content


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A new file, with its rights from the first byte on, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
