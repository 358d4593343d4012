"""What a PN532 does with each command, without the wire (UM0701-02, section 7).

Reading cards of type A at 106 kbit/s is emulated, with everything a host does around it. Being a
card itself (the Tg commands) is not, and is answered as an unknown command.
"""

from collections.abc import Callable
from enum import IntEnum

from tests.hardware_mocks.card_model import Anticollision, Card

BAUDRATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
BAUDRATE_AT_RESET = 115200

RX_MODE, FIFO_DATA = 0x6303, 0x6339
CRC_CHECK = 0x80
SENS_REQ = 0x26
"""Left in the FIFO when no card answered it."""
AUTOMATIC_RATS = 0x10
ISO_DEP = 0x20
TYPE_A, JEWEL = 0x00, 0x04

OK, TIME_OUT, CRC_ERROR, INVALID_PARAMETER, WRONG_CONTEXT = 0x00, 0x01, 0x02, 0x10, 0x27


Found = tuple[Anticollision, Card]


class Code(IntEnum):
    """Command codes."""

    DIAGNOSE = 0x00
    GET_FIRMWARE_VERSION = 0x02
    GET_GENERAL_STATUS = 0x04
    READ_REGISTER = 0x06
    WRITE_REGISTER = 0x08
    READ_GPIO = 0x0C
    WRITE_GPIO = 0x0E
    SET_SERIAL_BAUDRATE = 0x10
    SET_PARAMETERS = 0x12
    SAM_CONFIGURATION = 0x14
    POWER_DOWN = 0x16
    RF_CONFIGURATION = 0x32
    IN_DATA_EXCHANGE = 0x40
    IN_COMMUNICATE_THRU = 0x42
    IN_DESELECT = 0x44
    IN_JUMP_FOR_PSL = 0x46
    IN_LIST_PASSIVE_TARGET = 0x4A
    IN_PSL = 0x4E
    IN_ATR = 0x50
    IN_RELEASE = 0x52
    IN_SELECT = 0x54
    IN_JUMP_FOR_DEP = 0x56


class Pn532Chip:
    """The chip behind the wire: its registers, its field, and the cards on its antenna."""

    def __init__(self) -> None:
        self.cards: tuple[Card, ...] = ()
        self._listed: list[Found] = []
        self._selected: Found | None = None
        self.reset()
        self._commands: dict[int, Callable[[bytes], bytes]] = {
            Code.DIAGNOSE: lambda sent: sent if sent[0] == 0 else b"\x00",
            Code.GET_FIRMWARE_VERSION: lambda _: b"\x32\x01\x06\x07",
            Code.GET_GENERAL_STATUS: lambda _: bytes([OK, self.field_on, 0, 0x80]),
            Code.READ_REGISTER: self._read_registers,
            Code.WRITE_REGISTER: self._write_registers,
            Code.READ_GPIO: lambda _: b"\x3f\x07\x00",
            Code.WRITE_GPIO: lambda _: b"",
            Code.SET_SERIAL_BAUDRATE: self._set_baudrate,
            Code.SET_PARAMETERS: self._set_parameters,
            Code.SAM_CONFIGURATION: lambda _: b"",
            Code.POWER_DOWN: self._power_down,
            Code.RF_CONFIGURATION: self._configure_field,
            Code.IN_DATA_EXCHANGE: lambda sent: self._exchange(sent[1:]),
            Code.IN_COMMUNICATE_THRU: self._communicate_thru,
            Code.IN_LIST_PASSIVE_TARGET: self._list_targets,
            Code.IN_DESELECT: self._release,
            Code.IN_RELEASE: self._release,
            Code.IN_SELECT: self._select,
            Code.IN_JUMP_FOR_PSL: lambda _: bytes([TIME_OUT]),
            Code.IN_JUMP_FOR_DEP: lambda _: bytes([TIME_OUT]),
            Code.IN_ATR: lambda _: bytes([TIME_OUT]),
            Code.IN_PSL: lambda _: bytes([TIME_OUT]),
        }

    def reset(self) -> None:
        """Power on. The chip sleeps until its serial line moves, and forgets its speed."""
        self.asleep = True
        self.field_on = False
        self.baudrate = BAUDRATE_AT_RESET
        self.pending_baudrate: int | None = None
        """Agreed, and valid from the host's acknowledgement on."""
        self._parameters = 0x14
        self._registers = {RX_MODE: 0, FIFO_DATA: 0}
        self._listed, self._selected = [], None

    def place(self, *cards: Card) -> None:
        """Other cards, or none, on the antenna."""
        self.cards, self._listed, self._selected = cards, [], None

    def execute(self, code: int, parameters: bytes) -> bytes | None:
        """The reply to a command without its code; None if it is malformed or unknown."""
        command = self._commands.get(code)
        try:
            return None if command is None else command(parameters)
        except IndexError:  # fewer parameters than the command has
            return None

    def _read_registers(self, sent: bytes) -> bytes:
        addresses = zip(sent[::2], sent[1::2], strict=False)
        return bytes(self._registers.get(high << 8 | low, 0) for high, low in addresses)

    def _write_registers(self, sent: bytes) -> bytes:
        for high, low, value in zip(sent[::3], sent[1::3], sent[2::3], strict=False):
            self._registers[high << 8 | low] = value
        return b""

    def _set_baudrate(self, sent: bytes) -> bytes:
        self.pending_baudrate = BAUDRATES[sent[0]]
        return b""

    def _set_parameters(self, sent: bytes) -> bytes:
        self._parameters = sent[0]
        return b""

    def _power_down(self, _sent: bytes) -> bytes:
        self.asleep = True
        self._switch_field(False)
        return bytes([OK])

    def _configure_field(self, sent: bytes) -> bytes:
        if sent[0] == 0x01:
            self._switch_field(bool(sent[1] & 0x01))
        return b""

    def _switch_field(self, on: bool) -> None:
        self.field_on = on
        if not on:
            self._listed, self._selected = [], None

    def _list_targets(self, sent: bytes) -> bytes:
        """Section 7.3.5. When two may be found, the chip puts each to sleep to look for the next:
        none is selected before InSelect."""
        most, technology, wanted = sent[0], sent[1], sent[2:]
        if not 1 <= most <= 2:
            return bytes([INVALID_PARAMETER])
        self._switch_field(True)
        self._registers |= {RX_MODE: CRC_CHECK, FIFO_DATA: SENS_REQ}
        self._listed, self._selected = [], None
        here = [(card.select(), card) for card in self.cards if technology in (TYPE_A, JEWEL)]
        if here:
            self._registers[FIFO_DATA] = 0  # somebody answered, whoever it is
        found = [one for one in here if bool(one[0].sel_res) == (technology == TYPE_A)]
        found = [one for one in found if wanted in (b"", cascaded(one[0].uid))]
        found.sort(key=lambda one: bits(cascaded(one[0].uid)), reverse=True)
        self._listed = found[:most]
        if found:
            self._selected = self._listed[0] if most == 1 else None
        targets = (self._target(*one) for one in self._listed)
        return bytes([len(self._listed)]) + b"".join(
            bytes([number]) + target for number, target in enumerate(targets, start=1)
        )

    def _target(self, found: Anticollision, card: Card) -> bytes:
        if not found.sel_res:
            return found.sens_res + found.uid
        target = found.sens_res + found.sel_res + bytes([len(found.uid)]) + found.uid
        if self._parameters & AUTOMATIC_RATS and found.sel_res[0] & ISO_DEP:
            target += card.answer(b"\xe0\x50") or b""
        return target

    def _select(self, sent: bytes) -> bytes:
        if not 1 <= sent[0] <= len(self._listed):
            return bytes([WRONG_CONTEXT])
        self._selected = self._listed[sent[0] - 1]
        return bytes([OK])

    def _exchange(self, command: bytes) -> bytes:
        if self._selected is None:
            return bytes([TIME_OUT])
        answer = self._selected[1].answer(command)
        return bytes([TIME_OUT]) if answer is None else bytes([OK]) + answer

    def _communicate_thru(self, command: bytes) -> bytes:
        reply = self._exchange(command)
        checked = self._registers[RX_MODE] & CRC_CHECK
        if reply[0] != OK:
            return reply
        if len(reply) == 2 and self._speaks_in_pages():  # 4 bits, which have no checksum
            return bytes([CRC_ERROR]) if checked else reply
        return reply if checked else reply + crc_a(reply[1:])

    def _speaks_in_pages(self) -> bool:
        return self._selected is not None and not self._selected[0].sel_res[0] & ISO_DEP

    def _release(self, _sent: bytes) -> bytes:
        self._listed, self._selected = [], None
        return bytes([OK])


CASCADE_TAG = b"\x88"


def cascaded(uid: bytes) -> bytes:
    """A serial number as cards send it, level by level (ISO/IEC 14443-3, section 6.5.4)."""
    if len(uid) > 4:
        uid = CASCADE_TAG + uid
    return uid[:4] + CASCADE_TAG + uid[4:] if len(uid) > 8 else uid


def bits(content: bytes) -> list[int]:
    """As they are sent: the lowest of each byte first. Where two cards differ, the chip goes on
    with the one that sent 1."""
    return [byte >> at & 1 for byte in content for at in range(8)]


def crc_a(content: bytes) -> bytes:
    """The checksum of type A cards (ISO/IEC 14443-3, annex B)."""
    crc = 0x6363
    for byte in content:
        mixed = byte ^ (crc & 0xFF)
        mixed = (mixed ^ mixed << 4) & 0xFF
        crc = crc >> 8 ^ mixed << 8 ^ mixed << 3 ^ mixed >> 4
    return crc.to_bytes(2, "little")
