"""A reader that looks for cards again and again, whatever the driver: the thread of every one.

Anything a driver raises means the same: the reader is opened anew, as `standing` says. A driver
that does not return is noticed by whoever calls `PollingReader.check`, since a thread that hangs
cannot say so itself.

Theory of operation. One thread at a time serves the reader: its *shift*. Whatever may hang is
called without the lock and touches nothing but the shift's own line; what comes of it is worked out
under the lock, and only if the shift has not been left behind meanwhile. So a thread that comes
back after an hour finds that the reader is no longer its own, lets go of its line and ends.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from kiosk.events import ReaderEvent, ReaderLost
from kiosk.readers.presentation import Presentation
from kiosk.readers.standing import DEFAULT_PACE, Pace, Standing, Step
from presence.card import Evidence, Unreadable

__all__ = [
    "DEFAULT_PACE",
    "CardSlippedError",
    "Line",
    "OfEachThread",
    "Pace",
    "PollingReader",
    "ReaderHangsError",
    "Sighting",
]

log = logging.getLogger(__name__)

STOP_SECONDS = 0.9
NUDGE_SECONDS = 0.05
WHY_CHARACTERS = 120
AT_ONCE = Step(0.0)

Report = Callable[[ReaderEvent], None]
Finding = Callable[[], list[ReaderEvent]]
"""What a look has found, to be worked out under the lock."""


class CardSlippedError(Exception):
    """The card stopped answering while it was being read."""


class ReaderHangsError(RuntimeError):
    """A driver hangs again and again, and only a fresh process lets go of the device."""


class Sighting(Struct, frozen=True):
    card: bytes
    """The card's identity, as far as it has one."""
    read: Callable[[], Evidence | Unreadable]
    """What it says. Raises CardSlippedError when it stops answering, and anything else when the
    line is lost. Only asked before the next look."""


class Line(Protocol):
    """One connection to a reader's hardware. Used once: a lost reader gets a new one.

    Anything may be raised by `open`, `sense` and `close`; it means that the line is lost.
    """

    def open(self) -> None:
        """Take the device and make it ready."""

    def sense(self) -> Sighting | None:
        """The card in the field, if any."""

    def close(self) -> None:
        """Leave the hardware so that the next process can use it."""

    def interrupt(self) -> None:
        """Break off what waits for the hardware; it raises then. Called from another thread, at any
        moment, more than once. Never blocks."""

    def drop(self) -> None:
        """Let go of the device, in whatever state. Raises nothing."""


T = TypeVar("T")


class OfEachThread(threading.local, Generic[T]):
    """What outlives a line but not a shift: each thread of the reader finds one of its own, which
    no thread that was left behind can spoil."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.own = make()


class _Shift:
    """One thread's time at the hardware."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self.thread: threading.Thread | None = None
        self.is_left = False
        """Its thread hangs, and another one serves the reader. Changed under the reader's lock."""
        self.nudged_at: timedelta | None = None
        """When the call that hangs was first broken off."""
        self._calls = 0
        """Odd while a call to the hardware is on its way. Counted by the thread alone."""
        self._seen, self._since = 0, timedelta()

    @contextmanager
    def calling(self) -> Iterator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._calls += 1

    def hangs_for(self, uptime: timedelta) -> timedelta:
        """How long the same call has been seen on its way."""
        calls = self._calls
        if calls != self._seen or calls % 2 == 0:
            self._seen, self._since, self.nudged_at = calls, uptime, None
        return uptime - self._since

    def interrupt(self) -> None:
        """Break off what its thread waits for, if anything. What the driver raises here concerns
        that thread, which then hangs on or does not."""
        line = self.line
        with suppress(Exception):
            if line is not None:
                line.interrupt()

    def drop(self) -> None:
        """Be rid of the line, if there is one."""
        line, self.line = self.line, None
        if line is not None:
            with self.calling():
                line.drop()


class PollingReader:
    """`kiosk.ports.Reader` for hardware that has to be asked again and again for a card.

    `new_line` makes an unopened line, in the thread that is to use it. `power_cycle` switches the
    device's power off and on, or resets its chip; it may raise anything.
    """

    def __init__(
        self,
        name: str,
        new_line: Callable[[], Line],
        pace: Pace,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._power_cycle = power_cycle
        self._has_no_power = False
        self._new_line = new_line
        self._pace = pace
        self._presentation = Presentation(name, pace.looks_until_gone)
        self._standing = Standing(name, pace)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._report: Report | None = None
        self._shift = _Shift()
        self._left: list[threading.Thread] = []
        self._kept_since: timedelta | None = None
        """Since when the reader is lost while one of them may keep its device."""

    def start(self, report: Report) -> None:
        """Begin to watch. Whether the device is there is told by the first event."""
        self._report = report
        self._begin(self._shift, AT_ONCE)

    def stop(self) -> None:
        """Release the device and end the thread, within a second even if the chip is silent."""
        with self._lock:
            self._stopping.set()
            shift = self._shift
        if shift.thread is None:
            return
        nudges = int(STOP_SECONDS / NUDGE_SECONDS)
        while shift.thread.is_alive() and nudges > 0:
            shift.thread.join(NUDGE_SECONDS)
            if nudges < STOP_SECONDS / NUDGE_SECONDS / 2:
                shift.interrupt()
            nudges -= 1
        if shift.thread.is_alive():
            log.error("reader %s did not stop in time", self.name)

    def check(self, uptime: timedelta) -> None:
        """Does the driver hang? Called every second, by another thread than the reader's own.

        A call that has been on its way for `Pace.patience` is told and broken off; when as much
        time has passed again, its thread is left behind. Raises ReaderHangsError when no more may
        be left behind, or one of them keeps a lost reader's device to itself.
        """
        shift, patience = self._shift, timedelta(seconds=self._pace.patience)
        hangs_for = shift.hangs_for(uptime)
        with self._lock:
            if self._stopping.is_set():
                return
            self._bear_those_left(uptime)
            if hangs_for < patience:
                return
            if shift.nudged_at is None:
                shift.nudged_at = uptime
            elif uptime - shift.nudged_at >= patience:
                self._leave(shift)
                return
            self._tell(self._standing.silent())
        shift.interrupt()

    # ---- under the lock

    def _tell(self, events: list[ReaderEvent]) -> None:
        if self._report is None or self._stopping.is_set():
            return
        for event in events:
            self._report(event)
            if isinstance(event, ReaderLost):  # a card on it counts as gone
                self._tell(self._presentation.ended())

    def _bear_those_left(self, uptime: timedelta) -> None:
        """Their threads let go of the device when they come back, if ever. As long as the reader
        works, that is nobody's concern."""
        self._left = [one for one in self._left if one.is_alive()]
        if not self._left or not self._standing.is_lost:
            self._kept_since = None
        elif self._kept_since is None:
            self._kept_since = uptime
        elif uptime - self._kept_since > timedelta(seconds=self._pace.keeps_device):
            raise ReaderHangsError(f"the driver of reader {self.name} hangs, and keeps its device")

    def _leave(self, shift: _Shift) -> None:
        if not self._standing.may_hang_again:
            raise ReaderHangsError(f"the driver of reader {self.name} hangs again and again")
        shift.is_left = True
        if shift.thread is not None:
            self._left.append(shift.thread)
        events, step = self._standing.hung("the driver does not return, and cannot be broken off")
        log.warning("reader %s: a thread that hangs is left behind", self.name)
        self._tell(events)
        self._shift = _Shift()
        self._begin(self._shift, step)

    def _begin(self, shift: _Shift, step: Step) -> None:
        name = f"reader {self.name}"
        shift.thread = threading.Thread(
            target=self._run, args=(shift, step), name=name, daemon=True
        )
        shift.thread.start()

    # ---- the thread

    def _run(self, shift: _Shift, step: Step) -> None:
        while not shift.is_left:
            if step.switches_power:
                self._switch_power(shift)
            if self._stopping.wait(step.pause):
                self._release(shift)
                return
            step = self._turn(shift)
        self._let_go(shift)

    def _turn(self, shift: _Shift) -> Step:
        """One look, or one attempt to open, and what follows from it."""
        try:
            finding = self._look(shift)
        except Exception as fault:  # noqa: BLE001  top of the thread: the driver raises anything
            self._let_go(shift)
            return self._fail(shift, f"{type(fault).__name__}: {fault}"[:WHY_CHARACTERS])
        with self._lock:
            if shift.is_left:
                return AT_ONCE
            sound = self._standing.sound()
            self._tell([*sound, *finding()])
            return Step(self._pace.near if self._presentation.card_is_near else self._pace.idle)

    def _look(self, shift: _Shift) -> Finding:
        here = self._presentation
        if shift.line is None:
            shift.line = self._new_line()
            with shift.calling():
                shift.line.open()
        with shift.calling():
            sighting = shift.line.sense()
        if sighting is None:
            return here.nothing
        with self._lock:
            if shift.is_left or not here.wants(sighting.card):
                return list
        try:
            with shift.calling():
                outcome = sighting.read()
        except CardSlippedError:
            return partial(here.slipped, sighting.card)
        return partial(here.was_read, sighting.card, outcome)

    def _fail(self, shift: _Shift, why: str) -> Step:
        """A card that rests through an outage that nobody is told of is not presented again."""
        with self._lock:
            if shift.is_left:
                return AT_ONCE
            events, step = self._standing.failed(why)
            if not self._standing.is_lost:
                log.info("reader %s is opened afresh: %s", self.name, why)
            self._tell(events)
            return step

    def _switch_power(self, shift: _Shift) -> None:
        if self._power_cycle is None or self._stopping.is_set():
            return
        log.info("reader %s: its power is switched", self.name)
        try:
            with shift.calling():
                self._power_cycle()
        except Exception as fault:  # noqa: BLE001  top of the thread: the driver raises anything
            if not self._has_no_power:
                self._has_no_power = True
                log.error("reader %s: its power cannot be switched: %s", self.name, fault)

    def _release(self, shift: _Shift) -> None:
        if shift.line is None:
            return
        try:
            shift.line.close()
        except Exception as fault:  # noqa: BLE001  top of the thread: the driver raises anything
            log.warning("reader %s was left as it was: %s", self.name, type(fault).__name__)
        finally:
            self._let_go(shift)

    def _let_go(self, shift: _Shift) -> None:
        try:
            shift.drop()
        except Exception as fault:  # noqa: BLE001  it should not, but this thread must live on
            log.info("reader %s was let go of with a fault: %s", self.name, type(fault).__name__)
