"""Messages become bytes and come back; everything else is an error that repeats no content."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import codec
from presence.card import SignedCode
from presence.errors import MessageError, UnknownVersionError
from presence.messages import (
    MAX_ENTRIES,
    Entries,
    Entry,
    Heartbeat,
    Link,
    Message,
    Question,
    Receipts,
    Roster,
)
from presence.topics import CHANNELS, DOWN_LIMIT, UP_LIMIT, Channel
from tests.builders import KIOSK, NOW, uuid_text
from tests.strategies import values_of

LINK: dict[str, Any] = {"v": 1, "kiosk": "solbakken-1", "is_up": True, "connection": 7}
QUESTION: dict[str, Any] = {
    "v": 1,
    "kiosk": "solbakken-1",
    "presentation": uuid_text(1),
    "evidence": {"type": "signed_code", "text": "TS1:ABC"},
    "presented": "2026-11-24T09:02:00.123Z",
    "uptime_ms": 5,
}
ENTRY: dict[str, Any] = {
    "event": uuid_text(2),
    "stamp": {
        "sequence": 1,
        "boot": uuid_text(3),
        "boot_ms": 5000,
        "wall": "2026-11-24T09:02:00Z",
        "trust": "synced",
    },
    "what": {
        "type": "left",
        "card": [3, 123456],
        "presentation": uuid_text(4),
        "basis": "live",
    },
}


def decoded(kind: type[Message], fields: dict[str, Any], limit: int = UP_LIMIT) -> Message:
    return codec.decode(kind, json.dumps(fields).encode(), limit)


def fault(kind: type[Message], raw: bytes, limit: int = UP_LIMIT) -> str:
    with pytest.raises(MessageError) as caught:
        codec.decode(kind, raw, limit)
    assert caught.value.__cause__ is None
    return str(caught.value)


def fault_in(kind: type[Message], fields: dict[str, Any]) -> str:
    return fault(kind, json.dumps(fields).encode())


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.message.__name__)
@given(data=st.data())
def test_every_message_comes_back(channel: Channel, data: st.DataObject) -> None:
    made = data.draw(values_of(channel.message))
    message = msgspec.structs.replace(made, v=channel.message.VERSION)
    raw = codec.encode(message)
    assert codec.decode(channel.message, raw, channel.limit) == message
    assert json.loads(raw)["v"] == 1


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.message.__name__)
@given(data=st.data())
def test_fields_that_nobody_here_knows_are_ignored(channel: Channel, data: st.DataObject) -> None:
    made = data.draw(values_of(channel.message))
    message = msgspec.structs.replace(made, v=channel.message.VERSION)
    newer = json.loads(codec.encode(message)) | {"added_later": {"deep": [1, None, "x"]}}
    assert type(message) is channel.message
    found = codec.decode(channel.message, json.dumps(newer).encode(), channel.limit)
    if isinstance(message, Entries):
        assert isinstance(found, Entries)
        assert [codec.decode_entry(one) for one in found.entries] == [
            codec.decode_entry(one) for one in message.entries
        ]
    else:
        assert found == message


@given(values_of(Entry))
def test_every_entry_comes_back(entry: Entry) -> None:
    assert codec.decode_entry(codec.encode_entry(entry)) == entry


def test_an_entry_travels_as_the_very_bytes_that_were_stored() -> None:
    stored = json.dumps(ENTRY, indent=3).encode()
    message = Entries(kiosk=KIOSK, entries=(msgspec.Raw(stored),))
    found = codec.decode(Entries, codec.encode(message), UP_LIMIT)
    assert [bytes(one) for one in found.entries] == [stored]


def test_a_bad_entry_spoils_no_other() -> None:
    raw = json.dumps({"v": 1, "kiosk": "k", "entries": [{"event": 1}, ENTRY, 7, None]}).encode()
    found = codec.decode(Entries, raw, UP_LIMIT)
    good: list[Entry] = []
    faults: list[str] = []
    for one in found.entries:
        try:
            good.append(codec.decode_entry(one))
        except MessageError as error:
            faults.append(str(error))
    assert [entry.event for entry in good] == [uuid_text(2)]
    assert faults == [
        "Expected `str`, got `int` - at `$.event`",
        "Expected `object`, got `int`",
        "Expected `object`, got `null`",
    ]


# --- versions --------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.message.__name__)
@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_unknown_version_is_told_apart_even_where_nothing_else_fits(
    channel: Channel, version: int
) -> None:
    raw = json.dumps({"v": version, "everything": "is different"}).encode()
    with pytest.raises(UnknownVersionError) as caught:
        codec.decode(channel.message, raw, channel.limit)
    assert str(caught.value) == f"version {version}, this program speaks 1"


def test_an_unknown_version_is_told_apart_where_all_else_fits() -> None:
    with pytest.raises(UnknownVersionError):
        decoded(Link, LINK | {"v": 2})


@pytest.mark.parametrize("version", ["1", 1.5, True, None, -1, 2**53, 10**50, [1]])
def test_a_version_that_is_no_version_is_junk(version: Any) -> None:
    with pytest.raises(MessageError) as caught:
        decoded(Link, LINK | {"v": version})
    assert not isinstance(caught.value, UnknownVersionError)
    assert len(str(caught.value)) < 80


# --- junk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.message.__name__)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b"{}",
        b'{"v":1}',
        b"\xff\xfe",
        b"\x00",
        b"{" * 5_000,
        b'{"x":' * 3_000,
        b'{"v":1,"x":' + b"[" * 15_000 + b"]" * 1_000,
        b'{"v":' + b"9" * 5_000 + b"}",
        b'{"v":1,"kiosk":"\xe5"}',
        b'{"v":1,"kiosk":"\\ud800"}',
        b'{"v":1e999}',
        b"NaN",
    ],
)
def test_junk_is_refused(channel: Channel, raw: bytes) -> None:
    assert len(fault(channel.message, raw, channel.limit)) < 120


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.message.__name__)
@given(data=st.data())
def test_half_a_message_is_refused(channel: Channel, data: st.DataObject) -> None:
    message = msgspec.structs.replace(data.draw(values_of(channel.message)), v=1)
    raw = codec.encode(message)
    cut = data.draw(st.integers(0, len(raw) - 1))
    fault(channel.message, raw[:cut], channel.limit)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_entry_or_refused(raw: bytes) -> None:
    with pytest.raises(MessageError):
        codec.decode_entry(raw)


@given(st.integers(0, 400), st.binary(max_size=8))
def test_an_entry_with_a_piece_put_in_is_refused_or_read(place: int, piece: bytes) -> None:
    raw = json.dumps(ENTRY).encode()
    try:
        entry = codec.decode_entry(raw[:place] + piece + raw[place:])
    except MessageError:
        return
    assert codec.decode_entry(codec.encode_entry(entry)) == entry


def test_the_limit_is_the_largest_size_still_read() -> None:
    raw = codec.encode(Link(kiosk=KIOSK, is_up=True, connection=1))
    assert codec.decode(Link, raw, len(raw)).is_up
    assert fault(Link, raw, len(raw) - 1) == f"{len(raw)} bytes, at most {len(raw) - 1} are allowed"
    assert fault(Roster, b" " * (DOWN_LIMIT + 1), DOWN_LIMIT) == (
        "262145 bytes, at most 262144 are allowed"
    )


def test_a_hundred_entries_are_read_and_no_more() -> None:
    entries = {"v": 1, "kiosk": "k", "entries": [0] * MAX_ENTRIES}
    found = decoded(Entries, entries)
    assert isinstance(found, Entries)
    assert len(found.entries) == MAX_ENTRIES
    entries["entries"] = [0] * (MAX_ENTRIES + 1)
    assert fault_in(Entries, entries) == "Expected `array` of length <= 100 - at `$.entries`"


# --- values ----------------------------------------------------------------------------------


def test_the_messages_these_tests_spoil_are_good_ones() -> None:
    assert decoded(Link, LINK) == Link(kiosk=KIOSK, is_up=True, connection=7)
    assert decoded(Question, QUESTION) == Question(
        kiosk=KIOSK,
        presentation=QUESTION["presentation"],
        evidence=SignedCode("TS1:ABC"),
        presented=NOW.replace(microsecond=123000),
        uptime_ms=5,
    )
    assert codec.decode_entry(json.dumps(ENTRY).encode()).event == uuid_text(2)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"presentation": uuid_text(1) + "\n"}, "$.presentation"),
        ({"presentation": uuid_text(1).upper()}, "$.presentation"),
        ({"presented": "2026-11-24T09:02:00"}, "presented must be in UTC"),
        ({"presented": "2026-11-24T10:02:00+01:00"}, "presented must be in UTC"),
        ({"presented": "0001-01-01T00:00:00Z"}, "between the years 1970 and 2199"),
        ({"presented": "9999-12-31T23:59:59Z"}, "between the years 1970 and 2199"),
        ({"presented": 1795000000}, "$.presented"),
        ({"uptime_ms": -1}, "$.uptime_ms"),
        ({"uptime_ms": 2**53}, "$.uptime_ms"),
        ({"uptime_ms": 1.5}, "$.uptime_ms"),
        ({"kiosk": "k" * 65}, "$.kiosk"),
        ({"kiosk": None}, "$.kiosk"),
        ({"evidence": {"type": "signed_code", "text": "x" * 301}}, "$.evidence.text"),
        ({"evidence": {"type": "magnet_stripe"}}, "$.evidence.type"),
        ({"evidence": {"text": "TS1:ABC"}}, "$.evidence"),
        ({"evidence": {"type": "uid", "uid": "0" * 21}}, "$.evidence.uid"),
        ({"unsettled": {"facts": [{}] * 21}}, "$.unsettled.facts"),
        (
            {"unsettled": {"acknowledged": {"major": 1, "at": "2026-11-24T09:02:00"}}},
            "$.unsettled.acknowledged",
        ),
        (
            {"unsettled": {"acknowledged": {"major": 2**70, "at": "2026-11-24T09:02:00Z"}}},
            "$.unsettled.acknowledged.major",
        ),
        (
            {"unsettled": {"facts": [{"type": "departure", "at": "1900-01-01T00:00:00Z"}]}},
            "$.unsettled.facts",
        ),
    ],
)
def test_a_value_that_no_rule_could_work_with_is_refused_by_its_name(
    changes: dict[str, Any], where: str
) -> None:
    assert where in fault_in(Question, QUESTION | changes)


@pytest.mark.parametrize("kind", [Heartbeat, Receipts])
@pytest.mark.parametrize("at", ["2026-11-24T09:02:00", "2026-11-24T10:02:00+01:00"])
def test_every_time_on_the_wire_is_in_utc(kind: type[Message], at: str) -> None:
    fields: dict[type[Message], dict[str, Any]] = {
        Receipts: {"v": 1, "receipts": [], "at": at},
        Heartbeat: {
            "v": 1,
            "kiosk": "k",
            "at": "2026-11-24T09:02:00Z",
            "boot": uuid_text(1),
            "program": "0.1.0",
            "uptime_ms": 1,
            "outbox_depth": 0,
            "oldest_entry_ms": None,
            "parked": 0,
            "unreadable": 0,
            "trust": "rtc",
            "readers": {},
            "roster_issued": at,
            "free_disk_mb": 1,
        },
    }
    assert "must be in UTC" in fault_in(kind, fields[kind])


# --- errors say what is wrong and never what was read ----------------------------------------

SECRETS = ["Kari", "Kari 'Nordmann' Kari", "'Kari", "Kari'", "\n'Kari\n'", "`Kari`", "Kari\\'"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("field", sorted(QUESTION))
def test_an_error_never_repeats_what_a_field_held(field: str, secret: str) -> None:
    holders: list[Any] = [secret, {"type": secret, "text": secret}, {secret: secret}, [secret]]
    for value in holders:
        fields = QUESTION | {field: value}
        if field != "kiosk" or not isinstance(value, str):
            assert "Kari" not in fault_in(Question, fields)


@pytest.mark.parametrize("secret", SECRETS)
def test_an_error_never_repeats_what_an_entry_held(secret: str) -> None:
    for what in (
        {"type": secret},
        ENTRY["what"] | {"basis": secret},
        ENTRY["what"] | {"presentation": secret},
        ENTRY["what"] | {"card": [secret, secret]},
    ):
        with pytest.raises(MessageError) as caught:
            codec.decode_entry(json.dumps(ENTRY | {"what": what}).encode())
        assert "Kari" not in str(caught.value)


def test_what_was_presented_is_never_shown_when_a_question_is_printed() -> None:
    assert "ABC" not in repr(decoded(Question, QUESTION))
    for evidence in (
        {"type": "sun", "picc": "ABC0", "cmac": "ABC1"},
        {"type": "uid", "uid": "ABC2"},
    ):
        assert "ABC" not in repr(decoded(Question, QUESTION | {"evidence": evidence}))
