"""Traces of real devices: nothing that is anybody's is in them, and they mean the same."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random

import ndef
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from presence.card import ChipUid, SignedCode, SunMessage, Unreadable
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard
from tests.hardware_mocks.card_model import (
    Card,
    Type2Card,
    UidOnlyCard,
    card_with_records,
    ndef_tlv,
)
from tests.hardware_mocks.card_ntag424 import ntag424
from tests.hardware_mocks.card_type4 import type4_with_records
from tests.hardware_mocks.pn532_chip import crc_a
from tests.hardware_mocks.record import keep
from tests.hardware_mocks.traces.anonymise import anonymised, leaks
from tests.hardware_mocks.traces.invention import BASE45, Invention
from tests.hardware_mocks.traces.messages import invented_memory
from tests.hardware_mocks.traces.recorder import Recorder
from tests.hardware_mocks.traces.trace import (
    Asked,
    CardCame,
    From,
    Header,
    Item,
    To,
    Trace,
    TraceError,
    expected,
    read_trace,
    write_trace,
)
from tests.odd_cards import messages, type2_cards, type4_cards
from tests.trace_dialogues import Outcome, TracedAntenna, by_pcsc, over_the_air

Dialogue = Callable[[Iterable[Card]], tuple[list[Item], list[Outcome]]]
DIALOGUES: dict[str, Dialogue] = {"pn532": over_the_air, "pcsc": by_pcsc}
NAME = "hall"
TRIES = settings.default.max_examples // 2 if settings.default else 50
MIXED = settings(max_examples=TRIES, suppress_health_check=[HealthCheck.function_scoped_fixture])


def drawn_cards(dice: Random) -> tuple[list[Card], list[bytes], list[str]]:
    """Cards of every kind with serial numbers, codes and names drawn anew, and those."""
    uids = [b"\x04" + dice.randbytes(6) for _ in range(5)] + [b"\x5a" + dice.randbytes(3)]
    code = "TS1:" + "".join(dice.choices(BASE45, k=dice.randrange(12, 150)))
    name = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=12)).title()
    person = f"BEGIN:VCARD\nFN:{name}\nEND:VCARD".encode()
    text = ndef.TextRecord(code, "nb")
    both = [ndef.UriRecord(f"https://example.org/{name}"), ndef.TextRecord(name, encoding="UTF-16")]
    cards: list[Card] = [
        card_with_records([text], uid=uids[0]),
        card_with_records([*both, ndef.Record("text/vcard", "id", person)], uid=uids[1]),
        type4_with_records([text, *both], uid=uids[2]),
        ntag424(code, dice.randbytes(16), dice.randbytes(16), uid=uids[3]),
        DesfireCard(uid=uids[4]),
        UidOnlyCard(uid=uids[5]),
    ]
    dice.shuffle(cards)
    return cards, uids, [code.removeprefix("TS1:"), name]


def trace_of(family: str, items: list[Item], outcomes: list[Outcome]) -> Trace:
    told = [expected(Presented(NAME, each), len(items)) for each in outcomes if each is not None]
    return Trace(Header(family, "a test", 5), items, told)


def wire_in(path: Path) -> bytes:
    """Every byte in a trace's file, found without the code that wrote it; and the file's text."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    digits = [
        line.get(field) or ""
        for line in lines
        for field in ("said", "atr", "command", "answer")
        if line.get(field) != "ack"
    ]
    told = [json.dumps(line.get("content", "")).encode() for line in lines]
    return b"\n".join([*map(bytes.fromhex, digits), *told])


@pytest.mark.parametrize("family", DIALOGUES)
@given(seed=st.integers(0, 2**64))
@MIXED
def test_nothing_of_a_card_is_in_a_trace(
    family: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cards, uids, texts = drawn_cards(Random(seed))
    items, outcomes = DIALOGUES[family](cards)
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    keep(trace_of(family, items, outcomes), path)
    wire = wire_in(path)
    for uid in uids:
        for way in (uid, uid[::-1]):
            assert way not in wire
            assert way.hex().encode() not in wire.lower()
    for text in texts:
        for encoding in ("utf-8", "utf-16-le"):
            assert text.encode(encoding) not in wire
            assert text[:10].encode(encoding) not in wire
            assert text[-10:].encode(encoding) not in wire
    for sun in (one for one in outcomes if isinstance(one, SunMessage)):
        assert sun.picc.encode() not in wire
        assert sun.cmac.encode() not in wire


@given(seed=st.integers(0, 2**64))
def test_a_trace_says_the_same_to_a_reader_as_the_cards_did(seed: int) -> None:
    cards, _, _ = drawn_cards(Random(seed))
    items, outcomes = by_pcsc(cards)
    kept = anonymised(trace_of("pcsc", items, outcomes), Invention())
    again, told = by_pcsc(cards, TracedAntenna(kept.items))
    assert again == kept.items
    assert [line.told() for line in kept.expected] == [
        Presented(NAME, each) for each in told if each is not None
    ]
    assert [type(each) for each in told] == [type(each) for each in outcomes]
    codes = {each.code if isinstance(each, SunMessage) else each.text for each in told if each
             if isinstance(each, SignedCode | SunMessage)}  # fmt: skip
    assert len(codes) == 1, "the same code on three cards is one invented code"


@pytest.mark.parametrize("family", DIALOGUES)
@given(cards=st.lists(st.one_of(type2_cards(), type4_cards()), max_size=3))
@MIXED
def test_whatever_a_card_says_is_harmless_or_refused(
    family: str, cards: list[Card], tmp_path_factory: pytest.TempPathFactory
) -> None:
    items, outcomes = DIALOGUES[family](cards)
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    try:
        keep(trace_of(family, items, outcomes), path)
    except TraceError:
        assert not path.exists()
    else:
        kept = read_trace(path)
        assert [type(item) for item in kept.items] == [type(item) for item in items]
        assert b"6BFOXN*TS0" not in wire_in(path)


@given(message=messages())
def test_an_invented_memory_has_the_shape_of_its_original(message: bytes) -> None:
    card = Type2Card(ndef_tlv(message)[:500])
    memory = card.memory()
    told = invented_memory(memory, card.uid, Invention())
    assert len(told) == len(memory)
    assert told[:9] != memory[:9]
    assert told[3] == 0x88 ^ told[0] ^ told[1] ^ told[2]
    assert told[8] == told[4] ^ told[5] ^ told[6] ^ told[7]
    assert told[9:18] == memory[9:18]


def test_checksums_over_the_air_are_right_again() -> None:
    items, _ = over_the_air([card_with_records([ndef.TextRecord("TS1:ABCDEF")])])
    kept = anonymised(trace_of("pn532", items, []), Invention())
    pages = [
        said
        for item in kept.items
        if isinstance(item, From)
        and (said := bytes.fromhex(item.said))[:3] == b"\xd5\x43\x00"
        and len(said) == 3 + 18
    ]
    assert pages
    for said in pages:
        assert crc_a(said[3:19]) == said[19:]


def test_what_bank_cards_say_is_replaced_by_zeros_and_their_status_stays() -> None:
    items: list[Item] = [
        CardCame(0.0, "3b80800101"),
        Asked(0.1, "00a4040007d276000085010100", "6f10840e325041592e5359532e44444630319000"),
    ]
    kept = anonymised(Trace(Header("pcsc", "a test", 5), items, []), Invention())
    assert kept.items[1] == Asked(0.1, "00a4040007d276000085010100", "00" * 18 + "9000")
    assert by_pcsc([BankCard()])[1] == [Unreadable.UNSUPPORTED]


UNKNOWN: list[tuple[str, list[Item]]] = [
    ("pn532", [To(0.0, "d44001300400"), From(0.0, "d54100")]),  # InDataExchange
    ("pn532", [To(0.0, "d4423004"), From(0.0, "d543"), To(0.0, "d442a20401020304")]),
    ("pn532", [To(0.0, "d402"), From(0.0, "d503320106070102030405")]),
    ("pn532", [From(0.0, "d50332010607")]),
    ("pn532", [To(0.0, "d44a0100"), From(0.0, "d54b0101004400070412233445566780")]),
    ("pn532", [To(0.0, "d44a01000412233445")]),
    ("pn532", [To(0.0, "d40863390a")]),
    ("pcsc", [Asked(0.0, "00b2010c00", "70045a0212349000")]),
    ("pcsc", [Asked(0.0, "ffb0000004", None), Asked(0.0, "ff860000050100040000", "9000")]),
    ("camera", []),
]


@pytest.mark.parametrize(("family", "items"), UNKNOWN)
def test_what_nobody_here_knows_is_not_written(
    family: str, items: list[Item], tmp_path: Path
) -> None:
    with pytest.raises(TraceError):
        keep(Trace(Header(family, "a test", 5), items, []), tmp_path / "trace.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_card_that_the_reader_told_of_but_that_is_not_on_the_wire_is_refused() -> None:
    for evidence in (SignedCode("TS1:A"), ChipUid("04AABBCC"), SunMessage("A" * 32, "B" * 16)):
        with pytest.raises(TraceError):
            anonymised(trace_of("pcsc", [], [evidence]), Invention())


def test_a_trace_in_which_an_original_is_left_is_deleted(tmp_path: Path) -> None:
    cards, _, [code, _] = drawn_cards(Random(1))
    items, outcomes = by_pcsc(cards)
    trace = trace_of("pcsc", items, outcomes)
    named = Trace(Header("pcsc", f"a reader with the card {code[:9]}", 5), trace.items, [])
    with pytest.raises(TraceError, match="a text was left"):
        keep(named, tmp_path / "trace.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("family", DIALOGUES)
def test_every_kind_of_original_is_found_where_it_is_left(family: str, tmp_path: Path) -> None:
    cards, _, _ = drawn_cards(Random(1))
    recorded = trace_of(family, *DIALOGUES[family](cards))
    invention = Invention()
    anonymised(recorded, invention)
    write_trace(recorded, tmp_path / "trace.jsonl")
    assert leaks(tmp_path / "trace.jsonl", invention) == ["a serial number", "a text"]


def test_a_trace_takes_the_place_of_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        keep(Trace(Header("pcsc", "a test", 5), [], []), path)
    assert path.read_text() == "mine"


def test_an_invention_is_the_same_for_one_original_and_another_in_the_next_trace() -> None:
    one, other = Invention(), Invention()
    assert one.serial(b"\x04abcdef") == one.serial(b"\x04abcdef") != other.serial(b"\x04abcdef")
    assert one.text("TS1:ABCDEFGHIJ") == one.text("TS1:ABCDEFGHIJ")
    assert one.text("TS1:ABCDEFGHIJ") != other.text("TS1:ABCDEFGHIJ")
    assert one.text("TS1:ABCDEFGHIJ").startswith(one.text("TS1:ABCDEF"))


@given(
    uid=st.sampled_from((4, 7, 10)).flatmap(lambda size: st.binary(min_size=size, max_size=size))
)
def test_an_invented_serial_number_is_of_the_same_kind(uid: bytes) -> None:
    invented = Invention().serial(uid)
    assert len(invented) == len(uid)
    assert invented != uid
    assert (len(uid) == 4 and uid[0] == 8) == (len(invented) == 4 and invented[0] == 8)


def test_a_recording_begins_when_the_reader_comes_up_and_ends_when_it_is_lost() -> None:
    recorder = Recorder()
    recorder.add(lambda t: To(t, "d402"))
    recorder.tell(ReaderLost(NAME, "no answer"))
    assert not recorder.over.is_set()
    for said in ("d402", "d414010000"):
        recorder.add(partial(To, said=said))
    recorder.tell(ReaderReady(NAME))
    recorder.add(partial(To, said="d44a0100"))
    recorder.tell(ReaderLost(NAME, "unplugged"))
    recorder.add(partial(To, said="d402"))
    trace = recorder.finish("pn532", "a test", 5)
    assert recorder.over.is_set()
    assert recorder.why == "unplugged"
    assert [item.said for item in trace.items if isinstance(item, To)] == [
        "d402",
        "d414010000",
        "d44a0100",
    ]
    assert [(line.after, line.told()) for line in trace.expected] == [(2, ReaderReady(NAME))]


def test_a_reader_that_never_worked_leaves_no_trace() -> None:
    recorder = Recorder()
    recorder.tell(ReaderLost(NAME, "pcscd is not running"))
    with pytest.raises(TraceError, match="never worked: pcscd is not running"):
        recorder.finish("pcsc", "a test", 5)


BROKEN = [
    (b"", "is empty"),
    (b"{", "line 1"),
    (b'{"line":"gone","t":0}', "line 1: the header"),
    (b'{"line":"trace","family":"pcsc","recorded_from":"","looks_until_gone":5}\nx', "line 2"),
    (
        b'{"line":"trace","family":"pcsc","recorded_from":"","looks_until_gone":5}\n'
        b'{"line":"expected","after":0,"event":"Removed","content":{"reader":"hall"}}\n'
        b'{"line":"gone","t":0}',
        "line 3: what is expected comes last",
    ),
    (
        b'{"line":"trace","family":"pcsc","recorded_from":"","looks_until_gone":5}\n'
        b'{"line":"expected","after":0,"event":"Bang","content":{}}',
        "line 2",
    ),
    (
        b'{"line":"trace","family":"pcsc","recorded_from":"","looks_until_gone":5}\n'
        b'{"line":"apdu","t":0,"command":"zz","answer":null}',
        "line 2",
    ),
]


@pytest.mark.parametrize(("content", "why"), BROKEN)
def test_a_file_that_is_no_trace_is_told_by_its_line(
    content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=why):
        read_trace(path)


def test_a_trace_is_read_as_it_was_written(tmp_path: Path) -> None:
    told: list[ReaderEvent] = [ReaderReady(NAME), Presented(NAME, Unreadable.EMPTY), Removed(NAME)]
    items: list[Item] = [CardCame(0.5, ""), Asked(0.6, "ffca000000", None)]
    trace = Trace(
        Header("pcsc", "a test", 5, "ACS ACR1252"), items, [expected(one, 1) for one in told]
    )
    write_trace(trace, tmp_path / "trace.jsonl")
    kept = read_trace(tmp_path / "trace.jsonl")
    assert (kept.header, kept.items) == (trace.header, trace.items)
    assert [line.told() for line in kept.expected] == told
