"""Dialogues for the tests of traces: what is on the wire while a card is read, without the wire."""

from collections.abc import Callable, Iterable

import nfc.clf
import nfc.tag.tt4

from kiosk.readers.message import BrokenError
from kiosk.readers.polling import CardSlippedError
from kiosk.readers.presentation import by_serial
from kiosk.readers.smartcards import Kind, kind_of
from kiosk.readers.type2 import PageRefusedError, read_type2
from kiosk.readers.type4 import read_type4
from presence.card import Evidence, Unreadable
from tests.hardware_mocks.card_model import Card
from tests.hardware_mocks.pcsc_antenna import Antenna
from tests.hardware_mocks.pn532_chip import Code, Pn532Chip
from tests.hardware_mocks.pn532_frames import TO_CHIP, TO_HOST
from tests.hardware_mocks.traces.trace import Asked, CardCame, CardWent, From, Item, To

ISO_DEP = 0x20
Outcome = Evidence | Unreadable | None
"""None: the card stopped answering."""


def over_the_air(cards: Iterable[Card]) -> tuple[list[Item], list[Outcome]]:
    """Each card found by a PN532 and read, and what came of it."""
    chip, items, outcomes = Pn532Chip(), list[Item](), list[Outcome]()

    def ask(code: Code, sent: bytes) -> bytes:
        items.append(To(0.0, (bytes([TO_CHIP, code]) + sent).hex()))
        reply = chip.execute(code, sent)
        assert reply is not None
        items.append(From(0.0, (bytes([TO_HOST, code + 1]) + reply).hex()))
        return reply

    ask(Code.SET_PARAMETERS, b"\x00")  # as nfcpy does: RATS is for the host
    for card in cards:
        chip.place(card)
        found = ask(Code.IN_LIST_PASSIVE_TARGET, b"\x01\x00")
        is_iso_dep = found[0] and found[4] & ISO_DEP
        if not is_iso_dep:
            ask(Code.WRITE_REGISTER, b"\x63\x03\x00")
        thru = _Thru(lambda sent: ask(Code.IN_COMMUNICATE_THRU, sent))
        outcome = _slips(thru.type4 if is_iso_dep else thru.type2)
        outcomes.append(None if outcome is None else by_serial(found[6:], outcome))
    return items, outcomes


def _slips(read: Callable[[], Evidence | Unreadable]) -> Outcome:
    try:
        return read()
    except (CardSlippedError, BrokenError, nfc.clf.CommunicationError):
        return None
    except (nfc.tag.tt4.Type4TagCommandError, IndexError):  # the latter at an empty block
        return None


class _Thru:
    """The card of one search; and the frontend that nfcpy's blocks go through."""

    def __init__(self, ask: Callable[[bytes], bytes]) -> None:
        self._ask = ask

    def exchange(self, block: bytes, _seconds: float) -> bytes:
        reply = self._ask(bytes(block))
        if reply[0]:
            raise nfc.clf.TimeoutError
        return reply[1:]

    def type2(self) -> Evidence | Unreadable:
        return read_type2(self._page)

    def _page(self, page: int) -> bytes:
        try:
            answer = self.exchange(bytes([0x30, page]), 0.0)
        except nfc.clf.TimeoutError as silence:
            raise CardSlippedError from silence
        if len(answer) != 18:
            raise PageRefusedError(page)
        return answer[:16]

    def type4(self) -> Evidence | Unreadable:
        self.exchange(b"\xe0\x80", 0.0)
        blocks = nfc.tag.tt4.IsoDepInitiator(self, 32, 0.01)
        return read_type4(lambda command: bytes(blocks.exchange(bytearray(command))))


class TracedAntenna(Antenna):
    """Says what is in a trace. Each of the cards put on it stands for the next in there."""

    def __init__(self, items: Iterable[Item]) -> None:
        super().__init__()
        self._items = iter(items)

    def power_up(self) -> bytes:
        came = next(item for item in self._items if isinstance(item, CardCame))
        return bytes.fromhex(came.atr)

    def answer(self, apdu: bytes) -> bytes | None:
        item = next(self._items)
        assert isinstance(item, Asked)
        assert item.command == apdu.hex()
        return None if item.answer is None else bytes.fromhex(item.answer)


def by_pcsc(
    cards: Iterable[Card], antenna: Antenna | None = None
) -> tuple[list[Item], list[Outcome]]:
    """Each card put on a PC/SC reader, read and taken away, and what came of it."""
    antenna, items, outcomes = antenna or Antenna(), list[Item](), list[Outcome]()

    def ask(apdu: bytes) -> bytes:
        answer = antenna.answer(apdu)
        items.append(Asked(0.0, apdu.hex(), None if answer is None else answer.hex()))
        if answer is None:
            raise CardSlippedError
        return answer

    def page(number: int) -> bytes:
        answer = ask(b"\xff\xb0\x00" + bytes([number, 16]))
        if len(answer) != 18:
            raise PageRefusedError(number)
        return answer[:16]

    for card in cards:
        antenna.place(card)
        atr = antenna.power_up()
        items.append(CardCame(0.0, atr.hex()))
        uid = ask(bytes.fromhex("ffca000000"))[:-2]
        read = {
            Kind.TYPE2: lambda: read_type2(page),
            Kind.TYPE4: lambda: read_type4(ask),
        }.get(kind_of(atr), lambda: Unreadable.UNSUPPORTED)
        outcome = _slips(read)
        outcomes.append(None if outcome is None else by_serial(uid, outcome))
        items.append(CardWent(0.0))
    return items, outcomes
