"""The only place where messages become bytes and bytes become messages."""

import re
from functools import cache
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import Struct

from presence.errors import MessageError, UnknownVersionError
from presence.ids import Count
from presence.messages import Entry, Message

M = TypeVar("M", bound=Message)

_QUOTED = re.compile(r"""(['"]).*\1""", re.DOTALL)
"""From the first quote to the last of its kind, for what stands between may hold quotes itself."""
_encoder = msgspec.json.Encoder()
_entry_decoder = msgspec.json.Decoder(Entry)


class _Head(Struct):
    v: Count


_head_decoder = msgspec.json.Decoder(_Head)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def digest(message: Message) -> str:
    """What two machines compare to learn whether they hold the same message (hexadecimal)."""
    return sha256(encode(message)).hexdigest()


def encode_entry(entry: Entry) -> bytes:
    """An outbox entry as it is stored and sent: the very same bytes at every attempt."""
    return _encoder.encode(entry)


def decode(kind: type[M], payload: bytes, limit: int) -> M:
    """Read one message of at most `limit` bytes.

    Raises UnknownVersionError for a version we do not speak, MessageError for all else that is
    wrong. The error names the field and never repeats what it held.
    """
    if len(payload) > limit:
        raise MessageError(f"{len(payload)} bytes, at most {limit} are allowed")
    try:
        message: M = _decoder(kind).decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _check_version(kind, payload)
        raise MessageError(_without_content(error)) from None
    if message.v != kind.VERSION:
        raise UnknownVersionError(f"version {message.v}, this program speaks {kind.VERSION}")
    return message


def decode_entry(raw: bytes | msgspec.Raw) -> Entry:
    """Read one outbox entry. Raises MessageError."""
    try:
        return _entry_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(_without_content(error)) from None


@cache
def _decoder(kind: type[M]) -> msgspec.json.Decoder[M]:
    """Building a decoder costs more than using it a hundred times."""
    return msgspec.json.Decoder(kind)


def _check_version(kind: type[Message], payload: bytes) -> None:
    """A newer message may fail on its fields before its version is looked at."""
    try:
        head = _head_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if head.v != kind.VERSION:
        raise UnknownVersionError(f"version {head.v}, this program speaks {kind.VERSION}")


def _without_content(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return _QUOTED.sub("'…'", str(error))
