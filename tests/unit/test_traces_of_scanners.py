"""Traces of scanners: what was sent and typed is another code, and is sent and typed as it was."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.events import Presented
from presence.card import SignedCode
from tests.hardware_mocks.keyboard import LAYOUTS, typed, typed_by_number, with_caps_lock
from tests.hardware_mocks.record import keep
from tests.hardware_mocks.traces.anonymise import anonymised, leaks
from tests.hardware_mocks.traces.invention import BASE45, Invention
from tests.hardware_mocks.traces.trace import (
    From,
    Header,
    Item,
    Keys,
    Trace,
    expected,
    read_trace,
    write_trace,
)

NAME = "hall"
TRIES = settings.default.max_examples // 2 if settings.default else 50
MIXED = settings(max_examples=TRIES, suppress_health_check=[HealthCheck.function_scoped_fixture])
CODES = st.text(BASE45, min_size=12, max_size=60).map("TS1:".__add__)
BEFORE = st.sampled_from(("", "]Q3", "s", "\x02"))
ENDS = st.sampled_from(("\r", "\n", "\r\n", "\t", "\x03"))


@given(scans=st.lists(st.tuples(BEFORE, CODES, ENDS), min_size=1, max_size=4), cut=st.data())
@MIXED
def test_nothing_of_what_a_scanner_sent_is_in_a_trace(
    scans: list[tuple[str, str, str]],
    cut: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stream = "".join("".join(scan) for scan in scans).encode()
    at = cut.draw(st.integers(0, len(stream)))
    pieces: list[Item] = [From(0.0, stream[:at].hex()), From(0.1, stream[at:].hex())]
    told = [expected(Presented(NAME, SignedCode(code)), 2) for _, code, _ in scans]
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    invention = Invention()
    kept = anonymised(Trace(Header("serial_scanner", "a test", 5), pieces, told), invention)
    write_trace(kept, path)
    sent = b"".join(bytes.fromhex(item.said) for item in kept.items if isinstance(item, From))
    codes = [line.told().evidence.text for line in kept.expected]  # type: ignore[union-attr]
    assert sent.decode() == "".join(
        before + code + end for (before, _, end), code in zip(scans, codes, strict=True)
    )
    for (_, code, _), instead in zip(scans, codes, strict=True):
        assert len(instead) == len(code)
        assert sum(a == b for a, b in zip(code[4:], instead[4:], strict=True)) < len(code) - 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_scanner_typed_is_typed_in_the_same_layout(layout: str, tmp_path: Path) -> None:
    code = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
    pressed = [*typed(code, layout), *typed(code, layout, end=15)]
    assert_typed_anew(code, pressed, 2, tmp_path)


def test_what_a_scanner_typed_by_numbers_or_with_caps_lock_is_typed_so(tmp_path: Path) -> None:
    code = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
    assert_typed_anew(code, typed_by_number(code), 1, tmp_path)
    assert_typed_anew(code, with_caps_lock(typed(code.lower())), 1, tmp_path)


def assert_typed_anew(
    code: str, pressed: Iterable[tuple[int, int]], count: int, place: Path
) -> None:
    events = [(1, key, value) for key, value in pressed]
    items: list[Item] = [Keys(0.0, events[:50]), Keys(0.1, events[50:])]
    told = [expected(Presented(NAME, SignedCode(code)), 2)] * count
    recorded = Trace(Header("hid_scanner", "a test", 5), items, told)
    path = place / "trace.jsonl"
    keep(recorded, path)
    kept = read_trace(path)
    path.unlink()
    retyped = [event for item in kept.items if isinstance(item, Keys) for event in item.events]
    assert len(retyped) == len(events)
    assert [value for _, _, value in retyped] == [value for _, _, value in events]
    assert retyped != events
    [instead] = {line.told() for line in kept.expected}
    assert isinstance(instead, Presented)
    assert instead != Presented(NAME, SignedCode(code))
    invention = Invention()
    anonymised(kept, invention)  # an invented code is a code
    assert instead.evidence.text in invention.texts  # type: ignore[union-attr]
    write_trace(recorded, path)
    anonymised(recorded, invention)
    assert "keys of a text" in leaks(path, invention)
    path.unlink()
