"""The PN532 adapter when things go wrong on the wire, at the card and in the chip."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.card_model import Card, Type2Card, card_with_text
from tests.hardware_mocks.card_type4 import type4_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.pn532_chip import Code
from tests.hardware_mocks.witness import Witness

NAME = "hall"
CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6
PRESENTED = Presented(NAME, SignedCode(CODE))
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
PACE = Pace(idle=0.002, near=0.002, reopen=(0.02,), quiet_attempts=5)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def pn532() -> Iterator[EmulatedPn532]:
    with EmulatedPn532() as pn532:
        yield pn532


@pytest.fixture
def witness(pn532: EmulatedPn532) -> Iterator[Witness]:
    witness = Witness()
    reader = Pn532Reader(NAME, pn532.path, PACE)
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    yield witness
    reader.stop()


def kinds(events: list[ReaderEvent]) -> list[type[ReaderEvent]]:
    return [type(event) for event in events]


LOOKING, READING = Code.IN_LIST_PASSIVE_TARGET, Code.IN_COMMUNICATE_THRU


@pytest.mark.parametrize(
    "trouble",
    [Trouble.DROP_ACK, Trouble.DROP, Trouble.GARBLE, Trouble.ERROR_FRAME, Trouble.DELAY],
)
@pytest.mark.parametrize("code", [LOOKING, Code.READ_REGISTER, Code.RF_CONFIGURATION])
def test_a_fault_that_opening_afresh_cures_is_told_to_nobody(
    pn532: EmulatedPn532, witness: Witness, trouble: Trouble, code: Code
) -> None:
    pn532.fault(trouble, on=code, seconds=1.5)
    pn532.await_faults()
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_reader_that_opening_afresh_does_not_cure_is_lost_once_and_comes_back_once(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    for _ in range(PACE.quiet_attempts + 2):
        pn532.fault(Trouble.GARBLE, on=LOOKING)
    assert kinds(witness.next(2)) == [ReaderLost, ReaderReady]
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    assert pn532.faults_left == 0


@pytest.mark.parametrize("trouble", [Trouble.DROP_ACK, Trouble.GARBLE])
def test_a_card_being_read_when_the_wire_fails_is_presented_all_the_same(
    pn532: EmulatedPn532, witness: Witness, trouble: Trouble
) -> None:
    pn532.fault(trouble, on=READING, skip=4)
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    assert pn532.faults_left == 0


def test_a_reader_lost_again_before_it_has_looked_once_was_lost_once(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.unplug()
    assert kinds(witness.next(1)) == [ReaderLost]
    pn532.hold(card_with_text(CODE))
    pn532.fault(Trouble.GARBLE, on=READING)
    pn532.plug()
    assert witness.next(2) == [READY, PRESENTED]
    assert pn532.faults_left == 0


def test_a_card_that_rests_through_a_short_outage_is_not_presented_again(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    pn532.fault(Trouble.GARBLE, on=LOOKING)
    pn532.await_faults()
    pn532.await_looks(10)
    assert witness.rest() == []
    pn532.lift()
    assert witness.next(1) == [REMOVED]


@pytest.mark.parametrize("trouble", [Trouble.RF_ERROR, Trouble.DROP, Trouble.ERROR_FRAME])
def test_a_card_s_answer_that_is_lost_is_asked_for_again(
    pn532: EmulatedPn532, witness: Witness, trouble: Trouble
) -> None:
    pn532.fault(trouble, on=READING, skip=4)
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    assert pn532.faults_left == 0


def test_a_card_that_slips_and_comes_back_is_presented_once(pn532: EmulatedPn532) -> None:
    witness = Witness()
    patient = Pace(idle=0.002, near=0.002, looks_until_gone=10_000)
    reader = Pn532Reader(NAME, pn532.path, patient)
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    for _ in range(3):
        pn532.fault(Trouble.LIFT, on=READING, skip=4)
        pn532.hold(card_with_text(CODE))
        pn532.await_looks(3)
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]
    pn532.await_looks(3)
    assert witness.rest() == []
    reader.stop()


def test_a_card_pulled_away_while_it_is_read_is_told_once_as_garbled(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.fault(Trouble.LIFT, on=READING, skip=4)
    pn532.hold(card_with_text(CODE))
    assert witness.next(2) == [Presented(NAME, Unreadable.GARBLED), REMOVED]
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_card_on_which_reading_always_fails_is_told_once_as_garbled(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    for _ in range(2 * 12):
        pn532.fault(Trouble.RF_ERROR, on=READING)
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [Presented(NAME, Unreadable.GARBLED)]
    assert pn532.faults_left == 0
    pn532.await_looks(10)
    assert witness.rest() == []


def test_an_answer_that_is_only_late_is_waited_for(pn532: EmulatedPn532, witness: Witness) -> None:
    pn532.fault(Trouble.DELAY, on=LOOKING, seconds=0.3)
    pn532.await_looks(5)
    assert pn532.faults_left == 0
    assert witness.rest() == []


def test_a_cable_pulled_while_a_card_is_read_and_put_back(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.fault(Trouble.UNPLUG, on=READING, skip=4)
    pn532.hold(card_with_text(CODE))
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    pn532.plug()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_chip_that_hangs_is_lost_until_its_power_is_cycled(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.fault(Trouble.HANG)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    pn532.power_cycle()
    pn532.hold(card_with_text(CODE))
    assert witness.next(2) == [READY, PRESENTED]


def test_a_chip_that_loses_power_for_a_moment_comes_back(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    pn532.power_cycle()
    pn532.hold(card_with_text(CODE))
    assert witness.next(1) == [PRESENTED]


def test_a_reader_on_a_silent_chip_stops_without_its_answer(pn532: EmulatedPn532) -> None:
    threads = threading.active_count()
    reader, witness = Pn532Reader(NAME, pn532.path, PACE), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    pn532.fault(Trouble.DELAY, on=LOOKING, seconds=60)
    pn532.await_faults()
    reader.stop()
    assert threading.active_count() == threads
    assert witness.rest() == []


def test_a_chip_that_hangs_while_it_is_let_go_does_not_keep_the_reader(
    pn532: EmulatedPn532, caplog: pytest.LogCaptureFixture
) -> None:
    threads = threading.active_count()
    reader, witness = Pn532Reader(NAME, pn532.path, PACE), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    pn532.fault(Trouble.HANG, on=Code.SET_SERIAL_BAUDRATE)
    reader.stop()
    assert threading.active_count() == threads
    assert [record.message for record in caplog.records] == [
        "reader hall was left as it was: OSError"
    ]


def test_a_serial_line_with_no_chip_behind_it_is_a_lost_reader_and_fills_no_log(
    pn532: EmulatedPn532, caplog: pytest.LogCaptureFixture
) -> None:
    threads = threading.active_count()
    reader, witness = Pn532Reader(NAME, pn532.path, PACE), Witness()
    pn532.fault(Trouble.HANG)
    reader.start(witness.tell)
    assert kinds(witness.next(1)) == [ReaderLost]
    reader.stop()
    assert threading.active_count() == threads
    assert witness.rest() == []
    assert caplog.records == []


def test_a_stopped_reader_leaves_the_chip_awake_at_the_speed_it_starts_with(
    pn532: EmulatedPn532,
) -> None:
    reader, witness = Pn532Reader(NAME, pn532.path, PACE), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    assert pn532.baudrate == 921_600
    reader.stop()
    assert (pn532.baudrate, pn532.asleep, pn532.field_on) == (115_200, False, False)


def test_no_more_of_a_card_is_read_than_its_message(pn532: EmulatedPn532, witness: Witness) -> None:
    card = card_with_text("TS1:" + "A" * 100)  # container, length and message: 4 + 2 + 111 bytes
    pn532.hold(card)
    witness.next(1)
    assert card.pages_read == list(range(3, 3 + 4 * 8, 4))


def test_each_further_page_costs_one_command(pn532: EmulatedPn532, witness: Witness) -> None:
    card = card_with_text("TS1:" + "A" * 100)
    pn532.hold(card)
    witness.next(1)
    pn532.await_looks(1)
    commands = list(pn532.commands)
    first = commands.index(READING)
    assert commands[first : first + 9] == [READING] * 8 + [Code.RF_CONFIGURATION]


def test_a_message_that_is_too_long_is_not_read_at_all(
    pn532: EmulatedPn532, witness: Witness
) -> None:
    card = Type2Card(b"\x03\xff\x02\x01", capability=b"\xe1\x10\x6d\x00")
    pn532.hold(card)
    assert witness.next(1) == [Presented(NAME, Unreadable.TOO_LONG)]
    assert card.pages_read == [3]


def watch(path: str) -> subprocess.Popen[str]:
    """A process of its own that opens the reader and prints what it hears."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.hardware_mocks.watch", "pn532", path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_who_watches_a_reader_sees_it_recover(pn532: EmulatedPn532) -> None:
    with watch(pn532.path) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "ready\n"
        pn532.fault(Trouble.GARBLE, on=LOOKING)
        assert watching.stdout.readline() == "recovering\n"
        assert watching.stdout.readline() == "ready\n"
        watching.send_signal(signal.SIGTERM)


def test_a_process_that_was_killed_leaves_a_chip_the_next_one_can_talk_to(
    pn532: EmulatedPn532,
) -> None:
    with watch(pn532.path) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "ready\n"
        killed.send_signal(signal.SIGKILL)
    assert pn532.baudrate == 921_600, "nobody has set it back"
    with watch(pn532.path) as restarted:
        assert restarted.stdout is not None
        assert restarted.stdout.readline() == "ready\n"
        pn532.hold(card_with_text(CODE))
        assert restarted.stdout.readline() == "presented: SignedCode\n"
        restarted.send_signal(signal.SIGTERM)
        assert restarted.stdout.read() == ""
        assert restarted.wait(20) == 0
    assert pn532.baudrate == 115_200


@pytest.mark.parametrize("card", [card_with_text(CODE), type4_with_text(CODE)])
def test_a_process_killed_while_a_card_is_read_leaves_a_chip_the_next_one_can_talk_to(
    pn532: EmulatedPn532, card: Card
) -> None:
    with watch(pn532.path) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "ready\n"
        pn532.fault(Trouble.DELAY, on=READING, skip=4, seconds=60)
        pn532.hold(card)
        pn532.await_faults()
        killed.send_signal(signal.SIGKILL)
    with watch(pn532.path) as restarted:
        assert restarted.stdout is not None
        assert restarted.stdout.readline() == "ready\n"
        assert restarted.stdout.readline() == "presented: SignedCode\n"
        restarted.send_signal(signal.SIGTERM)
