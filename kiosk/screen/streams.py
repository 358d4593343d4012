"""The pages that are connected. Each takes a thread, so there is a limit."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

MAX_STREAMS = 8


class Stream:
    """One connected page. Not wanted any more: a newer page has taken its place."""

    def __init__(self) -> None:
        self.is_wanted = True


class Streams:
    """The newest few; a page that has died without a word is the first to go."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        self._lock = Lock()
        self._open: deque[Stream] = deque()
        self._limit = limit

    @contextmanager
    def open(self) -> Iterator[Stream]:
        stream = Stream()
        with self._lock:
            self._open.append(stream)
            if len(self._open) > self._limit:
                self._open.popleft().is_wanted = False
        try:
            yield stream
        finally:
            with self._lock:
                if stream in self._open:
                    self._open.remove(stream)

    def __len__(self) -> int:
        return len(self._open)
