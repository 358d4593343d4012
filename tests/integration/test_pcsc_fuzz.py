"""Any bytes on a card, from a card or from a reader: one outcome each, and the next card works."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.events import Presented, ReaderEvent, ReaderReady, Removed
from kiosk.readers.pcsc import PcscReader
from kiosk.readers.polling import Pace
from presence.card import SignedCode
from tests.hardware_mocks.card_isodep import IsoDepCard
from tests.hardware_mocks.card_model import Card, Type2Card, card_with_text, ndef_tlv
from tests.hardware_mocks.card_type4 import Type4Card, type4_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pcsc_antenna import ContactCard
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.witness import Witness

NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 2
GOOD, GOOD_TYPE4 = card_with_text(CODE), type4_with_text(CODE)
GOOD_EVENTS = [Presented(NAME, SignedCode(CODE)), Removed(NAME)]
PACE = Pace(idle=0.0, near=0.0, looks_until_gone=2, reopen=(0.01,))

CASES = settings().max_examples
"""All in all 2,200 in `make test`, 110,000 in `make test-deep`."""

Desk = tuple[Pcscd, Witness]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Pcscd() as pcscd:
        witness = Witness()
        reader = PcscReader(NAME, "", PACE, wait_seconds=0.05, grace_seconds=0.001)
        reader.start(witness.tell)
        assert witness.next(1) == [ReaderReady(NAME)]
        yield pcscd, witness
        reader.stop()


def tap(desk: Desk, card: Card) -> list[ReaderEvent]:
    """Everything that is told from holding the card up to its being gone."""
    pcscd, witness = desk
    pcscd.readers[0].hold(card)
    events = witness.until(Presented)
    pcscd.readers[0].lift()
    return events + witness.until(Removed)


def check(desk: Desk, card: Card) -> None:
    events = tap(desk, card)
    assert [type(event) for event in events] == [Presented, Removed], events
    assert tap(desk, GOOD) == GOOD_EVENTS


def damaged(sound: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, len(sound) - 1)
    return st.tuples(places, st.integers(0, 255)).map(
        lambda drawn: sound[: drawn[0]] + bytes([drawn[1]]) + sound[drawn[0] + 1 :]
    )


def memories() -> st.SearchStrategy[bytes]:
    """User memory: nearly sound, or noise."""
    message = st.binary(max_size=80)
    return st.one_of(message, message.map(ndef_tlv), damaged(GOOD.content), st.binary(max_size=504))


def containers() -> st.SearchStrategy[bytes | None]:
    sizes = st.integers(0, 255).map(lambda size: bytes([0xE1, 0x10, size, 0x00]))
    return st.one_of(st.none(), sizes, st.binary(min_size=4, max_size=4))


@settings(max_examples=6 * CASES)
@given(content=memories(), capability=containers())
def test_whatever_lies_on_a_tag_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, content: bytes, capability: bytes | None
) -> None:
    check(desk, Type2Card(content, capability=capability))


def type4_containers() -> st.SearchStrategy[bytes | None]:
    sound = GOOD_TYPE4.sound_container()
    return st.one_of(st.none(), damaged(sound), st.binary(max_size=40))


@settings(max_examples=6 * CASES)
@given(
    file=st.one_of(damaged(bytes(GOOD_TYPE4.file)), st.binary(min_size=1, max_size=300)),
    container=type4_containers(),
)
def test_whatever_lies_in_the_files_of_a_card_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, file: bytes, container: bytes | None
) -> None:
    card = Type4Card(file=bytearray(file), container=container, room=max(2, len(file)))
    check(desk, card)


@dataclass
class RamblingCard(IsoDepCard):
    """Answers any command with whatever comes next, and with a plain status word after that."""

    answers: list[bytes] = field(default_factory=list)

    def apdu(self, command: bytes) -> bytes:
        return self.answers.pop(0) if self.answers else b"\x90\x00"


def responses() -> st.SearchStrategy[bytes]:
    """Data and status, or noise; an empty one, too."""
    data = st.binary(max_size=255)
    return st.one_of(st.binary(max_size=258), data.map(lambda content: content + b"\x90\x00"))


@settings(max_examples=6 * CASES)
@given(answers=st.lists(responses(), max_size=6))
def test_whatever_a_card_answers_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, answers: list[bytes]
) -> None:
    check(desk, RamblingCard(answers=answers))


@given(atr=st.one_of(st.binary(max_size=33), st.binary(max_size=15).map(lambda h: b"\x3b" + h)))
def test_whatever_a_card_answers_to_reset_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, atr: bytes
) -> None:
    check(desk, ContactCard(atr))


@settings(max_examples=3 * CASES)
@given(answer=st.binary(max_size=258), skip=st.integers(0, 8), is_type4=st.booleans())
def test_whatever_a_reader_answers_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, answer: bytes, skip: int, is_type4: bool
) -> None:
    reader = desk[0].readers[0]
    reader.fault(Trouble.GARBLE, skip=skip, garble=lambda _: answer)
    events = tap(desk, GOOD_TYPE4 if is_type4 else GOOD)
    reader.forgive()
    assert [type(event) for event in events] == [Presented, Removed], events
    assert tap(desk, GOOD) == GOOD_EVENTS
