"""The Token Status List: read strictly, unpacked within a bound, and never going back."""

import json
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import cose
from presence.errors import SignatureError, StatusListError
from presence.statuslist import (
    ENTRIES,
    LIFE,
    MAX_ENTRIES,
    TYPE,
    Listed,
    Status,
    StatusList,
    StatusTable,
    Step,
    open_list,
    pack,
    sign_list,
    step,
    subject,
    table_of,
    unpack,
)
from presence.trust import Purpose, TrustList, trust_list
from tests.builders import NOW, signing_key, trusted

PUBLISHED = json.loads(
    (Path(__file__).parent / "vectors" / "status_list.json").read_text(encoding="utf-8")
)
KEY = signing_key(Purpose.STATUS_LIST)
TRUST = trust_list([trusted(KEY)])
MARKS = {
    0: Status.INVALID,
    5: Status.SUSPENDED,
    77: Status.RENEWAL_DUE,
    ENTRIES - 1: Status.INVALID,
}
TOKEN = sign_list(3, table_of(MARKS), KEY, NOW)
SECONDS = int(NOW.timestamp())
CLAIMS: dict[int, object] = {
    2: subject(3),
    4: SECONDS + 30 * 86_400,
    6: SECONDS,
    65533: pack(table_of(MARKS)),
    65534: 86_400,
}

marks = st.dictionaries(st.integers(0, ENTRIES - 1), st.sampled_from(Status), max_size=40)


def opened(token: bytes = TOKEN, number: int = 3, trust: TrustList = TRUST) -> StatusList:
    return open_list(token, number, trust)


def refusal(token: bytes, number: int = 3, trust: TrustList = TRUST) -> str:
    with pytest.raises((SignatureError, StatusListError)) as caught:
        opened(token, number, trust)
    return str(caught.value)


def signed(**changes: Any) -> bytes:
    """A list whose signature fits, with other claims (by number: `c4=...`; None: left out)."""
    claims = dict(CLAIMS)
    claims.update((int(name[1:]), value) for name, value in changes.items())
    claims = {name: value for name, value in claims.items() if value is not None}
    return cose.sign(cbor2.dumps(claims, canonical=True), KEY, kind=TYPE)


def packed(content: bytes) -> dict[str, object]:
    return {"bits": 2, "lst": content}


def unpacking(claim: object) -> str:
    with pytest.raises(StatusListError) as caught:
        unpack(claim)
    return str(caught.value)


# --- what is published -----------------------------------------------------------------------


@pytest.mark.parametrize("bits", ["1", "2", "4", "8"])
def test_the_published_lists_are_read(bits: str) -> None:
    vector = PUBLISHED["lists"][bits]
    table = unpack(cbor2.loads(bytes.fromhex(vector["cbor_hex"])))
    named = {int(index): value for index, value in vector["values"].items()}
    assert (table.bits, len(table)) == (int(bits), vector["places"])
    assert all(table.value(index) == named.get(index, 0) for index in range(len(table)))
    assert table.value(len(table)) is None
    assert table.value(-1) is None


@pytest.mark.parametrize("vector", PUBLISHED["short"], ids=["1 bit", "2 bits"])
def test_the_published_bytes_are_read_and_written(vector: dict[str, Any]) -> None:
    claim = {"bits": vector["bits"], "lst": bytes.fromhex(vector["zlib_hex"])}
    table = unpack(claim)
    assert [table.value(index) for index in range(len(table))] == vector["values"]
    assert unpack(pack(table)) == table
    if vector["bits"] == 2:
        assert table_of({n: Status(v) for n, v in enumerate(vector["values"])}, 12) == table


def test_a_signed_list_has_the_header_and_the_claims_of_the_published_one() -> None:
    """All but the algorithm and where the key's id stands: ours is in the protected header."""
    theirs = cbor2.loads(bytes.fromhex(PUBLISHED["cwt_hex"])).value
    ours = cbor2.loads(TOKEN).value
    assert set(cbor2.loads(ours[0])) == set(cbor2.loads(theirs[0])) | {4}
    assert cbor2.loads(ours[0])[16] == cbor2.loads(theirs[0])[16] == TYPE
    their_claims, our_claims = cbor2.loads(theirs[2]), cbor2.loads(ours[2])
    assert set(our_claims) == set(their_claims)
    assert set(our_claims[65533]) == set(their_claims[65533])
    assert unpack(their_claims[65533]).packed == b"\xb9\xa3"


def test_the_published_token_itself_is_signed_in_a_way_we_do_not_believe() -> None:
    assert refusal(bytes.fromhex(PUBLISHED["cwt_hex"])) == "the unprotected header must be empty"


# --- ours ------------------------------------------------------------------------------------


def test_a_signed_list_says_what_was_marked_until_it_ends() -> None:
    held = opened()
    ends = NOW + timedelta(days=30)
    for index, status in MARKS.items():
        assert held.listed(index) == Listed(status, NOW, ends)
    assert held.listed(1) == Listed(Status.VALID, NOW, ends)
    assert held.listed(ENTRIES) == Listed(None, NOW, ends)
    assert held.token == TOKEN


@given(marks, st.integers(0, 2**31 - 1))
def test_any_list_is_read_as_it_was_written(marks: dict[int, Status], number: int) -> None:
    held = opened(sign_list(number, table_of(marks), KEY, NOW), number)
    for index in [*marks, *(index + 1 for index in marks), 0, ENTRIES - 1]:
        expected = marks.get(index, Status.VALID) if index < ENTRIES else None
        assert held.listed(index).status == expected


@given(st.sampled_from([1, 2, 4, 8]), st.binary(min_size=1, max_size=300))
def test_any_table_is_read_as_it_was_packed(bits: int, content: bytes) -> None:
    table = unpack(pack(StatusTable(bits, content)))
    assert table == StatusTable(bits, content)
    assert len(table) == len(content) * 8 // bits
    number = int.from_bytes(content, "little")
    for index in range(len(table)):
        assert table.value(index) == number >> index * bits & (1 << bits) - 1


def test_a_value_that_means_nothing_to_us_counts_as_invalid() -> None:
    table = StatusTable(8, bytes([0, 1, 2, 3, 4, 255]))
    held = StatusList(1, NOW, NOW + LIFE, table, b"")
    said = [held.listed(index).status for index in range(6)]
    assert said == [*Status, Status.INVALID, Status.INVALID]


def test_the_time_of_issue_is_kept_to_the_second() -> None:
    later = NOW + timedelta(microseconds=999_999)
    assert opened(sign_list(3, table_of({}), KEY, later)).issued == NOW


def test_a_mark_outside_the_list_is_an_error() -> None:
    for index in (-1, ENTRIES):
        with pytest.raises(IndexError, match="outside"):
            table_of({index: Status.INVALID})


def test_only_a_key_for_status_lists_signs_one() -> None:
    for purpose in set(Purpose) - {Purpose.STATUS_LIST}:
        with pytest.raises(ValueError, match="cannot sign status lists"):
            sign_list(3, table_of({}), signing_key(purpose), NOW)


# --- what is refused -------------------------------------------------------------------------


def test_no_single_bit_of_a_signed_list_can_be_flipped() -> None:
    for bit in range(8 * len(TOKEN)):
        spoilt = bytearray(TOKEN)
        spoilt[bit // 8] ^= 1 << bit % 8
        refusal(bytes(spoilt))


def test_no_shorter_or_longer_part_of_it_is_believed() -> None:
    for length in range(len(TOKEN)):
        refusal(TOKEN[:length])
    assert refusal(TOKEN + b"\0") == "bytes are left over"


@given(st.binary(max_size=200))
def test_junk_is_refused(junk: bytes) -> None:
    refusal(junk)


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.STATUS_LIST}))
def test_a_key_for_anything_else_is_not_believed(purpose: Purpose) -> None:
    other = trust_list([trusted(signing_key(purpose))])
    assert refusal(TOKEN, trust=other) == "no key 01 for status_list"


def test_a_stranger_under_a_trusted_id_is_refused() -> None:
    stranger = trusted(signing_key(Purpose.STATUS_LIST, number=2), kid=KEY.kid)
    assert refusal(TOKEN, trust=trust_list([stranger])) == "the signature does not fit"


def test_a_list_in_another_lists_place_is_refused() -> None:
    assert refusal(TOKEN, number=4) == "another list than its place says"


def test_a_list_issued_outside_its_keys_time_is_refused() -> None:
    ended = trust_list([trusted(KEY, not_after=NOW)])
    assert refusal(TOKEN, trust=ended) == "the key was not valid when the list was issued"


@pytest.mark.parametrize("kind", ["application/statuslist+jwt", "statuslist+cwt", "", None])
def test_another_type_of_token_is_refused(kind: str | None) -> None:
    token = cose.sign(cbor2.dumps(CLAIMS, canonical=True), KEY, kind=kind)
    assert refusal(token) == "the protected header is not that of a status list"


def test_a_header_with_more_in_it_is_refused() -> None:
    token = cose.sign(cbor2.dumps(CLAIMS, canonical=True), KEY, {6: SECONDS}, TYPE)
    assert refusal(token) == "the protected header is not that of a status list"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"c2": None}, "not exactly the claims"),
        ({"c4": None}, "not exactly the claims"),
        ({"c6": None}, "not exactly the claims"),
        ({"c65533": None}, "not exactly the claims"),
        ({"c65534": None}, "not exactly the claims"),
        ({"c1": "issuer"}, "not exactly the claims"),
        ({"c2": 3}, "another list"),
        ({"c4": str(SECONDS)}, "whole seconds"),
        ({"c6": b"1"}, "whole seconds"),
        ({"c65534": "day"}, "whole seconds"),
        ({"c65534": 0}, "ends before it begins"),
        ({"c4": SECONDS}, "ends before it begins"),
        ({"c4": 2**40}, "out of range"),
        ({"c6": -1, "c4": 1}, "between the years|out of range"),
        ({"c65533": {"bits": 3, "lst": b""}}, "1, 2, 4 or 8 bits"),
        ({"c65533": [2, b""]}, "not a map"),
        ({"c4": True}, "neither an integer"),
    ],
)
def test_claims_that_are_not_a_status_lists_are_refused(
    changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises((SignatureError, StatusListError), match=fault):
        opened(signed(**changes))


def test_the_same_claims_in_another_order_are_refused() -> None:
    backwards = cbor2.dumps(dict(sorted(CLAIMS.items(), reverse=True)))
    assert refusal(cose.sign(backwards, KEY, kind=TYPE)) == "not the one deterministic encoding"


# --- unpacking -------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0, 3, 16, -1, "2", 2.0, True, None])
def test_a_status_of_another_width_is_refused(bits: object) -> None:
    assert (
        unpacking({"bits": bits, "lst": zlib.compress(b"\0")}) == "a status has 1, 2, 4 or 8 bits"
    )


def test_a_list_that_is_not_what_it_should_be_says_why() -> None:
    whole = zlib.compress(bytes(1000))
    assert unpacking("list") == "the claim is not a map"
    assert unpacking({"bits": 2}) == "the packed list is not a byte string"
    assert unpacking({"bits": 2, "lst": "text"}) == "the packed list is not a byte string"
    assert unpacking(packed(b"")) == "the packed list ends early"
    assert unpacking(packed(whole[:-1])) == "the packed list ends early"
    assert unpacking(packed(whole + b"\0")) == "bytes are left over behind the packed list"
    assert unpacking(packed(whole + whole)) == "bytes are left over behind the packed list"
    assert unpacking(packed(zlib.compress(b""))) == "the list is empty"
    assert unpacking(packed(b"\0" + whole)) == "the list does not unpack"
    raw = zlib.compressobj(wbits=-15)
    assert unpacking(packed(raw.compress(bytes(9)) + raw.flush())) == "the list does not unpack"
    asks_for_a_dictionary = zlib.compressobj(zdict=b"tilstede")
    content = asks_for_a_dictionary.compress(bytes(9)) + asks_for_a_dictionary.flush()
    assert unpacking(packed(content)) == "the list does not unpack"


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_largest_list_is_read_and_a_larger_one_is_not(bits: int) -> None:
    most = MAX_ENTRIES * bits // 8
    assert len(unpack({"bits": bits, "lst": zlib.compress(bytes(most))})) == MAX_ENTRIES
    fault = unpacking({"bits": bits, "lst": zlib.compress(bytes(most + 1))})
    assert fault == f"unpacks to more than {most} bytes"


def test_a_bomb_costs_no_more_than_the_largest_list() -> None:
    """Eight gigabytes of zeros are eight megabytes packed."""
    packer = zlib.compressobj(9)
    mebibyte = [packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    bomb = mebibyte[0] + mebibyte[1] * 8191
    tracemalloc.start()
    try:
        fault = unpacking(packed(bomb))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fault == "unpacks to more than 262144 bytes"
    assert peak < len(bomb) + 2**20


# --- the ratchet -----------------------------------------------------------------------------


def issued(seconds: int, *, lost: int | None = None) -> StatusList:
    table = table_of({} if lost is None else {lost: Status.INVALID})
    return opened(sign_list(3, table, KEY, NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("held", "offered", "expected"),
    [
        (None, issued(0), Step.NEWER),
        (issued(0), issued(1), Step.NEWER),
        (issued(0), issued(1, lost=7), Step.NEWER),
        (issued(0), issued(0), Step.SAME),
        (issued(0, lost=7), issued(0, lost=7), Step.SAME),
        (issued(0, lost=7), issued(0), Step.CONTRADICTION),
        (issued(1), issued(0), Step.OLDER),
        (issued(1, lost=7), issued(0, lost=7), Step.OLDER),
        (issued(40 * 86_400), issued(0), Step.OLDER),
    ],
)
def test_a_list_only_ever_goes_forward(
    held: StatusList | None, offered: StatusList, expected: Step
) -> None:
    assert step(held, offered) is expected


@given(st.permutations(range(6)))
def test_in_whatever_order_lists_come_the_newest_stays(order: list[int]) -> None:
    held: StatusList | None = None
    for number in order:
        offered = issued(number, lost=number)
        held = offered if step(held, offered) is Step.NEWER else held
    assert held is not None
    assert held.issued == NOW + timedelta(seconds=5)


def test_a_list_of_a_thousand_years_from_now_cannot_be_signed() -> None:
    far = datetime(2999, 1, 1, tzinfo=UTC)
    with pytest.raises((SignatureError, StatusListError)):
        opened(sign_list(3, table_of({}), KEY, far))
