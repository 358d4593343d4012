"""A card on a reader, without pcscd: commands go straight to the reader's firmware."""

from collections.abc import Callable
from enum import Enum, auto

from kiosk.encoding.batch import BatchCard
from kiosk.encoding.choice import Act, Choice, choose
from kiosk.encoding.desk import write_and_verify
from kiosk.encoding.found import Tag, text_message
from kiosk.encoding.type2 import Type2Tag
from kiosk.encoding.type4 import Type4Tag
from kiosk.readers.polling import CardSlippedError
from kiosk.readers.type2 import PageRefusedError, read_type2
from kiosk.readers.type4 import read_type4
from presence.card import SignedCode, SunMessage, Unreadable
from tests.hardware_mocks.card_isodep import IsoDepCard
from tests.hardware_mocks.card_model import Card
from tests.hardware_mocks.pcsc_antenna import Antenna

UPDATE = 0xD6
PROTECTED = (b"\xff\xd6\x00\x02", b"\xff\xd6\x00\x03")


class Lift(Enum):
    """When a card is pulled away from under a command."""

    BEFORE = auto()
    AFTER = auto()
    """It did what it was told, and nobody heard."""
    TORN = auto()
    """What it wrote is half new and half old, but for the pages that a chip protects from that: its
    lock bits and its container (NTAG213/215/216 data sheet)."""
    SILENT = auto()
    """All that the reader says from then on is that it failed: it notices late."""


class Wire:
    """`transmit` for one card, which is pulled away under the command number `at`."""

    def __init__(self, card: Card, at: int = -1, how: Lift = Lift.BEFORE) -> None:
        self.antenna = Antenna()
        self.antenna.place(card)
        self.antenna.power_up()
        self.sent: list[bytes] = []
        self.garble: Callable[[int, bytes], bytes] = lambda _number, answer: answer
        self._at, self._how = at, how
        self._is_gone = False

    def transmit(self, apdu: bytes) -> bytes:
        number = len(self.sent)
        self.sent.append(apdu)
        if number == self._at:
            return self._lifted(apdu)
        if self._is_gone:
            return self._gone()
        answer = self.antenna.answer(apdu)
        assert answer is not None
        return self.garble(number, answer)

    def _lifted(self, apdu: bytes) -> bytes:
        self._is_gone = True
        if self._how is Lift.AFTER:
            self.antenna.answer(apdu)
        elif self._how is Lift.TORN and apdu[1] == UPDATE and apdu[:4] not in PROTECTED:
            self.antenna.answer(self._half(apdu))
        return self._gone()

    def _gone(self) -> bytes:
        if self._how is Lift.SILENT:
            return b"\x63\x00"
        raise CardSlippedError

    def _half(self, apdu: bytes) -> bytes:
        new = apdu[5:]
        read = apdu[:1] + b"\xb0" + apdu[2:4]
        old = self.antenna.answer(read + (b"\x10" if apdu[0] == 0xFF else apdu[4:5])) or b""
        half = len(new) // 2
        return apdu[:5] + new[:half] + old[half : len(new)]


def tag_on(wire: Wire) -> Tag:
    is_type4 = isinstance(wire.antenna.card, IsoDepCard)
    return Type4Tag(wire.transmit) if is_type4 else Type2Tag(wire.transmit)


def look(card: Card, code: str, batch: tuple[BatchCard, ...] = ()) -> Choice:
    """What would be done with the card."""
    due = BatchCard("A", code)
    found = tag_on(Wire(card)).look(text_message(code))
    return choose(found, due, (due, *batch))


def encode(wire: Wire, code: str) -> Act:
    """What the desk does with a card, every question answered by yes. Raises RefusedError."""
    tag, message = tag_on(wire), text_message(code)
    choice = choose(tag.look(message), BatchCard("A", code), ())
    if choice.act in (Act.WRITE, Act.ASK):
        write_and_verify(tag, message)
    return choice.act


def evidence_on(card: Card) -> SignedCode | SunMessage | Unreadable:
    """What a kiosk would make of the card."""
    wire = Wire(card)
    if isinstance(card, IsoDepCard):
        return read_type4(wire.transmit)

    def page(number: int) -> bytes:
        answer = wire.transmit(b"\xff\xb0\x00" + bytes([number]) + b"\x10")
        if answer[-2:] != b"\x90\x00":
            raise PageRefusedError(number)
        return answer[:-2]

    return read_type2(page)
