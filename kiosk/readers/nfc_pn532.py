"""A PN532 on a serial line, by nfcpy's driver: the only module that knows nfcpy.

nfcpy 1.0.4 is the last release (March 2022). Its faults come as OSError, as its own exceptions, as
`termios.error` and as IndexError on short frames; `PollingReader` takes them all for the same.
"""

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport

from kiosk.readers.polling import DEFAULT_PACE, CardSlippedError, Pace, PollingReader, Sighting
from kiosk.readers.presentation import identity
from kiosk.readers.type2 import PageRefusedError, read_type2
from presence.card import Evidence, Unreadable

log = logging.getLogger(__name__)

BAUDRATE_AT_RESET = 115_200
HIGHER_BAUDRATES = (921_600, 460_800, 230_400)
WAKE_UP = bytes(16)
READ = 0x30
READ_SECONDS = 0.005
"""A Type 2 tag answers READ within 5 ms (NFC Forum Digital, Type 2 Tag platform)."""
ANSWER_SECONDS = 0.1
"""For the chip's answer to a command that the radio takes READ_SECONDS of."""


class Pn532Reader(PollingReader):
    """`kiosk.ports.Reader` for one PN532. `device` is its serial device, by any path."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = DEFAULT_PACE,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name, lambda: _Line(device), pace, power_cycle)
        # Every fault reaches the log once, as ReaderLost. nfcpy would repeat each, and can log
        # what it reads off cards.
        logging.getLogger("nfc").setLevel(logging.CRITICAL + 1)


class _Line:
    """`Line` to a PN532: the serial line with the chip behind it."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._transport: Any = None
        self._frontend = nfc.clf.ContactlessFrontend()
        self._type_a = nfc.clf.RemoteTarget("106A")
        self._is_set_up = False

    def open(self) -> None:
        """Open exactly this device. nfcpy's own search would poke every serial port.

        A process that was killed leaves the chip at a higher speed, where nfcpy does not look for
        it (nfcpy issue 63, pull request 191): then bring it back first.
        """
        self._transport = nfc.clf.transport.TTY(self._device)
        try:
            self._frontend.device = nfc.clf.pn532.init(self._transport)
        except OSError:
            if not self._slow_down():
                raise
            self._frontend.device = nfc.clf.pn532.init(self._transport)

    def _slow_down(self) -> bool:
        for baudrate in HIGHER_BAUDRATES:
            self._transport.open(self._device, baudrate)
            chipset = nfc.clf.pn532.Chipset(self._transport, logger=log.getChild("chip"))
            self._transport.write(WAKE_UP + chipset.ACK)  # also breaks off a command left behind
            try:
                chipset.set_serial_baudrate(BAUDRATE_AT_RESET)
            except (OSError, IndexError, chipset.Error) as silence:
                log.debug("no chip at %d baud: %s", baudrate, silence)
            else:
                return True
        return False

    def sense(self) -> Sighting | None:
        """The card in the field, if any. Switches the field off and on."""
        self._is_set_up = False
        found = self._frontend.sense(self._type_a)
        if found is None:
            return None
        is_type2 = found.sel_res is not None and found.sel_res[0] & 0x60 == 0
        read = self._read_type2 if is_type2 else _unsupported
        return Sighting(identity(bytes(found.sdd_res or found.rid_res)), read)

    def _read_type2(self) -> Evidence | Unreadable:
        return read_type2(self._read_page)

    def _read_page(self, page: int) -> bytes:
        answer = self._ask(bytearray([READ, page]))
        if len(answer) != 16:
            raise PageRefusedError(page)
        return bytes(answer)

    def _ask(self, command: bytearray) -> bytearray:
        """The card's answer, asked for twice if need be. Raises CardSlippedError without one.

        nfcpy sets the radio up before each exchange, in four commands to the chip. It stays set
        up, so one is enough from the second exchange on; serial adapters make each cost time.
        """
        ways = (self._ask_briefly if self._is_set_up else self._ask_fully, self._ask_fully)
        lost: Exception | None = None
        for ask in ways:
            try:
                answer = ask(command)
            except nfc.clf.CommunicationError as error:
                lost = error
            else:
                self._is_set_up = True
                return answer
        raise CardSlippedError from lost

    def _ask_fully(self, command: bytearray) -> bytearray:
        answer: bytearray = self._frontend.exchange(command, READ_SECONDS)
        return answer

    def _ask_briefly(self, command: bytearray) -> bytearray:
        device = self._frontend.device
        try:
            answer: bytearray = device.chipset.in_communicate_thru(command, ANSWER_SECONDS)
        except (device.chipset.Error, TimeoutError) as error:
            raise nfc.clf.TransmissionError(str(error)) from error
        if len(answer) <= 2:  # an acknowledgement of four bits has no checksum
            return answer
        if not device.check_crc_a(answer):
            raise nfc.clf.TransmissionError("wrong checksum")
        return answer[:-2]

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
        tty = self._transport.tty if self._transport is not None else None
        # The line may be closed, or opened anew, at this very moment: then nothing waits.
        with contextlib.suppress(OSError, TypeError):
            if tty is not None:
                tty.cancel_read()

    def drop(self) -> None:
        """Close the serial device itself, whatever the driver thinks of its state."""
        self._frontend.device = None
        transport, self._transport = self._transport, None
        if transport is None or transport.tty is None:
            return
        tty, transport.tty = transport.tty, None
        # An unplugged adapter may object even to being closed; the descriptor is gone either way.
        with contextlib.suppress(OSError):
            tty.close()


def _unsupported() -> Unreadable:
    return Unreadable.UNSUPPORTED
