"""How patiently a polling reader comes back, on hardware that fails or hangs as it is told."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from msgspec import structs

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers.polling import PollingReader, ReaderHangsError
from kiosk.readers.standing import Pace
from presence.card import SignedCode
from presence.messages import ReaderState
from tests.hardware_mocks.hanging import PATIENCE, HangingHardware
from tests.hardware_mocks.witness import Witness

WAITS_AFTER_TWO_FAILURES = (0.001, 0.001, 60.0)
QUICK = Pace(
    idle=0.001,
    near=0.001,
    reopen=(0.001,),
    quiet_attempts=2,
    patience=3.0,
    after_hangs=(0.001, 0.001),
    keeps_device=100.0,
)
READY, SILENT, LOST = ReaderState.READY, ReaderState.SILENT, ReaderState.LOST
RECOVERING = ReaderState.RECOVERING
CODE = "TS1:ONE"
PRESENTED = Presented("hall", SignedCode(CODE))
CALLS = ["open", "sense", "read", "drop", "power"]


class Desk:
    """A reader that works, its hardware, who hears it, and a clock that is set by hand."""

    def __init__(self, pace: Pace) -> None:
        self.hardware, self.witness, self.seconds = HangingHardware(), Witness(), 0.0
        self.reader = PollingReader("hall", self.hardware.line, pace, self.hardware.power_cycle)

    def start(self) -> threading.Thread:
        """The reader's thread."""
        before = set(threading.enumerate())
        self.reader.start(self.witness.tell)
        [thread] = set(threading.enumerate()) - before
        return thread

    def check(self, *, after: float = 0.0) -> None:
        self.seconds += after
        self.reader.check(timedelta(seconds=self.seconds))

    def hang_for(self, seconds: float) -> None:
        """Check every second, for so long."""
        self.check()
        for _ in range(int(seconds)):
            self.check(after=1.0)

    def is_left(self) -> None:
        """What hangs is told, broken off in vain, and left behind."""
        self.hang_for(2 * QUICK.patience)

    def stays_silent(self, looks: int) -> bool:
        self.hardware.await_looks(looks)
        return self.witness.rest() == []


@contextmanager
def watching(pace: Pace) -> Iterator[Desk]:
    desk = Desk(pace)
    desk.reader.start(desk.witness.tell)
    try:
        assert kinds(desk.witness) == [ReaderReady]
        yield desk
    finally:
        desk.hardware.let_go()
        desk.reader.stop()


def kinds(witness: Witness) -> list[type[ReaderEvent]]:
    return [type(event) for event in witness.next(1)]


@pytest.mark.parametrize("failures", [1, 2])
def test_what_few_attempts_cure_is_told_to_nobody_at_the_door(failures: int) -> None:
    with watching(QUICK) as desk:
        desk.hardware.fail(failures)
        assert desk.stays_silent(failures + 3)
        assert desk.witness.states == [READY, RECOVERING, READY]
        assert desk.hardware.open_lines == 1


def test_a_line_that_objects_to_being_dropped_does_not_end_the_reader() -> None:
    with watching(QUICK) as desk:
        desk.hardware.drops_badly = True
        desk.hardware.fail(2)
        desk.hardware.card = CODE
        assert desk.witness.next(1) == [PRESENTED]


def test_what_they_do_not_cure_is_told_once_and_so_is_recovery() -> None:
    with watching(QUICK) as desk:
        desk.hardware.fail(5)
        assert kinds(desk.witness) == [ReaderLost]
        assert kinds(desk.witness) == [ReaderReady]
        assert desk.stays_silent(3)
        assert desk.witness.states == [READY, RECOVERING, LOST, READY]


def test_a_reader_that_does_not_come_back_is_tried_less_and_less() -> None:
    pace = Pace(idle=0.001, reopen=WAITS_AFTER_TWO_FAILURES, quiet_attempts=2)
    with watching(pace) as desk:
        desk.hardware.fail(3)
        assert kinds(desk.witness) == [ReaderLost]
        with pytest.raises(TimeoutError):
            desk.witness.next(1, patience=0.3)


@pytest.mark.parametrize(("sound", "comes_back"), [(3, True), (10_000, False)])
def test_faults_that_follow_each_other_soon_are_counted_together(
    sound: int, comes_back: bool
) -> None:
    pace = Pace(
        idle=0.001, reopen=WAITS_AFTER_TWO_FAILURES, quiet_attempts=2, looks_until_sound=sound
    )
    with watching(pace) as desk:
        for _ in range(2):
            desk.hardware.fail(1)
            assert desk.stays_silent(6)
        desk.hardware.fail(1)
        if comes_back:
            assert desk.stays_silent(6)
        else:
            assert kinds(desk.witness) == [ReaderLost]


# ---- power


def test_power_is_switched_before_the_next_attempt_after_so_many_faults() -> None:
    with watching(QUICK) as desk:
        desk.hardware.fail(11)
        assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]
        opened = [call for call in desk.hardware.calls if call != "drop"]
        expected = ["open"] * 3 + ["power"] + ["open"] * 7 + ["power"] + ["open"] * 2
        assert opened == expected


def test_power_that_cannot_be_switched_is_logged_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused() -> None:
        raise PermissionError("ask for permission")

    hardware, witness = HangingHardware(), Witness()
    reader = PollingReader("hall", hardware.line, QUICK, refused)
    reader.start(witness.tell)
    assert kinds(witness) == [ReaderReady]
    hardware.fail(15)
    assert kinds(witness) + kinds(witness) == [ReaderLost, ReaderReady]
    reader.stop()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "reader hall: its power cannot be switched: ask for permission"
    ]


def test_a_reader_whose_power_nobody_can_switch_is_opened_afresh_all_the_same() -> None:
    hardware, witness = HangingHardware(), Witness()
    reader = PollingReader("hall", hardware.line, QUICK)
    reader.start(witness.tell)
    assert kinds(witness) == [ReaderReady]
    hardware.fail(15)
    assert kinds(witness) + kinds(witness) == [ReaderLost, ReaderReady]
    reader.stop()


# ---- hanging


def test_a_look_that_hangs_is_told_and_broken_off_and_the_reader_comes_back() -> None:
    with watching(QUICK) as desk:
        threads = threading.active_count()
        desk.hardware.hang()
        desk.hang_for(QUICK.patience)
        assert desk.witness.states[:2] == [READY, SILENT]
        desk.hardware.await_looks(3)
        assert desk.witness.states == [READY, SILENT, RECOVERING, READY]
        assert desk.witness.rest() == []
        assert desk.hardware.open_lines == 1
        assert threading.active_count() == threads


def test_a_call_that_is_only_slow_is_told_to_nobody() -> None:
    with watching(QUICK) as desk:
        desk.hardware.hang()
        desk.hang_for(QUICK.patience - 1)
        desk.check(after=0.9)
        desk.hardware.let_go()
        desk.hardware.await_looks(3)
        assert desk.witness.states == [READY]


def test_a_call_that_returns_after_all_makes_the_reader_ready() -> None:
    with watching(QUICK) as desk:
        desk.hardware.hang(breaks_off=False)
        desk.hang_for(QUICK.patience + 1)
        assert desk.witness.states == [READY, SILENT]
        desk.hardware.let_go()
        desk.hardware.await_looks(3)
        assert desk.witness.states == [READY, SILENT, READY]
        assert desk.hardware.calls == ["open"]


def test_a_reader_that_looks_and_looks_does_not_hang_however_long_it_does() -> None:
    with watching(QUICK) as desk:
        for _ in range(10):
            desk.check(after=1000)
            desk.hardware.await_looks(2)
        assert desk.witness.states == [READY]


def test_slow_calls_one_after_the_other_are_not_one_that_hangs() -> None:
    with watching(QUICK) as desk:
        for _ in range(5):
            desk.hardware.hang(breaks_off=False)
            desk.check(after=QUICK.patience - 1)
            desk.hardware.let_go()
        assert desk.witness.states == [READY]


def test_who_waits_before_the_next_attempt_does_not_hang() -> None:
    pace = structs.replace(QUICK, reopen=WAITS_AFTER_TWO_FAILURES, power_after=(1000,))
    with watching(pace) as desk:
        desk.hardware.fail(3)
        assert kinds(desk.witness) == [ReaderLost]
        desk.hang_for(50)
        assert desk.witness.states == [READY, RECOVERING, LOST]
        assert desk.hardware.open_lines == 0


def test_checks_that_come_late_still_try_to_break_off_before_a_thread_is_left() -> None:
    with watching(QUICK) as desk:
        desk.hardware.hang()
        desk.check()
        desk.check(after=1000)
        desk.hardware.await_looks(3)
        assert desk.witness.states == [READY, SILENT, RECOVERING, READY]
        assert desk.hardware.calls == ["open", "drop", "open"]


def test_a_driver_that_objects_to_being_broken_off_harms_only_itself() -> None:
    with watching(QUICK) as desk:
        desk.hardware.objects = True
        desk.hardware.hang()
        desk.is_left()
        assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]


def test_a_driver_that_objects_while_the_reader_is_stopped_is_no_fault_of_whoever_stops_it() -> (
    None
):
    desk = Desk(QUICK)
    thread = desk.start()
    assert kinds(desk.witness) == [ReaderReady]
    desk.hardware.objects = True
    desk.hardware.hang()
    desk.reader.stop()
    desk.hardware.let_go()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert desk.hardware.open_lines == 0
    assert desk.witness.rest() == []


def test_what_cannot_be_broken_off_is_left_behind_and_power_is_switched() -> None:
    with watching(QUICK) as desk:
        desk.hardware.hang(breaks_off=False)
        desk.is_left()
        assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]
        assert desk.witness.states == [READY, SILENT, LOST, READY]
        assert desk.hardware.calls == ["open", "power", "open"]
        assert desk.hardware.open_lines == 2, "one is still in use by the thread that hangs"


@pytest.mark.parametrize("raises", [False, True])
def test_a_thread_that_was_left_lets_go_of_its_line_and_says_nothing_when_it_returns(
    raises: bool,
) -> None:
    desk = Desk(QUICK)
    thread = desk.start()
    assert kinds(desk.witness) == [ReaderReady]
    desk.hardware.hang(breaks_off=False)
    desk.is_left()
    assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]
    assert thread.is_alive()
    desk.hardware.let_go(raises=raises)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert desk.hardware.open_lines == 1
    assert desk.stays_silent(3)
    assert desk.witness.states == [READY, SILENT, LOST, READY]
    desk.reader.stop()
    assert desk.hardware.open_lines == 0


def test_a_card_whose_reading_hangs_is_presented_by_the_thread_that_takes_over_alone() -> None:
    with watching(QUICK) as desk:
        desk.hardware.card = CODE
        desk.hardware.hang("read", breaks_off=False)
        desk.is_left()
        events = desk.witness.next(3)
        assert [type(event) for event in events[:2]] == [ReaderLost, ReaderReady]
        assert events[2] == PRESENTED
        desk.hardware.let_go()
        desk.hardware.await_open_lines(1)
        assert desk.stays_silent(3)


def test_a_card_on_a_reader_that_is_left_counts_as_gone() -> None:
    with watching(QUICK) as desk:
        desk.hardware.card = CODE
        assert desk.witness.next(1) == [PRESENTED]
        desk.hardware.hang(breaks_off=False)
        desk.is_left()
        events = desk.witness.next(4)
        assert [type(event) for event in events] == [ReaderLost, Removed, ReaderReady, Presented]


@pytest.mark.parametrize("call", CALLS)
def test_whatever_call_hangs_the_reader_comes_back(call: str) -> None:
    with watching(QUICK) as desk:
        desk.hardware.will_hang(call)
        if call == "read":
            desk.hardware.card = CODE
        else:
            desk.hardware.fail(3)
        desk.hardware.await_hangs(1)
        desk.is_left()
        desk.hardware.card = CODE
        events = desk.witness.until(Presented)
        assert [type(event) for event in events] == [ReaderLost, ReaderReady, Presented]
        desk.hardware.let_go()
        desk.hardware.await_open_lines(1)


def test_a_reader_that_hangs_from_the_beginning_is_silent_and_then_lost() -> None:
    desk = Desk(QUICK)
    desk.hardware.will_hang("open")
    desk.reader.start(desk.witness.tell)
    desk.hardware.await_hangs(1)
    desk.is_left()
    assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]
    assert desk.witness.states == [SILENT, LOST, READY]
    desk.hardware.let_go()
    desk.reader.stop()


def test_no_more_threads_are_left_behind_than_the_pace_allows() -> None:
    with watching(QUICK) as desk:
        for _ in QUICK.after_hangs:
            desk.hardware.hang(breaks_off=False)
            desk.is_left()
        desk.hardware.hang(breaks_off=False)
        with pytest.raises(ReaderHangsError, match="reader hall hangs again and again"):
            desk.is_left()


def test_a_device_that_a_thread_keeps_to_itself_needs_a_fresh_process() -> None:
    with watching(QUICK) as desk:
        desk.hardware.is_exclusive = True
        desk.hardware.hang(breaks_off=False)
        desk.is_left()
        desk.hardware.await_calls("drop", 3)
        assert desk.witness.states == [READY, SILENT, LOST]
        desk.check()
        with pytest.raises(ReaderHangsError, match="hangs, and keeps its device"):
            desk.check(after=QUICK.keeps_device + 1)


def test_a_thread_that_hangs_while_the_reader_works_is_borne() -> None:
    with watching(QUICK) as desk:
        desk.hardware.hang(breaks_off=False)
        desk.is_left()
        for _ in range(2):
            assert kinds(desk.witness) + kinds(desk.witness) == [ReaderLost, ReaderReady]
            desk.check(after=QUICK.keeps_device + 1)
            desk.hardware.fail(5)
        desk.check()


@pytest.mark.parametrize("seed", range(5))
def test_after_any_course_of_faults_and_hangs_the_reader_reads_and_nothing_is_kept(
    seed: int,
) -> None:
    chance, pace = (
        random.Random(seed),
        structs.replace(QUICK, after_hangs=(0.001,) * 100, keeps_device=1e6),
    )
    before = set(threading.enumerate())
    with watching(pace) as desk:
        for _ in range(30):
            match chance.choice(["fail", "hang", "hang", "let go"]):
                case "fail":
                    desk.hardware.fail(chance.randrange(1, 6))
                case "hang":
                    breaks_off = chance.random() < 0.5
                    desk.hardware.will_hang(chance.choice(CALLS), breaks_off=breaks_off)
                case "let go":
                    desk.hardware.let_go()
            threading.Event().wait(0.005)  # time to get somewhere, however far
            desk.hang_for(chance.randrange(8))
        desk.hardware.forgive()
        desk.hardware.await_open_lines(1)
        desk.hardware.card = CODE
        assert desk.witness.until(Presented)[-1] == PRESENTED
        assert desk.witness.states[-1] is READY
    assert desk.hardware.open_lines == 0
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_reader_that_was_never_started_or_is_stopped_is_not_checked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(QUICK)
    desk.hang_for(10)
    desk.reader.start(desk.witness.tell)
    assert kinds(desk.witness) == [ReaderReady]
    desk.hardware.hang(breaks_off=False)
    desk.reader.stop()
    desk.hang_for(10)
    assert desk.witness.states == [READY]
    assert [record.message for record in caplog.records] == ["reader hall did not stop in time"]
    desk.hardware.let_go()
    desk.hardware.await_open_lines(0)
