"""Who listens to a reader in a test, and remembers every event."""

from queue import Empty, SimpleQueue

from kiosk.events import Presented, ReaderEvent, Removed

PATIENCE = 20.0


class Witness:
    """Give `witness.tell` to a reader as its report."""

    def __init__(self) -> None:
        self._events: SimpleQueue[ReaderEvent] = SimpleQueue()

    def tell(self, event: ReaderEvent) -> None:
        self._events.put(event)

    def next(self, count: int, patience: float = PATIENCE) -> list[ReaderEvent]:
        """The next `count` events. Raises TimeoutError if they do not come in `patience` seconds
        each."""
        events: list[ReaderEvent] = []
        try:
            while len(events) < count:
                events.append(self._events.get(timeout=patience))
        except Empty:
            raise TimeoutError(f"only {events}") from None
        return events

    def until(self, kind: type[Presented] | type[Removed]) -> list[ReaderEvent]:
        """All events up to the first of `kind`."""
        events = self.next(1)
        while not isinstance(events[-1], kind):
            events += self.next(1)
        return events

    def rest(self) -> list[ReaderEvent]:
        """What has been told and not been asked for."""
        events = []
        while not self._events.empty():
            events.append(self._events.get())
        return events
