"""What a Type 4 tag's answers are taken for, without a reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.readers.message import MAX_MESSAGE_BYTES
from kiosk.readers.type4 import read_type4
from presence.card import SignedCode, SunMessage, Unreadable
from tests.contract.card_outcomes import TYPE_4, sun_of
from tests.hardware_mocks.card_isodep import IsoDepCard
from tests.hardware_mocks.card_ntag424 import ntag424
from tests.hardware_mocks.card_type4 import Type4Card, type4_with_text

CODE = "TS1:" + "A" * 170
READ = 0xB0


def reads(card: IsoDepCard) -> list[tuple[int, int]]:
    """Where, and how much, for every READ BINARY."""
    return [(int.from_bytes(sent[2:4]), sent[4] or 256) for sent in card.apdus if sent[1] == READ]


def test_no_more_is_read_than_the_container_and_the_message() -> None:
    card = type4_with_text(CODE)
    assert read_type4(card.apdu) == SignedCode(CODE)
    assert reads(card) == [(0, 15), (0, 2), (2, len(card.message))]
    assert len(card.apdus) == 6


def test_a_message_that_is_too_long_is_not_read() -> None:
    card = Type4Card(message=bytes(MAX_MESSAGE_BYTES + 1), room=1024)
    assert read_type4(card.apdu) is Unreadable.TOO_LONG
    assert reads(card) == [(0, 15), (0, 2)]


def test_no_answer_is_wished_for_that_does_not_fit_in_a_block() -> None:
    card = Type4Card(message=type4_with_text("TS1:" + "A" * 296).message, room=512, most_read=256)
    assert read_type4(card.apdu) == SignedCode("TS1:" + "A" * 296)
    assert max(size for _, size in reads(card)) + 5 <= 256


def test_a_chip_with_messages_of_its_own_is_asked_for_one() -> None:
    card = ntag424(CODE, bytes(16), bytes(16))
    expected = sun_of(card)
    card.select()
    assert read_type4(card.apdu) == expected
    assert card.counter == 1


@pytest.mark.parametrize("answer", [b"", b"\x90", b"\x6a\x82", b"\x90\x00", bytes(300)])
@pytest.mark.parametrize("at", range(6))
def test_an_answer_that_is_none_ends_the_reading(at: int, answer: bytes) -> None:
    card, count = type4_with_text(CODE), 0

    def apdu(command: bytes) -> bytes:
        nonlocal count
        count += 1
        return answer if count == at + 1 else card.apdu(command)

    outcome = read_type4(apdu)
    if answer == b"\x90\x00" and at in (0, 1, 3):  # a sound answer to SELECT, but not from the card
        assert outcome in (Unreadable.GARBLED, Unreadable.UNSUPPORTED)
    elif at == 0 and len(answer) >= 2:
        assert outcome is Unreadable.UNSUPPORTED
    else:
        assert outcome is Unreadable.GARBLED
    assert count <= 6


@given(st.lists(st.binary(max_size=60).map(lambda data: data + b"\x90\x00"), max_size=40))
def test_whatever_a_card_answers_there_is_one_outcome_after_few_commands(
    answers: list[bytes],
) -> None:
    left = iter(answers)
    asked = 0

    def apdu(command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return next(left, b"\x6f\x00")

    assert isinstance(read_type4(apdu), SignedCode | SunMessage | Unreadable)
    assert asked <= 6 + MAX_MESSAGE_BYTES // 15 + 1


@given(
    case=st.sampled_from(TYPE_4),
    at=st.integers(0, 8),
    change=st.tuples(st.integers(0, 300), st.integers(1, 255)),
)
def test_one_byte_changed_in_one_answer_is_no_other_fault(
    case: tuple[str, Type4Card, object], at: int, change: tuple[int, int]
) -> None:
    card, count = case[1], 0
    card.select()

    def apdu(command: bytes) -> bytes:
        nonlocal count
        count += 1
        answer = bytearray(card.apdu(command))
        if count == at + 1:
            answer[change[0] % len(answer)] ^= change[1]
        return bytes(answer)

    assert isinstance(read_type4(apdu), SignedCode | SunMessage | Unreadable)
