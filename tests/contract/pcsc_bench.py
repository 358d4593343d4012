"""What cards are presented to in the contract tests: a reader that a real pcscd serves."""

from copy import deepcopy
from typing import Any

from kiosk.ports import Reader
from kiosk.readers.pcsc import PcscReader
from kiosk.readers.polling import Pace
from kiosk.readers.smartcards import Session, State
from tests.contract.card_outcomes import CARD_OUTCOMES, Outcomes
from tests.contract.looks import Looks
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pcscd import Pcscd

NAME = "hall"
WAIT_SECONDS = 0.002


class CountedSession(Session):
    def __init__(self, looks: Looks) -> None:
        super().__init__()
        self._looks = looks

    def state(self, reader: str, known: State, seconds: float) -> State:
        self._looks.one_more()
        return super().state(reader, known, seconds)


class PcscBench(Pcscd):
    OUTCOMES: Outcomes = CARD_OUTCOMES

    def __init__(self) -> None:
        super().__init__()
        self._looks = Looks()

    def hold_code(self, code: str) -> None:
        self.hold(card_with_text(code, uid=b"\x04" + code[-6:].encode()))

    def hold(self, thing: Any) -> None:
        self.readers[0].hold(deepcopy(thing))  # as it was before anybody read it

    def lift(self) -> None:
        self.readers[0].lift()

    def unplug(self) -> None:
        self.readers[0].unplug()

    def plug(self) -> None:
        self.readers[0].plug()

    def await_looks(self, count: int) -> None:
        self._looks.wait(count)

    def reader(self, looks_until_gone: int = 5) -> Reader:
        return PcscReader(
            NAME,
            "",
            Pace(idle=0.0, near=0.002, looks_until_gone=looks_until_gone, reopen=(0.02,)),
            wait_seconds=WAIT_SECONDS,
            new_session=lambda: CountedSession(self._looks),
        )
