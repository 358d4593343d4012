"""How patiently a polling reader comes back, with a line that fails as often as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

import pytest

from kiosk.events import ReaderEvent, ReaderLost, ReaderReady
from kiosk.readers.polling import Pace, PollingReader, Sighting
from tests.hardware_mocks.witness import PATIENCE, Witness

WAITS_AFTER_TWO_FAILURES = (0.001, 0.001, 60.0)


class Hardware:
    """Lines are opened on it. `failing_looks` of the next looks raise."""

    def __init__(self) -> None:
        self.failing_looks = 0
        self.looks = 0
        self._progress = Condition()

    def open(self) -> None:
        pass

    def sense(self) -> Sighting | None:
        with self._progress:
            self.looks += 1
            self._progress.notify_all()
            if self.failing_looks:
                self.failing_looks -= 1
                raise OSError("no answer")
        return None

    def close(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def drop(self) -> None:
        pass

    def fail(self, looks: int) -> None:
        with self._progress:
            self.failing_looks = looks

    def await_looks(self, count: int) -> None:
        with self._progress:
            wanted = self.looks + count
            assert self._progress.wait_for(lambda: self.looks >= wanted, PATIENCE)


@contextmanager
def watching(pace: Pace) -> Iterator[tuple[Hardware, Witness]]:
    hardware, witness = Hardware(), Witness()
    reader = PollingReader("hall", lambda: hardware, pace)
    reader.start(witness.tell)
    assert kinds(witness) == [ReaderReady]
    yield hardware, witness
    reader.stop()


def kinds(witness: Witness) -> list[type[ReaderEvent]]:
    return [type(event) for event in witness.next(1)]


def stays_silent(hardware: Hardware, witness: Witness, looks: int) -> bool:
    hardware.await_looks(looks)
    return witness.rest() == []


@pytest.mark.parametrize("failures", [1, 2])
def test_what_few_attempts_cure_is_told_to_nobody(failures: int) -> None:
    with watching(Pace(idle=0.001, reopen=(0.001,), quiet_attempts=2)) as (hardware, witness):
        hardware.fail(failures)
        assert stays_silent(hardware, witness, failures + 3)


def test_what_they_do_not_cure_is_told_once_and_so_is_recovery() -> None:
    with watching(Pace(idle=0.001, reopen=(0.001,), quiet_attempts=2)) as (hardware, witness):
        hardware.fail(5)
        assert kinds(witness) == [ReaderLost]
        assert kinds(witness) == [ReaderReady]
        assert stays_silent(hardware, witness, 3)


def test_a_reader_that_does_not_come_back_is_tried_less_and_less() -> None:
    pace = Pace(idle=0.001, reopen=WAITS_AFTER_TWO_FAILURES, quiet_attempts=2)
    with watching(pace) as (hardware, witness):
        hardware.fail(3)
        assert kinds(witness) == [ReaderLost]
        with pytest.raises(TimeoutError):
            witness.next(1, patience=0.3)


@pytest.mark.parametrize(("sound", "comes_back"), [(3, True), (10_000, False)])
def test_faults_that_follow_each_other_soon_are_counted_together(
    sound: int, comes_back: bool
) -> None:
    pace = Pace(
        idle=0.001, reopen=WAITS_AFTER_TWO_FAILURES, quiet_attempts=2, looks_until_sound=sound
    )
    with watching(pace) as (hardware, witness):
        for _ in range(2):
            hardware.fail(1)
            assert stays_silent(hardware, witness, 6)
        hardware.fail(1)
        if comes_back:
            assert stays_silent(hardware, witness, 6)
        else:
            assert kinds(witness) == [ReaderLost]
