"""The parts of the gateway that need no broker."""

import msgspec
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from presence import codec
from presence.ids import InstitutionId, KioskId, VolunteerId, uuid7
from presence.messages import Entries, Settlement
from presence.roster import RosterRow
from presence.topics import DOWN_LIMIT
from server.cards.sun import ChipKeys
from server.gateway import entries
from server.gateway.once import Once
from server.gateway.publications import ENVELOPE_BYTES, parts
from server.gateway.wire import AnswerProperties, Stall
from tests.builders import NOW

KIOSK = KioskId("kiosk-1")
HOME = InstitutionId("home")
CHIPS = ChipKeys(meta=bytes(16), file=bytes(16), index=bytes(32))
EVENT = uuid7(NOW, b"\x05" * 10)


def read(*raws: bytes) -> entries.Delivery:
    message = Entries(kiosk=KIOSK, entries=tuple(msgspec.Raw(raw) for raw in raws))
    return entries.read(message, HOME, CHIPS)


@pytest.mark.parametrize("length", [0, 1, 8, 200, 20_000])
def test_packed_properties_are_the_bytes_that_paho_would_pack(length: int) -> None:
    correlation = b"\xfe" * length
    expected = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    expected.CorrelationData = correlation
    packed = expected.pack()  # type: ignore[no-untyped-call]
    assert AnswerProperties(correlation).pack() == packed


def test_an_entry_that_cannot_be_read_is_rejected_by_its_name() -> None:
    delivery = read(msgspec.json.encode({"event": EVENT, "what": {"type": "danced"}}))
    (receipt,) = delivery.receipts
    assert (receipt.event, receipt.settlement) == (EVENT, Settlement.REJECTED)
    assert delivery.told == []


@pytest.mark.parametrize(
    "raw",
    [b"17", b"null", b'"text"', b"[]", b"{}", b'{"event":17}', b'{"event":"' + b"z" * 36 + b'"}'],
)
def test_an_entry_without_a_readable_name_gets_no_receipt(raw: bytes) -> None:
    delivery = read(raw)
    assert (delivery.told, delivery.receipts, delivery.nameless) == ([], [], 1)


def test_receipts_of_rejected_entries_can_be_read_by_the_kiosk() -> None:
    hostile = msgspec.json.encode({"event": EVENT, "stamp": {"boot": "é" * 500}})
    delivery = read(hostile)
    reason = delivery.receipts[0].reason
    assert reason is not None
    assert len(reason) <= entries.MAX_REASON
    assert "é" not in reason


def test_a_fault_is_told_once_for_each_speaker(caplog: pytest.LogCaptureFixture) -> None:
    once = Once()
    for who in ("a", "b", "a"):
        once.warn(who, "mumbles", "very softly")
    once.over("a", "mumbles")
    once.over("a", "mumbles")
    once.warn("a", "mumbles")
    caplog.set_level("INFO")
    assert [record.getMessage() for record in caplog.records] == [
        "a: mumbles (very softly); further ones are not logged",
        "b: mumbles (very softly); further ones are not logged",
        "a: mumbles; further ones are not logged",
    ]


def test_strangers_cannot_fill_the_memory_with_their_faults(
    caplog: pytest.LogCaptureFixture,
) -> None:
    once = Once()
    for number in range(10_100):
        once.warn(str(number), "mumbles")
    assert len(caplog.records) < 10_010


def test_rows_are_sent_in_parts_that_fit_and_none_is_lost() -> None:
    rows = [
        RosterRow(VolunteerId(f"volunteer-{number}"), 1, "Å" * 100, "B", "nb", ())
        for number in range(3000)
    ]
    pieces = list(parts(rows))
    assert [row for piece in pieces for row in piece] == rows
    assert len(pieces) > 1
    for piece in pieces:
        assert len(msgspec.json.encode(piece)) <= DOWN_LIMIT - ENVELOPE_BYTES


def test_no_rows_are_one_empty_part() -> None:
    assert list(parts([])) == [()]


def test_what_is_read_after_a_stall_may_be_as_old_as_its_beginning() -> None:
    stall = Stall()
    assert stall.arrival(10.0) == 10.0
    stall.dealt_with(10.0, 13.0)
    assert stall.arrival(13.0) == 10.0
    stall.dealt_with(13.0, 13.001)
    assert stall.arrival(13.001) == 10.0


def test_after_a_pause_a_message_is_new_again() -> None:
    stall = Stall()
    stall.dealt_with(10.0, 13.0)
    assert stall.arrival(13.1) == 13.1


def test_a_stall_is_over_after_its_own_length_however_busy_the_wire_is() -> None:
    stall = Stall()
    stall.dealt_with(10.0, 10.5)
    stall.dealt_with(10.999, 11.0)
    assert stall.arrival(11.001) == 11.001


def test_entries_are_read_from_their_own_bytes() -> None:
    raw = b'{"event":"' + EVENT.encode() + b'" }'
    message = codec.decode(Entries, b'{"v":1,"kiosk":"kiosk-1","entries":[' + raw + b"]}", 10_000)
    assert entries.read(message, HOME, CHIPS).receipts[0].event == EVENT
