"""What the kiosk may rely on when something goes wrong at a device, its cable or its card: every
family's emulator takes the same script of faults. A new family adds a bench here."""

from collections.abc import Callable
from typing import Any

import pytest

from kiosk.events import Presented, ReaderEvent, ReaderLost
from kiosk.readers import FAMILIES
from presence.card import SignedCode
from tests.contract.pcsc_bench import PcscBench
from tests.contract.reader_benches import BENCHES as CARD_BENCHES
from tests.contract.reader_benches import CODE, NAME, Bench, CameraBench, Pn532Bench, watching
from tests.contract.scanner_benches import BENCHES as SCANNER_BENCHES
from tests.contract.scanner_benches import HidScannerBench, PicameraBench, SerialScannerBench
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.keyboard import typed
from tests.hardware_mocks.witness import Witness

NEXT = "TS1:" + "NEXT" * 8
TROUBLES = (Trouble.DROP, Trouble.GARBLE, Trouble.DELAY, Trouble.LIFT, Trouble.UNPLUG)
SECONDS = 0.2
"""Of a delay."""

Present = Callable[[Any, str], None]
BENCHES: list[tuple[type[Bench], Present]] = [
    (Pn532Bench, lambda bench, code: bench.hold_code(code)),
    (PcscBench, lambda bench, code: bench.hold_code(code)),
    (CameraBench, lambda bench, code: bench.hold_code(code)),
    (PicameraBench, lambda bench, code: bench.hold_code(code)),
    (SerialScannerBench, lambda bench, code: bench.send(code.encode() + b"\r")),
    (HidScannerBench, lambda bench, code: bench.type(typed(code))),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=[trouble.name for trouble in TROUBLES])
@pytest.mark.parametrize(("kind", "present"), BENCHES, ids=[kind.__name__ for kind, _ in BENCHES])
def test_after_any_fault_the_next_card_works(
    kind: type[Bench], present: Present, trouble: Trouble
) -> None:
    with kind() as bench, watching(bench.reader()) as witness:  # type: ignore[attr-defined]
        device = bench.readers[0] if isinstance(bench, PcscBench) else bench
        device.fault(trouble, seconds=SECONDS)
        present(bench, CODE)
        if trouble is Trouble.UNPLUG:
            hear(witness, lambda event: isinstance(event, ReaderLost))
            bench.plug()
        elif not isinstance(bench, SerialScannerBench | HidScannerBench):
            device.await_faults()
        bench.lift()
        bench.hold_code(NEXT)
        hear(witness, lambda event: event == Presented(NAME, SignedCode(NEXT)))


def hear(witness: Witness, wanted: Callable[[ReaderEvent], bool]) -> None:
    """Everything up to this."""
    while not wanted(witness.next(1)[0]):
        pass


def test_every_family_has_a_bench_for_its_cards_and_for_its_faults() -> None:
    kinds = {kind for kind, _ in BENCHES}
    assert kinds == {*CARD_BENCHES, *SCANNER_BENCHES}
    assert len(kinds) == len(FAMILIES)
