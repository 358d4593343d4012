"""What cards are presented to in the contract tests: each family's reader on emulated hardware."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Protocol

import numpy as np

from kiosk.events import ReaderReady
from kiosk.ports import Reader
from kiosk.readers.camera import CameraReader
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import SignedCode, Unreadable
from tests.contract.card_outcomes import (
    CARD_OUTCOMES,
    CODE,
    LONGEST,
    OLDEST,
    OUTCOMES_OF_TWO,
    Outcomes,
)
from tests.contract.pcsc_bench import PcscBench
from tests.hardware_mocks.camera import EmulatedCamera
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import Pose, card_frame, photograph
from tests.hardware_mocks.witness import Witness

__all__ = ["BENCHES", "CODE", "LONGEST", "NAME", "Bench", "Outcomes", "watching"]

NAME = "hall"


class Bench(Protocol):
    """A reader's hardware, emulated."""

    OUTCOMES: Outcomes

    def hold_code(self, code: str) -> None:
        """Hold up a card that says this, and no other card any more."""

    def hold(self, thing: Any) -> None:
        """Hold up one of the things of OUTCOMES."""

    def lift(self) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def await_looks(self, count: int) -> None: ...
    def reader(self, looks_until_gone: int = 5) -> Reader: ...


@contextmanager
def watching(reader: Reader) -> Iterator[Witness]:
    """The reader started and ready, and who hears it."""
    witness = Witness()
    reader.start(witness.tell)
    try:
        assert witness.await_ready() == ReaderReady(NAME)
        yield witness
    finally:
        reader.stop()


def _pace(looks_until_gone: int) -> Pace:
    return Pace(idle=0.002, near=0.002, looks_until_gone=looks_until_gone, reopen=(0.02,))


class Pn532Bench(EmulatedPn532):
    def hold_code(self, code: str) -> None:
        self.hold(card_with_text(code, uid=b"\x04" + code[-6:].encode()))

    def hold(self, *things: Any) -> None:
        """A card as it was before anybody read it, or several at once."""
        [cards] = deepcopy(things)
        super().hold(*cards if isinstance(cards, tuple) else (cards,))

    def reader(self, looks_until_gone: int = 5) -> Reader:
        return Pn532Reader(NAME, self.path, _pace(looks_until_gone))

    OUTCOMES: Outcomes = (*CARD_OUTCOMES, *OLDEST, *OUTCOMES_OF_TWO)


LEFT, RIGHT = Pose(size=300, centre=(350, 360)), Pose(size=330, centre=(900, 360), turn=7)
VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ola Eksempel\nEND:VCARD"


class CameraBench(EmulatedCamera):
    def hold_code(self, code: str) -> None:
        self.show(card_frame(code))

    def hold(self, thing: Any) -> None:
        self.show(thing())  # made when needed

    def lift(self) -> None:
        self.clear()

    def reader(self, looks_until_gone: int = 5) -> Reader:
        return CameraReader(NAME, self.source, _pace(looks_until_gone))

    OUTCOMES: Outcomes = (
        ("code", lambda: card_frame(CODE), SignedCode(CODE)),
        ("code upside down", lambda: photograph([(CODE, Pose(turn=180))]), SignedCode(CODE)),
        (
            "code in a mirror",
            lambda: np.ascontiguousarray(card_frame(CODE)[:, ::-1]),
            SignedCode(CODE),
        ),
        ("in colour", lambda: np.dstack([card_frame(CODE)] * 3), SignedCode(CODE)),
        ("300 characters", lambda: card_frame(LONGEST), SignedCode(LONGEST)),
        ("301 characters", lambda: card_frame(LONGEST + "A"), Unreadable.TOO_LONG),
        (
            "800 characters",
            lambda: photograph([("TS1:" + "A" * 796, Pose(size=600))]),
            Unreadable.TOO_LONG,
        ),
        ("web address", lambda: card_frame("https://example.org/?TS1:A"), Unreadable.UNSUPPORTED),
        ("visiting card", lambda: card_frame(VCARD), Unreadable.UNSUPPORTED),
        (
            "bank transfer",
            lambda: card_frame("BCD\n002\n1\nSCT\n\nEksempel"),
            Unreadable.UNSUPPORTED,
        ),
        ("small letters", lambda: card_frame("ts1:6bfoxn"), Unreadable.UNSUPPORTED),
        ("not at its beginning", lambda: card_frame(" TS1:6BFOXN"), Unreadable.UNSUPPORTED),
        ("Norwegian text", lambda: card_frame("Blåbærsyltetøy"), Unreadable.UNSUPPORTED),
        (
            "beside a web address",
            lambda: photograph([("https://example.org/", RIGHT), (CODE, LEFT)]),
            SignedCode(CODE),
        ),
        (
            "the nearer of two",
            lambda: photograph([("TS1:FAR", LEFT), (CODE, RIGHT)]),
            SignedCode(CODE),
        ),
    )


BENCHES: list[type[Bench]] = [Pn532Bench, PcscBench, CameraBench]
