"""Stands between a serial device and its driver, and takes down what goes through.

The driver works on a pseudo-terminal, `path`. The device's line follows the speed that the driver
sets on its end. A PN532 is to hear the driver's acknowledgement before it changes its own.
"""

import contextlib
import os
import pty
import selectors
import termios
import threading
import tty
from functools import partial
from types import TracebackType
from typing import Self

import serial

from tests.hardware_mocks.pn532 import SPEEDS
from tests.hardware_mocks.pn532_chip import BAUDRATES, Code
from tests.hardware_mocks.pn532_frames import ACK as ACK_FRAME
from tests.hardware_mocks.pn532_frames import TO_CHIP, TO_HOST, Control, FrameReader
from tests.hardware_mocks.traces.recorder import Recorder
from tests.hardware_mocks.traces.trace import ACK, From, To

PATIENCE = 20.0
WRITE_SECONDS = 1.0
CHANGED = bytes([TO_HOST, Code.SET_SERIAL_BAUDRATE + 1])
CHANGE = bytes([TO_CHIP, Code.SET_SERIAL_BAUDRATE])


class Relay:
    """In one thread. When the device is gone, so is `path`. `is_framed`: frames of a PN532."""

    def __init__(self, device: str, baudrate: int, recorder: Recorder, *, is_framed: bool) -> None:
        """Raises SerialException when the device cannot be had."""
        self._recorder = recorder
        self._line = serial.Serial(
            device, baudrate, timeout=0, write_timeout=WRITE_SECONDS, exclusive=True
        )
        self._host_frames = FrameReader() if is_framed else None
        self._device_frames = FrameReader()
        self._wanted: int | None = None
        self._pending: int | None = None
        """The chip has agreed to this speed, and waits for the host's acknowledgement."""
        self._ends: tuple[int, int] = pty.openpty()
        tty.setraw(self._ends[1])
        os.set_blocking(self._ends[0], False)
        self.path = os.ttyname(self._ends[1])
        self._bell, self._button = os.pipe()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._button, b"!")
        self._thread.join(PATIENCE)
        for end in (self._bell, self._button):
            os.close(end)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector, self._line:
            for end in (self._bell, self._ends[0], self._line.fileno()):
                selector.register(end, selectors.EVENT_READ)
            try:
                while all(self._pass_on(key.fd) for key, _ in selector.select()):
                    pass
                if self._pending is not None:  # the driver has closed its end right behind it
                    self._acknowledged(b"", self._pending)
            except (OSError, termios.error) as fault:
                self._recorder.lost(f"the device is gone: {type(fault).__name__}")
            finally:
                for end in self._ends:
                    os.close(end)

    def _pass_on(self, end: int) -> bool:
        """False: it is over."""
        if end == self._bell:
            return False
        if end == self._ends[0]:
            with contextlib.suppress(BlockingIOError):  # flushed by the host since it was seen
                self._from_host(os.read(end, 4096))
        else:
            self._from_device(self._line.read(4096))
        return True

    def _from_host(self, said: bytes) -> None:
        for item in self._framed(self._host_frames, said):
            self._recorder.add(partial(To, said=item))
            if item.startswith(CHANGE.hex()):
                self._wanted = BAUDRATES[bytes.fromhex(item)[2]]
        if self._pending is not None:
            said = self._acknowledged(said, self._pending)
        speed = SPEEDS.get(termios.tcgetattr(self._ends[0])[5])
        if speed is not None and speed != self._line.baudrate:
            self._line.baudrate = speed
        self._line.write(said)

    def _acknowledged(self, said: bytes, speed: int) -> bytes:
        """Change the speed with the chip. The rest of what was said is for the new one. The
        driver may have flushed its acknowledgement away: a real line would have carried it."""
        at = said.find(ACK_FRAME)
        head, rest = (b"", said) if at < 0 else (said[:at], said[at + len(ACK_FRAME) :])
        self._line.write(head + ACK_FRAME)
        self._line.flush()
        self._line.baudrate, self._pending = speed, None
        return rest

    def _from_device(self, said: bytes) -> None:
        if self._host_frames is None:
            self._recorder.add(lambda t: From(t, said.hex()))
        else:
            for item in self._framed(self._device_frames, said):
                self._recorder.add(partial(From, said=item))
                if item == CHANGED.hex():
                    self._pending = self._wanted
        with contextlib.suppress(BlockingIOError):  # nobody reads: a serial line does not wait
            os.write(self._ends[0], said)

    def _framed(self, frames: FrameReader | None, said: bytes) -> list[str]:
        """What is complete of frames: their contents."""
        if frames is None:
            return []
        return [ACK if isinstance(item, Control) else item.hex() for item in frames.feed(said)]
