"""The cards themselves, as every emulated reader meets them. They stand for hardware: they must be
exact."""

import json
from pathlib import Path
from typing import Any

import ndef
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, IsoDepCard, PhoneWallet
from tests.hardware_mocks.card_model import (
    ACK,
    NAK,
    NAK_NOT_ALLOWED,
    NTAG215,
    Type2Card,
    blank_card,
    read_only_card,
)
from tests.hardware_mocks.card_ntag424 import (
    Ntag424Card,
    card_key,
    diversified,
    ntag424,
    picc_data,
    reading,
    sun_mac,
)
from tests.hardware_mocks.card_type4 import (
    NDEF_APPLICATION,
    Type4Card,
    message_on,
    read_only_type4,
    replay,
    type4_with_text,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "credentials.json").read_text())
CODE = "TS1:" + "A" * 170
META, MASTER = bytes(range(16)), bytes(range(16, 32))
SELECT_APPLICATION = b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00"
SELECT_CONTAINER = bytes.fromhex("00a4000c02e103")
SELECT_NDEF = bytes.fromhex("00a4000c02e104")
READ_15 = bytes.fromhex("00b000000f")


# --- Type 2 ----------------------------------------------------------------------------------


def write(card: Type2Card, page: int, content: bytes) -> bytes | None:
    return card.answer(bytes([0xA2, page]) + content)


def test_what_is_written_to_a_tag_stays_on_it() -> None:
    card = blank_card()
    card.select()
    assert write(card, 4, b"\x03\x01\xd0\xfe") == ACK
    assert card.answer(b"\x30\x04") == b"\x03\x01\xd0\xfe" + bytes(12)
    assert write(card, 100, b"late") == ACK
    assert card.answer(b"\x30\x64") == b"late" + bytes(12)
    assert card.pages_written == [4, 100]


@pytest.mark.parametrize("page", [0, 1, NTAG215.pages, 255])
def test_serial_number_and_what_lies_beyond_the_memory_cannot_be_written(page: int) -> None:
    card = blank_card()
    before = card.memory()
    assert write(card, page, b"ABCD") == NAK
    assert card.memory() == before


def test_container_and_lock_bits_can_only_be_set() -> None:
    card = blank_card()
    assert write(card, 3, b"\x00\x00\x00\x0f") == ACK
    assert card.memory()[12:16] == b"\xe1\x10\x3e\x0f"
    assert write(card, 2, b"\x00\x00\xf0\x00") == ACK
    assert write(card, 2, b"\x00\x00\x00\x00") == ACK
    assert card.memory()[8:12] == b"\x72\x48\xf0\x00"


@pytest.mark.parametrize("page", [3, 4, 15, 16, 129])
def test_a_locked_page_is_not_written(page: int) -> None:
    card = read_only_card(CODE)
    before = card.memory()
    assert write(card, page, b"ABCD") == NAK_NOT_ALLOWED
    assert card.memory() == before
    assert card.answer(b"\x30\x04") is None, "silent until found again"


def test_each_lock_bit_locks_its_own_pages() -> None:
    """NTAG21x, figures 8 and 9: page 4 is bit 4 of the first byte; pages 32 to 47 are bit 1."""
    card = Type2Card()
    assert write(card, 2, b"\x00\x00\x10\x00") == ACK
    assert write(card, NTAG215.lock_page, b"\x02\x00\x00\x00") == ACK
    for page, answer in ((5, ACK), (31, ACK), (48, ACK), (4, NAK_NOT_ALLOWED)):
        card.select()
        assert write(card, page, b"ABCD") == answer
    for page in (32, 47):
        card.select()
        assert write(card, page, b"ABCD") == NAK_NOT_ALLOWED


# --- Type 4 ----------------------------------------------------------------------------------


def test_a_message_is_found_as_the_specification_says() -> None:
    card = type4_with_text(CODE)
    card.select()
    assert card.apdu(SELECT_APPLICATION) == b"\x90\x00"
    assert card.apdu(SELECT_CONTAINER) == b"\x90\x00"
    assert card.apdu(READ_15) == bytes.fromhex("000f2000fb00fb0406e104040000009000")
    assert card.apdu(SELECT_NDEF) == b"\x90\x00"
    assert card.apdu(bytes.fromhex("00b0000002")) == len(card.message).to_bytes(2) + b"\x90\x00"
    [record] = ndef.message_decoder(message_on(card))
    assert record.text == CODE


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (b"", b"\x67\x00"),
        (b"\x00\xb0\x00", b"\x67\x00"),
        (b"\x80\xb0\x00\x00\x02", b"\x67\x00"),
        (b"\x00\xa4\x00\x0c\x02\xe1", b"\x67\x00"),
        (b"\x00\xa4\x00\x0c\x00\x00\x02\xe1\x04", b"\x67\x00"),
        (b"\x00\xa4\x00\x0c\x02\xe1\x09", b"\x6a\x82"),
        (b"\x00\xa4\x04\x00\x02\xe1\x03\x00", b"\x6a\x82"),
        (b"\x00\xb0\x04\x00\x02", b"\x6b\x00"),
        (b"\x00\xb0\x00\x00\xff", b"\x67\x00"),
        (b"\x00\xca\x00\x00\x00", b"\x6d\x00"),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_answered_with_its_reason(
    command: bytes, status: bytes
) -> None:
    card = type4_with_text(CODE)
    for before in (SELECT_APPLICATION, SELECT_NDEF):
        card.apdu(before)
    assert card.apdu(command) == status


def test_no_file_is_there_before_the_application_or_after_a_reset() -> None:
    card = type4_with_text(CODE)
    assert card.apdu(SELECT_NDEF) == b"\x6a\x82"
    card.apdu(SELECT_APPLICATION)
    assert card.apdu(READ_15) == b"\x6a\x82"
    assert card.apdu(SELECT_NDEF) == b"\x90\x00"
    card.select()
    assert card.apdu(READ_15) == b"\x6a\x82"


def test_reading_past_the_end_of_a_file_gives_what_is_there() -> None:
    card = type4_with_text(CODE)
    for before in (SELECT_APPLICATION, SELECT_CONTAINER):
        card.apdu(before)
    assert card.apdu(b"\x00\xb0\x00\x0e\x04") == b"\x00\x62\x82"


def test_what_is_written_to_a_file_stays_in_it_and_no_more_than_fits() -> None:
    card = Type4Card(room=64, most_written=8)
    for before in (SELECT_APPLICATION, SELECT_NDEF):
        card.apdu(before)
    assert card.apdu(b"\x00\xd6\x00\x02\x03\xd0\x00\x00") == b"\x90\x00"
    assert card.apdu(b"\x00\xd6\x00\x00\x02\x00\x03") == b"\x90\x00"
    assert message_on(card) == b"\xd0\x00\x00"
    card.apdu(SELECT_NDEF)
    assert card.apdu(b"\x00\xd6\x00\x3f\x02AB") == b"\x6b\x00"
    assert card.apdu(b"\x00\xd6\x00\x00\x09" + bytes(9)) == b"\x67\x00"
    assert message_on(card) == b"\xd0\x00\x00"


def test_a_read_only_tag_takes_nothing() -> None:
    card = read_only_type4(CODE)
    before = message_on(card)
    assert card.apdu(b"\x00\xd6\x00\x00\x02\x00\x00") == b"\x69\x82"
    assert message_on(card) == before
    assert card.sound_container()[-1] == 0xFF


def test_what_does_not_fit_in_a_file_is_not_made() -> None:
    with pytest.raises(ValueError, match="do not fit in 64"):
        Type4Card(message=bytes(63), room=64)


# --- blocks over the air ---------------------------------------------------------------------


def activated(card: IsoDepCard, frame: int = 8) -> IsoDepCard:
    card.select()
    assert card.answer(bytes([0xE0, frame << 4])) == card.ats
    return card


def test_a_card_hears_rats_alone_until_it_has_heard_it() -> None:
    card = type4_with_text(CODE)
    card.select()
    assert card.answer(b"\x02" + SELECT_APPLICATION) is None
    assert card.answer(b"\xe0\x80") == card.ats
    assert card.answer(b"\xe0\x80") is None


def test_block_numbers_alternate_and_a_block_that_was_lost_is_sent_again() -> None:
    card = activated(type4_with_text(CODE))
    assert card.answer(b"\x02" + SELECT_APPLICATION) == b"\x02\x90\x00"
    assert card.answer(b"\xb2") == b"\x02\x90\x00"
    assert card.answer(b"\xb3") == b"\xa2", "it has not heard that one: send it again"
    assert card.answer(b"\x03" + SELECT_NDEF) == b"\x03\x90\x00"
    assert len(card.apdus) == 2


def test_a_long_answer_comes_in_pieces_of_the_reader_s_frames() -> None:
    card = type4_with_text(CODE)
    activated(card, frame=2)  # 32 bytes
    card.answer(b"\x02" + SELECT_APPLICATION)
    card.answer(b"\x03" + SELECT_NDEF)
    first = card.answer(bytes.fromhex("0200b0000032"))
    assert first is not None
    second = card.answer(b"\xa3")
    assert second is not None
    assert (first[:1], len(first), second[:1], len(second)) == (b"\x12", 30, b"\x03", 24)
    assert first[1:] + second[1:] == bytes(card.file[:50]) + b"\x90\x00"


def test_a_long_command_may_come_in_pieces() -> None:
    card = activated(type4_with_text(CODE))
    assert card.answer(b"\x12" + SELECT_APPLICATION[:6]) == b"\xa2"
    assert card.answer(b"\x03" + SELECT_APPLICATION[6:]) == b"\x03\x90\x00"
    assert card.apdus == [SELECT_APPLICATION]


def test_a_card_may_ask_for_time() -> None:
    card = activated(Type4Card(waits=2))
    assert card.answer(b"\x02" + SELECT_APPLICATION) == b"\xf2\x01"
    assert card.answer(b"\xf2\x01") == b"\xf2\x01"
    assert card.answer(b"\xf2\x01") == b"\x02\x90\x00"


def test_a_card_that_was_sent_to_sleep_hears_nothing_until_it_is_found_again() -> None:
    card = activated(type4_with_text(CODE))
    assert card.answer(b"\xc2") == b"\xc2"
    assert card.answer(b"\x02" + SELECT_APPLICATION) is None
    activated(card)


def test_a_frame_that_is_too_long_for_the_card_is_not_heard() -> None:
    card = activated(Ntag424Card())  # frames of 128 bytes, checksum included
    assert card.answer(b"\x02" + bytes(126)) is None
    assert card.answer(b"\x12" + bytes(125)) == b"\xa2"


@pytest.mark.parametrize("card", [BankCard(), PhoneWallet(), DesfireCard(), IsoDepCard()])
def test_cards_of_others_know_no_application_of_ours(card: IsoDepCard) -> None:
    card.select()
    assert card.apdu(SELECT_APPLICATION) == b"\x6a\x82"


def test_telephones_draw_their_serial_number_anew() -> None:
    phone, bank = PhoneWallet(), BankCard(uid=bytes.fromhex("5a112233"))
    first, second = phone.select().uid, phone.select().uid
    assert first != second
    assert (first[0], second[0], len(first)) == (0x08, 0x08, 4)
    assert bank.select().uid == bank.select().uid == bytes.fromhex("5a112233")


def test_historical_bytes_are_what_is_left_of_the_answer_to_select() -> None:
    assert Ntag424Card().historical() == b"\x80"
    assert BankCard().historical() == b""


# --- NTAG 424 DNA ----------------------------------------------------------------------------


def decrypted(key: bytes, picc: bytes) -> bytes:
    decryptor = Cipher(AES(key), CBC(bytes(16))).decryptor()
    return decryptor.update(picc) + decryptor.finalize()


@pytest.mark.parametrize("vector", VECTORS["ntag424_sun_an12196"])
def test_the_maker_s_examples_of_a_sun_message_are_ours(vector: dict[str, Any]) -> None:
    key, uid = bytes.fromhex(vector["key"]), bytes.fromhex(vector["uid"])
    picc = bytes.fromhex(vector["picc"])
    padding = decrypted(key, picc)[11:]
    assert picc_data(key, uid, vector["ctr"], padding) == picc
    covered = vector["mac_input"].encode()
    assert sun_mac(key, uid, vector["ctr"], covered) == bytes.fromhex(vector["cmac"])


def test_the_maker_s_example_of_a_card_s_own_key_is_ours() -> None:
    vector = VECTORS["an10922_aes128"]
    key, div_input = bytes.fromhex(vector["key"]), bytes.fromhex(vector["div_input"])
    assert diversified(key, div_input) == bytes.fromhex(vector["diversified"])


def texts(message: bytes) -> list[str]:
    return [record.text for record in ndef.message_decoder(message)]


def test_each_reading_says_the_code_and_a_text_of_its_own() -> None:
    card = ntag424(CODE, META, MASTER)
    seen = [texts(message_on(card)) for _ in range(3)]
    assert [first for first, _ in seen] == [CODE] * 3
    for counter, (_, sun) in enumerate(seen, start=1):
        assert sun.startswith("TSS1:")
        picc, mac = bytes.fromhex(sun[5:37]), bytes.fromhex(sun[37:])
        plain = decrypted(META, picc)
        assert plain[:11] == b"\xc7" + card.uid + counter.to_bytes(3, "little")
        assert mac == sun_mac(card_key(MASTER, card.uid), card.uid, counter)
    assert len(card.file) == 256


def test_a_reading_is_known_by_the_card_that_made_it_and_by_no_other() -> None:
    card, other = ntag424(CODE, META, MASTER), ntag424(CODE, META, MASTER, uid=b"\x04OTHER!")
    made = bytes.fromhex(texts(message_on(card))[1][5:])
    assert reading(card, made[:16], made[16:]) == 1
    assert reading(other, made[:16], made[16:]) is None
    assert reading(card, made[:16], made[:-9:-1]) is None
    assert reading(card, made[16:] * 2, made[16:]) is None


def test_the_counter_goes_up_once_a_reading_however_many_reads_it_takes() -> None:
    card = ntag424(CODE, META, MASTER)
    for before in (SELECT_APPLICATION, SELECT_CONTAINER, READ_15, SELECT_NDEF):
        card.apdu(before)
    assert card.counter == 0, "nothing has been read of it yet"
    whole = b"".join(card.apdu(b"\x00\xb0\x00" + bytes([at, 64]))[:-2] for at in (0, 64, 128, 192))
    assert card.counter == 1
    assert whole == bytes(card.file)


def test_a_message_played_again_is_the_same_each_time() -> None:
    card = ntag424(CODE, META, MASTER)
    harvested = message_on(card)
    copy = replay(harvested)
    assert message_on(copy) == message_on(copy) == harvested
    assert message_on(card) != harvested


def test_a_chip_whose_text_was_overwritten_makes_none() -> None:
    card = ntag424(None, META, MASTER)
    card.is_writable = True
    for before in (SELECT_APPLICATION, SELECT_NDEF):
        card.apdu(before)
    card.apdu(b"\x00\xd6\x00\x00\x40" + bytes(64))
    assert message_on(card) == b""
    assert card.counter == 0
