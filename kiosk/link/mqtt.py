"""Port `Link`: one thread that lives one connection after the other.

Every use of a connection is under one lock. A message is written to the socket by the thread that
hands it over, so a question waits for no other thread; the link's own thread reads.
"""

import logging
import os
import select
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping

from kiosk.events import LinkChanged
from kiosk.link.connection import Address, Connection, LinkError
from kiosk.link.incoming import Incoming
from kiosk.ports import Received, Report
from presence.ids import KioskId
from presence.messages import FromKiosk, Question
from presence.trust import TrustList

log = logging.getLogger(__name__)

SETTLING_SECONDS = 10.0
"""From the connection to the confirmed subscription at most; and at least so long must a link hold
before the pauses between attempts begin anew."""
_TICK_MS = 1000
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds."""


class MqttLink:
    """`report` hears of the link's coming and going, `received` gets every message that is one of
    this contract and meant for this kiosk; both are called from the link's own thread and must not
    block. `connection` gives a number that rises, over restarts too; `jitter` one from 0 up to 1.
    """

    def __init__(
        self,
        kiosk: KioskId,
        address: Address,
        trust: TrustList,
        report: Report,
        received: Received,
        *,
        connection: Callable[[], int],
        jitter: Callable[[], float],
    ) -> None:
        self._kiosk, self._address = kiosk, address
        self._report, self._received = report, received
        self._number, self._jitter = connection, jitter
        self._incoming = Incoming(kiosk, trust)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._was_up = False
        self._has_told_down = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_ending = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self.faults = 0
        """Exceptions of our own in a connection. Each ended that connection, and no more."""

    # --- for the loop's thread ---

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end the thread. May be called twice."""
        if self._is_ending.is_set():
            return
        self._is_ending.set()
        self._hurry.set()
        self._nudge()
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake)

    @property
    def is_running(self) -> bool:
        """The link's thread lives, whether there is a connection or not."""
        return self._thread.is_alive()

    @property
    def ignored(self) -> Mapping[str, int]:
        """How many messages came in and were not taken, by kind of fault."""
        return self._incoming.ignored

    def ask(self, question: Question) -> bool:
        """Put a question, now or never. False: not handed over; nothing will be answered."""
        with self._lock:
            connection = self._connection
            if connection is not None:
                return self._written(connection, connection.ask(question))
        self._hurry.set()  # somebody stands at the door: worth another attempt
        return False

    def send(self, message: FromKiosk) -> bool:
        """Hand over any other message. False: no link or no room."""
        with self._lock:
            connection = self._connection
            return connection is not None and self._written(connection, connection.send(message))

    def _written(self, connection: Connection, is_sent: bool) -> bool:
        """What did not fit into the socket, or found it dead, is for the link's own thread."""
        if connection.wants_to_write or not connection.is_open:
            self._nudge()
        return is_sent

    def _nudge(self) -> None:
        os.eventfd_write(self._wake, 1)

    # --- the link's thread ---

    def _run(self) -> None:
        failures = 0
        while not self._is_ending.is_set():
            began = time.monotonic()
            try:
                self._live()
            except (OSError, LinkError) as error:
                self._tell_down(str(error))
            except Exception as error:  # noqa: BLE001 - the top of the thread, which must live on
                self._tell_fault(error)
            was_up = self._let_go()
            has_held = was_up and time.monotonic() - began > SETTLING_SECONDS
            failures = 0 if has_held else failures + 1
            self._rest(pause(failures, self._jitter()))

    def _rest(self, seconds: float) -> None:
        """Between two attempts. A question ends it, but not its first second."""
        self._is_ending.wait(SHORTEST_PAUSE)
        if not self._is_ending.is_set():
            self._hurry.wait(seconds - SHORTEST_PAUSE)
        self._hurry.clear()

    def _live(self) -> None:
        """One connection. Returns when the link is to end, else raises OSError or LinkError."""
        connection = Connection(
            self._kiosk, self._address, self._number(), self._came_up, self._heard
        )
        try:
            sock = connection.open()
            self._connection = connection
            self._pump(connection, sock)
        finally:
            with self._lock:
                connection.close()

    def _pump(self, connection: Connection, sock: socket.socket) -> None:
        """Read, write and keep alive for as long as there is a reason to."""
        up_by = time.monotonic() + SETTLING_SECONDS
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        while True:
            with self._lock:
                if not connection.is_open:
                    raise LinkError(connection.why)
                poll.register(sock, select.POLLIN | connection.wants_to_write * select.POLLOUT)
            ready = [descriptor for descriptor, _ in poll.poll(_TICK_MS)]
            with self._lock:
                if self._wake in ready:
                    os.eventfd_read(self._wake)
                if self._is_ending.is_set():
                    connection.say_goodbye()
                    return
                connection.work(is_readable=sock.fileno() in ready)
            if not connection.is_up and time.monotonic() > up_by:
                raise LinkError("the broker did not confirm the subscription in time")

    def _let_go(self) -> bool:
        """Forget the connection. True: it had been up, and the loop has been told that it went."""
        with self._lock:
            self._connection = None
        was_up, self._was_up = self._was_up, False
        if was_up:
            self._report(LinkChanged(is_up=False))
        return was_up

    def _came_up(self) -> None:
        self._was_up = True
        if self._has_told_down:
            self._has_told_down = False
            log.info("the link to the server is back")
        self._report(LinkChanged(is_up=True))

    def _heard(self, topic: str, payload: bytes) -> None:
        taken = self._incoming.read(topic, payload)
        if taken is not None:
            self._received(*taken)

    def _tell_down(self, why: str) -> None:
        if not self._has_told_down:
            self._has_told_down = True
            log.warning("no link to the server at %s: %s", self._address, why)

    def _tell_fault(self, error: Exception) -> None:
        """Only where it happened: what such an error says may hold what nobody expected."""
        self.faults += 1
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "a fault in the link, it connects afresh: %s in %s, %s line %d",
            type(error).__name__,
            place.name,
            place.filename,
            place.lineno or 0,
        )


def pause(failures: int, jitter: float) -> float:
    """Seconds before the next attempt: at least 1, and up to 2, 4, 8, … 60 (WIRE)."""
    longest = min(LONGEST_PAUSE, 2.0 ** min(failures + 1, 6))
    return SHORTEST_PAUSE + jitter * (longest - SHORTEST_PAUSE)
