"""The PC/SC adapter when things go wrong: at the card, in the reader, on its cable, in pcscd."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from queue import SimpleQueue

import pytest
from msgspec import structs

from kiosk.events import (
    Presented,
    ReaderEvent,
    ReaderLost,
    ReaderReady,
    Removed,
)
from kiosk.readers.pcsc import PcscReader
from kiosk.readers.polling import Pace
from kiosk.readers.smartcards import ReaderGoneError, Session
from presence.card import ChipUid, SignedCode, Unreadable
from presence.messages import ReaderState
from tests.hardware_mocks.card_isodep import IsoDepCard
from tests.hardware_mocks.card_model import Card, UidOnlyCard, card_with_text
from tests.hardware_mocks.card_type4 import type4_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pcsc_antenna import ContactCard
from tests.hardware_mocks.pcsc_reader import EmulatedPcscReader
from tests.hardware_mocks.pcscd import READER, Pcscd
from tests.hardware_mocks.witness import Witness

NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6
PRESENTED = Presented(NAME, SignedCode(CODE))
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
GARBLED = Presented(NAME, Unreadable.GARBLED)
PACE = Pace(idle=0.0, near=0.002, reopen=(0.02,), quiet_attempts=5)
WAIT_SECONDS, PATIENCE = 0.005, 20.0
GET_UID, READ, SELECT = 0xCA, 0xB0, 0xA4
TYPE2_COMMANDS, TYPE4_COMMANDS = (GET_UID, READ), (GET_UID, SELECT, READ)


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as pcscd:
        yield pcscd


@pytest.fixture
def antenna(pcscd: Pcscd) -> EmulatedPcscReader:
    return pcscd.readers[0]


@contextmanager
def watched(device: str = "", name: str = NAME, pace: Pace = PACE) -> Iterator[Witness]:
    witness = Witness()
    reader = PcscReader(name, device, pace, wait_seconds=WAIT_SECONDS)
    reader.start(witness.tell)
    try:
        yield witness
    finally:
        reader.stop()


@pytest.fixture
def witness(pcscd: Pcscd) -> Iterator[Witness]:
    with watched() as witness:
        assert witness.next(1) == [READY]
        yield witness


def kinds(events: list[ReaderEvent]) -> list[type[ReaderEvent]]:
    return [type(event) for event in events]


MOMENTS = [
    *((card_with_text(CODE), command, skip) for command in TYPE2_COMMANDS for skip in (0, 7)),
    *((type4_with_text(CODE), command, skip) for command in TYPE4_COMMANDS for skip in (0, 1)),
]


@pytest.mark.parametrize(("card", "command", "skip"), MOMENTS)
@pytest.mark.parametrize("trouble", [Trouble.DROP, Trouble.RF_ERROR, Trouble.DELAY])
def test_a_card_that_does_not_answer_at_once_is_presented_once_all_the_same(
    antenna: EmulatedPcscReader,
    witness: Witness,
    trouble: Trouble,
    card: Card,
    command: int,
    skip: int,
) -> None:
    antenna.fault(trouble, on=command, skip=skip, seconds=0.1)
    antenna.hold(card)
    assert witness.next(1) == [PRESENTED]
    antenna.forgive()
    antenna.lift()
    assert witness.next(1) == [REMOVED]
    assert witness.rest() == []


@pytest.mark.parametrize(
    ("card", "command", "skip"),
    [
        (card_with_text(CODE), GET_UID, 0),
        (card_with_text(CODE), READ, 0),
        (card_with_text(CODE), READ, 7),
        (type4_with_text(CODE), GET_UID, 0),
        (type4_with_text(CODE), SELECT, 1),
        (type4_with_text(CODE), READ, 1),
    ],
)
def test_a_card_pulled_away_while_it_is_read_is_told_once(
    antenna: EmulatedPcscReader, witness: Witness, card: Card, command: int, skip: int
) -> None:
    antenna.fault(Trouble.LIFT, on=command, skip=skip)
    antenna.hold(card)
    assert witness.next(2) == [GARBLED, REMOVED]
    antenna.hold(card)
    assert witness.next(1) == [PRESENTED]


@pytest.mark.parametrize("skip", [0, 1, 5])
def test_a_card_that_stops_answering_is_told_once(
    antenna: EmulatedPcscReader, witness: Witness, skip: int
) -> None:
    antenna.fault(Trouble.DROP, skip=skip)
    for _ in range(60):
        antenna.fault(Trouble.DROP)
    antenna.hold(card_with_text(CODE))
    assert witness.next(1) == [GARBLED]
    antenna.await_faults()
    antenna.lift()
    assert witness.next(1) == [REMOVED]
    antenna.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_cable_pulled_while_a_card_is_read(antenna: EmulatedPcscReader, witness: Witness) -> None:
    antenna.fault(Trouble.UNPLUG, on=READ, skip=2)
    antenna.hold(card_with_text(CODE))
    assert kinds(witness.next(3)) == [ReaderLost, Presented, Removed]
    antenna.plug()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_reader_that_hangs_is_lost_and_comes_back_with_its_power(
    antenna: EmulatedPcscReader, witness: Witness
) -> None:
    antenna.fault(Trouble.HANG, on=READ)
    antenna.hold(card_with_text(CODE))
    assert kinds(witness.next(3)) == [ReaderLost, Presented, Removed]
    antenna.power_cycle()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_daemon_that_is_restarted_while_a_card_rests_is_told_to_nobody(
    pcscd: Pcscd, antenna: EmulatedPcscReader
) -> None:
    with watched(pace=structs.replace(PACE, quiet_attempts=10_000)) as witness:
        antenna.hold(card_with_text(CODE))
        assert witness.next(2) == [READY, PRESENTED]
        for _ in range(3):
            pcscd.restart()
        witness.await_states(lambda states: ReaderState.RECOVERING in states)
        antenna.lift()
        assert witness.next(1) == [REMOVED]
        assert witness.rest() == []


def test_a_daemon_that_is_killed_is_told_with_what_to_do_and_comes_back(
    pcscd: Pcscd, antenna: EmulatedPcscReader, witness: Witness
) -> None:
    antenna.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    pcscd.kill()
    why = "ReaderGoneError: pcscd is not running: sudo systemctl start pcscd.socket"
    assert witness.next(2) == [ReaderLost(NAME, why), REMOVED]
    pcscd.start()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_reader_that_is_plugged_in_later_is_found(pcscd: Pcscd) -> None:
    pcscd.stop()
    pcscd.start(count=0)
    with watched() as witness:
        assert witness.next(1) == [ReaderLost(NAME, "ReaderGoneError: no reader is plugged in")]
        pcscd.stop()
        pcscd.start()
        assert witness.next(1) == [READY]


def test_a_daemon_that_does_not_answer_does_not_keep_the_reader_from_stopping(
    pcscd: Pcscd,
) -> None:
    before = threading.active_count()
    with watched() as witness:
        assert witness.next(1) == [READY]
        pcscd.freeze()
    assert threading.active_count() == before


def test_a_daemon_that_does_not_answer_is_noticed_and_broken_off(pcscd: Pcscd) -> None:
    witness, uptime = Witness(), timedelta()
    reader = PcscReader(NAME, "", PACE, wait_seconds=WAIT_SECONDS)
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    pcscd.freeze()
    while ReaderState.SILENT not in witness.states:
        uptime += timedelta(seconds=PACE.patience + 1)
        reader.check(uptime)
    pcscd.thaw()
    assert witness.await_states(lambda states: states[-1] is ReaderState.READY)[:2] == [
        ReaderState.READY,
        ReaderState.SILENT,
    ]
    assert witness.rest() == []
    reader.stop()


def test_a_greeting_that_the_daemon_does_not_return_can_be_broken_off(pcscd: Pcscd) -> None:
    pcscd.freeze()
    session, raised = Session(), SimpleQueue[str]()

    def greet() -> None:
        with pytest.raises(ReaderGoneError) as error:
            session.open()
        raised.put(str(error.value))

    thread = threading.Thread(target=greet)
    thread.start()
    while thread.is_alive():
        session.interrupt()
        thread.join(0.01)
    session.close()
    assert raised.get(timeout=PATIENCE)


def test_several_readers_are_watched_side_by_side() -> None:
    names = ["ACS ACR1252", "HID Omnikey", "Identive uTrust"]
    with Pcscd(names) as pcscd:
        readers = pcscd.readers
        with watched("ACR1252", "left") as left, watched("omnikey", "right") as right:
            assert (left.next(1), right.next(1)) == ([ReaderReady("left")], [ReaderReady("right")])
            readers[1].hold(card_with_text("TS1:R"))
            readers[0].hold(card_with_text("TS1:L"))
            assert left.next(1) == [Presented("left", SignedCode("TS1:L"))]
            assert right.next(1) == [Presented("right", SignedCode("TS1:R"))]
            readers[0].unplug()
            assert kinds(left.next(2)) == [ReaderLost, Removed]
            readers[1].lift()
            assert right.next(1) == [Removed("right")]
            readers[0].plug()
            assert left.next(2) == [
                ReaderReady("left"),
                Presented("left", SignedCode("TS1:L")),
            ]
            assert right.rest() == []


def test_of_several_readers_one_has_to_be_named() -> None:
    with Pcscd(["ACS ACR1252", "HID Omnikey"]), watched() as witness:
        why = "several readers, configure which: ACS ACR1252 00 00; HID Omnikey 01 00"
        assert witness.next(1) == [ReaderLost(NAME, f"ReaderGoneError: {why}")]


def test_a_reader_that_another_program_holds_is_lost_until_it_is_let_go(
    antenna: EmulatedPcscReader, witness: Witness
) -> None:
    other = Session()
    other.open()
    antenna.hold(UidOnlyCard())
    assert witness.next(1) == [Presented(NAME, ChipUid("9C31F00D"))]
    _insist(lambda: other.connect(f"{READER} 00 00"))
    antenna.hold(card_with_text(CODE))
    why = "ReaderGoneError: another program holds the reader"
    assert witness.next(2) == [ReaderLost(NAME, why), REMOVED]
    other.close()
    assert witness.next(2) == [READY, PRESENTED]


def _insist(connect: Callable[[], object]) -> None:
    """The reader itself has the card for a moment."""
    while True:
        with suppress(ReaderGoneError):
            connect()
            return


@pytest.mark.parametrize("atr", [bytes.fromhex("3b6500002063cb6800"), None])
def test_smart_cards_with_contacts_and_mute_cards_are_none_of_ours(
    antenna: EmulatedPcscReader, witness: Witness, atr: bytes | None
) -> None:
    antenna.hold(ContactCard(atr))
    assert witness.next(1) == [Presented(NAME, Unreadable.UNSUPPORTED)]
    antenna.lift()
    assert witness.next(1) == [REMOVED]
    antenna.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_reader_that_beeps_by_itself_is_hushed() -> None:
    with Pcscd(["ACS ACR122U PICC Interface"]) as pcscd, watched("ACR122") as witness:
        assert witness.next(1) == [READY]
        pcscd.readers[0].hold(card_with_text(CODE))
        assert witness.next(1) == [PRESENTED]
        assert not pcscd.readers[0].antenna.buzzes


def test_nothing_that_is_on_a_card_is_logged(
    pcscd: Pcscd, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    [antenna] = pcscd.readers
    antenna.fault(Trouble.LIFT, on=READ, skip=2)
    for card in (card_with_text(CODE), UidOnlyCard(), IsoDepCard()):
        antenna.hold(card)
        witness.next(1)
        antenna.lift()
        witness.until(Removed)
        pcscd.restart()
        witness.await_states(lambda states: ReaderState.RECOVERING in states)
        witness.await_states(lambda states: states[-1] is ReaderState.READY)
    assert "is opened afresh" in caplog.text
    for secret in (CODE[:10], "9c31f00d", "04a1b2c3d4e580"):
        assert secret.lower() not in caplog.text.lower()
