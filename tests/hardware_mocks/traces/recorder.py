"""What is taken down while a reader is recorded, in memory only."""

import threading
import time
from collections.abc import Callable

from kiosk.events import ReaderEvent, ReaderLost, ReaderReady
from tests.hardware_mocks.traces.trace import (
    ACK,
    Expected,
    Header,
    Item,
    To,
    Trace,
    TraceError,
    expected,
)


class Recorder:
    """Safe from any thread. A recording is over when the time is, or when the reader is lost."""

    def __init__(self, on_event: Callable[[ReaderEvent], None] | None = None) -> None:
        self._on_event = on_event or (lambda _: None)
        self._guard = threading.Lock()
        self._began = time.monotonic()
        self._items: list[Item] = []
        self._expected: list[Expected] = []
        self._is_over = False
        self.over = threading.Event()
        self.why = ""
        """Why it is over before its time, if it is."""
        self.model = ""
        """Of a PC/SC reader: some are spoken to in a way of their own."""
        self._was_ready = False

    def add(self, item_at: Callable[[float], Item]) -> None:
        """Something was on the wire. Call it before the other end hears it."""
        with self._guard:
            if not self._is_over:
                self._items.append(item_at(round(time.monotonic() - self._began, 4)))

    def tell(self, event: ReaderEvent) -> None:
        """The reader's report."""
        if not isinstance(event, ReaderLost):
            self._note(event)
        elif self._was_ready:
            self.lost(event.why)
        else:
            self._begin_again(event.why)
        self._on_event(event)

    def _note(self, event: ReaderEvent) -> None:
        with self._guard:
            if not self._is_over:
                if isinstance(event, ReaderReady):
                    self._was_ready, self.why = True, ""
                self._expected.append(expected(event, len(self._items)))

    def _begin_again(self, why: str) -> None:
        """The reader has not come up yet: how it failed to is not for a replay."""
        with self._guard:
            if not self._is_over:
                self._items.clear()
                self._expected.clear()
                self.why = why

    def lost(self, why: str) -> None:
        with self._guard:
            if not self._is_over:
                self._is_over, self.why = True, why
        self.over.set()

    def finish(self, family: str, recorded_from: str, looks_until_gone: int) -> Trace:
        """Everything up to now that can be replayed: what came after the last question, or after
        the last event, may not have been told to its end. Raises TraceError if that is nothing."""
        with self._guard:
            self._is_over = True
        if not self._was_ready or not self._items:
            raise TraceError(f"the reader never worked: {self.why or 'it said nothing'}")
        items, told = self._items, self._expected
        if family == "pn532":
            questions = [at for at, item in enumerate(items) if _is_question(item)]
            items = items[: questions[-1] + 1] if questions else []
            told = [line for line in told if line.after <= len(items)]
        else:
            items = items[: told[-1].after]
        return Trace(Header(family, recorded_from, looks_until_gone, self.model), items, told)


def _is_question(item: Item) -> bool:
    return isinstance(item, To) and item.said != ACK
