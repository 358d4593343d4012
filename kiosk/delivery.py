"""When which entries are sent, and sent again. Decides only; the loop sends (port `Delivery`).

One batch is on its way at a time, so a slow server is never flooded, and an entry leaves the outbox
by its receipt alone. A batch that stays without its receipts is sent again, later each time; what
the server has already, it answers as duplicate.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from kiosk.ports import Outbox
from presence import codec
from presence.ids import EventId, KioskId
from presence.messages import MAX_ENTRIES, Entries, Receipt, Settlement
from presence.topics import UP_LIMIT

RESEND_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 20, 40, 60))
"""Pauses before a second, third, … attempt (WIRE); the last one repeats."""
AGAIN = timedelta(seconds=1)
"""Before another attempt, where the link had no room."""
_JITTER = 0.25
"""A pause is made longer by up to this share of it, so that kiosks do not march in step."""


class UploadSchedule:
    """Port `Delivery`. Times are uptimes of the kiosk; `jitter` gives numbers from 0 up to 1."""

    def __init__(self, outbox: Outbox, kiosk: KioskId, jitter: Callable[[], float]) -> None:
        self._outbox = outbox
        self._kiosk = kiosk
        self._jitter = jitter
        self._room = UP_LIMIT - len(codec.encode(Entries(kiosk=kiosk, entries=())))
        self._is_up = False
        self._in_flight: set[str] = set()
        self._attempts = 0
        self._due_at: timedelta | None = None

    def due(self, uptime: timedelta) -> Entries | None:
        """What to send now, if anything: at most 100 entries and 16 KiB, the oldest first."""
        if not self._is_up or self._due_at is None or uptime < self._due_at:
            return None
        batch = self._batch()
        self._in_flight = {event for event, _ in batch}
        if not batch:
            self._due_at = None
            return None
        self._due_at = uptime + self._pause()
        self._attempts += 1
        return Entries(kiosk=self._kiosk, entries=tuple(msgspec.Raw(body) for _, body in batch))

    def next_at(self) -> timedelta | None:
        """When to ask again at the latest; None: not before something happens."""
        return self._due_at if self._is_up else None

    def recorded(self, uptime: timedelta) -> None:
        """A new entry waits. It goes at once, or after the batch that is on its way."""
        if not self._in_flight:
            self._due_at = uptime

    def not_sent(self, uptime: timedelta) -> None:
        """The link did not take what was due: nothing is on its way."""
        self._in_flight = set()
        self._attempts -= 1
        self._due_at = uptime + AGAIN

    def settled(self, receipts: Sequence[Receipt], uptime: timedelta) -> None:
        """Receipts came, for whichever attempt. After the last one the next batch goes at once."""
        self._outbox.settle(receipts)
        had = bool(self._in_flight)
        self._in_flight.difference_update(receipt.event for receipt in receipts)
        if had and not self._in_flight:
            self._attempts = 0
            self._due_at = uptime

    def link_changed(self, is_up: bool, uptime: timedelta) -> None:
        """What was on its way when the link went may be lost: begin anew when it is back."""
        self._is_up = is_up
        self._in_flight = set()
        self._attempts = 0
        self._due_at = uptime if is_up else None

    def _batch(self) -> list[tuple[str, bytes]]:
        batch: list[tuple[str, bytes]] = []
        left = self._room
        for event, body in self._outbox.waiting(MAX_ENTRIES):
            if len(body) > self._room:
                self._park(event)
                continue
            left -= len(body) + (1 if batch else 0)
            if left < 0:
                break
            batch.append((event, body))
        return batch

    def _park(self, event: str) -> None:
        """No message could ever carry it, so it must not hold up the others."""
        receipt = Receipt(EventId(event), Settlement.REJECTED, "larger than a message may be")
        self._outbox.settle([receipt])

    def _pause(self) -> timedelta:
        pause = RESEND_AFTER[min(self._attempts, len(RESEND_AFTER) - 1)]
        return pause * (1 + _JITTER * self._jitter())
