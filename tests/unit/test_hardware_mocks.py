"""The emulated PN532 and its cards, without a wire. They stand for hardware: they must be exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hardware_mocks.card_isodep import BankCard
from tests.hardware_mocks.card_model import (
    NTAG215,
    NTAG216,
    UidOnlyCard,
    blank_card,
    card_with_text,
    ndef_tlv,
)
from tests.hardware_mocks.pn532_chip import Code, Pn532Chip, crc_a
from tests.hardware_mocks.pn532_frames import ACK, Control, FrameReader, frame

FIND_TYPE_A = bytes([1, 0])
UID = bytes.fromhex("04a1b2c3d4e580")


@given(st.binary(min_size=1, max_size=265), st.integers(1, 300))
def test_a_frame_is_read_however_it_arrives(content: bytes, piece: int) -> None:
    reader, sent = FrameReader(), bytes(10) + frame(content)
    pieces = [sent[at : at + piece] for at in range(0, len(sent), piece)]
    assert [item for part in pieces for item in reader.feed(part)] == [content]


@given(st.binary(max_size=40), st.integers(0, 20))
def test_a_frame_is_found_after_any_noise_that_holds_no_start_code(
    noise: bytes, zeros: int
) -> None:
    noise = noise.replace(b"\xff", b"") + bytes(zeros)
    assert FrameReader().feed(noise + frame(b"\xd4\x02")) == [b"\xd4\x02"]


def test_the_manual_s_frames_are_ours() -> None:
    """UM0701-02: GetFirmwareVersion as printed in section 7.2.2, ACK in 6.2.1.3."""
    assert frame(b"\xd4\x02") == bytes.fromhex("0000ff02fed4022a00")
    assert FrameReader().feed(ACK) == [Control.ACK]
    assert FrameReader().feed(bytes.fromhex("0000ffff0000")) == [Control.NACK]


def test_long_frames_are_extended() -> None:
    assert frame(bytes(265))[:8] == bytes.fromhex("0000ffffff0109f6")
    assert frame(bytes(255))[:5] == bytes.fromhex("0000ffff01")


@given(st.integers(0, 11), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, change: int) -> None:
    sent = bytearray(frame(b"\xd4\x40\x01\x30\x04\x05\x06\x07"))
    sent[2 + at] ^= change  # from the start code to the checksum
    assert b"\xd4\x40\x01\x30\x04\x05\x06\x07" not in FrameReader().feed(bytes(sent))


def test_the_checksum_of_type_a_is_the_standard_s() -> None:
    """ISO/IEC 14443-3, annex B.3: examples 1 and 2."""
    assert crc_a(bytes.fromhex("0000")) == bytes.fromhex("a01e")
    assert crc_a(bytes.fromhex("1234")) == bytes.fromhex("26cf")


def test_an_empty_field_leaves_the_request_in_the_fifo() -> None:
    chip = Pn532Chip()
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A) == b"\x00"
    assert chip.execute(Code.READ_REGISTER, b"\x63\x39") == b"\x26"


def test_a_card_is_found_with_its_serial_number() -> None:
    chip = Pn532Chip()
    chip.place(blank_card(uid=UID))
    found = b"\x01\x01\x00\x44\x00\x07" + UID
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A) == found
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A + b"\x88" + UID) == found
    another = b"\x88" + UID[::-1]
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A + another) == b"\x00"


def test_of_two_cards_both_are_found_and_one_is_selected_by_its_number() -> None:
    """UM0701-02, section 7.3.5: a count, then each card behind its number."""
    chip = Pn532Chip()
    low, high = blank_card(uid=UID), UidOnlyCard()  # they differ first where the second sends 1
    chip.place(low, high)
    first = b"\x01\x00\x04\x08\x04" + high.uid
    second = b"\x02\x00\x44\x00\x07" + UID
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, b"\x02\x00") == b"\x02" + first + second
    assert chip.execute(Code.IN_COMMUNICATE_THRU, b"\x30\x00") == b"\x01", "none is selected"
    assert chip.execute(Code.IN_SELECT, b"\x03") == b"\x27"
    assert chip.execute(Code.IN_SELECT, b"\x02") == b"\x00"
    answer = chip.execute(Code.IN_COMMUNICATE_THRU, b"\x30\x00")
    assert answer is not None
    assert answer[1:5] == low.memory()[:4]


def test_of_two_cards_the_wanted_one_is_found_by_its_serial_number() -> None:
    chip = Pn532Chip()
    chip.place(blank_card(uid=UID), UidOnlyCard())
    one = chip.execute(Code.IN_LIST_PASSIVE_TARGET, b"\x01\x00\x88" + UID)
    other = chip.execute(Code.IN_LIST_PASSIVE_TARGET, b"\x01\x00" + UidOnlyCard().uid)
    assert one == b"\x01\x01\x00\x44\x00\x07" + UID
    assert other == b"\x01\x01\x00\x04\x08\x04" + UidOnlyCard().uid
    assert chip.execute(Code.IN_LIST_PASSIVE_TARGET, b"\x03\x00") == b"\x10"


def test_where_cards_differ_the_one_that_sends_a_one_is_found() -> None:
    chip = Pn532Chip()
    chip.place(UidOnlyCard(b"\x01\x02\x03\x04"), UidOnlyCard(b"\x01\x03\x03\x04"))
    found = chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    assert found is not None
    assert found[-4:] == b"\x01\x03\x03\x04"


def test_a_block_of_one_byte_has_its_checksum() -> None:
    chip = Pn532Chip()
    chip.place(BankCard())
    chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    chip.execute(Code.IN_COMMUNICATE_THRU, b"\xe0\x80")
    assert chip.execute(Code.IN_COMMUNICATE_THRU, b"\x12\x00") == b"\x00\xa2"


def test_a_card_hears_nothing_before_it_is_found_or_after_the_field_is_off() -> None:
    chip, read = Pn532Chip(), bytes([0x30, 3])
    chip.place(blank_card())
    assert chip.execute(Code.IN_COMMUNICATE_THRU, read) == b"\x01"
    chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    answer = chip.execute(Code.IN_COMMUNICATE_THRU, read)
    assert answer is not None
    assert answer[:5] == b"\x00\xe1\x10\x3e\x00"
    chip.execute(Code.RF_CONFIGURATION, b"\x01\x02")
    assert chip.execute(Code.IN_COMMUNICATE_THRU, read) == b"\x01"


def test_checksums_are_kept_from_the_host_unless_it_asks_for_them() -> None:
    chip, read = Pn532Chip(), bytes([0x30, 3])
    chip.place(card_with_text("x"))
    chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    without = chip.execute(Code.IN_COMMUNICATE_THRU, read)
    chip.execute(Code.WRITE_REGISTER, b"\x63\x03\x00")
    assert without is not None
    assert chip.execute(Code.IN_COMMUNICATE_THRU, read) == without + crc_a(without[1:])


def test_a_refusal_of_four_bits_is_a_checksum_error_while_those_are_checked() -> None:
    chip, beyond = Pn532Chip(), bytes([0x30, 250])
    chip.place(blank_card())
    chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    assert chip.execute(Code.IN_COMMUNICATE_THRU, beyond) == b"\x02"
    chip.execute(Code.IN_LIST_PASSIVE_TARGET, FIND_TYPE_A)
    chip.execute(Code.WRITE_REGISTER, b"\x63\x03\x00")
    assert chip.execute(Code.IN_COMMUNICATE_THRU, beyond) == b"\x00\x00"
    assert chip.execute(Code.IN_COMMUNICATE_THRU, beyond) == b"\x01", "silent until found again"


@pytest.mark.parametrize("command", [b"", b"\x99\x01", b"\x10", b"\x10\x63", b"\x4a"])
def test_commands_that_are_unknown_or_too_short_are_not_carried_out(command: bytes) -> None:
    assert Pn532Chip().execute(command[0] if command else 0xFF, command[1:]) is None


def test_the_serial_number_is_written_with_its_check_bytes() -> None:
    """NTAG21x data sheet, section 8.5.1: BCC0 = CT xor SN0..2, BCC1 = SN3..6."""
    memory = blank_card(uid=UID).memory()
    assert memory[:9] == bytes.fromhex("04a1b29fc3d4e58072")
    assert memory[12:16] == NTAG215.capability


def test_reading_past_the_last_page_begins_at_the_first_again() -> None:
    card = blank_card(uid=UID)
    card.select()
    answer = card.answer(bytes([0x30, NTAG215.pages - 1]))
    assert answer is not None
    assert answer[4:8] == card.memory()[:4]


def test_chips_have_the_sizes_of_the_data_sheet() -> None:
    assert (NTAG215.pages, NTAG215.room) == (135, 496)
    assert (NTAG216.pages, NTAG216.room) == (231, 872)


def test_a_message_of_255_bytes_has_a_length_of_three() -> None:
    assert ndef_tlv(bytes(254))[:2] == b"\x03\xfe"
    assert ndef_tlv(bytes(255))[:4] == b"\x03\xff\x00\xff"


def test_what_does_not_fit_is_not_written() -> None:
    with pytest.raises(ValueError, match="do not fit in 496"):
        card_with_text("x" * 500)


def test_a_card_that_wants_a_key_gives_its_serial_number_only() -> None:
    card = UidOnlyCard()
    assert len(card.select().uid) == 4
    assert card.answer(bytes([0x30, 0])) == b"\x04"
