"""A PN532 on a serial line, by nfcpy's driver: the only module that knows nfcpy.

nfcpy 1.0.4 is the last release (March 2022). Its faults come as OSError, as its own exceptions, as
`termios.error` and as IndexError on short frames; `PollingReader` takes them all for the same.
"""

import contextlib
import logging
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag.tt4

from kiosk.readers.antenna import Antenna
from kiosk.readers.isodep import activation
from kiosk.readers.polling import (
    DEFAULT_PACE,
    CardSlippedError,
    OfEachThread,
    Pace,
    PollingReader,
    Sighting,
)
from kiosk.readers.presentation import by_serial, identity
from kiosk.readers.type2 import PageRefusedError, read_type2
from kiosk.readers.type4 import read_type4
from presence.card import Evidence, Unreadable

log = logging.getLogger(__name__)
NFCPY = "nfc"
"""What its loggers begin with."""

BAUDRATE_AT_RESET = 115_200
HIGHER_BAUDRATES = (921_600, 460_800, 230_400)
WAKE_UP = bytes(16)
WRITE_SECONDS = 1.0
"""For a command to leave. A serial adapter that takes nothing more would keep pyserial busy for
good, and out of reach: its `cancel_write` comes too late for what has not begun."""
IN_LIST_PASSIVE_TARGET = 0x4A
TWO_OF_TYPE_A = b"\x02\x00"
LIST_SECONDS = 1.0
SENS_REQ = 0x26
"""Left in the chip's FIFO where no card answered it."""
ISO_DEP, NFC_DEP, MIFARE_CLASSIC = 0x20, 0x40, 0x08
"""Bits of SEL_RES (ISO/IEC 14443-3, section 6.5.3.4; NXP AN10833)."""
SELECT_TRIES = 4
READ = 0x30
READ_SECONDS = 0.005
"""A Type 2 tag answers READ within 5 ms (NFC Forum Digital, Type 2 Tag platform)."""
ANSWER_SECONDS = 0.1
"""For the chip's answer to a command, beyond the time that the radio takes of it."""
RATS = b"\xe0\x80"
"""Wake ISO-DEP; frames of 256 bytes are welcome (ISO/IEC 14443-4, section 5.1)."""
RATS_SECONDS = 0.03
S_WTX = 0xF2
TYPE_4_SECONDS = 1.4
"""For one card, however often it asks for more time. No hand holds a card for longer; and two of
them take less than `Pace.patience`."""


class Pn532Reader(PollingReader):
    """`kiosk.ports.Reader` for one PN532. `device` is its serial device, by any path."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = DEFAULT_PACE,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        near = OfEachThread(lambda: Antenna(pace.looks_until_gone))
        super().__init__(name, lambda: _Line(device, near.own), pace, power_cycle)
        # Every fault reaches the log once, as ReaderLost. nfcpy would repeat each, and can log
        # what it reads off cards.
        logging.getLogger(NFCPY).setLevel(logging.CRITICAL + 1)


class _Transport(nfc.clf.transport.TTY):  # type: ignore[misc]  # nfcpy is untyped
    """nfcpy's serial line, which lets nobody wait for ever, and can be broken off at any moment."""

    def __init__(self, port: str) -> None:
        self.tty: Any = None
        # Nobody breaks off what is being closed: its descriptor may be another file's by then.
        self._turn = threading.Lock()
        super().__init__(port)

    def open(self, port: str, baudrate: int = BAUDRATE_AT_RESET) -> None:
        super().open(port, baudrate)
        self.tty.write_timeout = WRITE_SECONDS

    def close(self) -> None:
        """In whatever state the line is. May be called twice. Raises nothing."""
        with self._turn:
            tty, self.tty = self.tty, None
        if tty is None:
            return
        # What nobody takes any more would keep Linux closing for half a minute (setserial(8),
        # "closing_wait"). An unplugged adapter may object; its descriptor is gone either way.
        with contextlib.suppress(OSError, termios.error):
            tty.reset_output_buffer()
        with contextlib.suppress(OSError):
            tty.close()

    def interrupt(self) -> None:
        """Break off what is being read. Called from another thread."""
        with self._turn:
            if self.tty is not None:
                self.tty.cancel_read()


class _Line:
    """`Line` to a PN532: the serial line with the chip behind it, and the `Field` of its antenna.
    Which cards were near outlives it, as the presentation does."""

    def __init__(self, device: str, antenna: Antenna) -> None:
        self._device, self._antenna = device, antenna
        self._transport: Any = None
        self._frontend = nfc.clf.ContactlessFrontend()
        self._type_a = nfc.clf.RemoteTarget("106A")
        self._radio = _Radio(self._frontend)
        self._serial: dict[bytes, bytes] = {}
        """Of the cards found in this look, by their identities."""
        self._selected: bytes | None = None

    def open(self) -> None:
        """Open exactly this device. nfcpy's own search would poke every serial port.

        A process that was killed leaves the chip at a higher speed, where nfcpy does not look for
        it (nfcpy issue 63, pull request 191): then bring it back first.
        """
        self._transport = _Transport(self._device)
        try:
            self._frontend.device = nfc.clf.pn532.init(self._transport)
        except OSError:
            if not self._slow_down():
                raise
            self._frontend.device = nfc.clf.pn532.init(self._transport)

    def _slow_down(self) -> bool:
        for baudrate in HIGHER_BAUDRATES:
            self._transport.open(self._device, baudrate)
            chipset = nfc.clf.pn532.Chipset(self._transport, logger=logging.getLogger(NFCPY))
            self._transport.write(WAKE_UP + chipset.ACK)  # also breaks off a command left behind
            try:
                chipset.set_serial_baudrate(BAUDRATE_AT_RESET)
            except (OSError, IndexError, chipset.Error) as silence:
                log.debug("no chip at %d baud: %s", baudrate, silence)
            else:
                return True
        return False

    def sense(self) -> Sighting | None:
        """The card that counts of those in the field, if any. Switches the field off and on."""
        self._serial.clear()
        found = self.cards() if self._antenna.is_watching else self._sense(self._type_a)
        return self._antenna.choose(found, self)

    def cards(self) -> list[bytes]:
        """All cards in the field, but no more than two: the chip knows no more (UM0701-02,
        section 7.3.5). None of them is selected by this. nfcpy itself asks for one, always."""
        self._selected = None
        device = self._frontend.device
        device.mute()
        answer = bytes(device.chipset.command(IN_LIST_PASSIVE_TARGET, TWO_OF_TYPE_A, LIST_SECONDS))
        if answer[0]:
            return [self._remember(serial) for serial in _serials(answer)]
        is_empty = device.chipset.read_register("CIU_FIFOData") == SENS_REQ
        return [] if is_empty else self._sense(self._type_a)

    def _sense(self, target: Any) -> list[bytes]:
        """The card that is found, selected, or none."""
        self._radio.forget()
        self._selected = None
        found = self._frontend.sense(target)
        if found is None:
            return []
        self._selected = self._remember(bytes(found.sdd_res or found.rid_res))
        return [self._selected]

    def _remember(self, serial: bytes) -> bytes:
        card = identity(serial)
        self._serial[card] = serial
        return card

    def read(self, card: bytes) -> Evidence | Unreadable:
        """What a card says that was found in this look. Raises CardSlippedError."""
        self._select(card)
        found = self._frontend.target
        kind = found.sel_res[0] if found.sel_res else NFC_DEP  # Type 1 tags have none
        if kind & ISO_DEP:
            outcome = self._read_type4()
        elif kind & (NFC_DEP | MIFARE_CLASSIC):
            outcome = Unreadable.UNSUPPORTED
        else:
            outcome = read_type2(self._read_page)
        return by_serial(bytes(found.sdd_res or b""), outcome)

    def _select(self, card: bytes) -> None:
        """Where the serial number is random, it is another one each time: then by trying."""
        serial = self._serial.get(card, b"")
        is_fixed = len(serial) in (4, 7, 10) and card == serial
        target = nfc.clf.RemoteTarget("106A", sel_req=bytearray(serial)) if is_fixed else None
        tries = SELECT_TRIES
        while self._selected != card:
            if tries == 0:
                raise CardSlippedError
            self._sense(target or self._type_a)
            tries -= 1

    def _read_page(self, page: int) -> bytes:
        answer = self._radio.ask(bytes([READ, page]))
        if len(answer) != 16:
            raise PageRefusedError(page)
        return answer

    def _read_type4(self) -> Evidence | Unreadable:
        try:
            return read_type4(self._radio.activated())
        except _EndlessError:
            return Unreadable.GARBLED
        except (nfc.clf.CommunicationError, nfc.tag.tt4.Type4TagCommandError) as error:
            raise CardSlippedError from error

    def close(self) -> None:
        """Leave the chip at the speed it had, with its field off.

        Not by nfcpy's own close: that sends the chip to sleep, and some never wake (issue 186).
        """
        device = self._frontend.device
        if device is not None:
            device.mute()
            device.chipset.set_serial_baudrate(BAUDRATE_AT_RESET)

    def interrupt(self) -> None:
        """Break off a read that waits for a silent chip. Called from another thread."""
        transport: _Transport | None = self._transport
        if transport is not None:
            transport.interrupt()

    def drop(self) -> None:
        """Close the serial device itself, whatever the driver thinks of its state."""
        self._frontend.device = None
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


class _EndlessError(Exception):
    """The card answers, but comes to no end."""


class _Radio:
    """Frames to the selected card and back; and what nfcpy's ISO-DEP takes for its frontend.

    nfcpy sets the radio up before each exchange, in four commands to the chip. It stays set up, so
    one is enough from the second exchange on; serial adapters make each cost time.
    """

    def __init__(self, frontend: Any) -> None:
        self._frontend = frontend
        self._set_up_for: float | None = None
        self._waiting_time = 0.0
        self._ends = 0.0

    def forget(self) -> None:
        """Another card is selected."""
        self._set_up_for = None

    def ask(self, command: bytes) -> bytes:
        """The answer, asked for twice if need be. Raises CardSlippedError without one."""
        lost: Exception | None = None
        for _ in range(2):
            try:
                return self._once(command, READ_SECONDS)
            except nfc.clf.CommunicationError as error:
                lost = error
        raise CardSlippedError from lost

    def activated(self) -> Callable[[bytes], bytes]:
        """Wake ISO-DEP on the selected card. Returns what exchanges APDUs with it.

        Both raise what nfcpy has for a card that does not answer, or not as it should.
        """
        self._ends = time.monotonic() + TYPE_4_SECONDS
        try:
            card = activation(self._once(RATS, RATS_SECONDS))
        except ValueError as error:
            raise nfc.clf.TransmissionError(str(error)) from error
        self._waiting_time = card.waiting_time
        time.sleep(card.guard_time)
        blocks = nfc.tag.tt4.IsoDepInitiator(self, card.frame_bytes, card.waiting_time)
        return lambda command: bytes(blocks.exchange(bytearray(command)))

    def exchange(self, block: bytes, seconds: float) -> bytes:
        """One block's answer. The card's wishes for more time are granted here: nfcpy does not
        expect them everywhere, nor that they go on for ever."""
        answer = self._block(block, seconds)
        while answer[:1] == bytes([S_WTX]):
            times = answer[1] & 0x3F if len(answer) == 2 else 0
            if times == 0:
                raise nfc.clf.TransmissionError("a wish for no time")
            answer = self._block(bytes([S_WTX, times]), times * self._waiting_time)
        if answer[:1] == bytes([S_WTX | 1]):  # nfcpy would take it for a wish, of any length
            raise nfc.clf.TransmissionError("no block")
        return answer

    def _block(self, block: bytes, seconds: float) -> bytes:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise _EndlessError
        return self._once(block, min(seconds, left))

    def _once(self, frame: bytes, seconds: float) -> bytes:
        is_set_up, self._set_up_for = self._set_up_for == seconds, None
        ask = self._briefly if is_set_up else self._frontend.exchange
        answer = bytes(ask(frame, seconds))
        self._set_up_for = seconds
        return answer

    def _briefly(self, frame: bytes, seconds: float) -> bytearray:
        device = self._frontend.device
        try:
            answer: bytearray = device.chipset.in_communicate_thru(frame, seconds + ANSWER_SECONDS)
        except (device.chipset.Error, TimeoutError) as error:
            raise nfc.clf.TransmissionError(str(error)) from error
        if self._frontend.target.sel_res[0] & (ISO_DEP | NFC_DEP):
            return answer  # the chip has checked it
        if len(answer) <= 2:  # an acknowledgement of four bits has no checksum
            return answer
        if not device.check_crc_a(answer):
            raise nfc.clf.TransmissionError("wrong checksum")
        return answer[:-2]


def _serials(listed: bytes) -> Iterator[bytes]:
    """The serial numbers in the chip's answer: their count, and for each card its number,
    SENS_RES, SEL_RES, length and serial number. Raises IndexError where it ends early."""
    rest = listed[1:]
    for _ in range(listed[0]):
        end = 5 + rest[4]
        yield rest[5:end]
        rest = rest[end:]
