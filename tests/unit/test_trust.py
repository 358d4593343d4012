"""Whom we believe: the trust list as a file, and each fault in one."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import TrustError
from presence.trust import Purpose, decode_trust, encode_trust, trust_list
from tests.builders import NOW, signing_key, trusted

KEYS = [trusted(signing_key(purpose, number=n)) for n, purpose in enumerate(Purpose, start=1)]


def file_of(**changes: Any) -> bytes:
    """A trust list with one key, in which some fields are different."""
    file = json.loads(encode_trust(KEYS[:1]))
    file["keys"][0] |= changes
    return json.dumps(file).encode()


def fault_in(raw: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        decode_trust(raw)
    return str(caught.value)


def test_a_trust_list_comes_back_from_its_file() -> None:
    found = decode_trust(encode_trust(KEYS))
    assert found == trust_list(KEYS)
    assert [key.purpose for key in found.values()] == list(Purpose)


def test_an_empty_list_trusts_nobody() -> None:
    assert decode_trust(encode_trust([])) == {}


def test_one_id_may_name_one_key_for_each_purpose() -> None:
    card = trusted(signing_key(Purpose.CARD))
    staff = trusted(signing_key(Purpose.STAFF))
    assert card.kid == staff.kid
    assert len(decode_trust(encode_trust([card, staff]))) == 2
    assert fault_in(encode_trust([card, card])) == "key id 01 stands twice for card"


def test_a_key_is_valid_from_its_first_instant_until_before_its_last() -> None:
    key = trusted(signing_key(), not_before=NOW, not_after=NOW + timedelta(days=1))
    tick = timedelta(microseconds=1)
    assert [
        key.is_valid_at(at)
        for at in (NOW - tick, NOW, NOW + timedelta(days=1) - tick, NOW + timedelta(days=1))
    ] == [False, True, True, False]


def test_the_secret_of_a_signing_key_is_never_shown() -> None:
    key = signing_key()
    shown = repr(key)
    assert shown == "SigningKey(kid=01, purpose=card)"
    assert key.private_key.private_bytes_raw().hex() not in shown


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"algorithm": -8}, "algorithm -8, only -19"),
        ({"algorithm": "Ed25519"}, "cannot be read"),
        ({"purpose": "everything"}, "cannot be read"),
        ({"purpose": None}, "cannot be read"),
        ({"not_before": "2026-01-01T00:00:00"}, "time without a time zone"),
        ({"not_after": "2026-01-01T00:00:00"}, "time without a time zone"),
        ({"not_after": "soon"}, "cannot be read"),
        ({"kid": "%%"}, "not a base64 Ed25519 key"),
        ({"kid": "æ"}, "not a base64 Ed25519 key"),
        ({"kid": ""}, "id that is not 1 to 16 bytes"),
        ({"kid": base64.b64encode(bytes(17)).decode()}, "id that is not 1 to 16 bytes"),
        ({"public_key": ""}, "not a base64 Ed25519 key"),
        ({"public_key": base64.b64encode(bytes(31)).decode()}, "not a base64 Ed25519 key"),
        ({"public_key": base64.b64encode(bytes(33)).decode()}, "not a base64 Ed25519 key"),
        ({"private_key": "AA=="}, "cannot be read"),
    ],
)
def test_the_error_names_the_fault_of_a_key(changes: dict[str, Any], fault: str) -> None:
    assert fault in fault_in(file_of(**changes))


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"v":1}', "cannot be read"),
        (b'{"v":1,"keys":{}}', "cannot be read"),
        (b'{"v":1,"keys":[],"more":1}', "cannot be read"),
        (b'{"v":2,"keys":[]}', "version 2, this program reads version 1"),
        (b'{"v":1,"keys":[{"kid":"\xff"}]}', "cannot be read"),
    ],
)
def test_a_file_that_is_no_trust_list_is_refused(raw: bytes, fault: str) -> None:
    assert fault in fault_in(raw)


def test_half_a_file_is_refused() -> None:
    whole = encode_trust(KEYS).rstrip()
    for length in range(len(whole)):
        fault_in(whole[:length])


@given(st.binary(max_size=100))
def test_junk_is_refused(raw: bytes) -> None:
    fault_in(raw)


@given(
    st.binary(min_size=1, max_size=16),
    st.sampled_from(Purpose),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_any_key_comes_back(kid: bytes, purpose: Purpose, at: datetime) -> None:
    key = trusted(signing_key(purpose), kid=kid, not_before=at, not_after=at + timedelta(days=900))
    assert list(decode_trust(encode_trust([key])).values()) == [key]
