"""The PN532 adapter with cards that do not keep to the rules of their blocks."""

import time
from collections.abc import Iterator

import pytest

from kiosk.events import Presented, ReaderReady, Removed
from kiosk.readers.isodep import activation
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from kiosk.readers.presentation import TRIES
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard
from tests.hardware_mocks.card_ntag424 import Ntag424Card
from tests.hardware_mocks.card_type4 import Type4Card, type4_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import Witness

NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6
PRESENTED, REMOVED = Presented(NAME, SignedCode(CODE)), Removed(NAME)
PACE = Pace(idle=0.002, near=0.002, reopen=(0.02,), quiet_attempts=5)


@pytest.fixture
def pn532() -> Iterator[EmulatedPn532]:
    with EmulatedPn532() as pn532:
        yield pn532


@pytest.fixture
def witness(pn532: EmulatedPn532) -> Iterator[Witness]:
    witness = Witness()
    reader = Pn532Reader(NAME, pn532.path, PACE)
    reader.start(witness.tell)
    assert witness.await_ready() == ReaderReady(NAME)
    yield witness
    reader.stop()


class Stubborn(Type4Card):
    """Answers every block after RATS with the same, for ever."""

    says = b""
    activations = 0

    def answer(self, command: bytes) -> bytes | None:
        if command[:1] != b"\xe0":
            return self.says
        self.activations += 1
        return super().answer(command)


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(b"\xf2\x3b", id="wishes for time"),
        pytest.param(b"\xf2\x00", id="wishes for no time"),
        pytest.param(b"\xf2", id="half a wish"),
        pytest.param(b"\xf3", id="half of what is nearly a wish"),
        pytest.param(b"\xf3\x3b", id="what is nearly a wish"),
        pytest.param(b"\xa2", id="acknowledges"),
        pytest.param(b"\xa3", id="acknowledges the other block"),
        pytest.param(b"\x12\x00", id="says that there is more"),
        pytest.param(b"\x02", id="says nothing"),
        pytest.param(b"\xff\xff\xff", id="says nonsense"),
        pytest.param(b"\xc2", id="takes leave"),
    ],
)
def test_a_card_that_never_comes_to_an_end_is_garbled_and_the_next_one_is_read(
    pn532: EmulatedPn532, witness: Witness, says: bytes
) -> None:
    card = Stubborn(uid=b"\x04STUBB!")
    card.says = says
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, Unreadable.GARBLED)]
    pn532.await_looks(10)
    assert witness.rest() == []
    pn532.hold(type4_with_text(CODE))
    assert witness.next(2) == [REMOVED, PRESENTED]


@pytest.mark.parametrize("says", [b"\xf2\x3b", b"\xa3"])
def test_a_card_that_keeps_the_reader_busy_is_given_up_and_not_begun_again(
    pn532: EmulatedPn532, witness: Witness, says: bytes
) -> None:
    card = Stubborn()
    card.says = says
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, Unreadable.GARBLED)]
    assert card.activations < TRIES


@pytest.mark.parametrize("ats", [b"", b"\x00", b"\x05\x78", b"\x02\xf0\x00", bytes(60)])
def test_what_is_no_answer_to_select_is_garbled(
    pn532: EmulatedPn532, witness: Witness, ats: bytes
) -> None:
    pn532.hold(Type4Card(uid=b"\x04STUBB!", ats=ats))
    assert witness.next(1) == [Presented(NAME, Unreadable.GARBLED)]
    pn532.hold(type4_with_text(CODE))
    assert witness.next(2) == [REMOVED, PRESENTED]


@pytest.mark.parametrize("ats", [b"\x01", b"\x02\xf0", b"\x05\x7f\x80\xff\x02"])
def test_an_answer_to_select_that_promises_little_or_too_much_is_taken_as_it_is_meant(
    pn532: EmulatedPn532, witness: Witness, ats: bytes
) -> None:
    pn532.hold(Type4Card(message=type4_with_text(CODE).message, ats=ats))
    assert witness.next(1) == [PRESENTED]


class SlowToWake(Type4Card):
    """Hears nothing for as long after its answer to select as that says: 2^7 units."""

    awake_at = 0.0
    too_early = 0

    def answer(self, command: bytes) -> bytes | None:
        if command[:1] == b"\xe0":
            self.awake_at = time.monotonic() + 4096 / 13.56e6 * 2**7
        elif time.monotonic() < self.awake_at:
            self.too_early += 1
            return None
        return super().answer(command)


def test_a_card_that_is_slow_to_wake_is_given_the_time_that_it_asks_for(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = SlowToWake(message=type4_with_text(CODE).message, ats=b"\x03\x28\x77")
    pn532.hold(card)
    assert witness.next(1) == [PRESENTED]
    assert card.too_early == 0


@pytest.mark.parametrize(
    ("ats", "frame", "wait", "guard"),
    [
        (Ntag424Card.ats.hex(), 128, 7, 1),
        (DesfireCard.ats.hex(), 64, 8, 1),
        (BankCard.ats.hex(), 256, 7, 0),
        ("0422f1aa", 32, 8, 1),
        ("03208f", 16, 8, 8),
        ("01", 32, 4, 0),
        ("020f", 256, 4, 0),
        ("02f5", 64, 4, 0),
    ],
)
def test_an_answer_to_select_says_how_large_frames_are_and_how_long_a_card_may_take(
    ats: str, frame: int, wait: int, guard: int
) -> None:
    """ISO/IEC 14443-4, section 5.2. What is left out is as the standard has it; what is longer than
    any tag may want is cut down."""
    times = 4096 / 13.56e6 * 2**wait, guard and 4096 / 13.56e6 * 2**guard
    assert activation(bytes.fromhex(ats)) == (frame, *times)
