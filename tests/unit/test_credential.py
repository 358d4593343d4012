"""The signed code on a card: the golden one, every way to spoil it, and named forgeries."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from presence import base45
from presence.card import MAX_CODE_CHARACTERS, CardRef, Credential
from presence.credential import MAX_REF, PREFIX, issue_code, verify_code
from presence.errors import CredentialError
from presence.trust import Purpose, SigningKey, TrustList, trust_list
from tests.builders import CARD, signing_key, trusted

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "credentials.json").read_text(encoding="utf-8")
)["card_v1"]
TEXT: str = GOLDEN["text"]
COSE = bytes.fromhex(GOLDEN["cose_hex"])
CLAIMS: dict[str, Any] = GOLDEN["claims"]
KEY = SigningKey(
    bytes.fromhex(GOLDEN["kid_hex"]),
    Ed25519PrivateKey.from_private_bytes(bytes.fromhex(GOLDEN["seed_hex"])),
    Purpose.CARD,
)
TRUST = trust_list([trusted(KEY)])
ISSUED = datetime.fromtimestamp(CLAIMS["iat"], UTC)
EXPIRES = datetime.fromtimestamp(CLAIMS["exp"], UTC)
CTI = bytes.fromhex(CLAIMS["cti_hex"])
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

HEADER: dict[Any, Any] = {1: -19, 4: KEY.kid}
PAYLOAD: dict[Any, Any] = {4: CLAIMS["exp"], 6: CLAIMS["iat"], 7: CTI, -65537: [3, 123456]}


def canonical(value: object) -> bytes:
    return cbor2.dumps(value, canonical=True)


def byte_string(content: bytes) -> bytes:
    return canonical(content)


def as_text(raw: bytes) -> str:
    return PREFIX + base45.encode(raw)


def forged(
    protected: bytes | None = None,
    payload: bytes | None = None,
    key: SigningKey = KEY,
    *,
    start: bytes = b"\xd2\x84",
    unprotected: bytes = b"\xa0",
    end: bytes = b"",
) -> str:
    """A code whose signature fits, but whose parts are as the caller wants them."""
    protected = canonical(HEADER) if protected is None else protected
    payload = canonical(PAYLOAD) if payload is None else payload
    signature = key.private_key.sign(canonical(["Signature1", protected, b"", payload]))
    parts = byte_string(protected) + unprotected + byte_string(payload) + byte_string(signature)
    return as_text(start + parts + end)


def refusal(text: str, trust: TrustList = TRUST) -> str:
    """Why `text` is refused. Fails when it is not."""
    with pytest.raises(CredentialError) as caught:
        verify_code(text, trust)
    return str(caught.value)


# --- the golden card -------------------------------------------------------------------------


def test_the_golden_card_is_issued_character_by_character() -> None:
    assert issue_code(KEY, CARD, CTI, ISSUED, EXPIRES) == TEXT
    assert base45.decode(TEXT.removeprefix(PREFIX)) == COSE
    assert KEY.private_key.public_key().public_bytes_raw().hex() == GOLDEN["pub_hex"]
    assert (len(COSE), len(TEXT)) == (113, 174)


def test_the_golden_card_is_believed() -> None:
    assert verify_code(TEXT, TRUST) == Credential(CARD, CTI, ISSUED, EXPIRES, KEY.kid)


def test_a_forgery_of_these_tests_is_believed_when_nothing_is_wrong_with_it() -> None:
    assert forged() == TEXT


def test_a_card_that_is_over_is_still_genuine() -> None:
    """Expiry is for the admission rule: leaving is never refused."""
    over = issue_code(KEY, CARD, CTI, ISSUED, ISSUED + timedelta(seconds=1))
    assert verify_code(over, TRUST).expires == ISSUED + timedelta(seconds=1)


def test_no_single_bit_can_be_flipped() -> None:
    for bit in range(8 * len(COSE)):
        spoilt = bytearray(COSE)
        spoilt[bit // 8] ^= 1 << bit % 8
        refusal(as_text(bytes(spoilt)))


@pytest.mark.parametrize("other", list(ALPHABET))
def test_no_single_character_can_be_changed(other: str) -> None:
    for place, character in enumerate(TEXT):
        if character != other:
            refusal(TEXT[:place] + other + TEXT[place + 1 :])


def test_no_shorter_part_of_it_is_believed() -> None:
    for length in range(len(TEXT)):
        refusal(TEXT[:length])
        refusal(TEXT[length + 1 :])
    for length in range(len(COSE)):
        refusal(as_text(COSE[:length]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        PREFIX,
        TEXT.lower(),
        "ts1:" + TEXT[4:],
        " " + TEXT,
        TEXT + " ",
        TEXT + "\n",
        TEXT + "\0",
        TEXT + TEXT,
        PREFIX + TEXT,
        TEXT.replace("TS1:", "TS2:"),
        TEXT[4:],
        "HC1:" + TEXT[4:],
        "https://example.org/?c=" + TEXT,
        TEXT[:4] + "\N{FULLWIDTH LATIN CAPITAL LETTER R}" + TEXT[5:],
    ],
)
def test_the_text_has_exactly_one_form(text: str) -> None:
    refusal(text)


def test_a_text_longer_than_any_card_is_not_even_looked_at() -> None:
    assert refusal(TEXT.ljust(MAX_CODE_CHARACTERS + 1, "0")) == "longer than 300 characters"
    assert refusal("X" * 1_000_000) == "longer than 300 characters"


# --- named forgeries, each with a signature that fits ----------------------------------------

PROTECTED_FAULTS: dict[str, bytes] = {
    "no algorithm": canonical({4: KEY.kid}),
    "EdDSA, not fully specified": canonical({1: -8, 4: KEY.kid}),
    "ES256": canonical({1: -7, 4: KEY.kid}),
    "HMAC with the public key as secret": canonical({1: 5, 4: KEY.kid}),
    "no algorithm at all": canonical({1: None, 4: KEY.kid}),
    "the algorithm as a float": canonical({1: -19.0, 4: KEY.kid}),
    "the algorithm as a decimal fraction": bytes.fromhex("a201c48200320441") + KEY.kid,
    "the algorithm as a bignum": bytes.fromhex("a201c341120441") + KEY.kid,
    "the algorithm as text": canonical({1: "-19", 4: KEY.kid}),
    "no key id": canonical({1: -19}),
    "the key id as text": canonical({1: -19, 4: "\x01"}),
    "an empty key id": canonical({1: -19, 4: b""}),
    "a long key id": canonical({1: -19, 4: b"\x01" * 17}),
    "True for the number 1": bytes.fromhex("a2f5320441") + KEY.kid,
    "1.0 for the number 1": bytes.fromhex("a2f93c00320441") + KEY.kid,
    "1 as a bignum": bytes.fromhex("a2c24101320441") + KEY.kid,
    "the algorithm twice": bytes.fromhex("a301320132044101"),
    "two algorithms": bytes.fromhex("a301260132044101"),
    "keys in another order": bytes.fromhex("a204410101") + b"\x32",
    "an indefinite map": bytes.fromhex("bf0132044101ff"),
    "an indefinite key id": bytes.fromhex("a20132045f4101ff"),
    "a length longer than needed": bytes.fromhex("a2013204580101"),
    "a number longer than needed": bytes.fromhex("a201381204" + "4101"),
    "a critical header": canonical({1: -19, 2: [4], 4: KEY.kid}),
    "claims of a signed message": canonical({1: -19, 4: KEY.kid, 15: {3: "k", 6: 1}}),
    "an array": canonical([1, -19]),
    "nothing": b"",
    "an empty map": b"\xa0",
    "something after the map": canonical(HEADER) + b"\x00",
    "a list that holds itself": bytes.fromhex("a2013204d81c81d81d00"),
    "a time without a zone": bytes.fromhex("a2013204c073") + b"2026-11-24T09:02:00",
    "a mail message": bytes.fromhex("a2013204d8246a") + b"A: B\n\nhei!",
    "a regular expression": bytes.fromhex("a2013204d82363") + b"a+b",
    "a broken regular expression": bytes.fromhex("a2013204d82363") + b"(+b",
    "a huge decimal": bytes.fromhex("a2013204c4821b3fffffffffffffff01"),
    "text that is not UTF-8": bytes.fromhex("a201320461ff"),
    "a map as a key": bytes.fromhex("a2013204a1a00101"),
    "an endless list": bytes.fromhex("a2013204") + b"\x9f",
    "a list said to be enormous": bytes.fromhex("a20132049bffffffffffffffff"),
    "text said to be enormous": bytes.fromhex("a20132045bffffffffffffffff"),
    "a reserved length": bytes.fromhex("a20132045c01"),
    "lists in lists": bytes.fromhex("a2013204") + b"\x81" * 100 + b"\x00",
}


@pytest.mark.parametrize("protected", PROTECTED_FAULTS.values(), ids=PROTECTED_FAULTS)
def test_a_protected_header_with_a_fault_is_refused(protected: bytes) -> None:
    refusal(forged(protected))


def without(claim: int) -> dict[Any, Any]:
    return {name: value for name, value in PAYLOAD.items() if name != claim}


IAT = bytes.fromhex("061a6afd86c0")
REST = bytes.fromhex("07480011223344556677") + bytes.fromhex("3a0001000082031a0001e240")
PAYLOAD_FAULTS: dict[str, bytes] = {
    "no expiry": canonical(without(4)),
    "no time of issue": canonical(without(6)),
    "no number": canonical(without(7)),
    "no status reference": canonical(without(-65537)),
    "a name besides": canonical(PAYLOAD | {2: "Kari Nordmann"}),
    "an issuer besides": canonical(PAYLOAD | {1: 1}),
    "a text key besides": canonical(PAYLOAD | {"exp": 1}),
    "a float expiry": canonical(PAYLOAD | {4: 1858072000.0}),
    "a float time of issue": canonical(PAYLOAD | {6: 1795000000.5}),
    "an expiry as text": canonical(PAYLOAD | {4: "2029"}),
    "an expiry that is True": canonical(PAYLOAD | {4: True}),
    "an expiry that is nothing": canonical(PAYLOAD | {4: None}),
    "an expiry that is not a number": canonical(PAYLOAD | {4: float("nan")}),
    "a tagged expiry": canonical(PAYLOAD | {4: cbor2.CBORTag(1, 1858072000)}),
    "an expiry beyond 64 bits": canonical(PAYLOAD | {4: 2**64}),
    "an expiry in an impossible year": canonical(PAYLOAD | {4: 2**62}),
    "an expiry after the year 9999": canonical(PAYLOAD | {4: 253402300800}),
    "an expiry after the years we can count in": canonical(PAYLOAD | {4: 7258118400}),
    "a time of issue before 1970": canonical(PAYLOAD | {6: -1}),
    "a number of seven bytes": canonical(PAYLOAD | {7: CTI[:7]}),
    "a number of nine bytes": canonical(PAYLOAD | {7: CTI + b"\0"}),
    "a number as text": canonical(PAYLOAD | {7: "00112233"}),
    "a negative index": canonical(PAYLOAD | {-65537: [3, -1]}),
    "a negative list": canonical(PAYLOAD | {-65537: [-1, 3]}),
    "an index too large": canonical(PAYLOAD | {-65537: [3, MAX_REF]}),
    "an index beyond 64 bits": canonical(PAYLOAD | {-65537: [3, 2**64]}),
    "an index that is True": canonical(PAYLOAD | {-65537: [3, True]}),
    "a float index": canonical(PAYLOAD | {-65537: [3, 1.0]}),
    "a text of two letters as reference": canonical(PAYLOAD | {-65537: "ab"}),
    "two bytes as reference": canonical(PAYLOAD | {-65537: b"ab"}),
    "one number as reference": canonical(PAYLOAD | {-65537: 3}),
    "a reference of one": canonical(PAYLOAD | {-65537: [3]}),
    "a reference of three": canonical(PAYLOAD | {-65537: [3, 4, 5]}),
    "a map as reference": canonical(PAYLOAD | {-65537: {0: 3, 1: 4}}),
    "the expiry twice": bytes.fromhex("a5041a6ebfedc0041a6ebfedc0") + IAT + REST,
    "two expiries": bytes.fromhex("a5041a00000000041a6ebfedc0") + IAT + REST,
    "4.0 for the number 4": bytes.fromhex("a4f944001a6ebfedc0") + IAT + REST,
    "an expiry longer than needed": bytes.fromhex("a4041b000000006ebfedc0") + IAT + REST,
    "keys in another order": b"\xa4" + IAT + bytes.fromhex("041a6ebfedc0") + REST,
    "an indefinite map": bytes.fromhex("bf041a6ebfedc0") + IAT + REST + b"\xff",
    "deep nesting": canonical(PAYLOAD | {-65537: [3, [[[[[[[4]]]]]]]]}),
    "an array of the same": canonical(list(PAYLOAD.values())),
    "nothing": b"",
    "something after the map": canonical(PAYLOAD) + b"\xf6",
}


@pytest.mark.parametrize("payload", PAYLOAD_FAULTS.values(), ids=PAYLOAD_FAULTS)
def test_claims_with_a_fault_are_refused(payload: bytes) -> None:
    refusal(forged(payload=payload))


def test_the_parts_those_faults_are_made_of_are_good_ones() -> None:
    whole = bytes.fromhex("a4041a6ebfedc0") + IAT + REST
    assert forged(payload=whole) == TEXT


ENVELOPE_FAULTS: dict[str, str] = {
    "untagged": forged(start=b"\x84"),
    "a COSE_Mac0": forged(start=b"\xd1\x84"),
    "a COSE_Sign with its tag": forged(start=b"\xd8\x62\x84"),
    "a CWT tag around it": forged(start=b"\xd8\x3d\xd2\x84"),
    "tagged twice": forged(start=b"\xd2\xd2\x84"),
    "the tag longer than needed": forged(start=b"\xd8\x12\x84"),
    "an indefinite array": forged(start=b"\xd2\x9f", end=b"\xff"),
    "the array's length longer than needed": forged(start=b"\xd2\x98\x04"),
    "five parts": forged(start=b"\xd2\x85", end=b"\x00"),
    "three parts": forged(start=b"\xd2\x83"),
    "a map of two pairs": forged(start=b"\xd2\xa2"),
    "trailing bytes": forged(end=b"\x00"),
    "itself again behind it": forged(end=COSE),
    "a key id in the unprotected header": forged(unprotected=canonical({4: KEY.kid})),
    "an unprotected header of nothing": forged(unprotected=b"\xf6"),
    "an indefinite unprotected header": forged(unprotected=b"\xbf\xff"),
    "a list for the unprotected header": forged(unprotected=b"\x80"),
    "an empty text for the unprotected header": forged(unprotected=b"\x60"),
    "no payload": as_text(canonical(cbor2.CBORTag(18, [canonical(HEADER), {}, None, bytes(64)]))),
    "a header that is a map": as_text(canonical(cbor2.CBORTag(18, [HEADER, {}, b"", bytes(64)]))),
    "a signature of text": as_text(
        canonical(cbor2.CBORTag(18, [canonical(HEADER), {}, canonical(PAYLOAD), "x" * 64]))
    ),
    "an empty signature": as_text(
        canonical(cbor2.CBORTag(18, [canonical(HEADER), {}, canonical(PAYLOAD), b""]))
    ),
    "a signature of zeros": as_text(
        canonical(cbor2.CBORTag(18, [canonical(HEADER), {}, canonical(PAYLOAD), bytes(64)]))
    ),
    "just a tag": as_text(b"\xd2"),
    "just text": as_text(b"hello, world"),
}


@pytest.mark.parametrize("text", ENVELOPE_FAULTS.values(), ids=ENVELOPE_FAULTS)
def test_an_envelope_with_a_fault_is_refused(text: str) -> None:
    refusal(text)


def test_a_signature_moved_by_the_order_of_the_curve_is_refused() -> None:
    """The classic second form of an Ed25519 signature (RFC 8032, section 5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(COSE[-32:], "little") + order
    refusal(as_text(COSE[:-32] + scalar.to_bytes(32, "little")))


# --- whose signature -------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.CARD])
def test_a_key_for_anything_else_cannot_make_a_card(purpose: Purpose) -> None:
    other = SigningKey(KEY.kid, KEY.private_key, purpose)
    assert refusal(TEXT, trust_list([trusted(other)])) == "no key 01 for card"
    with pytest.raises(ValueError, match=f"a key for {purpose} cannot sign cards"):
        issue_code(other, CARD, CTI, ISSUED, EXPIRES)


def test_another_key_under_a_trusted_id_is_refused() -> None:
    imposter = SigningKey(KEY.kid, signing_key(number=9).private_key, Purpose.CARD)
    assert refusal(forged(key=imposter)) == "the signature does not fit"


def test_a_key_that_nobody_trusts_is_refused() -> None:
    assert refusal(TEXT, trust_list([])) == "no key 01 for card"


def test_of_two_keys_with_one_id_the_one_for_cards_is_used() -> None:
    status = SigningKey(KEY.kid, signing_key(number=9).private_key, Purpose.STATUS_LIST)
    both = trust_list([trusted(status), trusted(KEY)])
    assert verify_code(TEXT, both).card == CARD


def test_a_key_counts_for_cards_issued_while_it_was_valid() -> None:
    first = trusted(KEY, not_before=ISSUED, not_after=ISSUED + timedelta(seconds=1))
    assert verify_code(TEXT, trust_list([first])).issued == ISSUED
    late = trusted(KEY, not_before=ISSUED + timedelta(seconds=1))
    assert "not valid when the card was issued" in refusal(TEXT, trust_list([late]))
    ended = trusted(KEY, not_after=ISSUED)
    assert "not valid when the card was issued" in refusal(TEXT, trust_list([ended]))


# --- issuing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"cti": b""},
        {"cti": bytes(7)},
        {"cti": bytes(9)},
        {"card": CardRef(-1, 0)},
        {"card": CardRef(0, -1)},
        {"card": CardRef(MAX_REF, 0)},
        {"card": CardRef(0, MAX_REF)},
        {"expires": ISSUED},
        {"expires": ISSUED - timedelta(seconds=1)},
        {"expires": datetime(2200, 1, 1, tzinfo=UTC)},
        {"issued": datetime(1969, 12, 31, tzinfo=UTC)},
        {"issued": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"expires": datetime(2036, 1, 1)},  # noqa: DTZ001
        {"key": SigningKey(b"", KEY.private_key, Purpose.CARD)},
        {"key": SigningKey(b"\x01" * 17, KEY.private_key, Purpose.CARD)},
    ],
)
def test_what_a_kiosk_would_refuse_is_never_printed(changes: dict[str, Any]) -> None:
    plain: dict[str, Any] = {
        "key": KEY,
        "card": CARD,
        "cti": CTI,
        "issued": ISSUED,
        "expires": EXPIRES,
    }
    with pytest.raises(ValueError, match=r"."):
        issue_code(**plain | changes)


@given(
    st.builds(CardRef, st.integers(0, MAX_REF - 1), st.integers(0, MAX_REF - 1)),
    st.binary(min_size=8, max_size=8),
    st.datetimes(datetime(2020, 1, 1), datetime(2039, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(seconds=1), timedelta(days=20_000)),
)
@example(CardRef(MAX_REF - 1, MAX_REF - 1), bytes(8), ISSUED, timedelta(days=20_000))
def test_what_is_issued_is_what_is_read(
    card: CardRef, cti: bytes, issued: datetime, life: timedelta
) -> None:
    text = issue_code(KEY, card, cti, issued, issued + life)
    assert verify_code(text, TRUST) == Credential(
        card, cti, issued.replace(microsecond=0), (issued + life).replace(microsecond=0), KEY.kid
    )
    assert set(text) <= set(ALPHABET)
    assert len(text) <= MAX_CODE_CHARACTERS


# --- fuzz: never anything but a credential or a CredentialError ------------------------------


def read(text: str) -> Credential | None:
    try:
        return verify_code(text, TRUST)
    except CredentialError:
        return None


@given(st.text(max_size=320))
def test_any_text_is_refused(text: str) -> None:
    assert read(text) is None
    assert read(PREFIX + text) is None


@given(st.binary(max_size=190))
def test_any_bytes_are_refused(raw: bytes) -> None:
    assert read(as_text(raw)) is None


@given(
    st.lists(st.tuples(st.integers(0, len(COSE) - 1), st.integers(0, 255)), min_size=1, max_size=6)
)
def test_a_golden_card_with_changed_bytes_is_refused(changes: list[tuple[int, int]]) -> None:
    spoilt = bytearray(COSE)
    for place, value in changes:
        spoilt[place] = value
    assert (read(as_text(bytes(spoilt))) is None) == (bytes(spoilt) != COSE)


@given(st.integers(0, len(COSE)), st.integers(0, len(COSE)), st.binary(max_size=12))
def test_a_golden_card_with_a_piece_put_in_or_taken_out_is_refused(
    start: int, stop: int, piece: bytes
) -> None:
    spoilt = COSE[:start] + piece + COSE[stop:]
    assert (read(as_text(spoilt)) is None) == (spoilt != COSE)


scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=9),
    st.decimals(),
    st.fractions(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.uuids(),
    st.just(cbor2.undefined),
    st.builds(cbor2.CBORSimpleValue, st.integers(0, 19) | st.integers(32, 255)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.integers(-5, 9) | st.text(max_size=2), inner, max_size=3),
        st.builds(cbor2.CBORTag, st.integers(0, 40) | st.integers(200, 70_000), inner),
    ),
    max_leaves=6,
)
headers = st.one_of(
    st.just(HEADER), st.dictionaries(st.sampled_from([1, 2, 4, 15]), values), values
)
claims = st.one_of(
    st.fixed_dictionaries({4: values, 6: values, 7: values, -65537: values}),
    st.builds(
        lambda name, value: PAYLOAD | {name: value}, st.sampled_from([4, 6, 7, -65537]), values
    ),
    values,
)


@given(headers, claims, st.booleans())
def test_any_cbor_signed_with_the_right_key_is_a_card_or_refused(
    header: Any, payload: Any, is_canonical: bool
) -> None:
    text = forged(
        cbor2.dumps(header, canonical=is_canonical), cbor2.dumps(payload, canonical=is_canonical)
    )
    found = read(text)
    if found is not None:
        assert found.key == KEY.kid
        assert (len(found.cti), found.card.list < MAX_REF) == (8, True)


@given(values)
def test_any_cbor_in_place_of_the_whole_envelope_is_refused(value: Any) -> None:
    assert read(as_text(canonical(value))) is None
    assert read(as_text(b"\xd2" + canonical(value))) is None
