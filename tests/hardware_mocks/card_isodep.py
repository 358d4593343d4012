"""Cards that speak in APDUs, and the block protocol that carries those over the air.

An APDU card serves two kinds of readers: one that speaks in APDUs itself (PC/SC) calls `apdu`; one
that is a bare antenna (the PN532) calls `answer`, block by block.
"""

from dataclasses import dataclass, field

from tests.hardware_mocks.card_model import SAMPLE_UID, Anticollision

SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
"""Frame sizes by their index (ISO/IEC 14443-4, table 1)."""
AROUND_A_BLOCK = 3
"""One byte of protocol control and two of checksum."""
TYPE_4 = 0x20
"""The bit of SEL_RES by which a card says that it speaks ISO-DEP (ISO/IEC 14443-3)."""

OK = b"\x90\x00"
WRONG_LENGTH = b"\x67\x00"
NOT_ALLOWED = b"\x69\x82"
NOT_FOUND = b"\x6a\x82"
WRONG_PLACE = b"\x6b\x00"
WRONG_INSTRUCTION = b"\x6d\x00"
ENDS_EARLY = b"\x62\x82"


@dataclass(frozen=True, slots=True)
class Apdu:
    """A short command (ISO/IEC 7816-4, section 5.1)."""

    code: int
    p1: int
    p2: int
    data: bytes
    expected: int | None
    """How many bytes may come back; None: it does not say, so none."""

    @property
    def place(self) -> int:
        """P1 and P2 as an offset."""
        return self.p1 << 8 | self.p2


def parse(sent: bytes) -> Apdu | None:
    """The command in `sent`; None if its length is none that a short command can have."""
    if len(sent) < 4 or sent[0] != 0x00:
        return None
    code, p1, p2, rest = sent[1], sent[2], sent[3], sent[4:]
    if len(rest) <= 1:
        return Apdu(code, p1, p2, b"", (rest[0] or 256) if rest else None)
    data, after = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    if rest[0] == 0 or len(data) < rest[0] or len(after) > 1:
        return None
    return Apdu(code, p1, p2, data, (after[0] or 256) if after else None)


@dataclass
class IsoDepCard:
    """A card that answers commands, and knows none: base of all that speak ISO-DEP."""

    uid: bytes = SAMPLE_UID
    ats: bytes = bytes.fromhex("0578807002")
    """Answer to select (ISO/IEC 14443-4, section 5.2): length, T0 with the size of frames, TA, TB
    with the waiting time, TC, historical bytes."""
    sens_res: bytes = b"\x03\x44"
    sel_res: bytes = bytes([TYPE_4])
    waits: int = 0
    """So often the card asks for more time before it answers a command."""
    apdus: list[bytes] = field(default_factory=list)
    """Every command so far, in order."""
    _blocks: "Blocks | None" = None

    def select(self) -> Anticollision:
        """Be found, or be reset: what was selected on the card before is forgotten."""
        self._blocks = None
        self.restart()
        return Anticollision(self.uid, self.sens_res, self.sel_res)

    def restart(self) -> None:
        """Forget which file was selected."""

    def historical(self) -> bytes:
        """The historical bytes of the answer to select, of which a PC/SC reader makes the ATR."""
        optional = sum(bool(self.form & bit) for bit in (0x10, 0x20, 0x40))
        return self.ats[2 + optional :]

    @property
    def form(self) -> int:
        """T0: the size of frames, and what follows. May be left out, and means 32 bytes then."""
        return self.ats[1] if len(self.ats) > 1 else 0x02

    def apdu(self, command: bytes) -> bytes:
        """The response to one command: data and status word."""
        self.apdus.append(command)
        parsed = parse(command)
        return WRONG_LENGTH if parsed is None else self.respond(parsed)

    def respond(self, command: Apdu) -> bytes:
        """What a card says that has no application at all."""
        return NOT_FOUND if command.code == 0xA4 else WRONG_INSTRUCTION

    def answer(self, command: bytes) -> bytes | None:
        """One block's answer. RATS begins the dialogue; S(DESELECT) ends it."""
        if self._blocks is None:
            if len(command) != 2 or command[0] != 0xE0:
                return None
            self._blocks = Blocks(self, SIZES[min(command[1] >> 4, 8)])
            return self.ats
        return self._blocks.answer(command)


class Blocks:
    """The card's end of ISO-DEP (ISO/IEC 14443-4, section 7.5): rules C to E, 9 to 13."""

    def __init__(self, card: IsoDepCard, reader_frame: int) -> None:
        self._card = card
        self._room = reader_frame - AROUND_A_BLOCK
        self._own_frame = SIZES[min(card.form & 0x0F, 8)]
        self._number = 1
        self._command = b""
        self._waits = 0
        self._response: bytes | None = None
        """What has not been sent yet; None: nothing is being sent."""
        self._last: bytes | None = None
        self._ended = False

    def answer(self, block: bytes) -> bytes | None:
        if self._ended or not block or len(block) > self._own_frame - 2:
            return None
        kind = block[0]
        if kind & 0xE2 == 0x02:
            return self._say(self._information(block))
        if kind & 0xE6 == 0xA2:
            return self._acknowledgement(kind)
        if kind == 0xF2 and self._waits > 0:
            self._waits -= 1
            return self._say(self._next())
        if kind == 0xC2:
            self._ended = True
            return block
        if kind & 0xF0 == 0xD0:
            return block[:1]  # a wish for another speed, accepted
        return None

    def _say(self, block: bytes) -> bytes:
        self._last = block
        return block

    def _information(self, block: bytes) -> bytes:
        self._number ^= 1
        self._command += block[1:]
        if block[0] & 0x10:
            return bytes([0xA2 | self._number])
        command, self._command = self._command, b""
        self._response = self._card.apdu(command)
        self._waits = self._card.waits
        return self._next()

    def _next(self) -> bytes:
        if self._waits > 0:
            return b"\xf2\x01"
        if self._response is None:
            return bytes([0xA2 | self._number])
        piece, rest = self._response[: self._room], self._response[self._room :]
        self._response = rest or None
        return bytes([0x02 | (0x10 if rest else 0) | self._number]) + piece

    def _acknowledgement(self, kind: int) -> bytes | None:
        if kind & 0x01 == self._number:
            return self._last
        if kind & 0x10:  # NAK: the reader missed the last block, and I have not heard its own
            return bytes([0xA2 | self._number])
        if self._response is None:
            return None
        self._number ^= 1
        return self._say(self._next())


SELECT, PAYMENT = 0xA4, b"2PAY.SYS.DDF01"


@dataclass
class BankCard(IsoDepCard):
    """A payment card. Another serial number each time it gets power, unless it has one that
    stays."""

    uid: bytes = b""
    """Empty: random."""
    sens_res: bytes = b"\x00\x04"
    powered: int = 0

    def select(self) -> Anticollision:
        found = super().select()
        self.powered += 1
        random = b"\x08" + self.powered.to_bytes(3)
        return Anticollision(self.uid or random, found.sens_res, found.sel_res)

    def respond(self, command: Apdu) -> bytes:
        if command.code == SELECT and command.data == PAYMENT:
            return b"\x6f\x10\x84\x0e" + PAYMENT + OK
        return super().respond(command)


class PhoneWallet(BankCard):
    """A telephone that would like to pay: card emulation, another serial number each time."""


@dataclass
class DesfireCard(IsoDepCard):
    """A card of public transport or a staff badge (MIFARE DESFire): a serial number for good, and
    no application of ours. Wants its native commands in a wrapping of its own."""

    uid: bytes = bytes.fromhex("0457a2e16f7080")
    ats: bytes = bytes.fromhex("0675778102" + "80")

    def apdu(self, command: bytes) -> bytes:
        if command[:1] == b"\x90":
            self.apdus.append(command)
            return b"\x91\x1c"  # illegal command
        return super().apdu(command)
