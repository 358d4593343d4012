"""A contactless PC/SC reader that is a program: its firmware and antenna. `pcscd` has the daemon.

    with Pcscd() as pcscd:
        [reader] = pcscd.readers
        reader.hold(card_with_text("TS1:..."))
        reader.lift()

The driver (`pcsc_driver.c`) talks to it over a socket. Everything is answered in one thread.
"""

import contextlib
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from tests.hardware_mocks.card_model import Card
from tests.hardware_mocks.faults import Fault, Trouble, flip_a_bit, striking
from tests.hardware_mocks.pcsc_antenna import REFUSED, Antenna

PATIENCE = 20.0
APDUS_REMEMBERED = 2000
HEAD = struct.Struct(">cI")
FINE, FAILED = b"\0", b"\1"
CARD_GONE = {Trouble.LIFT, Trouble.RF_ERROR}


class EmulatedPcscReader:
    """`name` is what pcscd calls it, less two numbers. pcscd goes on listing it while its cable is
    out, as one that cannot be used: what it does with readers that are not on USB."""

    def __init__(self, path: Path, name: str, is_served: Callable[[], bool]) -> None:
        self.name, self.path = name, path
        self.apdus: deque[bytes] = deque(maxlen=APDUS_REMEMBERED)
        """What was sent to the reader or its card, newest last."""
        self.antenna = Antenna()
        self._is_served = is_served
        self._changed = threading.Condition()
        self._faults: deque[Fault] = deque()
        self._plugged = self._open = True
        self._hung = False
        self._sent = self._acted = self._calls = 0
        self._control: socket.socket | None = None
        self._events: socket.socket | None = None
        self._closing = threading.Event()
        self._bell, self._bell_button = socket.socketpair()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"emulated {name}", daemon=True)
        self._thread.start()

    # ---- what people do to a reader

    def hold(self, card: Card) -> None:
        """Hold a card to it, instead of any other. Returns when pcscd knows."""
        self.lift()
        self._place(card)

    def lift(self) -> None:
        """Take the card away. Returns when pcscd knows."""
        if self.antenna.card is not None:
            self._place(None)

    def unplug(self) -> None:
        """Pull the cable. Returns when pcscd knows."""
        with self._changed:
            calls, was_watched = self._calls, self._events is not None
            self._cut()
        if was_watched:
            self._await(lambda: self._calls > calls, "pcscd's asking for the reader")

    def plug(self) -> None:
        """Put the cable in. Returns when pcscd watches the reader, if it runs."""
        with self._changed:
            self._plugged, self._hung = True, False
        if self._is_served():
            self.await_daemon()

    def power_cycle(self) -> None:
        """Take the reader's power away for a moment, which ends a hang."""
        self.unplug()
        self.plug()

    def fault(
        self,
        trouble: Trouble,
        *,
        on: int | None = None,
        skip: int = 0,
        seconds: float = 0.0,
        garble: Callable[[bytes], bytes] = flip_a_bit,
    ) -> None:
        """Add to the script of faults. `on` is the INS of the APDU. They strike in order, each
        once."""
        with self._changed:
            self._faults.append(Fault(trouble, on, skip, seconds, garble))

    def forgive(self) -> None:
        """Forget the faults that have not struck."""
        with self._changed:
            self._faults.clear()

    def await_faults(self) -> None:
        """Return when all faults have struck. Raises TimeoutError."""
        self._await(lambda: not self._faults, "all faults")

    def await_daemon(self) -> None:
        """Return when pcscd watches the reader, if it is plugged in. Raises TimeoutError."""
        self._await(
            lambda: not self._plugged or (self._events is not None and self._is_settled()),
            "pcscd's attention",
        )

    def await_nobody(self) -> None:
        """Return when pcscd has let go of the reader. Raises TimeoutError."""
        self._await(lambda: self._control is self._events is None, "pcscd's letting go")

    def close(self) -> None:
        """End the thread. May be called twice."""
        if not self._open:
            return
        self._open = False
        self._closing.set()
        self._bell_button.send(b"!")
        self._thread.join(PATIENCE)
        for end in (self._control, self._events, self._listener, self._bell, self._bell_button):
            if end is not None:
                end.close()
        self._selector.close()
        self.path.unlink(missing_ok=True)

    def _place(self, card: Card | None) -> None:
        with self._changed:
            self.antenna.place(card)
            self._announce()
        self._await(self._is_settled, "pcscd's attention")

    def _cut(self) -> None:
        """Break off both connections. The lock is held."""
        self._plugged = False
        for end in (self._control, self._events):
            if end is not None:
                end.shutdown(socket.SHUT_RDWR)

    def _announce(self) -> None:
        """Tell the driver that something has changed. The lock is held."""
        if self._events is not None:
            self._sent += 1
            with contextlib.suppress(OSError):  # pcscd was stopped at this very moment
                self._events.send(b"!")

    def _is_settled(self) -> bool:
        """Does pcscd know, or does nobody ask? Nobody hears of a card before a hung reader."""
        return self._acted >= self._sent or self._events is None or self._hung

    def _await(self, reached: Callable[[], bool], what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, PATIENCE):
                raise TimeoutError(f"{what} did not come about")

    # ---- the thread

    def _run(self) -> None:
        while self._open:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._control:
                    self._serve(self._control)
                elif key.fileobj is self._events:
                    self._hear(self._events)

    def _accept(self) -> None:
        end, _ = self._listener.accept()
        role = end.recv(1)
        with self._changed:
            self._calls += 1
            self._changed.notify_all()
            if not self._plugged or self._hung:
                end.close()
                return
            if role == b"C":
                self._forget(self._control)
                self._control = end
            else:
                self._forget(self._events)
                self._events, self._sent, self._acted = end, 0, -1
            self._selector.register(end, selectors.EVENT_READ)
            self._changed.notify_all()

    def _forget(self, end: socket.socket | None) -> None:
        if end is not None:
            self._selector.unregister(end)
            end.close()

    def _hear(self, events: socket.socket) -> None:
        """How many changes pcscd has acted on."""
        told = _exactly(events, 4)
        with self._changed:
            if told:
                self._acted = int.from_bytes(told)
            else:
                self._forget(events)
                self._events = None
            self._changed.notify_all()

    def _serve(self, control: socket.socket) -> None:
        head = _exactly(control, HEAD.size)
        if not head:
            with self._changed:
                self._forget(control)
                self._control = None
                self._changed.notify_all()
            return
        request, size = HEAD.unpack(head)
        answer = self._answer(request, _exactly(control, size))
        if answer is None:
            return
        status, content = answer
        with contextlib.suppress(OSError):  # the driver did not wait for it
            control.sendall(HEAD.pack(status, len(content)) + content)

    def _answer(self, request: bytes, content: bytes) -> tuple[bytes, bytes] | None:
        if not self._plugged:
            return FAILED, b""
        if self._hung:
            return None
        with self._changed:
            match request:
                case b"P":
                    return FINE, bytes([self.antenna.card is not None])
                case b"U":
                    atr = self.antenna.power_up()
                    return (FINE, atr) if atr else (FAILED, b"")
                case b"D":
                    return FINE, b""
        return self._transmit(content)

    def _transmit(self, apdu: bytes) -> tuple[bytes, bytes] | None:
        with self._changed:
            self.apdus.append(apdu)
            fault = striking(self._faults, apdu[1] if len(apdu) > 1 else -1)
            self._changed.notify_all()
            trouble = fault.trouble if fault else None
            if trouble in CARD_GONE:
                return self._lose_card(trouble)
            if trouble is Trouble.HANG:
                self._hung = True
                self._changed.notify_all()
                return None
            if trouble is Trouble.UNPLUG:
                self._cut()
            if trouble not in (None, Trouble.GARBLE, Trouble.DELAY):
                return FAILED, b""
            reply = self.antenna.answer(apdu)
        if reply is None:
            return FAILED, b""
        if fault and trouble is Trouble.GARBLE:
            return FINE, fault.garble(reply)
        if fault:
            self._closing.wait(fault.seconds)
        return FINE, reply

    def _lose_card(self, trouble: Trouble | None) -> tuple[bytes, bytes]:
        """A memory card is spoken to by the firmware, which says that it failed; with any other
        the whole exchange fails."""
        speaks_for_card = self.antenna.is_memory_card
        if trouble is Trouble.LIFT:
            self.antenna.place(None)
            self._announce()
        return (FINE, REFUSED) if speaks_for_card else (FAILED, b"")


def _exactly(end: socket.socket, size: int) -> bytes:
    """So many bytes; none at the end of the connection."""
    received = b""
    while len(received) < size:
        try:
            more = end.recv(size - len(received))
        except OSError:
            return b""
        if not more:
            return b""
        received += more
    return received
