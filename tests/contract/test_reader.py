"""What the kiosk may rely on, whichever reader it has. A new family adds a bench in
`reader_benches` or `scanner_benches`."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kiosk.events import Presented, ReaderLost, ReaderReady, Removed
from presence.card import Evidence, SignedCode, Unreadable
from tests.contract.reader_benches import BENCHES as CARD_BENCHES
from tests.contract.reader_benches import CODE, NAME, Bench, watching
from tests.contract.scanner_benches import BENCHES as SCANNER_BENCHES
from tests.hardware_mocks.witness import Witness

BENCHES: list[type[Bench]] = [*CARD_BENCHES, *SCANNER_BENCHES]
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
PRESENTED = Presented(NAME, SignedCode(CODE))
OUTCOMES = [(bench, *case) for bench in BENCHES for case in bench.OUTCOMES]


@pytest.fixture(params=BENCHES, ids=[bench.__name__ for bench in BENCHES])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with request.param() as bench:
        yield bench


@pytest.fixture
def witness(bench: Bench) -> Iterator[Witness]:
    with watching(bench.reader()) as witness:
        yield witness


def test_a_card_held_up_and_taken_away_is_presented_and_removed(
    bench: Bench, witness: Witness
) -> None:
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]
    bench.lift()
    assert witness.next(1) == [REMOVED]
    assert witness.rest() == []


def test_a_resting_card_is_presented_once(bench: Bench, witness: Witness) -> None:
    bench.hold_code(CODE)
    bench.await_looks(50)
    assert witness.rest() == [PRESENTED]


def test_the_same_card_can_be_presented_again(bench: Bench, witness: Witness) -> None:
    for _ in range(2):
        bench.hold_code(CODE)
        assert witness.next(1) == [PRESENTED]
        bench.lift()
        assert witness.next(1) == [REMOVED]


def test_two_cards_in_quick_succession_are_two_presentations(
    bench: Bench, witness: Witness
) -> None:
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]
    bench.hold_code(CODE + "X")
    assert witness.next(2) == [REMOVED, Presented(NAME, SignedCode(CODE + "X"))]


def test_flapping_contact_is_one_presentation(bench: Bench) -> None:
    with watching(bench.reader(looks_until_gone=10_000)) as witness:
        for _ in range(5):
            bench.hold_code(CODE)
            bench.await_looks(3)
            bench.lift()
            bench.await_looks(3)
        assert witness.rest() == [PRESENTED]


@pytest.mark.parametrize(
    ("bench", "thing", "outcome"),
    [(bench, thing, outcome) for bench, _, thing, outcome in OUTCOMES],
    ids=[f"{bench.__name__}-{name}" for bench, name, _, _ in OUTCOMES],
    indirect=["bench"],
)
def test_every_kind_of_card_has_its_one_outcome(
    bench: Bench, witness: Witness, thing: Any, outcome: Evidence | Unreadable
) -> None:
    bench.hold(thing)
    bench.await_looks(10)
    bench.lift()
    bench.await_looks(10)
    assert witness.rest() == [Presented(NAME, outcome), REMOVED]
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]


def test_a_reader_that_is_not_there_yet_is_lost_once_and_ready_once(bench: Bench) -> None:
    bench.unplug()
    reader, witness = bench.reader(), Witness()
    reader.start(witness.tell)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    bench.plug()
    assert witness.next(1) == [READY]
    bench.await_looks(10)
    reader.stop()
    assert witness.rest() == []


def test_a_reader_that_is_unplugged_comes_back_by_itself(bench: Bench, witness: Witness) -> None:
    bench.unplug()
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    bench.plug()
    assert witness.next(1) == [READY]
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]


def test_a_card_on_a_lost_reader_counts_as_gone(bench: Bench, witness: Witness) -> None:
    bench.hold_code(CODE)
    assert witness.next(1) == [PRESENTED]
    bench.unplug()
    lost, removed = witness.next(2)
    assert isinstance(lost, ReaderLost)
    assert removed == REMOVED
    bench.plug()
    assert witness.next(2) == [READY, PRESENTED]


def test_a_stopped_reader_ends_its_thread_says_nothing_more_and_frees_the_device(
    bench: Bench,
) -> None:
    before = threading.active_count()
    reader, witness = bench.reader(), Witness()
    reader.start(witness.tell)
    assert witness.await_ready() == READY
    assert threading.active_count() == before + 1
    reader.stop()
    reader.stop()
    assert threading.active_count() == before
    bench.hold_code(CODE)
    with watching(bench.reader()) as other:
        assert other.next(1) == [PRESENTED]
    assert witness.rest() == []
