"""Wakes the open boards of a web process when something was committed anywhere.

One thread reads the `changes` table every 100 ms while at least one board is open, however many
there are. It knows no pages and no flask: a watch says "look again", and who holds it looks.
"""

import logging
import threading
from collections.abc import Iterable
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from presence.ids import InstitutionId
from server import changes
from server.changes import Change
from server.db import reading

POLL_SECONDS = 0.1
ALIVE_SECONDS = 15.0
"""So often an open board hears from us, changed or not."""

_log = logging.getLogger(__name__)


class TooManyWatchesError(RuntimeError):
    """No more boards can be served live; the page fetches its list instead."""


class Watch:
    """One open board. Held by one thread, woken by the poller's."""

    def __init__(self, live: "Live", institution: InstitutionId) -> None:
        self._live = live
        self._institution = institution
        self._changed = threading.Event()

    def wait(self) -> None:
        """Until something of this home may have changed, or it is time for a sign of life."""
        if self._changed.wait(self._live.alive_seconds):
            self._changed.clear()

    def wake(self, news: Iterable[Change]) -> None:
        """A change that names no home may concern any of them."""
        if any(one.institution_id in (None, self._institution) for one in news):
            self._changed.set()

    def close(self) -> None:
        self._live.forget(self)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Live:
    """The watches of one process. Each keeps a web thread busy, so there are at most `limit`."""

    def __init__(self, engine: sa.Engine, limit: int, alive_seconds: float = ALIVE_SECONDS) -> None:
        self.alive_seconds = alive_seconds
        self._engine = engine
        self._limit = limit
        self._lock = threading.Lock()
        self._watches: set[Watch] = set()
        self._poller: threading.Thread | None = None
        self._stop = threading.Event()

    def watch(self, institution: InstitutionId) -> Watch:
        """A watch on one home, which the caller closes. Raises TooManyWatchesError."""
        watch = Watch(self, institution)
        with self._lock:
            if len(self._watches) >= self._limit:
                raise TooManyWatchesError(f"{self._limit} boards are open already")
            self._watches.add(watch)
            if self._poller is None:
                self._start()
        return watch

    def forget(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)
            if not self._watches and self._poller is not None:
                self._stop.set()
                self._poller = None

    def __len__(self) -> int:
        return len(self._watches)

    def _start(self) -> None:
        with reading(self._engine) as session:
            newest = changes.newest(session)
        self._stop = threading.Event()
        self._poller = threading.Thread(
            target=self._poll, args=(newest, self._stop), name="live", daemon=True
        )
        self._poller.start()

    def _poll(self, last: int, stop: threading.Event) -> None:
        is_failing = False
        while not stop.wait(POLL_SECONDS):
            try:
                last = self._tell_after(last)
            except SQLAlchemyError:
                # The boards notice by themselves: what they read next fails as well.
                if not is_failing:
                    _log.exception("changes cannot be read; trying again")
                is_failing = True
            else:
                if is_failing:
                    _log.warning("changes can be read again")
                is_failing = False

    def _tell_after(self, last: int) -> int:
        with reading(self._engine) as session:
            news = changes.after(session, last)
        if not news:
            return last
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.wake(news)
        return news[-1].id
