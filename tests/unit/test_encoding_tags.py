"""Writing codes to tags: what is refused, what is written, and what a card says that is lifted."""

from collections.abc import Iterable
from copy import deepcopy

import ndef
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.encoding import found
from kiosk.encoding.batch import BatchCard
from kiosk.encoding.choice import SOMEBODYS, Act, Choice
from kiosk.encoding.found import RefusedError, text_message
from kiosk.encoding.type2 import ODD_LAYOUT, OTHER_USE, UNKNOWN_CHIP, is_locked
from kiosk.encoding.type4 import NO_TAG
from kiosk.readers.polling import CardSlippedError
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import (
    NTAG215,
    NTAG216,
    Card,
    Chip,
    Type2Card,
    blank_card,
    card_with_ndef_bytes,
    card_with_records,
    card_with_text,
    ndef_tlv,
    read_only_card,
    unformatted_card,
)
from tests.hardware_mocks.card_ntag424 import Ntag424Card, ntag424
from tests.hardware_mocks.card_type4 import Type4Card, read_only_type4, type4_with_text
from tests.unit.encoding_wire import Lift, Wire, encode, evidence_on, look, tag_on

CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 7
SHORT = "TS1:6BFOXN*TS0"
LONGEST = "TS1:" + "A" * 296
OTHER = "TS1:" + "9" * 170
NTAG213 = Chip(45, b"\xe1\x10\x12\x00", b"\x00\x04\x04\x02\x01\x00\x0f\x03")
ROOMY = Chip(135, b"\xe1\x10\x2a\x00", b"")
LOCK_CONTROL = bytes.fromhex("0103a00c34")
"""As an NTAG213 is sold: its lock bits lie behind the memory for messages."""
BEHIND = bytes.fromhex("0103e80c36")
"""Its lock bits lie where an NTAG216 has them."""
IN_THE_WAY = bytes.fromhex("0103400c34")


def sized(size: int) -> str:
    return "TS1:" + "B" * (size - 4)


@pytest.mark.parametrize("size", [4, 5, 240, 250, 251, 252, 253, 254, 300])
def test_a_code_is_one_text_record_as_others_write_it(size: int) -> None:
    expected = b"".join(ndef.message_encoder([ndef.TextRecord(sized(size), "nb")]))
    assert text_message(sized(size)) == expected


@pytest.mark.parametrize("chip", [NTAG215, NTAG216])
@pytest.mark.parametrize("size", [4, 5, 6, 7, 8, 240, 244, 245, 246, 247, 248, 249, 253, 300])
def test_a_blank_card_gets_the_code_and_nothing_behind_it_changes(chip: Chip, size: int) -> None:
    card = Type2Card(b"\x03\x00\xfe\x00" + bytes(range(200)) * 2, chip=chip)
    behind = card.memory()
    encode(Wire(card), sized(size))
    block = ndef_tlv(text_message(sized(size)))
    assert card.memory()[16 : 16 + len(block)] == block
    end = 16 + -(-len(block) // 4) * 4
    assert card.memory()[end:] == behind[end:]
    assert set(card.pages_written) == set(range(4, end // 4))
    assert evidence_on(card) == SignedCode(sized(size))


def test_the_page_with_the_length_is_written_first_and_last() -> None:
    wire = Wire(blank_card())
    encode(wire, CODE)
    written = [sent[3:] for sent in wire.sent if sent[1] == 0xD6]
    assert written[0][:4] == b"\x04\x04\x03\x00"
    assert written[-1][:4] == b"\x04\x04\x03" + bytes([len(text_message(CODE))])
    assert [content[0] for content in written[1:-1]] == list(range(5, 5 + len(written) - 2))


HEADS = [bytes(gap) + before for gap in range(4) for before in (b"", BEHIND)]
"""What may stand before a message, so that it begins at each byte of a page."""
CONTENTS = [b"", b"\x03\x00\xfe", b"\x03\x05\xd1\x01\x01T\x00\xfe"]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("code", [SHORT, LONGEST])
def test_a_message_may_begin_at_any_byte(head: bytes, content: bytes, code: str) -> None:
    card = Type2Card(head + content, chip=ROOMY)
    encode(Wire(card), code)
    assert evidence_on(card) == SignedCode(code)
    is_kept = bool(content) or BEHIND in head
    assert card.content.startswith(head if is_kept else b"\x03")


def half_written() -> Type2Card:
    """Its length was torn: it says more than there is memory."""
    return Type2Card(b"\x03\xff\xff\xff" + text_message(CODE))


LIFTED: list[tuple[Card, str]] = [
    (blank_card(), CODE),
    (blank_card(), LONGEST),
    (card_with_text(OTHER), SHORT),
    (card_with_text(LONGEST.replace("A", "C")), SHORT),
    (unformatted_card(), SHORT),
    (Type2Card(ndef_tlv(text_message(OTHER)), capability=bytes(4)), SHORT),
    (card_with_ndef_bytes(b"\xff" * 30), SHORT),
    (half_written(), SHORT),
    *(
        (Type2Card(bytes(gap) + content, chip=ROOMY), SHORT)
        for gap in range(4)
        for content in CONTENTS
    ),
    (Type2Card(bytes(3) + b"\x03\x00\xfe"), LONGEST),
    (Type4Card(), CODE),
    (type4_with_text(OTHER), LONGEST),
    (Type4Card(room=512, most_read=20, most_written=13), LONGEST),
]


@pytest.mark.parametrize(
    ("card", "code", "how"),
    [
        (card, code, how)
        for card, code in LIFTED
        for how in Lift
        if isinstance(card, Type2Card) or how is not Lift.SILENT
    ],
)
def test_wherever_a_card_is_lifted_it_says_nothing_wrong_and_can_be_written_again(
    card: Card, code: str, how: Lift
) -> None:
    sound = Wire(deepcopy(card))
    encode(sound, code)
    before = evidence_on(deepcopy(card))
    harmless = {Unreadable.EMPTY, Unreadable.GARBLED, SignedCode(code)}
    first_write = next(at for at, sent in enumerate(sound.sent) if sent[1] == 0xD6)
    for at in range(len(sound.sent)):
        lifted = deepcopy(card)
        with pytest.raises(CardSlippedError):
            encode(Wire(lifted, at, how), code)
        after = evidence_on(lifted)
        assert after in harmless or (after == before and at <= first_write), at
        assert encode(Wire(lifted), code) in (Act.WRITE, Act.KEEP, Act.ASK)
        assert evidence_on(lifted) == SignedCode(code)


@pytest.mark.parametrize("card", [blank_card(), Type4Card()])
def test_a_card_that_was_lifted_by_a_clean_hand_is_written_without_a_question(card: Card) -> None:
    """Only a page that was torn in itself has to be asked for."""
    sound = Wire(deepcopy(card))
    encode(sound, CODE)
    for at in range(len(sound.sent)):
        for how in (Lift.BEFORE, Lift.AFTER):
            lifted = deepcopy(card)
            with pytest.raises(CardSlippedError):
                encode(Wire(lifted, at, how), CODE)
            assert look(lifted, CODE).act in (Act.WRITE, Act.KEEP)


def flipped(answer: bytes, bit: int) -> bytes:
    place = bit // 8 % len(answer)
    return answer[:place] + bytes([answer[place] ^ 1 << bit % 8]) + answer[place + 1 :]


@settings(max_examples=150, deadline=None)
@given(
    number=st.integers(0, 90),
    bit=st.integers(0, 18 * 8),
    which=st.sampled_from([blank_card(), card_with_text(OTHER), Type4Card(), unformatted_card()]),
)
def test_a_garbled_answer_never_ends_in_a_wrong_card(number: int, bit: int, which: Card) -> None:
    card = deepcopy(which)
    wire = Wire(card)
    wire.garble = lambda at, answer: flipped(answer, bit) if at == number else answer
    try:
        act = encode(wire, CODE)
    except (RefusedError, CardSlippedError):
        act = Act.REFUSE
    if act in (Act.WRITE, Act.KEEP, Act.ASK):
        assert evidence_on(card) == SignedCode(CODE)
    else:
        assert evidence_on(card) in (SignedCode(OTHER), Unreadable.EMPTY, Unreadable.GARBLED)


def test_a_writing_that_failed_once_is_done_again_without_a_word() -> None:
    card = Type4Card(room=512)
    wire = Wire(card)
    refused: list[int] = []

    def refusing_once(number: int, answer: bytes) -> bytes:
        if wire.sent[number][1] == 0xD6 and not refused:
            refused.append(number)
            return b"\x6f\x00"
        return answer

    wire.garble = refusing_once
    assert encode(wire, CODE) is Act.WRITE
    assert refused
    assert evidence_on(card) == SignedCode(CODE)


def test_what_stands_behind_the_end_of_a_tags_blocks_counts_for_nothing() -> None:
    card = Type2Card(b"\xfe" + ndef_tlv(text_message(OTHER)))
    encode(Wire(card), CODE)
    assert card.content.startswith(ndef_tlv(text_message(CODE)))


def test_a_card_that_forgets_is_found_out() -> None:
    class Forgetful(Type2Card):
        def _write(self, page: int, written: bytes) -> bytes:
            return super()._write(page, bytes(4) if page == 20 else written)

    with pytest.raises(RefusedError, match="does not keep what is written"):
        encode(Wire(Forgetful()), CODE)


def test_a_card_that_stops_taking_pages_says_so() -> None:
    card = blank_card()

    def refusing(number: int, answer: bytes) -> bytes:
        return b"\x63\x00" if wire.sent[number][1:4] == b"\xd6\x00\x14" else answer

    wire = Wire(card)
    wire.garble = refusing
    with pytest.raises(RefusedError, match="stopped taking what was written"):
        encode(wire, CODE)
    assert evidence_on(card) is Unreadable.EMPTY


def key_needed(code: str) -> Ntag424Card:
    """As AN12196 personalises: everybody may write, says its container, and its file disagrees."""
    card = ntag424(code, bytes(16), bytes(16))
    plain = card.sound_container()
    card.container = plain[:14] + b"\x00" + plain[15:]
    return card


def with_key(content: bytes) -> Ntag424Card:
    """Its file's key is needed, and it makes no messages."""
    card = key_needed(CODE)
    card.file[:] = content.ljust(card.room, b"\x00")
    return card


def contained(at: int, changed: bytes) -> Type4Card:
    """A tag whose container is another at this byte."""
    card = Type4Card()
    plain = card.sound_container()
    card.container = plain[:at] + changed + plain[at + len(changed) :]
    return card


@pytest.mark.parametrize(
    "card",
    [
        contained(2, b"\x10"),
        contained(3, b"\x00\x0e"),
        contained(5, b"\x00\x01"),
        contained(7, b"\x05"),
        contained(9, b"\xe1\x09"),
    ],
)
def test_a_container_that_makes_no_sense_is_told(card: Type4Card) -> None:
    with pytest.raises(RefusedError, match="answers make no sense"):
        look(card, CODE)


def test_no_more_is_written_at_once_than_every_reader_lets_through() -> None:
    wire = Wire(Type4Card(room=512))
    encode(wire, LONGEST)
    assert [sent[4] for sent in wire.sent if sent[1] == 0xD6] == [2, 128, 128, 54, 2]


@pytest.mark.parametrize(
    ("locks", "dynamic", "size", "locked"),
    [
        (b"\x08\x00", b"\x00\x00", 0x3E, [3]),
        (b"\x10\x80", b"\x00\x00", 0x3E, [4, 15]),
        (b"\x07\x00", b"\x02\x00", 0x3E, range(32, 48)),
        (b"\x00\x00", b"\x00\x01", 0x6D, range(144, 160)),
        (b"\x00\x00", b"\x02\x08", 0x12, [18, 19, 38, 39]),
    ],
)
def test_lock_bits_stand_for_the_pages_of_the_data_sheet(
    locks: bytes, dynamic: bytes, size: int, locked: Iterable[int]
) -> None:
    last = 40 if size == 0x12 else 160
    found = [
        page for page in range(3, last) if is_locked(locks, dynamic, size, range(page, page + 1))
    ]
    assert found == list(locked)


def locked_from_page_16() -> Type2Card:
    """To page 31."""
    at = NTAG215.lock_page * 4 - 16
    return Type2Card(b"\x03\x00\xfe".ljust(at, b"\x00") + b"\x01\x00\x00\x00")


def test_a_code_that_ends_before_the_locked_pages_is_written() -> None:
    assert look(locked_from_page_16(), sized(35)) == Choice(Act.WRITE)
    assert look(locked_from_page_16(), sized(50)) == Choice(Act.REFUSE, found.READ_ONLY)


@pytest.mark.parametrize(
    ("card", "choice"),
    [
        (blank_card(), Choice(Act.WRITE)),
        (Type4Card(), Choice(Act.WRITE)),
        (Type2Card(bytes(100)), Choice(Act.WRITE)),
        (card_with_text(CODE), Choice(Act.KEEP)),
        (type4_with_text(CODE), Choice(Act.KEEP)),
        (read_only_card(CODE), Choice(Act.KEEP)),
        (read_only_type4(CODE), Choice(Act.KEEP)),
        (card_with_records([ndef.UriRecord(CODE)]), Choice(Act.KEEP)),
        (ntag424(CODE, bytes(16), bytes(16)), Choice(Act.KEEP)),
        (card_with_text(OTHER), Choice(Act.ASK, SOMEBODYS)),
        (card_with_text(SHORT), Choice(Act.ASK, "This is card B of this batch.")),
        (type4_with_text(SHORT), Choice(Act.ASK, "This is card B of this batch.")),
        (read_only_card(OTHER), Choice(Act.REFUSE, found.READ_ONLY)),
        (read_only_type4(OTHER), Choice(Act.REFUSE, found.READ_ONLY)),
        (Type2Card(locks=b"\x00\x80"), Choice(Act.REFUSE, found.READ_ONLY)),
        (locked_from_page_16(), Choice(Act.REFUSE, found.READ_ONLY)),
        (
            Type2Card(b"", capability=bytes(4), locks=b"\x08\x00"),
            Choice(Act.REFUSE, found.READ_ONLY),
        ),
        (Type2Card(b"\xfe" + ndef_tlv(text_message(OTHER))), Choice(Act.WRITE)),
        (contained(13, b"\x80"), Choice(Act.REFUSE, found.NEEDS_KEY)),
        (contained(14, b"\x80"), Choice(Act.REFUSE, found.NEEDS_KEY)),
        (key_needed(OTHER), Choice(Act.REFUSE, found.MAKES_MESSAGES)),
        (Type2Card(capability=b"\xe1\x10\x3e\xf0"), Choice(Act.REFUSE, found.NEEDS_KEY)),
        (Type2Card(capability=b"\xe1\x10\x3e\x05"), Choice(Act.REFUSE, found.NEEDS_KEY)),
        (Type2Card(capability=b"\xf1\x10\xff\xee"), Choice(Act.REFUSE, OTHER_USE)),
        (Type2Card(b"", chip=NTAG213, capability=bytes(4)), Choice(Act.REFUSE, UNKNOWN_CHIP)),
        (Type2Card(IN_THE_WAY), Choice(Act.REFUSE, ODD_LAYOUT)),
        (BankCard(), Choice(Act.REFUSE, NO_TAG)),
        (PhoneWallet(), Choice(Act.REFUSE, NO_TAG)),
        (DesfireCard(), Choice(Act.REFUSE, NO_TAG)),
    ],
)
def test_what_is_done_follows_from_what_is_found(card: Card, choice: Choice) -> None:
    assert look(card, CODE, (BatchCard("B", SHORT),)) == choice


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (card_with_records([ndef.UriRecord("https://example.org/")]), "somebody else's"),
        (card_with_text("visiting card " * 40, chip=NTAG216), "somebody else's"),
        (Type4Card(message=b"\xd1" * 600, room=1024), "somebody else's"),
        (card_with_ndef_bytes(b"\xff" * 30), "cannot be read"),
        (half_written(), "cannot be read"),
        (Type4Card(file=bytearray(b"\xff\xff" + bytes(254))), "cannot be read"),
        (unformatted_card(), "never made ready"),
    ],
)
def test_what_is_somebody_elses_is_asked_for(card: Card, words: str) -> None:
    choice = look(card, CODE)
    assert choice.act is Act.ASK
    assert words in choice.words


@pytest.mark.parametrize(
    ("card", "has"),
    [
        (Type2Card(LOCK_CONTROL + b"\x03\x00\xfe", chip=NTAG213), 139),
        (Type4Card(room=100), 98),
    ],
)
def test_a_card_that_is_too_small_is_refused_with_both_sizes(card: Card, has: int) -> None:
    choice = look(card, CODE)
    assert choice.act is Act.REFUSE
    assert f"room for {has} bytes, and the code needs 18" in choice.words


def test_a_card_with_exactly_enough_room_is_written() -> None:
    needed = len(text_message(CODE))
    for size, act in ((needed + 2, Act.WRITE), (needed + 1, Act.REFUSE)):
        assert look(Type4Card(room=size), CODE).act is act
    chip = Chip(135, b"\xe1\x10" + bytes([-(-(needed + 2) // 8)]) + b"\x00", b"")
    gap = chip.room - needed - 2
    for more, act in ((0, Act.WRITE), (1, Act.REFUSE)):
        card = Type2Card(bytes(gap + more) + b"\x03\x00", chip=chip)
        assert look(card, CODE).act is act
    card = Type2Card(bytes(gap) + b"\x03\x00", chip=chip)
    encode(Wire(card), CODE)
    assert evidence_on(card) == SignedCode(CODE)
    assert max(card.pages_written) * 4 < 16 + chip.room


def test_a_file_that_wants_a_key_after_all_is_told_and_left_as_it_was() -> None:
    card = with_key(b"")
    before = bytes(card.file)
    with pytest.raises(RefusedError, match="only somebody with its key"):
        encode(Wire(card), CODE)
    assert bytes(card.file) == before


@pytest.mark.parametrize("chip", [NTAG215, NTAG216])
def test_a_blank_chip_gets_its_makers_container(chip: Chip) -> None:
    card = Type2Card(b"", chip=chip, capability=bytes(4))
    assert look(card, CODE).act is Act.ASK
    encode(Wire(card), CODE)
    assert card.capability == chip.capability
    assert evidence_on(card) == SignedCode(CODE)


@pytest.mark.parametrize(("chip", "code"), [(NTAG215, CODE), (NTAG216, LONGEST), (NTAG213, SHORT)])
def test_a_locked_card_is_read_and_cannot_be_changed_any_more(chip: Chip, code: str) -> None:
    card = Type2Card(chip=chip)
    encode(Wire(card), code)
    sound = Wire(deepcopy(card))
    tag_on(sound).lock()
    for at in range(len(sound.sent)):
        lifted = deepcopy(card)
        with pytest.raises(CardSlippedError):
            tag_on(Wire(lifted, at)).lock()
        tag_on(Wire(lifted)).lock()
        assert evidence_on(lifted) == SignedCode(code)
        assert look(lifted, "TS1:ANOTHER") == Choice(Act.REFUSE, found.READ_ONLY)
        wire = Wire(lifted)
        for page in range(3, chip.lock_page):
            assert wire.transmit(b"\xff\xd6\x00" + bytes([page]) + b"\x04AAAA") == b"\x63\x00", page
        before = len(wire.sent)
        tag_on(wire).lock()
        assert [sent for sent in wire.sent[before:] if sent[1] == 0xD6] == []


def test_what_cannot_be_locked_says_so() -> None:
    for card in (Type4Card(), Type2Card(chip=Chip(512, b"\xe1\x10\xff\x00", b""))):
        with pytest.raises(RefusedError, match="cannot be made read-only here"):
            tag_on(Wire(card)).lock()
