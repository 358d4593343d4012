"""Signed messages: from whom, for whom, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import cose
from presence.cose import SignedMessage
from presence.errors import SignatureError
from presence.trust import Purpose, TrustList, trust_list
from tests.builders import NOW, signing_key, trusted

KEY = signing_key(Purpose.ROSTER)
TRUST = trust_list([trusted(KEY)])
PAYLOAD = b'{"v":1,"kiosk":"solbakken-1"}'
SIGNED = cose.sign_message(PAYLOAD, KEY, "solbakken-1", NOW)
SECONDS = int(NOW.timestamp())


def opened(
    raw: bytes,
    *,
    purpose: Purpose = Purpose.ROSTER,
    audience: str = "solbakken-1",
    trust: TrustList = TRUST,
) -> SignedMessage:
    return cose.open_message(raw, purpose, audience, trust)


def refusal(raw: bytes, **how: Any) -> str:
    with pytest.raises(SignatureError) as caught:
        opened(raw, **how)
    return str(caught.value)


def with_header(header: Any) -> bytes:
    """A message whose signature fits over any protected header."""
    protected = cbor2.dumps(header, canonical=True)
    signed = cbor2.dumps(["Signature1", protected, b"", PAYLOAD], canonical=True)
    parts = [protected, {}, PAYLOAD, KEY.private_key.sign(signed)]
    return cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)


def test_a_message_reaches_the_one_it_is_for() -> None:
    assert opened(SIGNED) == SignedMessage(PAYLOAD, NOW)


def test_the_time_is_kept_to_the_second() -> None:
    signed = cose.sign_message(PAYLOAD, KEY, "solbakken-1", NOW + timedelta(milliseconds=999))
    assert opened(signed).issued == NOW


@pytest.mark.parametrize(
    "audience", ["nordstrand-1", "solbakken", "solbakken-11", "", "Solbakken-1"]
)
def test_a_message_for_another_kiosk_is_refused(audience: str) -> None:
    assert refusal(SIGNED, audience=audience) == "the message is meant for another receiver"


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.ROSTER])
def test_a_key_is_not_believed_for_another_purpose(purpose: Purpose) -> None:
    assert refusal(SIGNED, purpose=purpose) == f"no key 01 for {purpose}"


def test_a_stranger_under_a_trusted_id_is_refused() -> None:
    stranger = trusted(signing_key(Purpose.ROSTER, number=2), kid=KEY.kid)
    assert refusal(SIGNED, trust=trust_list([stranger])) == "the signature does not fit"


def test_a_message_signed_outside_its_keys_time_is_refused() -> None:
    ended = trust_list([trusted(KEY, not_after=NOW)])
    assert "not valid when the message was signed" in refusal(SIGNED, trust=ended)
    early = trust_list([trusted(KEY, not_before=NOW + timedelta(seconds=1))])
    assert "not valid when the message was signed" in refusal(SIGNED, trust=early)
    exact = trust_list([trusted(KEY, not_before=NOW, not_after=NOW + timedelta(seconds=1))])
    assert opened(SIGNED, trust=exact).issued == NOW


def test_no_single_bit_of_a_message_can_be_flipped() -> None:
    for bit in range(8 * len(SIGNED)):
        spoilt = bytearray(SIGNED)
        spoilt[bit // 8] ^= 1 << bit % 8
        refusal(bytes(spoilt))


def test_half_a_message_is_refused() -> None:
    for length in range(len(SIGNED)):
        refusal(SIGNED[:length])
    refusal(SIGNED + b"\x00")


def test_the_header_these_tests_build_is_a_good_one() -> None:
    good = {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: SECONDS}}
    assert with_header(good) == SIGNED


@pytest.mark.parametrize(
    "header",
    [
        {1: -19, 4: KEY.kid},
        {1: -19, 4: KEY.kid, 15: {}},
        {1: -19, 4: KEY.kid, 15: [3, 6]},
        {1: -19, 4: KEY.kid, 15: None},
        {1: -19, 4: KEY.kid, 15: {6: SECONDS}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1"}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: SECONDS, 1: "x"}},
        {1: -19, 4: KEY.kid, 15: {3.0: "solbakken-1", 6: SECONDS}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: float(SECONDS)}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: str(SECONDS)}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: True}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: None}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: -1}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: 2**62}},
        {1: -19, 4: KEY.kid, 15: {3: "solbakken-1", 6: 2**70}},
        {1: -19, 4: KEY.kid, 15: {3: b"solbakken-1", 6: SECONDS}},
        {1: -19, 4: KEY.kid, 15: {3: ["solbakken-1"], 6: SECONDS}},
        {1: -19, 4: KEY.kid, 15: {b"a": "solbakken-1", 6: SECONDS}},
        {1: -19, 4: KEY.kid, 5: b"iv", 15: {3: "solbakken-1", 6: SECONDS}},
        {1: -8, 4: KEY.kid, 15: {3: "solbakken-1", 6: SECONDS}},
        {1: -19.0, 4: KEY.kid, 15: {3: "solbakken-1", 6: SECONDS}},
        {1: -19, 15: {3: "solbakken-1", 6: SECONDS}},
        {1: -19, "4": KEY.kid, 15: {3: "solbakken-1", 6: SECONDS}},
    ],
    ids=repr,
)
def test_a_header_with_a_fault_is_refused(header: Any) -> None:
    refusal(with_header(header))


def test_a_card_is_not_a_message() -> None:
    refusal(cose.sign(PAYLOAD, KEY))


def test_a_small_message_that_would_unfold_into_a_huge_one_is_refused_unopened() -> None:
    """Shared values (tags 28 and 29) let 60 kB stand for more than any memory holds."""
    protected = b"\xa1\x04" + b"\xd8\x1c\x99\x4e\x20" + b"\xd8\x1d\x00" * 20_000
    parts = [protected, {}, PAYLOAD, bytes(64)]
    bomb = cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)
    assert refusal(bomb) == "neither an integer, a string, an array nor a map"


@given(
    st.binary(max_size=200),
    st.text(max_size=64),
    st.datetimes(datetime(2020, 1, 1), datetime(2039, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_what_is_signed_is_what_is_opened(payload: bytes, audience: str, issued: datetime) -> None:
    signed = cose.sign_message(payload, KEY, audience, issued)
    found = opened(signed, audience=audience)
    assert found == SignedMessage(payload, issued.replace(microsecond=0))


@given(st.binary(max_size=300))
def test_junk_is_refused(raw: bytes) -> None:
    for start in (b"", b"\xd2", b"\xd2\x84"):
        refusal(start + raw)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "ends too early"),
        (b"\x80", "not a CBOR map"),
        (b"\xa1\x01", "ends too early"),
        (b"\xa1\x61a\x01", "every key must be an integer"),
        (b"\xa1\x18\x01\x01", "not the one deterministic encoding"),
        (b"\xa0\x00", "bytes are left over"),
        (b"\xa1\x01\x41", "bytes are left over"),
        (b"\xbf\xff", "a length is not stated"),
        (b"\xa1\x01" + b"\x81" * 5 + b"\x00", "nested too deeply"),
        (b"\xa1\x01\x61\xff", "not CBOR that can be read"),
        (b"\xf6", "neither an integer, a string, an array nor a map"),
    ],
)
def test_the_error_of_a_map_says_what_is_wrong(raw: bytes, fault: str) -> None:
    with pytest.raises(SignatureError, match=fault):
        cose.load_map(raw)


def test_a_map_may_be_nested_six_deep() -> None:
    assert cose.load_map(b"\xa1\x01" + b"\x81" * 4 + b"\x00") == {1: [[[[0]]]]}


@given(
    st.dictionaries(
        st.integers(-(2**64), 2**64 - 1),
        st.recursive(
            st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.integers(-9, 9), inner, max_size=3)
            ),
            max_leaves=5,
        ).filter(lambda value: depth(value) < 6),
        max_size=4,
    )
)
def test_every_plain_map_is_read_back(value: dict[int, Any]) -> None:
    assert cbor2.dumps(cose.load_map(cbor2.dumps(value, canonical=True)), canonical=True) == (
        cbor2.dumps(value, canonical=True)
    )


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 1
    return 1 + max((depth(one) for one in inner), default=0)
