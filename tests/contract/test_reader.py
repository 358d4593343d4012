"""What the kiosk may rely on, whichever reader it has. A new family adds a bench below."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import ndef
import pytest

from kiosk.events import Presented, ReaderLost, ReaderReady, Removed
from kiosk.ports import Reader
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import Evidence, SignedCode, Unreadable
from tests.hardware_mocks.card_model import (
    NTAG216,
    BankCard,
    Card,
    Chip,
    Type2Card,
    UidOnlyCard,
    blank_card,
    card_with_ndef_bytes,
    card_with_records,
    card_with_text,
    ndef_tlv,
    unformatted_card,
)
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import Witness

CODE = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
NAME = "hall"
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
PRESENTED = Presented(NAME, SignedCode(CODE))


class Bench(Protocol):
    """A reader's hardware, emulated."""

    def hold(self, card: Card) -> None: ...
    def lift(self) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def await_looks(self, count: int) -> None: ...
    def reader(self, looks_until_gone: int = 5) -> Reader: ...


class Pn532Bench(EmulatedPn532):
    def reader(self, looks_until_gone: int = 5) -> Reader:
        pace = Pace(idle=0.002, near=0.002, looks_until_gone=looks_until_gone, reopen=(0.02,))
        return Pn532Reader(NAME, self.path, pace)


@pytest.fixture(params=[Pn532Bench])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with request.param() as bench:
        yield bench


@contextmanager
def watching(reader: Reader) -> Iterator[Witness]:
    """The reader started and ready, and who hears it."""
    witness = Witness()
    reader.start(witness.tell)
    try:
        assert witness.next(1) == [READY]
        yield witness
    finally:
        reader.stop()


@pytest.fixture
def witness(bench: Bench) -> Iterator[Witness]:
    with watching(bench.reader()) as witness:
        yield witness


def test_a_card_held_up_and_taken_away_is_presented_and_removed(
    bench: Bench, witness: Witness
) -> None:
    bench.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    bench.lift()
    assert witness.next(1) == [REMOVED]
    assert witness.rest() == []


def test_a_resting_card_is_presented_once(bench: Bench, witness: Witness) -> None:
    bench.hold(card_with_text(CODE))
    bench.await_looks(50)
    assert witness.rest() == [PRESENTED]


def test_the_same_card_can_be_presented_again(bench: Bench, witness: Witness) -> None:
    for _ in range(2):
        bench.hold(card_with_text(CODE))
        assert witness.next(1) == [PRESENTED]
        bench.lift()
        assert witness.next(1) == [REMOVED]


def test_two_cards_in_quick_succession_are_two_presentations(
    bench: Bench, witness: Witness
) -> None:
    bench.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    bench.hold(card_with_text(CODE + "X", uid=bytes.fromhex("04aabbccddeeff")))
    assert witness.next(2) == [REMOVED, Presented(NAME, SignedCode(CODE + "X"))]


def test_flapping_contact_is_one_presentation(bench: Bench) -> None:
    with watching(bench.reader(looks_until_gone=10_000)) as witness:
        for _ in range(5):
            bench.hold(card_with_text(CODE))
            bench.await_looks(3)
            bench.lift()
            bench.await_looks(3)
        assert witness.rest() == [PRESENTED]


def text(content: str, language: str = "nb", encoding: str = "UTF-8") -> ndef.TextRecord:
    return ndef.TextRecord(content, language, encoding)


HUGE = Chip(512, b"\xe1\x10\xff\x00", b"")
LONGEST = "TS1:" + "A" * 296
OUTCOMES: list[tuple[str, Card, Evidence | Unreadable]] = [
    ("text", card_with_text(CODE), SignedCode(CODE)),
    ("text in UTF-16", card_with_records([text(CODE, encoding="UTF-16")]), SignedCode(CODE)),
    ("uri", card_with_records([ndef.UriRecord(CODE)]), SignedCode(CODE)),
    (
        "second record",
        card_with_records([ndef.UriRecord("https://example.org/"), text(CODE)]),
        SignedCode(CODE),
    ),
    (
        "first of two codes",
        card_with_records([text(CODE), text("TS1:OTHER")]),
        SignedCode(CODE),
    ),
    (
        "behind other blocks",
        Type2Card(b"\x00\x01\x03\xa0\x0c\x34" + ndef_tlv(b"\xd1\x01\x08T\x02nb" + b"TS1:A")),
        SignedCode("TS1:A"),
    ),
    ("300 characters", card_with_text(LONGEST), SignedCode(LONGEST)),
    ("301 characters", card_with_text(LONGEST + "A"), Unreadable.TOO_LONG),
    ("800 characters", card_with_text("TS1:" + "A" * 796, chip=NTAG216), Unreadable.TOO_LONG),
    ("blank", blank_card(), Unreadable.EMPTY),
    ("unformatted", unformatted_card(), Unreadable.EMPTY),
    ("all zero", Type2Card(bytes(504)), Unreadable.EMPTY),
    ("another message", card_with_text("Ring 110"), Unreadable.EMPTY),
    ("record of no type", card_with_ndef_bytes(b"\xd0\x00\x00"), Unreadable.EMPTY),
    (
        "code in a chunk",
        card_with_ndef_bytes(b"\xb1\x01\x06T\x00TS1:A\x56\x00\x01A"),
        Unreadable.EMPTY,
    ),
    ("cut short", card_with_ndef_bytes(b"\xd1\x01\x20T\x02nbTS1:A"), Unreadable.GARBLED),
    ("bytes behind the end", card_with_ndef_bytes(b"\xd0\x00\x00!"), Unreadable.GARBLED),
    ("no first record", card_with_ndef_bytes(b"\x51\x01\x08T\x02nbTS1:A"), Unreadable.GARBLED),
    ("no last record", card_with_ndef_bytes(b"\x91\x01\x08T\x02nbTS1:A"), Unreadable.GARBLED),
    ("no UTF-8", card_with_ndef_bytes(b"\xd1\x01\x05T\x02nb\xff\xfe"), Unreadable.GARBLED),
    ("more than the tag holds", Type2Card(b"\x03\xff\x7f\xff"), Unreadable.GARBLED),
    (
        "more than the chip gives",
        Type2Card(b"\x03\xff\x01\xff" + bytes(530), capability=b"\xe1\x10\xff\x00"),
        Unreadable.GARBLED,
    ),
    (
        "no room for a length",
        Type2Card(bytes(7) + b"\x03", capability=b"\xe1\x10\x01\x00"),
        Unreadable.GARBLED,
    ),
    (
        "no room for a long length",
        Type2Card(bytes(6) + b"\x03\xff", capability=b"\xe1\x10\x01\x00"),
        Unreadable.GARBLED,
    ),
    ("beyond what can be addressed", Type2Card(bytes(1200), chip=HUGE), Unreadable.GARBLED),
    ("read-protected", Type2Card(capability=b"\xe1\x10\x3e\xf0"), Unreadable.EMPTY),
    ("bank card", BankCard(), Unreadable.UNSUPPORTED),
    ("serial number only", UidOnlyCard(), Unreadable.UNSUPPORTED),
]


@pytest.mark.parametrize(
    ("card", "outcome"), [case[1:] for case in OUTCOMES], ids=[case[0] for case in OUTCOMES]
)
def test_every_kind_of_card_has_its_one_outcome(
    bench: Bench, witness: Witness, card: Card, outcome: Evidence | Unreadable
) -> None:
    bench.hold(card)
    bench.await_looks(10)
    bench.lift()
    bench.await_looks(10)
    assert witness.rest() == [Presented(NAME, outcome), REMOVED]
    bench.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_reader_that_is_not_there_yet_is_lost_once_and_ready_once(bench: Bench) -> None:
    bench.unplug()
    reader, witness = bench.reader(), Witness()
    reader.start(witness.tell)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    bench.plug()
    assert witness.next(1) == [READY]
    bench.await_looks(10)
    reader.stop()
    assert witness.rest() == []


def test_a_reader_that_is_unplugged_comes_back_by_itself(bench: Bench, witness: Witness) -> None:
    bench.unplug()
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    bench.plug()
    assert witness.next(1) == [READY]
    bench.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_card_on_a_lost_reader_counts_as_gone(bench: Bench, witness: Witness) -> None:
    bench.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    bench.unplug()
    lost, removed = witness.next(2)
    assert isinstance(lost, ReaderLost)
    assert removed == REMOVED
    bench.plug()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_stopped_reader_ends_its_thread_says_nothing_more_and_frees_the_device(
    bench: Bench,
) -> None:
    before = threading.active_count()
    reader, witness = bench.reader(), Witness()
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    assert threading.active_count() == before + 1
    reader.stop()
    reader.stop()
    assert threading.active_count() == before
    bench.hold(card_with_text(CODE))
    with watching(bench.reader()) as other:
        assert other.next(1) == [PRESENTED]
    assert witness.rest() == []
