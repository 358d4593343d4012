"""Base45 against RFC 9285 and against itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import base45

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "credentials.json").read_text(encoding="utf-8")
)["base45_rfc9285"]


@pytest.mark.parametrize(("plain", "text"), VECTORS["good"])
def test_the_examples_of_the_standard_are_met_both_ways(plain: str, text: str) -> None:
    assert base45.encode(plain.encode()) == text
    assert base45.decode(text) == plain.encode()


@pytest.mark.parametrize("text", VECTORS["bad"])
def test_what_the_standard_calls_wrong_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base45"):
        base45.decode(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("BB8B", "length"),
        ("bb8", "outside the alphabet"),
        ("BB\n", "outside the alphabet"),
        ("BÅ8", "outside the alphabet"),
        ("BB٣", "outside the alphabet"),
        ("GGW", "too large"),  # 65536
        ("V5", "too large"),  # 256
        (":::", "too large"),
    ],
)
def test_the_error_says_what_is_wrong_and_not_what_was_read(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        base45.decode(text)
    assert text not in str(caught.value)


def test_the_largest_values_still_fit() -> None:
    assert base45.decode("FGW") == b"\xff\xff"
    assert base45.decode("U5") == b"\xff"


def test_nothing_is_written_as_nothing() -> None:
    assert base45.encode(b"") == ""
    assert base45.decode("") == b""


@given(st.binary(max_size=200))
def test_any_bytes_come_back(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=12) | st.text(max_size=12))
def test_a_text_is_refused_or_is_the_only_text_of_its_bytes(text: str) -> None:
    try:
        raw = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(raw) == text
