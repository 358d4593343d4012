"""What cards are presented to in the contract tests: each family's reader on emulated hardware."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import ndef
import numpy as np

from kiosk.events import ReaderReady
from kiosk.ports import Reader
from kiosk.readers.camera import CameraReader
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import ChipUid, Evidence, SignedCode, Unreadable
from tests.hardware_mocks.camera import EmulatedCamera
from tests.hardware_mocks.card_isodep import BankCard
from tests.hardware_mocks.card_model import (
    NTAG216,
    Chip,
    Type2Card,
    UidOnlyCard,
    blank_card,
    card_with_ndef_bytes,
    card_with_records,
    card_with_text,
    ndef_tlv,
    unformatted_card,
)
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import Pose, card_frame, photograph
from tests.hardware_mocks.witness import Witness

CODE = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
LONGEST = "TS1:" + "A" * 296
NAME = "hall"

Outcomes = tuple[tuple[str, Any, Evidence | Unreadable], ...]
"""What can be held up, in words and as the bench takes it, and what the reader says of it."""


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
        assert witness.next(1) == [ReaderReady(NAME)]
        yield witness
    finally:
        reader.stop()


def _pace(looks_until_gone: int) -> Pace:
    return Pace(idle=0.002, near=0.002, looks_until_gone=looks_until_gone, reopen=(0.02,))


def _text(content: str, language: str = "nb", encoding: str = "UTF-8") -> ndef.TextRecord:
    return ndef.TextRecord(content, language, encoding)


HUGE = Chip(512, b"\xe1\x10\xff\x00", b"")


class Pn532Bench(EmulatedPn532):
    def hold_code(self, code: str) -> None:
        self.hold(card_with_text(code, uid=b"\x04" + code[-6:].encode()))

    def reader(self, looks_until_gone: int = 5) -> Reader:
        return Pn532Reader(NAME, self.path, _pace(looks_until_gone))

    OUTCOMES: Outcomes = (
        ("text", card_with_text(CODE), SignedCode(CODE)),
        ("text in UTF-16", card_with_records([_text(CODE, encoding="UTF-16")]), SignedCode(CODE)),
        ("uri", card_with_records([ndef.UriRecord(CODE)]), SignedCode(CODE)),
        (
            "second record",
            card_with_records([ndef.UriRecord("https://example.org/"), _text(CODE)]),
            SignedCode(CODE),
        ),
        (
            "first of two codes",
            card_with_records([_text(CODE), _text("TS1:OTHER")]),
            SignedCode(CODE),
        ),
        (
            "behind other blocks",
            Type2Card(b"\x00\x01\x03\xa0\x0c\x34" + ndef_tlv(b"\xd1\x01\x08T\x02nb" + b"TS1:A")),
            SignedCode("TS1:A"),
        ),
        ("300 characters", card_with_text(LONGEST), SignedCode(LONGEST)),
        ("301 characters", card_with_text(LONGEST + "A"), Unreadable.TOO_LONG),
        ("800 characters", card_with_text("TS1:" + "A" * 796, chip=NTAG216), Unreadable.TOO_LONG),
        ("blank", blank_card(), Unreadable.EMPTY),
        ("unformatted", unformatted_card(), Unreadable.EMPTY),
        ("all zero", Type2Card(bytes(504)), Unreadable.EMPTY),
        ("another message", card_with_text("Ring 110"), Unreadable.EMPTY),
        ("record of no type", card_with_ndef_bytes(b"\xd0\x00\x00"), Unreadable.EMPTY),
        (
            "code in a chunk",
            card_with_ndef_bytes(b"\xb1\x01\x06T\x00TS1:A\x56\x00\x01A"),
            Unreadable.EMPTY,
        ),
        ("cut short", card_with_ndef_bytes(b"\xd1\x01\x20T\x02nbTS1:A"), Unreadable.GARBLED),
        ("bytes behind the end", card_with_ndef_bytes(b"\xd0\x00\x00!"), Unreadable.GARBLED),
        ("no first record", card_with_ndef_bytes(b"\x51\x01\x08T\x02nbTS1:A"), Unreadable.GARBLED),
        ("no last record", card_with_ndef_bytes(b"\x91\x01\x08T\x02nbTS1:A"), Unreadable.GARBLED),
        ("no UTF-8", card_with_ndef_bytes(b"\xd1\x01\x05T\x02nb\xff\xfe"), Unreadable.GARBLED),
        ("more than the tag holds", Type2Card(b"\x03\xff\x7f\xff"), Unreadable.GARBLED),
        (
            "more than the chip gives",
            Type2Card(b"\x03\xff\x01\xff" + bytes(530), capability=b"\xe1\x10\xff\x00"),
            Unreadable.GARBLED,
        ),
        (
            "no room for a length",
            Type2Card(bytes(7) + b"\x03", capability=b"\xe1\x10\x01\x00"),
            Unreadable.GARBLED,
        ),
        (
            "no room for a long length",
            Type2Card(bytes(6) + b"\x03\xff", capability=b"\xe1\x10\x01\x00"),
            Unreadable.GARBLED,
        ),
        ("beyond what can be addressed", Type2Card(bytes(1200), chip=HUGE), Unreadable.GARBLED),
        ("read-protected", Type2Card(capability=b"\xe1\x10\x3e\xf0"), Unreadable.EMPTY),
        ("bank card", BankCard(), Unreadable.UNSUPPORTED),
        ("serial number only", UidOnlyCard(), ChipUid("9C31F00D")),
    )


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


BENCHES: list[type[Bench]] = [Pn532Bench, CameraBench]
