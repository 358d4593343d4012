"""A PN532 on a serial line that is really a pseudo-terminal.

    with EmulatedPn532() as pn532:
        ...open pn532.path as the reader's serial device...
        pn532.hold(card_with_text("TS1:..."))
        pn532.lift()

Any driver that can open a serial device talks to it, from this process or from another one.
"""

import contextlib
import os
import pty
import selectors
import tempfile
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.hardware_mocks.card_model import Card
from tests.hardware_mocks.faults import Fault, Trouble, flip_a_bit, striking
from tests.hardware_mocks.pn532_chip import BAUDRATES, Code, Pn532Chip
from tests.hardware_mocks.pn532_frames import (
    ACK,
    SYNTAX_ERROR,
    TO_CHIP,
    TO_HOST,
    Control,
    FrameReader,
    frame,
)

COMMANDS_REMEMBERED = 2000
WAKE_UP_BYTES = 5
"""Idle bytes before a frame that wake a sleeping chip, with room to spare (UM0701-02, 7.2.11)."""
PATIENCE = 20.0
SPEEDS = {getattr(termios, f"B{rate}"): rate for rate in BAUDRATES if hasattr(termios, f"B{rate}")}


class EmulatedPn532:
    """A PN532 with an antenna, on a cable, in one thread.

    `path` is a stable name for the device: it stays the same when the cable is pulled and put
    back. All that is done to the emulator happens in its own thread, one thing after another;
    a call returns when it is done.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._home = None if path else tempfile.TemporaryDirectory(prefix="pn532-")
        self.path = str(path or Path(self._home.name if self._home else "") / "reader")
        self.commands: deque[int] = deque(maxlen=COMMANDS_REMEMBERED)
        """Codes of the commands received, newest last."""
        self._looks = 0
        self._progress = threading.Condition()
        self._chip = Pn532Chip()
        self._frames = FrameReader()
        self._faults: deque[Fault] = deque()
        self._hung = False
        self._ends: tuple[int, int] | None = None
        self._due: tuple[float, bytes] | None = None
        self._asked: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._bell, self._bell_button = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._open = False
        self._thread = threading.Thread(target=self._run, name="emulated pn532", daemon=True)

    def __enter__(self) -> Self:
        self._open = True
        self._thread.start()
        self.plug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- what people do to a reader

    def hold(self, *cards: Card) -> None:
        """Hold a card, or several at once, to the antenna, instead of any other."""
        self._do(lambda: self._chip.place(*cards))

    def lift(self) -> None:
        """Take the card away."""
        self._do(self._chip.place)

    def unplug(self) -> None:
        """Pull the cable: the device disappears, and the chip loses its power."""
        self._do(self._unplug)

    def plug(self) -> None:
        """Put the cable in. `path` works (again)."""
        self._do(self._plug)

    def power_cycle(self) -> None:
        """Take the chip's power away for a moment; the serial line stays."""
        self._do(self._power_cycle)

    def fault(
        self,
        trouble: Trouble,
        *,
        on: int | None = None,
        skip: int = 0,
        seconds: float = 0.0,
        garble: Callable[[bytes], bytes] = flip_a_bit,
    ) -> None:
        """Add to the script of faults. They strike in order, each once."""
        waiting = Fault(trouble, on, skip, seconds, garble)
        self._do(lambda: self._faults.append(waiting))

    def forgive(self) -> None:
        """Forget the faults that have not struck."""
        self._do(self._faults.clear)

    def close(self) -> None:
        """End the thread and remove the device. May be called twice."""
        if not self._open:
            return
        self._do(self._end)
        self._thread.join(PATIENCE)
        self._selector.close()
        os.close(self._bell)
        os.close(self._bell_button)
        if self._home is not None:
            self._home.cleanup()

    # ---- what tests look at

    @property
    def baudrate(self) -> int:
        """The speed the chip listens at, from the host's next byte on: its acknowledgement of a new
        speed may be flushed with the line on its way here."""
        agreed = self._chip.pending_baudrate
        return agreed if agreed and agreed == self._host_speed() else self._chip.baudrate

    @property
    def asleep(self) -> bool:
        """Is the chip in power-down?"""
        return self._chip.asleep

    @property
    def field_on(self) -> bool:
        """Is the antenna's field switched on?"""
        return self._chip.field_on

    @property
    def faults_left(self) -> int:
        """Faults that have not struck yet."""
        return len(self._faults)

    def await_looks(self, count: int) -> None:
        """Return when the host has looked for cards `count` times more. Raises TimeoutError."""
        wanted = self._looks + count
        self._await(lambda: self._looks >= wanted, f"{count} looks")

    def await_faults(self) -> None:
        """Return when all faults have struck. Raises TimeoutError."""
        self._await(lambda: not self._faults, "all faults")

    def _await(self, reached: Callable[[], bool], what: str) -> None:
        with self._progress:
            if not self._progress.wait_for(reached, PATIENCE):
                raise TimeoutError(f"{what} did not come about")

    # ---- the thread

    def _do(self, action: Callable[[], None]) -> None:
        if not self._open:
            raise RuntimeError("this emulated reader is closed")
        done: Future[None] = Future()
        self._asked.append((action, done))
        os.write(self._bell_button, b"!")
        done.result(PATIENCE)

    def _run(self) -> None:
        while self._open:
            for key, _ in self._selector.select(self._until_due()):
                if key.fd == self._bell:
                    self._do_what_is_asked()
                elif self._ends is not None and key.fd == self._ends[0]:
                    self._receive(_read_waiting(key.fd))
            if self._due and self._due[0] <= time.monotonic():
                due, self._due = self._due[1], None
                self._send(due)

    def _until_due(self) -> float | None:
        return max(0.0, self._due[0] - time.monotonic()) if self._due else None

    def _do_what_is_asked(self) -> None:
        os.read(self._bell, 1)
        action, done = self._asked.popleft()
        try:
            action()
        except Exception as error:  # noqa: BLE001  it belongs to the caller, in its own thread
            done.set_exception(error)
        else:
            done.set_result(None)

    def _end(self) -> None:
        self._unplug()
        self._open = False

    def _plug(self) -> None:
        if self._ends is not None:
            return
        chip_end, host_end = pty.openpty()
        tty.setraw(host_end)
        os.set_blocking(chip_end, False)
        # The host's end stays open here too: a host that dies must not hang up the line.
        self._ends = (chip_end, host_end)
        self._selector.register(chip_end, selectors.EVENT_READ)
        Path(self.path).symlink_to(os.ttyname(host_end))

    def _unplug(self) -> None:
        if self._ends is None:
            return
        Path(self.path).unlink(missing_ok=True)
        chip_end, host_end = self._ends
        self._ends = None
        self._selector.unregister(chip_end)
        os.close(host_end)
        os.close(chip_end)
        self._power_cycle()

    def _power_cycle(self) -> None:
        self._chip.reset()
        self._frames.forget()
        self._hung, self._due = False, None
        if self._ends is not None:
            termios.tcflow(self._ends[1], termios.TCOON)

    # ---- the line

    def _host_speed(self) -> int | None:
        """The speed the host has set on its end. A pseudo-terminal ignores it; a chip does not."""
        if self._ends is None:
            return None
        return SPEEDS.get(termios.tcgetattr(self._ends[0])[5])

    def _hears(self, received: bytes) -> bool:
        chip = self._chip
        speed = self._host_speed()
        if chip.pending_baudrate is not None and speed == chip.pending_baudrate:
            # The host's acknowledgement may have been flushed with the line on its way here.
            chip.baudrate, chip.pending_baudrate = speed, None
        if self._hung or speed != chip.baudrate:
            return False
        if chip.asleep:
            idle = len(received) - len(received.lstrip(b"\x00\x55"))
            chip.asleep = idle < WAKE_UP_BYTES
        return not chip.asleep

    def _receive(self, received: bytes) -> None:
        if not self._hears(received):
            self._frames.forget()
            return
        for item in self._frames.feed(received):
            if item is Control.ACK:
                self._acknowledged()
            elif isinstance(item, bytes) and item[:1] == bytes([TO_CHIP]) and len(item) > 1:
                self._command(item[1], item[2:])

    def _acknowledged(self) -> None:
        self._due = None  # an acknowledgement also breaks off a command
        if self._chip.pending_baudrate is not None:
            self._chip.baudrate, self._chip.pending_baudrate = self._chip.pending_baudrate, None

    def _command(self, code: int, parameters: bytes) -> None:
        self._chip.pending_baudrate = None  # the host went on without acknowledging the change
        self._due = None
        self.commands.append(code)
        with self._progress:
            fault = striking(self._faults, code)
            self._looks += code == Code.IN_LIST_PASSIVE_TARGET
            self._progress.notify_all()
        match fault.trouble if fault else None:
            case Trouble.DROP_ACK:
                return
            case Trouble.HANG:
                self._hung = True
                return
            case Trouble.STALL if self._ends is not None:
                termios.tcflow(self._ends[1], termios.TCOOFF)
                return
            case Trouble.UNPLUG:
                self._unplug()
                return
            case Trouble.LIFT:
                self._chip.place()
        self._send(ACK)
        reply = self._chip.execute(code, parameters)
        answer = SYNTAX_ERROR if reply is None else frame(bytes([TO_HOST, code + 1]) + reply)
        self._answer(answer, code, fault)

    def _answer(self, answer: bytes, code: int, fault: Fault | None) -> None:
        match fault.trouble if fault else None:
            case Trouble.DROP:
                return
            case Trouble.ERROR_FRAME:
                answer = SYNTAX_ERROR
            case Trouble.RF_ERROR:
                answer = frame(bytes([TO_HOST, code + 1, 0x02]))
            case Trouble.GARBLE if fault:
                answer = fault.garble(answer)
            case Trouble.DELAY if fault:
                self._due = (time.monotonic() + fault.seconds, answer)
                return
        self._send(answer)

    def _send(self, sent: bytes) -> None:
        if self._ends is not None and self._host_speed() == self._chip.baudrate:
            with contextlib.suppress(BlockingIOError):  # nobody reads: a serial line does not wait
                os.write(self._ends[0], sent)


def _read_waiting(end: int) -> bytes:
    try:
        return os.read(end, 4096)
    except BlockingIOError:  # flushed by the host since it was seen
        return b""
