"""What the kiosk may rely on when a reader's driver does not return: with every reader of which the
emulated hardware can do that. A new family adds a bench here."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Protocol

import pytest

from kiosk.events import Presented, Removed
from kiosk.ports import Reader
from presence.card import SignedCode
from presence.messages import ReaderState
from tests.contract.pcsc_bench import PcscBench
from tests.contract.reader_benches import CODE, NAME, Bench, CameraBench, Pn532Bench, watching
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pn532_chip import Code
from tests.hardware_mocks.witness import PATIENCE, Witness

REMOVED = Removed(NAME)
PRESENTED = Presented(NAME, SignedCode(CODE))
TRIES = 20
HASTE = 10
"""A reader's seconds are so much shorter here."""


class HangingBench(Bench, Protocol):
    def hang(self) -> None:
        """Have the reader look, and not come back from it for a good while."""

    def mend(self) -> None:
        """Have it work again for whoever opens it afresh, if it does not by itself."""

    def let_go(self) -> None:
        """What still hangs comes back."""


class HangingPn532(Pn532Bench):
    """nfcpy gives a silent chip a second; the read can be broken off."""

    def hang(self) -> None:
        self.fault(Trouble.DELAY, on=Code.IN_LIST_PASSIVE_TARGET, seconds=60)
        self.await_faults()

    def mend(self) -> None:
        """The one answer is late, the next is not."""

    def let_go(self) -> None:
        self.forgive()


class HangingCamera(CameraBench):
    """Waiting for a picture cannot be broken off."""

    def hang(self) -> None:
        self.freeze()

    def mend(self) -> None:
        """Who takes the camera afresh gets pictures."""

    def let_go(self) -> None:
        self.thaw()


class HangingPcscd(PcscBench):
    """A daemon that stands still: everybody waits for it without end, and can be broken off."""

    def hang(self) -> None:
        self.freeze()

    def mend(self) -> None:
        self.thaw()

    def let_go(self) -> None:
        self.thaw()


BENCHES: list[type[HangingBench]] = [HangingPn532, HangingCamera, HangingPcscd]


@pytest.fixture(params=BENCHES, ids=[bench.__name__ for bench in BENCHES])
def bench(request: pytest.FixtureRequest) -> Iterator[HangingBench]:
    before = set(threading.enumerate())
    with request.param() as bench:
        try:
            yield bench
        finally:
            bench.let_go()
            for thread in set(threading.enumerate()) - before:
                if thread.name == f"reader {NAME}":
                    thread.join(PATIENCE)


@pytest.fixture
def reader(bench: HangingBench) -> Reader:
    return bench.reader()


@pytest.fixture
def witness(reader: Reader) -> Iterator[Witness]:
    with watching(reader) as witness, looked_after(reader):
        yield witness


@contextmanager
def looked_after(reader: Reader) -> Iterator[None]:
    """As by a kiosk, in haste."""
    is_over = threading.Event()

    def look_after() -> None:
        while not is_over.wait(1 / HASTE / 4):
            reader.check(timedelta(seconds=time.monotonic() * HASTE))

    caretaker = threading.Thread(target=look_after, name="caretaker")
    caretaker.start()
    try:
        yield
    finally:
        is_over.set()
        caretaker.join()


def hang_until_told(bench: HangingBench, witness: Witness) -> list[ReaderState]:
    """What the reader says of itself until it is ready again. On a slow machine its driver may give
    up before anybody looks: then it hangs once more."""
    for _ in range(TRIES):
        told = len(witness.states)
        bench.hang()
        witness.await_states(partial(_has_said_more, told))
        bench.mend()
        states = witness.await_states(partial(_has_come_back, told))[told:]
        if ReaderState.SILENT in states:
            return states
    raise AssertionError(f"never silent: {witness.states}")


def _has_said_more(told: int, states: Sequence[ReaderState]) -> bool:
    return len(states) > told


def _has_come_back(told: int, states: Sequence[ReaderState]) -> bool:
    return len(states) > told and states[-1] is ReaderState.READY


def test_a_reader_that_hangs_is_told_silent_and_comes_back(
    bench: HangingBench, witness: Witness
) -> None:
    states = hang_until_told(bench, witness)
    assert 1 <= states.count(ReaderState.SILENT) <= states.count(ReaderState.READY)
    witness.rest()
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]
    bench.lift()
    assert witness.next(1) == [REMOVED]


def test_a_card_on_a_reader_that_hangs_is_presented_again_only_if_the_reader_was_lost(
    bench: HangingBench, witness: Witness
) -> None:
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]
    states = hang_until_told(bench, witness)
    losses = states.count(ReaderState.LOST)
    events = [event for _ in range(losses) for event in witness.until(Presented)]
    assert events.count(REMOVED) == events.count(PRESENTED) == losses
    bench.await_looks(10)
    assert witness.rest() == []


def test_a_reader_stops_while_it_hangs_and_says_nothing_more(
    bench: HangingBench, reader: Reader
) -> None:
    with watching(reader) as witness:
        bench.hang()
        reader.stop()
        bench.let_go()
        reader.check(timedelta(seconds=1000))
        assert witness.rest() == []
