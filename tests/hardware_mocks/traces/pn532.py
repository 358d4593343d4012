"""A PN532's dialogue with everything invented that might be anybody's.

Frames are kept as their contents, so the checksums around them are made when they are replayed.
What the chip says of itself, and of its radio, is the same for everyone. What a card says goes
through its reading: from one search for cards to the next. Sources: UM0701-02, section 7;
ISO/IEC 14443-4, section 7 (blocks).
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from tests.hardware_mocks.pn532_chip import FIFO_DATA, SENS_REQ, Code, cascaded, crc_a
from tests.hardware_mocks.pn532_frames import TO_CHIP, TO_HOST
from tests.hardware_mocks.traces.apdus import CardTalk, memory_image
from tests.hardware_mocks.traces.invention import Invention
from tests.hardware_mocks.traces.trace import ACK, From, Item, To, TraceError

OF_THE_CHIP = {
    Code.DIAGNOSE,
    Code.GET_FIRMWARE_VERSION,
    Code.SET_SERIAL_BAUDRATE,
    Code.SET_PARAMETERS,
    Code.SAM_CONFIGURATION,
    Code.POWER_DOWN,
    Code.RF_CONFIGURATION,
    Code.IN_DESELECT,
    Code.IN_RELEASE,
    Code.IN_SELECT,
}
"""Neither they nor their answers have anything of a card."""
LONGEST_OF_THE_CHIP = 4
SYNTAX_ERROR = b"\x7f"
OK = 0
RATS, READ, RID = 0xE0, 0x30, b"\x01\x78"
ISO_DEP = 0x20
OLDEST = 4
"""Searched for as chips of type 1, which have no anticollision."""
CRC, PAGES = 2, 16


class Pn532Anonymiser:
    """Takes a dialogue line by line, and tells what is kept of it."""

    def __init__(self, invention: Invention) -> None:
        self._invention = invention
        self._told: list[Item] = []
        self._asked: bytes | None = None
        self._reading = _Reading(invention)

    def told(self, items: list[Item]) -> list[Item]:
        """As many lines. Raises TraceError for what nobody here knows."""
        for item in items:
            self._told.append(item)
            if isinstance(item, To | From) and item.said != ACK:
                said = bytes.fromhex(item.said)
                self._question(item, said) if isinstance(item, To) else self._answer(item, said)
        self._finish()
        return self._told

    def _question(self, item: To, said: bytes) -> None:
        self._asked = said
        if said[:1] != bytes([TO_CHIP]) or len(said) < 2:
            raise TraceError("the host's frame is no command")
        code, sent = said[1], said[2:]
        if code == Code.IN_LIST_PASSIVE_TARGET:
            self._finish()
            self._say(item, said[:4] + self._searched(sent[2:]))
        elif code == Code.IN_COMMUNICATE_THRU:
            self._reading.ask(sent)
        elif not _is_harmless(code, sent):
            raise TraceError(f"nobody here knows what a PN532 answers to {code:02x}")

    def _searched(self, serial: bytes) -> bytes:
        """For any card, or for the one of this serial number."""
        for original, invented in self._invention.serials.items():
            if cascaded(original) == serial:
                return cascaded(invented)
        if serial:
            raise TraceError("a card was searched for that was never found")
        return b""

    def _answer(self, item: From, said: bytes) -> None:
        asked, self._asked = self._asked, None
        if said == SYNTAX_ERROR:
            return
        if asked is None or said[:2] != bytes([TO_HOST, asked[1] + 1]):
            raise TraceError("an answer that nobody asked for")
        code, sent, told = asked[1], asked[2:], said[2:]
        if code == Code.IN_LIST_PASSIVE_TARGET:
            self._say(item, said[:2] + self._found(sent[1], told))
        elif code == Code.IN_COMMUNICATE_THRU:
            self._reading.answer(len(self._told) - 1, told)
        elif code == Code.IN_DATA_EXCHANGE:
            self._say(item, said[:5] + self._invention.serial(told[3:]))
        elif code == Code.READ_REGISTER:
            self._say(item, said[:2] + _harmless_registers(sent, told))
        elif code == Code.DIAGNOSE and told == sent:
            pass  # what the host itself has sent
        elif len(told) > LONGEST_OF_THE_CHIP:
            raise TraceError(f"the chip's answer to {code:02x} is longer than any that is known")

    def _found(self, technology: int, told: bytes) -> bytes:
        """The cards of a list: number, SENS_RES, SEL_RES, serial number with its length."""
        kept, rest = told[:1], told[1:]
        for _ in range(told[0] if told else 0):
            head = 3 if technology == OLDEST else 5
            size = 4 if technology == OLDEST else rest[4]
            uid = rest[head : head + size]
            self._reading.found(rest[3] if head == 5 else 0, uid)
            kept += rest[:head] + self._invention.serial(uid)
            rest = rest[head + size :]
        if rest:
            raise TraceError("a list of cards with more in it than cards")
        return kept

    def _say(self, item: To | From, said: bytes) -> None:
        self._told[-1] = replace(item, said=said.hex())

    def _finish(self) -> None:
        """All of a card's reading has been heard."""
        for at, said in self._reading.told():
            item = self._told[at]
            assert isinstance(item, From)
            self._told[at] = replace(
                item, said=(bytes([TO_HOST, Code.IN_COMMUNICATE_THRU + 1]) + said).hex()
            )
        self._reading = _Reading(self._invention)


def _is_harmless(code: int, sent: bytes) -> bool:
    if code == Code.WRITE_REGISTER:
        return FIFO_DATA not in _registers(sent, step=3)
    if code == Code.IN_DATA_EXCHANGE:
        return sent[:2] == RID
    return code == Code.READ_REGISTER or code in OF_THE_CHIP


def _registers(sent: bytes, step: int) -> list[int]:
    return [int.from_bytes(sent[at : at + 2]) for at in range(0, len(sent), step)]


def _harmless_registers(sent: bytes, told: bytes) -> bytes:
    """What is in the FIFO may be a card's; that nothing answered may be known."""
    registers = _registers(sent, step=2)
    if len(registers) != len(told):
        raise TraceError("other registers than were asked for")
    return bytes(
        0 if register == FIFO_DATA and value != SENS_REQ else value
        for register, value in zip(registers, told, strict=True)
    )


@dataclass
class _Apdu:
    command: bytes = b""
    answer: bytes = b""
    pieces: list[tuple[int, bytes, int, int]] = field(default_factory=list)
    """Of the answer: line, what is before it in its block, first byte, last byte."""


class _Reading:
    """What was said to one card and by it, over the air."""

    def __init__(self, invention: Invention) -> None:
        self._uid, self._kind = b"", 0
        self._invention = invention
        self._pages = memory_image(lambda: self._uid, invention)
        self._sent = b""
        self._kept: list[tuple[int, bytes]] = []
        self._reads: list[tuple[int, bytes, int]] = []
        self._apdus: list[_Apdu] = []
        self._numbers: tuple[int | None, int | None] = None, None
        self._is_chained = False

    def found(self, kind: int, uid: bytes) -> None:
        self._kind, self._uid = kind, uid

    def ask(self, sent: bytes) -> None:
        self._sent = sent
        if not sent:
            raise TraceError("nothing was said to a card")
        if self._kind & ISO_DEP:
            self._host_block(sent)
        elif sent[0] != READ or len(sent) != 2:
            raise TraceError(f"nobody here knows what a card answers to {sent[0]:02x}")

    def answer(self, line: int, told: bytes) -> None:
        status, content = told[:1], told[1:]
        if not self._kind & ISO_DEP:
            self._page(line, status, content)
        elif not content or self._sent[0] == RATS:
            if content and content[0] != len(content):
                raise TraceError("an answer to RATS that is none")
            self._kept.append((line, told))
        else:
            self._card_block(line, status, content)

    def told(self) -> list[tuple[int, bytes]]:
        """What is kept of each answer, by its line."""
        kept = list(self._kept)
        for line, head, page in self._reads:
            content = self._pages.told(page * 4, PAGES)
            kept.append((line, head + content + crc_a(content)))
        talk = CardTalk(self._invention)
        for apdu in self._apdus:
            talk.hear(apdu.command, apdu.answer)
        for apdu, answer in zip(self._apdus, talk.told(), strict=True):
            told = answer or b""
            kept += [(line, head + told[at:end]) for line, head, at, end in apdu.pieces]
        return kept

    def _page(self, line: int, status: bytes, content: bytes) -> None:
        page = self._sent[1]
        if len(content) <= 1:  # a refusal
            self._kept.append((line, status + content))
        elif len(content) == PAGES + CRC and crc_a(content[:PAGES]) == content[PAGES:]:
            self._pages.add(page * 4, content[:PAGES])
            self._reads.append((line, status, page))
        else:
            self._kept.append((line, status + bytes(len(content))))  # whose checksum is wrong too

    def _host_block(self, sent: bytes) -> None:
        if sent[0] == RATS and len(sent) == 2:
            self._numbers, self._is_chained = (None, None), False
            return
        if sent[0] & 0xEE != 0x02:
            _expect_control(sent)
            return
        host, card = self._numbers
        if sent[0] & 1 == host:
            return  # once more
        if not self._is_chained:
            self._apdus.append(_Apdu())
        self._numbers, self._is_chained = (sent[0] & 1, card), bool(sent[0] & 0x10)
        self._apdus[-1].command += sent[1:]

    def _card_block(self, line: int, status: bytes, block: bytes) -> None:
        if block[0] & 0xEE != 0x02:
            _expect_control(block)
            self._kept.append((line, status + block))
            return
        if not self._apdus:
            raise TraceError("a card's answer that nobody asked for")
        apdu, (host, card) = self._apdus[-1], self._numbers
        if block[0] & 1 == card and apdu.pieces:
            _, _, start, end = apdu.pieces[-1]  # once more
        else:
            start, end = len(apdu.answer), len(apdu.answer) + len(block) - 1
            apdu.answer += block[1:]
        self._numbers = host, block[0] & 1
        apdu.pieces.append((line, status + block[:1], start, end))


def _expect_control(block: bytes) -> None:
    """Acknowledgements, wishes for time, the end: none has room for anything of a card's."""
    if block[0] & 0xC0 not in (0x80, 0xC0) or len(block) > 2:
        raise TraceError(f"nobody here knows the block {block[0]:02x}")
