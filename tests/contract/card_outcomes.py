"""What readers of chips say of each kind of card, whatever the reader.

A bench that holds one of these up holds up a copy: chips count how often they were read.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import ndef

from presence.card import ChipUid, Evidence, SignedCode, SunMessage, Unreadable
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import (
    NTAG216,
    Chip,
    Type1Card,
    Type2Card,
    UidOnlyCard,
    blank_card,
    card_with_ndef_bytes,
    card_with_records,
    card_with_text,
    ndef_tlv,
    read_only_card,
    unformatted_card,
)
from tests.hardware_mocks.card_ntag424 import Ntag424Card, ntag424, reading
from tests.hardware_mocks.card_type4 import (
    Type4Card,
    message_on,
    read_only_type4,
    replay,
    type4_with_records,
    type4_with_text,
)

CODE = "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTV9"
LONGEST = "TS1:" + "A" * 296

Outcomes = tuple[tuple[str, Any, Evidence | Unreadable], ...]
"""What can be held up, in words and as the bench takes it, and what the reader says of it."""


def _text(content: str, language: str = "nb", encoding: str = "UTF-8") -> ndef.TextRecord:
    return ndef.TextRecord(content, language, encoding)


HUGE = Chip(512, b"\xe1\x10\xff\x00", b"")

TYPE_2: Outcomes = (
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
    ("read-only", read_only_card(CODE), SignedCode(CODE)),
)

META, MASTER = bytes(range(16)), bytes(range(16, 32))
SUN_CARD = ntag424(CODE, META, MASTER)
PRIVATE = Ntag424Card(code=CODE, has_random_uid=True)
COPY = replay(message_on(deepcopy(SUN_CARD)))
"""What the first reading of SUN_CARD gave, on a chip that says nothing else."""


def sun_of(card: Ntag424Card) -> SunMessage:
    """What the card's next reading says."""
    *_, said = [record.text for record in ndef.message_decoder(message_on(deepcopy(card)))]
    return SunMessage(said[5:37], said[37:], card.code)


def any_reading_of(card: Ntag424Card) -> Any:
    """Equal to whatever this chip says when it is read next, or later: on a busy machine a reader
    may have to begin again."""
    return _LaterReading(deepcopy(card))


@dataclass(frozen=True)
class _LaterReading:
    card: Ntag424Card

    def __eq__(self, told: object) -> bool:
        if not isinstance(told, SunMessage) or told.code != self.card.code:
            return False
        number = reading(self.card, bytes.fromhex(told.picc), bytes.fromhex(told.cmac))
        return number is not None and number > self.card.counter

    def __hash__(self) -> int:
        return hash(self.card.uid)


def _of_room(room: int) -> bytes:
    return bytes.fromhex("000f2000fb00fb0406e104") + room.to_bytes(2) + b"\x00\x00"


TYPE_4: Outcomes = (
    ("type 4 text", type4_with_text(CODE), SignedCode(CODE)),
    ("type 4 uri", type4_with_records([ndef.UriRecord(CODE)]), SignedCode(CODE)),
    ("type 4 read-only", read_only_type4(CODE), SignedCode(CODE)),
    ("type 4, 300 characters", type4_with_text(LONGEST), SignedCode(LONGEST)),
    ("type 4, 301 characters", type4_with_text(LONGEST + "A"), Unreadable.TOO_LONG),
    ("type 4, 800 characters", type4_with_text("TS1:" + "A" * 796), Unreadable.TOO_LONG),
    (
        "type 4 in small pieces",
        Type4Card(message=type4_with_text(LONGEST).message, room=512, most_read=15),
        SignedCode(LONGEST),
    ),
    (
        "type 4 with small frames",
        Type4Card(message=type4_with_text(LONGEST).message, room=512, ats=b"\x05\x70\x80\x40\x02"),
        SignedCode(LONGEST),
    ),
    (
        "type 4 that says little of itself",
        Type4Card(message=type4_with_text(CODE).message, ats=b"\x01"),
        SignedCode(CODE),
    ),
    (
        "type 4 that takes its time",
        Type4Card(message=type4_with_text(CODE).message, waits=3),
        SignedCode(CODE),
    ),
    ("type 4 blank", Type4Card(), Unreadable.EMPTY),
    ("type 4, another message", type4_with_text("Ring 110"), Unreadable.EMPTY),
    ("type 4 cut short", Type4Card(message=b"\xd1\x01\x20T\x02nbTS1:A"), Unreadable.GARBLED),
    (
        "type 4, more than its file",
        Type4Card(file=bytearray(b"\x01\xff".ljust(256, b"\x00"))),
        Unreadable.GARBLED,
    ),
    (
        "type 4, far more than its file",
        Type4Card(file=bytearray(b"\xff\xff".ljust(256, b"\x00"))),
        Unreadable.GARBLED,
    ),
    (
        "type 4, a file smaller than it says",
        Type4Card(file=bytearray(b"\x00\x40" + bytes(30)), container=_of_room(256)),
        Unreadable.GARBLED,
    ),
    ("type 4, half a container", Type4Card(container=_of_room(256)[:10]), Unreadable.GARBLED),
    (
        "type 4, the wrong file",
        Type4Card(container=_of_room(256).replace(b"\xe1\x04", b"\xe1\x09")),
        Unreadable.GARBLED,
    ),
    (
        "type 4 that gives too little at once",
        Type4Card(container=b"\x00\x0f\x20\x00\x0e" + _of_room(256)[5:]),
        Unreadable.GARBLED,
    ),
    ("type 4 of the future", Type4Card(container=b"\x00\x0f\x40" + bytes(12)), Unreadable.EMPTY),
    (
        "type 4 read-protected",
        Type4Card(
            message=type4_with_text(CODE).message, container=_of_room(256)[:13] + b"\x80\x00"
        ),
        Unreadable.EMPTY,
    ),
    ("NTAG 424", SUN_CARD, any_reading_of(SUN_CARD)),
    (
        "NTAG 424 read before",
        ntag424(CODE, META, MASTER, counter=500),
        any_reading_of(ntag424(CODE, META, MASTER, counter=500)),
    ),
    (
        "NTAG 424 without a code",
        ntag424(None, META, MASTER),
        any_reading_of(ntag424(None, META, MASTER)),
    ),
    ("NTAG 424 with a random serial number", PRIVATE, any_reading_of(PRIVATE)),
    ("message played again", COPY, sun_of(SUN_CARD)),
)

OTHERS: Outcomes = (
    ("bank card", BankCard(), Unreadable.UNSUPPORTED),
    ("bank card with a serial number", BankCard(uid=b"\x5a\x11\x22\x33"), ChipUid("5A112233")),
    ("telephone", PhoneWallet(), Unreadable.UNSUPPORTED),
    ("transport card", DesfireCard(), ChipUid("0457A2E16F7080")),
    ("serial number only", UidOnlyCard(), ChipUid("9C31F00D")),
    ("larger chip with a serial number only", UidOnlyCard(sel_res=b"\x18"), ChipUid("9C31F00D")),
)

CARD_OUTCOMES: Outcomes = (*TYPE_2, *TYPE_4, *OTHERS)

OLDEST: Outcomes = (("type 1", Type1Card(), Unreadable.UNSUPPORTED),)
"""Not every reader of chips finds these."""

OURS = card_with_text(CODE, uid=bytes.fromhex("04112233445566"))
OUTCOMES_OF_TWO: Outcomes = (
    ("bank card and ours", (BankCard(), OURS), SignedCode(CODE)),
    (
        "bank card with a serial number and ours",
        (BankCard(uid=b"\xfa\x11\x22\x33"), OURS),
        SignedCode(CODE),
    ),
    ("transport card and ours", (DesfireCard(), type4_with_text(CODE)), SignedCode(CODE)),
    ("telephone and NTAG 424", (PhoneWallet(), SUN_CARD), any_reading_of(SUN_CARD)),
    ("serial number and blank", (UidOnlyCard(), blank_card()), ChipUid("9C31F00D")),
    ("bank card and telephone", (BankCard(), PhoneWallet()), Unreadable.UNSUPPORTED),
    ("three", (DesfireCard(), OURS, PhoneWallet()), SignedCode(CODE)),
)
"""Held to an antenna together: told once, and only of the one that counts."""
