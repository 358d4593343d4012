"""What the firmware of a contactless PC/SC reader makes of the card on its antenna.

Sources: PC/SC part 3, revision 2.01 (answers to reset in section 3.1.3.2.3, commands for storage
cards in section 3.2.2); ACR122U API 2.04, section 6.7.
"""

from tests.hardware_mocks.card_isodep import TYPE_4, IsoDepCard
from tests.hardware_mocks.card_model import ACK, Anticollision, Card

DONE, REFUSED = b"\x90\x00", b"\x63\x00"
NO_SUCH_FUNCTION, WRONG_LENGTH = b"\x6a\x81", b"\x67\x00"
STORAGE_CARD = bytes.fromhex("804f0ca000000306")
PART_3_TYPE_A = b"\x03"
CLASSIC_1K, ULTRALIGHT = b"\x00\x01", b"\x00\x03"
MIFARE_CLASSIC = 0x08
"""The bit of SEL_RES by which a card says so (NXP AN10833)."""


class ContactCard:
    """A smart card in a slot with contacts: its answer to reset is its own. None: it is mute."""

    def __init__(self, atr: bytes | None) -> None:
        self.atr = atr or b""

    def select(self) -> Anticollision:
        return Anticollision(b"")

    def answer(self, command: bytes) -> bytes | None:
        return None


class Antenna:
    """The card in the field, if any, and what is known of it."""

    def __init__(self) -> None:
        self.card: Card | None = None
        self.buzzes = True
        """Does the reader itself beep when it finds a card?"""
        self._uid = b""

    @property
    def is_memory_card(self) -> bool:
        """Is it spoken to by commands of the reader instead of APDUs?"""
        return self.card is not None and not isinstance(self.card, IsoDepCard)

    def place(self, card: Card | None) -> None:
        self.card = card
        self._uid = b""

    def power_up(self) -> bytes:
        """Find the card anew. Its answer to reset; nothing: it does not answer."""
        if self.card is None:
            return b""
        found = self.card.select()
        self._uid = found.uid
        if isinstance(self.card, ContactCard):
            return self.card.atr
        if not found.sel_res[0] & TYPE_4:
            name = CLASSIC_1K if found.sel_res[0] & MIFARE_CLASSIC else ULTRALIGHT
            return _answer_to_reset(STORAGE_CARD + PART_3_TYPE_A + name + bytes(4))
        if not isinstance(self.card, IsoDepCard):
            return b""
        return _answer_to_reset(self.card.historical())

    def answer(self, apdu: bytes) -> bytes | None:
        """Data and status; None: nothing came from the card."""
        if self.card is None:
            return None
        if len(apdu) < 4:
            return WRONG_LENGTH
        if apdu[0] == 0xFF:
            return self._command(self.card, apdu)
        return self.card.apdu(apdu) if isinstance(self.card, IsoDepCard) else NO_SUCH_FUNCTION

    def _command(self, card: Card, apdu: bytes) -> bytes:
        match apdu[1], apdu[2], apdu[3]:
            case 0xCA, 0x00, 0x00:
                return self._uid + DONE if self._uid else NO_SUCH_FUNCTION
            case 0xB0, 0x00, page if self.is_memory_card and len(apdu) == 5:
                return self._read(card, page, apdu[4])
            case 0xD6, 0x00, page if self.is_memory_card and apdu[4:5] == b"\x04":
                return self._write(card, page, apdu[5:9])
            case 0x00, 0x52, beep:
                self.buzzes = beep != 0
                return DONE
            case _:
                return NO_SUCH_FUNCTION

    def _read(self, card: Card, page: int, size: int) -> bytes:
        if not 0 < size <= 16:
            return WRONG_LENGTH
        reply = card.answer(bytes([0x30, page]))
        if reply is None or len(reply) != 16:
            card.select()  # a refusal sends the card to sleep; the firmware wakes it
            return REFUSED
        return reply[:size] + DONE

    def _write(self, card: Card, page: int, content: bytes) -> bytes:
        if card.answer(bytes([0xA2, page]) + content) == ACK:
            return DONE
        card.select()
        return REFUSED


def _answer_to_reset(historical: bytes) -> bytes:
    told = bytes([0x80 | len(historical), 0x80, 0x01]) + historical
    check = 0
    for byte in told:
        check ^= byte
    return b"\x3b" + told + bytes([check])
