"""The one thread that writes: entries, what kiosks say of themselves, notices; then publications.

Commits are grouped: the first message at once, then whatever has queued meanwhile. Whatever was
told is answered only after it has been committed.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from presence.ids import InstitutionId
from presence.messages import Entries, FromKiosk, Have, Heartbeat, Receipts
from server.cards.sun import ChipKeys
from server.db import is_passing, reading, writing
from server.gateway import commits, entries
from server.gateway.answers import Notice
from server.gateway.chores import Chores
from server.gateway.commits import Fact, Unit
from server.gateway.entries import Delivery
from server.gateway.once import Once
from server.gateway.publications import (
    Publications,
    Reader,
    homes_with_kiosks,
    under_new_policy,
)
from server.gateway.speaker import Speaker
from server.gateway.statuslists import StatusLists

log = logging.getLogger(__name__)

GROUP = 200
"""Entries in one commit at most, as far as whole messages go."""
POLL_SECONDS = 0.1
"""So often the changes of other processes are looked for."""
NEWS_EVERY = timedelta(milliseconds=250)
"""While entries keep coming, kiosks are told what is new so often: each time a home's whole roster
is looked at, and a receipt is worth more than a roster of this moment."""
SAVE_EVERY = timedelta(seconds=1)
LOOK_EVERY = timedelta(minutes=1)
"""So often it is asked whether it has become midnight at a home whose policy changes today."""
GREETED_AT_ONCE = 5
"""Homes told in one turn what their kiosks should hold; entries come in between."""
_DATABASE, _NOT_READ, _NOT_WRITTEN = "the database", "cannot be read", "cannot be written"
_NO_LISTS, _NO_CHORES = "gives no status lists", "lets no chore be done"


@dataclass(frozen=True, slots=True)
class Job:
    """A message to be dealt with; `done` is called when that has happened, or cannot."""

    message: FromKiosk
    done: Callable[[], None]

    @property
    def size(self) -> int:
        return len(self.message.entries) if isinstance(self.message, Entries) else 1


class Worker:
    """Owns the database's writing side. `put` may be called from any thread."""

    def __init__(
        self,
        engine: sa.Engine,
        chips: ChipKeys,
        publications: Publications,
        statuses: StatusLists,
        speaker: Speaker,
        clock: Callable[[], datetime],
        once: Once,
    ) -> None:
        self._engine = engine
        self._chips = chips
        self._publications = publications
        self._statuses = statuses
        self._speaker = speaker
        self._clock = clock
        self._once = once
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._notices: deque[Notice] = deque()
        self._reader = Reader()
        self._to_greet: deque[InstitutionId] = deque()
        self._must_greet = threading.Event()
        self._told_at = datetime.min.replace(tzinfo=UTC)
        self._saved_at = datetime.min.replace(tzinfo=UTC)
        self._looked = clock()
        self._chores = Chores(engine)
        self._thread = threading.Thread(target=self._run, name="gateway-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Deal with what has been put, then end."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def put(self, job: Job) -> None:
        self._queue.put(job)

    def notify(self, notice: Notice) -> None:
        """Write a notice down within POLL_SECONDS. The thread is not woken for it: nobody at a
        door waits for a notice, and it would take its turn from the answers."""
        self._notices.append(notice)

    def greet(self) -> None:
        """Tell every kiosk what it should hold, for it may have spoken while we could not hear."""
        self._must_greet.set()
        self._statuses.connected()

    def _run(self) -> None:
        self.begin()
        while self.turn(POLL_SECONDS):
            pass
        self._attempt(self._save_place, _NOT_WRITTEN)
        self._speaker.rest()
        self._attempt(self._statuses.stop, _NOT_WRITTEN)

    def begin(self) -> None:
        """Find the place in the changes. Before the first turn, on the same thread."""
        self._attempt(self._find_place, _NOT_WRITTEN)

    def turn(self, patience: float) -> bool:
        """Wait at most so many seconds for something to be put, and deal with it and with what is
        new. False: `stop` was called, and all that had been put before is dealt with."""
        jobs, goes_on = self._group(patience)
        notices = [self._notices.popleft() for _ in range(len(self._notices))]
        if jobs or notices:
            self._deal_with(jobs, notices)
        self._attempt(self._find_speaker, _NOT_READ)
        if not jobs or abs(self._clock() - self._told_at) >= NEWS_EVERY:
            self._attempt(self._tell_news, _NOT_READ)
        self._attempt(self._look_for_policies, _NOT_READ)
        self._attempt(lambda: self._chores.turn(self._clock()), _NO_CHORES)
        self._attempt(self._greet_some, _NOT_READ)
        if self._statuses.has_work(self._clock()):
            self._attempt(self._work_on_lists, _NO_LISTS)
        if self._reader.is_unsaved and abs(self._clock() - self._saved_at) >= SAVE_EVERY:
            self._attempt(self._save_place, _NOT_WRITTEN)
        return goes_on

    def _group(self, patience: float) -> tuple[list[Job], bool]:
        """What is to be committed together; False: and nothing comes after it."""
        group: list[Job] = []
        size = 0
        while size < GROUP:
            try:
                job = self._queue.get_nowait() if group else self._queue.get(timeout=patience)
            except queue.Empty:
                break
            if job is None:
                return group, False
            group.append(job)
            size += job.size
        return group, True

    def _deal_with(self, jobs: Sequence[Job], notices: Sequence[Notice]) -> None:
        now = self._clock()
        self._attempt(lambda: self._deal_with_jobs(now, jobs, notices), _NOT_WRITTEN)
        for job in jobs:
            job.done()

    def _deal_with_jobs(
        self, now: datetime, jobs: Sequence[Job], notices: Sequence[Notice]
    ) -> None:
        homes = commits.homes(self._engine, {job.message.kiosk for job in jobs})
        units: list[Unit] = list(notices)
        deliveries: list[tuple[Job, Delivery]] = []
        for job in jobs:
            kiosk = job.message.kiosk
            if kiosk not in homes:
                self._once.warn(kiosk, "is no kiosk of ours")
            elif isinstance(job.message, Entries):
                delivery = entries.read(job.message, homes[kiosk], self._chips)
                units += [Fact(told, delivery) for told in delivery.told]
                deliveries.append((job, delivery))
            else:
                units.append(job.message)
        self._store(now, units)
        for job, delivery in deliveries:
            self._receipt(now, job, delivery)
        for job in jobs:
            if isinstance(job.message, Have):
                self._answer_have(now, job.message)
            elif isinstance(job.message, Heartbeat):
                self._statuses.heard(job.message)

    def _store(self, now: datetime, units: Sequence[Unit]) -> None:
        """Commit the units together, or, where one of them cannot be stored, each by itself."""
        if not units:
            return
        try:
            commits.commit(self._engine, now, units)
        except Exception as error:
            if is_passing(error):
                # Nothing is wrong with what was told. It gets no receipt and is told again.
                raise
            if len(units) > 1:
                for unit in units:
                    self._store(now, [unit])
                return
            log.exception("what a kiosk told could not be stored")
            if isinstance(unit := units[0], Fact):
                unit.delivery.reject(unit.told.entry.event, "the server could not store it")

    def _receipt(self, now: datetime, job: Job, delivery: Delivery) -> None:
        if delivery.nameless:
            self._once.warn(job.message.kiosk, "sent entries without a readable event id")
        if delivery.receipts:
            receipts = Receipts(receipts=tuple(delivery.receipts), at=now)
            self._publications.settle(job.message.kiosk, receipts)

    def _answer_have(self, now: datetime, have: Have) -> None:
        with reading(self._engine) as session:
            self._publications.answer_have(session, now, have)

    def _find_speaker(self) -> None:
        if self._speaker.ask():
            # From where the one before us had come; and what it had read and not sent is made up
            # for by telling every kiosk what it should hold.
            self._reader = Reader()
            self._must_greet.set()

    def _tell_news(self) -> None:
        self._told_at = self._clock()
        with reading(self._engine) as session:
            news = self._reader.news(session)
            if news:
                if self._speaker.is_us:
                    self._publications.tell(session, self._clock(), news)
                self._statuses.note(news)
                self._reader.done(news)

    def _look_for_policies(self) -> None:
        """Where another version of a policy has taken effect, the kiosks are told of it."""
        now = self._clock()
        if abs(now - self._looked) < LOOK_EVERY:
            return
        with reading(self._engine) as session:
            self._to_greet.extend(under_new_policy(session, self._looked, now))
        self._looked = now

    def _work_on_lists(self) -> None:
        self._statuses.work(self._clock())

    def _greet_some(self) -> None:
        if not self._speaker.is_us:
            self._to_greet.clear()
            return
        if not self._to_greet and not self._must_greet.is_set():
            return
        with reading(self._engine) as session:
            if self._must_greet.is_set():
                self._to_greet = deque(homes_with_kiosks(session))
                self._must_greet.clear()
            for _ in range(min(GREETED_AT_ONCE, len(self._to_greet))):
                self._publications.greet(session, self._clock(), self._to_greet.popleft())

    def _find_place(self) -> None:
        with writing(self._engine) as session, session.begin():
            self._reader.begin(session)
            self._reader.save(session)

    def _save_place(self) -> None:
        self._saved_at = self._clock()
        if not self._speaker.is_us:
            return
        with writing(self._engine) as session, session.begin():
            self._reader.save(session)

    def _attempt(self, action: Callable[[], None], fault: str) -> None:
        """The top of the thread: whatever comes over the wire, it goes on."""
        try:
            action()
        except Exception as error:
            if is_passing(error):
                self._once.warn(_DATABASE, fault, type(error.__cause__ or error).__name__)
            else:
                log.exception("the gateway goes on after a fault of its own")
        else:
            self._once.over(_DATABASE, fault)
