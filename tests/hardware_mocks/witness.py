"""Who listens to a reader in a test, and remembers every event."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from kiosk.events import (
    Presented,
    ReaderEvent,
    ReaderFaltering,
    ReaderLost,
    ReaderReady,
    Removed,
)
from presence.messages import ReaderState

PATIENCE = 20.0


class Witness:
    """Give `witness.tell` to a reader as its report.

    What nobody at the door hears of is not among its events: that the reader falters, and that it
    is ready again though it was not lost. It is among `states`.
    """

    def __init__(self) -> None:
        self._events: SimpleQueue[ReaderEvent] = SimpleQueue()
        self._states: list[ReaderState] = []
        self._works = False
        """As far as anybody at the door was told."""
        self._changed = threading.Condition()

    @property
    def states(self) -> list[ReaderState]:
        """Everything the reader has said of its own state, from the beginning."""
        with self._changed:
            return list(self._states)

    def tell(self, event: ReaderEvent) -> None:
        match event:
            case ReaderFaltering(state=state):
                self._note(state)
                return
            case ReaderReady():
                self._note(ReaderState.READY)
                if self._works:
                    return
                self._works = True
            case ReaderLost():
                self._note(ReaderState.LOST)
                self._works = False
        self._events.put(event)

    def _note(self, state: ReaderState) -> None:
        with self._changed:
            self._states.append(state)
            self._changed.notify_all()

    def await_states(
        self, reached: Callable[[Sequence[ReaderState]], bool], patience: float = PATIENCE
    ) -> list[ReaderState]:
        """The states, once they are like this. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: reached(self._states), patience):
                raise TimeoutError(f"only {self._states}")
            return list(self._states)

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

    def await_ready(self) -> ReaderEvent:
        """That the reader works, which it says first. On a busy machine an emulated device may miss
        its first word: then it is lost for a moment, before."""
        first = self.next(1)[0]
        return self.next(1)[0] if isinstance(first, ReaderLost) else first

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
