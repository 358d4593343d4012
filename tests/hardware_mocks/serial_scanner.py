"""A scanner on a serial line that is really a pseudo-terminal.

with EmulatedSerialScanner() as scanner:
    ...open scanner.path as the reader's serial device...
    scanner.scan("TS1:...")
    scanner.hold("TS1:...")  # says it again and again, as in presentation mode
    scanner.lift()
"""

import contextlib
import fcntl
import os
import pty
import struct
import tempfile
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.hardware_mocks.faults import Fault, Trouble, flip_a_bit, striking

REPEAT_SECONDS = 0.03
"""Between two times that a held code is said. A real one takes longer."""
PATIENCE = 20.0
MOMENT = 0.002


class EmulatedSerialScanner:
    """`path` is a stable name for the device: it stays the same when the cable is pulled and put
    back. Safe from any thread. `repeats_itself`: a thread of its own says what is held up again and
    again; if not, whoever holds the scanner calls `repeat`.
    """

    def __init__(self, path: Path | None = None, repeats_itself: bool = True) -> None:
        self._repeats_itself = repeats_itself
        self._home = None if path else tempfile.TemporaryDirectory(prefix="scanner-")
        self.path = str(path or Path(self._home.name if self._home else "") / "scanner")
        self._guard = threading.Condition()
        self._ends: tuple[int, int] | None = None
        self._held: bytes | None = None
        self._unsaid = b""
        self._faults: deque[Fault] = deque()
        self._is_open = False
        self._thread = threading.Thread(target=self._run, name="emulated scanner", daemon=True)

    def __enter__(self) -> Self:
        self._is_open = True
        self.plug()
        if self._repeats_itself:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._guard:
            self._is_open = False
            self._guard.notify_all()
        if self._repeats_itself:
            self._thread.join(PATIENCE)
        self.unplug()
        if self._home is not None:
            self._home.cleanup()

    # ---- what people do to a scanner

    def scan(self, text: str, terminator: str = "\r") -> None:
        """Hold a code up for a moment, and return when the host has read what was said of it."""
        self.send((text + terminator).encode())

    def hold(self, said: bytes) -> None:
        """Hold something up that makes the scanner say this, again and again."""
        with self._guard:
            self._held = said
            self._guard.notify_all()

    def lift(self) -> None:
        """Take it away."""
        with self._guard:
            self._held = None

    def unplug(self) -> None:
        """Pull the cable: the device disappears."""
        with self._guard:
            if self._ends is None:
                return
            Path(self.path).unlink(missing_ok=True)
            for end in self._ends:
                os.close(end)
            self._ends = None

    def plug(self) -> None:
        """Put the cable in. `path` works (again)."""
        with self._guard:
            if self._ends is not None:
                return
            scanner_end, host_end = pty.openpty()
            tty.setraw(host_end)
            os.set_blocking(scanner_end, False)
            # The host's end stays open here too: a host that dies must not hang up the line.
            self._ends = (scanner_end, host_end)
            Path(self.path).symlink_to(os.ttyname(host_end))

    def fault(
        self,
        trouble: Trouble,
        *,
        skip: int = 0,
        seconds: float = 0.0,
        garble: Callable[[bytes], bytes] = flip_a_bit,
    ) -> None:
        """Add to the script of faults: DROP, GARBLE, DELAY, LIFT (half a code and no more) or
        UNPLUG (half a code, then the cable). They strike in order, each once."""
        with self._guard:
            self._faults.append(Fault(trouble, None, skip, seconds, garble))

    # ---- the line

    def send(self, said: bytes) -> None:
        """Say this once, and return when the host has read it. Raises TimeoutError."""
        with self._guard:
            fault = striking(self._faults)
            match fault.trouble if fault else None:
                case Trouble.DROP:
                    return
                case Trouble.GARBLE if fault:
                    said = fault.garble(said)
                case Trouble.LIFT | Trouble.UNPLUG:
                    said = said[: len(said) // 2]
        if fault and fault.trouble is Trouble.DELAY:
            time.sleep(fault.seconds)
        with self._guard:
            self._unsaid += said
        self.await_silence()
        if fault and fault.trouble is Trouble.UNPLUG:
            self.unplug()

    def await_silence(self) -> None:
        """Return when the host has read all that was said. Raises TimeoutError."""
        until = time.monotonic() + PATIENCE
        while not (self.push() and self._is_read()):
            if time.monotonic() > until:
                raise TimeoutError("nobody reads what the scanner says")
            time.sleep(MOMENT)

    def repeat(self) -> None:
        """Say what is held up once more, if the host has read all that was said; if not, as much
        of the rest as the line takes."""
        with self._guard:
            if self._held is not None and not self._unsaid and self._is_read():
                self._unsaid = self._held
            self.push()

    def push(self) -> bool:
        """Give the line as much as it takes. Whether that was all."""
        with self._guard:
            if self._ends is None:
                self._unsaid = b""
            elif self._unsaid:
                with contextlib.suppress(BlockingIOError):
                    self._unsaid = self._unsaid[os.write(self._ends[0], self._unsaid) :]
            return not self._unsaid

    def _run(self) -> None:
        while self._is_open:
            with self._guard:
                self._guard.wait(REPEAT_SECONDS)
            self.repeat()

    def _is_read(self) -> bool:
        with self._guard:
            if self._ends is None:
                return True
            waiting = fcntl.ioctl(self._ends[1], termios.FIONREAD, b"\0\0\0\0")
        return bool(struct.unpack("i", waiting)[0] == 0)
