"""The PN532 adapter with cards that speak in blocks, with several cards at once, and with what goes
wrong while they are read."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import SignedCode, Unreadable
from tests.contract.card_outcomes import MASTER, META, any_reading_of, sun_of
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.card_ntag424 import Ntag424Card, ntag424
from tests.hardware_mocks.card_type4 import type4_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.pn532_chip import Code
from tests.hardware_mocks.witness import Witness

NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6
OTHER = CODE[:-1] + "X"
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
PRESENTED = Presented(NAME, SignedCode(CODE))
PACE = Pace(idle=0.002, near=0.002, reopen=(0.02,), quiet_attempts=5)
PATIENT = Pace(idle=0.002, near=0.002, looks_until_gone=10_000)
LOOKING, BLOCK = Code.IN_LIST_PASSIVE_TARGET, Code.IN_COMMUNICATE_THRU
BLOCKS = 7
"""RATS and six commands."""


@pytest.fixture
def pn532() -> Iterator[EmulatedPn532]:
    with EmulatedPn532() as pn532:
        yield pn532


@contextmanager
def watching(pn532: EmulatedPn532, pace: Pace) -> Iterator[Witness]:
    witness = Witness()
    reader = Pn532Reader(NAME, pn532.path, pace)
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    yield witness
    reader.stop()


@pytest.fixture
def witness(pn532: EmulatedPn532) -> Iterator[Witness]:
    with watching(pn532, PACE) as witness:
        yield witness


def of_cards(events: list[ReaderEvent]) -> list[ReaderEvent]:
    return [event for event in events if isinstance(event, Presented | Removed)]


def sun_card() -> Ntag424Card:
    return ntag424(CODE, META, MASTER)


# --- at rest ---------------------------------------------------------------------------------


def test_a_resting_chip_is_read_once_so_that_its_counter_does_not_run(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = sun_card()
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, any_reading_of(sun_card()))]
    counter = card.counter
    pn532.await_looks(50)
    pn532.hold(BankCard(), card)
    pn532.await_looks(20)
    assert witness.rest() == []
    assert card.counter == counter


def test_each_presentation_of_a_chip_says_something_new(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = sun_card()
    told = []
    for _ in range(3):
        pn532.hold(card)
        told += witness.next(1)
        pn532.lift()
        assert witness.next(1) == [REMOVED]
    assert told == [Presented(NAME, any_reading_of(sun_card()))] * 3
    assert len({event.evidence for event in told if isinstance(event, Presented)}) == 3


def last_tap(pn532: EmulatedPn532) -> list[int]:
    """The commands from the finding of the card that was read last to its last block."""
    newest_first = list(pn532.commands)[::-1]
    newest_first = newest_first[newest_first.index(BLOCK) :]
    return newest_first[: newest_first.index(LOOKING) + 1][::-1]


def test_a_type_4_tag_costs_one_command_for_each_block(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = type4_with_text(CODE)
    set_up = [Code.READ_REGISTER, Code.WRITE_REGISTER, Code.RF_CONFIGURATION]
    for _ in range(2):
        pn532.hold(card)
        witness.next(1)
        pn532.lift()
        witness.next(1)
        activation = [LOOKING, *set_up, BLOCK]
        assert last_tap(pn532) == [*activation, *set_up, *[BLOCK] * (BLOCKS - 1)]
    assert len(card.apdus) == 2 * (BLOCKS - 1)


def test_a_bank_card_costs_two_blocks(pn532: EmulatedPn532, witness: Witness) -> None:
    card = BankCard()
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, Unreadable.UNSUPPORTED)]
    assert len(card.apdus) == 1


def remembered(thing: object, seen: set[int]) -> Iterator[object]:
    """All that a part of the kiosk holds on to."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    if type(thing).__module__.startswith("kiosk.") or isinstance(thing, dict | list | set | tuple):
        for held in gc.get_referents(thing):
            yield from remembered(held, seen)


def test_no_serial_number_is_remembered_of_a_card_that_has_gone(pn532: EmulatedPn532) -> None:
    uid = bytes.fromhex("04c0ffee15bad1")
    witness, reader = Witness(), Pn532Reader(NAME, pn532.path, PACE)
    reader.start(witness.tell)
    pn532.hold(DesfireCard(uid=uid), BankCard(uid=uid[:4]))
    pn532.await_looks(10)
    assert uid in remembered(reader, set())
    pn532.lift()
    witness.until(Removed)
    pn532.await_looks(20)
    held = [thing for thing in remembered(reader, set()) if isinstance(thing, bytes)]
    assert not [thing for thing in held if uid[:4] in thing]
    reader.stop()


# --- several cards ---------------------------------------------------------------------------


def test_two_resting_cards_do_not_take_turns(pn532: EmulatedPn532, witness: Witness) -> None:
    card = card_with_text(CODE, uid=b"\x04FIRST!")
    bank = BankCard(uid=b"\xff\x01\x02\x03")
    pn532.hold(card, bank)
    pn532.await_looks(50)
    assert witness.rest() == [PRESENTED]
    assert len(bank.apdus) == 1
    assert len(card.pages_read) < 20
    pn532.lift()
    assert witness.next(1) == [REMOVED]


def test_a_second_volunteer_s_card_is_read_while_the_first_one_rests(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    resting = card_with_text(CODE, uid=b"\x04FIRST!")
    pn532.hold(resting)
    assert witness.next(1) == [PRESENTED]
    pn532.hold(resting, type4_with_text(OTHER))
    assert witness.next(2) == [REMOVED, Presented(NAME, SignedCode(OTHER))]
    pn532.hold(resting)
    assert witness.next(1) == [REMOVED]
    pn532.await_looks(20)
    assert witness.rest() == []


def test_a_wallet_that_comes_closer_is_told_as_soon_as_ours_is_near(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    phone = PhoneWallet()
    pn532.hold(phone)
    assert witness.next(1) == [Presented(NAME, Unreadable.UNSUPPORTED)]
    pn532.hold(phone, card_with_text(CODE))
    assert witness.next(2) == [REMOVED, PRESENTED]
    pn532.await_looks(20)
    assert witness.rest() == []


def test_chips_swapped_without_a_gap_are_two_presentations(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    first, second = sun_card(), ntag424(OTHER, META, MASTER, uid=b"\x04SECOND")
    expected = any_reading_of(second)
    pn532.hold(first)
    witness.next(1)
    pn532.hold(second)
    assert witness.next(2) == [REMOVED, Presented(NAME, expected)]


# --- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("skip", [0, 1, BLOCKS - 1])
@pytest.mark.parametrize(
    "trouble",
    [Trouble.RF_ERROR, Trouble.DROP, Trouble.ERROR_FRAME, Trouble.DROP_ACK, Trouble.GARBLE],
)
def test_a_block_that_is_lost_does_not_lose_the_card(
    pn532: EmulatedPn532, witness: Witness, trouble: Trouble, skip: int
) -> None:
    pn532.fault(trouble, on=BLOCK, skip=skip)
    pn532.hold(type4_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    assert pn532.faults_left == 0


@pytest.mark.parametrize("trouble", [Trouble.RF_ERROR, Trouble.DROP, Trouble.ERROR_FRAME])
def test_an_answer_that_is_lost_on_its_way_is_not_made_again(
    pn532: EmulatedPn532, witness: Witness, trouble: Trouble
) -> None:
    card = sun_card()
    expected = sun_of(card)
    pn532.fault(trouble, on=BLOCK, skip=BLOCKS - 1)
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, expected)]
    assert card.counter == 1


@pytest.mark.parametrize("skip", range(BLOCKS))
def test_a_chip_pulled_away_while_it_is_read_is_told_once_as_garbled(
    pn532: EmulatedPn532, witness: Witness, skip: int
) -> None:
    pn532.fault(Trouble.LIFT, on=BLOCK, skip=skip)
    pn532.hold(sun_card())
    assert witness.next(2) == [Presented(NAME, Unreadable.GARBLED), REMOVED]
    pn532.hold(type4_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_chip_that_slips_and_comes_back_is_presented_once(pn532: EmulatedPn532) -> None:
    with watching(pn532, PATIENT) as witness:
        for _ in range(3):
            pn532.fault(Trouble.LIFT, on=BLOCK, skip=4)
            pn532.hold(type4_with_text(CODE))
            pn532.await_looks(3)
        pn532.hold(type4_with_text(CODE))
        assert witness.next(1) == [PRESENTED]
        pn532.await_looks(3)
        assert witness.rest() == []


def test_a_cable_pulled_while_a_chip_is_read_and_put_back(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.fault(Trouble.UNPLUG, on=BLOCK, skip=4)
    pn532.hold(type4_with_text(CODE))
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    pn532.plug()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_chip_that_rests_through_a_short_outage_is_not_read_again(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = sun_card()
    pn532.hold(card)
    witness.next(1)
    counter = card.counter
    pn532.fault(Trouble.GARBLE, on=LOOKING)
    pn532.await_faults()
    pn532.await_looks(10)
    assert of_cards(witness.rest()) == []
    assert card.counter == counter


def test_a_telephone_that_rests_on_a_reader_that_was_lost_is_found_by_its_new_number(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    told = Presented(NAME, Unreadable.UNSUPPORTED)
    pn532.hold(PhoneWallet())
    assert witness.next(1) == [told]
    pn532.unplug()
    assert [type(event) for event in witness.next(2)] == [ReaderLost, Removed]
    pn532.plug()
    assert witness.next(2) == [READY, told]


def test_a_reader_that_hangs_in_a_block_is_back_after_its_power_was_cycled(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.fault(Trouble.HANG, on=BLOCK, skip=3)
    pn532.hold(type4_with_text(CODE))
    while not isinstance(witness.next(1)[0], ReaderLost):
        pass
    pn532.power_cycle()
    assert of_cards(witness.until(Presented)) == [PRESENTED]
