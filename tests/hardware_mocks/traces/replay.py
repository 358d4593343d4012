"""Devices that say what a trace says, to our own readers.

The reader must ask what it asked when the trace was taken down, in the same order. The first thing
that differs is told, with its line: then either the driver no longer does with a real device what
worked before, or the trace has to be taken down anew.
"""

import threading
from collections.abc import Callable

from msgspec.structs import replace

from kiosk.events import ReaderEvent
from kiosk.ports import Reader
from kiosk.readers.scanner import LOOK_SECONDS, SCANNER_PACE
from tests.hardware_mocks.hid_scanner import EV_SYN, EmulatedHidScanner, ReaderBehindGlass
from tests.hardware_mocks.pcsc_antenna import Antenna, ContactCard
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.pn532_chip import Code
from tests.hardware_mocks.pn532_frames import ACK as ACK_FRAME
from tests.hardware_mocks.pn532_frames import TO_CHIP, frame
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner
from tests.hardware_mocks.traces.trace import (
    ACK,
    READER,
    Asked,
    CardCame,
    CardWent,
    From,
    Item,
    Keys,
    To,
    Trace,
)

PATIENCE = 20.0
TRIES = 5
LINES_BEFORE = 2
"""Lines of the file before the first item, counted from 1."""


class ReplayDiffersError(AssertionError):
    """The reader asks or tells something else than the trace. Says what, and at which line."""


class Progress:
    """Where in a trace a replay is, and what the reader has told. Safe from any thread."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.changed = threading.Condition()
        self.at = 0
        self._told: list[ReaderEvent] = []
        self._fault: Exception | None = None
        self._is_over = False

    def tell(self, event: ReaderEvent) -> None:
        """The reader's report."""
        with self.changed:
            if self._is_over or self._fault:
                return
            self._told.append(event)
            told = [line.told() for line in self.trace.expected]
            if told[: len(self._told)] != self._told:
                meant = told[len(self._told) - 1 :][:1] or "nothing more"
                self._fault = ReplayDiffersError(
                    f"{self.place()}: the reader told {event}, expected {meant}"
                )
            self.changed.notify_all()

    def place(self) -> str:
        return f"line {self.at + LINES_BEFORE}"

    def differs(self, what: str) -> None:
        """The reader does something else. Whoever waits hears of it."""
        with self.changed:
            if not self._is_over and self._fault is None:
                self._fault = ReplayDiffersError(f"{self.place()}: {what}")
            self.changed.notify_all()

    def step(self) -> None:
        """One item more has been on the wire."""
        with self.changed:
            self.at += 1
            self.changed.notify_all()

    @property
    def next(self) -> Item | None:
        items = self.trace.items
        return items[self.at] if self.at < len(items) else None

    def finish(self) -> None:
        """What the reader does from now on is of no interest."""
        with self.changed:
            self._is_over = True
            self.changed.notify_all()

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Raises whatever has gone wrong, or says what did not come about."""
        with self.changed:
            came = self.changed.wait_for(lambda: self._fault or reached(), PATIENCE)
            if self._fault:
                raise self._fault
            if not came:
                raise ReplayDiffersError(f"{self.place()}: the reader waits, told {self._told}")

    def wait_until_told(self) -> None:
        """Return when the reader has told what it told before the next line."""
        self.wait_for(self.has_told)

    def has_told(self) -> bool:
        """Has the reader told all that it told before the next line?"""
        return len(self._told) >= sum(line.after <= self.at for line in self.trace.expected)

    def wait_for_step(self) -> None:
        before = self.at
        self.wait_for(lambda: self.at > before)

    def is_over(self) -> bool:
        return self._is_over


class ReplayedPn532(EmulatedPn532):
    """A PN532 that answers each command as the trace says, if it is the trace's next."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.progress = Progress(trace)

    def _command(self, code: int, parameters: bytes) -> None:
        if self.progress.is_over():
            return
        self._skip_acknowledgements()
        asked = (bytes([TO_CHIP, code]) + parameters).hex()
        item = self.progress.next
        if not isinstance(item, To) or item.said != asked:
            meant = item.said if isinstance(item, To) else "something else"
            self.progress.differs(f"the driver asks {asked}, in the trace it asked {meant}")
            return
        self._chip.pending_baudrate = None
        if code == Code.SET_SERIAL_BAUDRATE:
            self._chip.execute(code, parameters)
        self.progress.step()
        while isinstance(item := self.progress.next, From):
            self._send(ACK_FRAME if item.said == ACK else frame(bytes.fromhex(item.said)))
            self.progress.step()
        if self.progress.next is None:
            self.progress.finish()

    def _skip_acknowledgements(self) -> None:
        """The driver's own, some of which a pseudo-terminal loses."""
        while isinstance(item := self.progress.next, To) and item.said == ACK:
            self.progress.step()


class _ReplayedAntenna(Antenna):
    """The firmware and the card of the trace."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def power_up(self) -> bytes:
        return self.card.atr if isinstance(self.card, ContactCard) else b""

    def answer(self, apdu: bytes) -> bytes | None:
        item = self._progress.next
        if not isinstance(item, Asked) or item.command != apdu.hex():
            meant = item.command if isinstance(item, Asked) else "nothing"
            self._progress.differs(f"the reader asks {apdu.hex()}, in the trace it asked {meant}")
            return None
        self._progress.step()
        return None if item.answer is None else bytes.fromhex(item.answer)


class ReplayedPcsc(Pcscd):
    """A PC/SC reader at a real pcscd: cards come and go, and answer APDUs, as the trace says."""

    def __init__(self, trace: Trace) -> None:
        super().__init__([f"{trace.header.model} PICC".strip()])
        self.progress = Progress(trace)

    def play(self) -> None:
        """Everything that people did. The reader has to be started."""
        [reader] = self.readers
        with reader._changed:
            reader.antenna = _ReplayedAntenna(self.progress)
        progress = self.progress
        progress.wait_until_told()
        while (item := progress.next) is not None:
            if isinstance(item, CardCame):
                progress.step()
                reader.hold(ContactCard(bytes.fromhex(item.atr) or None))
            elif isinstance(item, CardWent):
                progress.step()
                reader.lift()
            else:
                progress.wait_for_step()
            progress.wait_until_told()


class ReplayedScanner(EmulatedSerialScanner):
    """A scanner on a serial line that says what the trace says, at the same distances."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(repeats_itself=False)
        self.progress = Progress(trace)

    def play(self) -> None:
        """Everything that was scanned. The reader has to be started."""
        progress, before = self.progress, 0.0
        progress.wait_until_told()
        while isinstance(item := progress.next, From):
            threading.Event().wait(item.t - before)
            before = item.t
            progress.step()
            self.send(bytes.fromhex(item.said))
            progress.wait_until_told()
        progress.wait_until_told()


class ReplayedHidScanner(EmulatedHidScanner):
    """A scanner that types what the trace says, at the same distances counted in looks."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.progress = Progress(trace)
        self._typed_at = 0.0
        self._quiet_looks = 0

    def on_look(self) -> None:
        """The reader is about to look, and to find what is typed by then."""
        if not self._typing and not self._quiet_looks and self.progress.has_told():
            item = self.progress.next
            if isinstance(item, Keys):
                self._quiet_looks = int((item.t - self._typed_at) / LOOK_SECONDS)
                self._typed_at = item.t
                for event in item.events:
                    self._typing.extend([event, (EV_SYN, 0, 0)])
                self.progress.step()
        if self._quiet_looks:
            self._quiet_looks -= 1
        else:
            self.feed(0)

    def play(self) -> None:
        """Everything that was scanned. The reader has to be started."""
        items = self.progress.trace.items
        self.progress.wait_for(lambda: self.progress.at == len(items))
        self.progress.wait_until_told()


def replay(trace: Trace) -> None:
    """Replay a trace to our own reader. Raises ReplayDiffersError for what differs twice: on a busy
    machine a driver may lose its patience once."""
    play, before = _PLAYERS[trace.header.family], ""
    for _ in range(TRIES):
        try:
            play(trace)
            return
        except ReplayDiffersError as difference:
            if str(difference) == before:
                raise
            before = str(difference)
    raise ReplayDiffersError(f"no two replays were alike; the last: {before}")


def _run(reader: Reader, progress: Progress, play: Callable[[], None]) -> None:
    reader.start(progress.tell)
    try:
        play()
        progress.wait_until_told()
    finally:
        progress.finish()
        reader.stop()


def _pn532(trace: Trace) -> None:
    from kiosk.readers.nfc_pn532 import Pn532Reader
    from kiosk.readers.polling import DEFAULT_PACE

    pace = replace(DEFAULT_PACE, looks_until_gone=trace.header.looks_until_gone)
    with ReplayedPn532(trace) as pn532:
        progress = pn532.progress
        reader = Pn532Reader(READER, pn532.path, pace)
        _run(reader, progress, lambda: progress.wait_for(progress.is_over))


def _pcsc(trace: Trace) -> None:
    from kiosk.readers.pcsc import PCSC_PACE, PcscReader

    pace = replace(PCSC_PACE, looks_until_gone=trace.header.looks_until_gone)
    with ReplayedPcsc(trace) as pcsc:
        _run(PcscReader(READER, "", pace), pcsc.progress, pcsc.play)


def _serial_scanner(trace: Trace) -> None:
    from kiosk.readers.serial_scanner import SerialScanner

    pace = replace(SCANNER_PACE, looks_until_gone=trace.header.looks_until_gone)
    with ReplayedScanner(trace) as scanner:
        _run(SerialScanner(READER, scanner.path, pace), scanner.progress, scanner.play)


def _hid_scanner(trace: Trace) -> None:
    with ReplayedHidScanner(trace) as scanner:
        looks = trace.header.looks_until_gone
        reader = ReaderBehindGlass(READER, scanner, looks, scanner.on_look)
        _run(reader, scanner.progress, scanner.play)


_PLAYERS: dict[str, Callable[[Trace], None]] = {
    "pn532": _pn532,
    "pcsc": _pcsc,
    "serial_scanner": _serial_scanner,
    "hid_scanner": _hid_scanner,
}
