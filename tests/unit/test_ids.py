"""Ids that sort by time (RFC 9562, section 5.7) and have one form on the wire."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import ids
from tests.builders import NOW
from tests.strategies import times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOOD = "01a20cc8-8e80-7000-8000-000000000001"


@given(times, st.binary(min_size=10, max_size=10))
def test_an_id_tells_its_millisecond_version_and_variant(at: datetime, randomness: bytes) -> None:
    value = uuid.UUID(ids.uuid7(at, randomness))
    assert value.int >> 80 == (at - EPOCH) // timedelta(milliseconds=1)
    assert (value.version, value.variant) == (7, uuid.RFC_4122)


@given(times, times, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_time(one: datetime, other: datetime, first: bytes, second: bytes) -> None:
    if (one - EPOCH) // timedelta(milliseconds=1) < (other - EPOCH) // timedelta(milliseconds=1):
        assert ids.uuid7(one, first) < ids.uuid7(other, second)


def test_the_example_of_the_standard_is_met() -> None:
    """RFC 9562, appendix A.6: rand_a is 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    randomness = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert ids.uuid7(at, randomness) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_74_random_bits_reach_the_id() -> None:
    """Six of the 80 bits given have no place in it."""
    seen = {
        ids.uuid7(NOW, (1 << bit).to_bytes(10, "big")) for bit in range(8 * ids.RANDOM_BYTES)
    } - {ids.uuid7(NOW, bytes(10))}
    assert len(seen) == 74


@pytest.mark.parametrize("length", [0, 9, 11, 16])
def test_another_amount_of_randomness_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        ids.uuid7(NOW, bytes(length))


@pytest.mark.parametrize(
    "kind", [ids.WireEventId, ids.WireVisitId, ids.WirePresentationId, ids.WireBootId]
)
@pytest.mark.parametrize(
    "text", [GOOD + "\n", "\n" + GOOD, GOOD.upper(), GOOD.replace("-", ""), GOOD[:-1], "", "x"]
)
def test_an_id_in_another_form_is_not_let_in(kind: Any, text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)
    assert msgspec.convert(GOOD, kind) == GOOD


@pytest.mark.parametrize("number", [-1, 2**53, 2**64, 1.5, True, "1"])
def test_a_count_is_a_whole_number_that_every_database_can_hold(number: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(number, ids.Count)
    assert msgspec.convert(2**53 - 1, ids.Count) == 2**53 - 1
