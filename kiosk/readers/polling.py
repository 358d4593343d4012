"""A reader that looks for cards again and again, whatever the driver: the thread of every one.

Anything a driver raises means the same: the reader is opened anew, at growing distances. Where the
first attempts do not help, the reader is lost. Loss is told once, and so is recovery.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from kiosk.events import ReaderEvent, ReaderLost, ReaderReady
from kiosk.readers.presentation import Presentation
from presence.card import Evidence, Unreadable

log = logging.getLogger(__name__)

STOP_SECONDS = 0.9
NUDGE_SECONDS = 0.05
WHY_CHARACTERS = 120


class Pace(Struct, frozen=True):
    """How often the reader looks and how patiently it comes back. All in seconds, but looks."""

    idle: float = 0.01
    """Between two looks at an empty reader."""
    near: float = 0.03
    """Between two looks at a card that has been read."""
    looks_until_gone: int = 5
    reopen: tuple[float, ...] = (0.05, 0.25, 0.5, 1.0, 2.0, 5.0)
    """Before each attempt to open a lost reader; the last is repeated."""
    quiet_attempts: int = 2
    """So many attempts to open a reader afresh may fail, or be followed soon by the next fault,
    before anybody is told: a busy machine alone can make a driver miss its chip."""
    looks_until_sound: int = 50
    """Looks without a fault after which a new fault starts at the first of `reopen` again."""


DEFAULT_PACE = Pace()


class CardSlippedError(Exception):
    """The card stopped answering while it was being read."""


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
        """Break off what waits for the hardware. Called from another thread."""

    def drop(self) -> None:
        """Let go of the device, in whatever state. Raises nothing."""


class PollingReader:
    """`kiosk.ports.Reader` for hardware that has to be asked again and again for a card.

    `new_line` makes an unopened line.
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
        self._new_line = new_line
        self._pace = pace
        self._presentation = Presentation(name, pace.looks_until_gone)
        self._line: Line | None = None
        self._available = False
        self._reported_lost = False
        self._failures = 0
        self._sound_looks = 0
        self._stopping = threading.Event()
        self._report: Callable[[ReaderEvent], None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"reader {name}", daemon=True)

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        """Begin to watch. Whether the device is there is told by the first event."""
        self._report = report
        self._thread.start()

    def stop(self) -> None:
        """Release the device and end the thread, within a second even if the chip is silent."""
        self._stopping.set()
        nudges = int(STOP_SECONDS / NUDGE_SECONDS)
        while self._thread.is_alive() and nudges > 0:
            self._thread.join(NUDGE_SECONDS)
            line = self._line
            if line is not None and nudges < STOP_SECONDS / NUDGE_SECONDS / 2:
                line.interrupt()
            nudges -= 1
        if self._thread.is_alive():
            log.error("reader %s did not stop in time", self.name)

    # ---- the thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._turn())
        self._release()

    def _turn(self) -> float:
        """One look, or one attempt to open. Returns the pause that follows, in seconds."""
        try:
            events, pause = self._look()
        except Exception as fault:  # noqa: BLE001  top of the thread: the driver raises anything
            events, pause = self._lost(fault)
        if self._report is not None and not self._stopping.is_set():
            for event in events:
                self._report(event)
        return pause

    def _look(self) -> tuple[list[ReaderEvent], float]:
        if self._line is None:
            self._line = self._new_line()
            self._line.open()
        seen = self._see(self._line.sense())
        events = [*self._sound(), *seen]
        return events, self._pace.near if self._presentation.card_is_near else self._pace.idle

    def _see(self, sighting: Sighting | None) -> list[ReaderEvent]:
        here = self._presentation
        if sighting is None:
            return here.nothing()
        if not here.wants(sighting.card):
            return []
        try:
            return here.was_read(sighting.card, sighting.read())
        except CardSlippedError:
            return here.slipped(sighting.card)

    def _sound(self) -> list[ReaderEvent]:
        self._sound_looks += 1
        if self._sound_looks == self._pace.looks_until_sound:
            self._failures = 0
        if self._available:
            return []
        self._available, self._reported_lost = True, False
        return [ReaderReady(self.name)]

    def _lost(self, fault: Exception) -> tuple[list[ReaderEvent], float]:
        """What to tell of a fault, and how long to wait before opening again.

        A fault that reopening soon cures is nothing that anybody at the door should hear of, and a
        card that rests through it is not presented again. When `quiet_attempts` have not helped,
        the reader is lost: told once, and a card on it counts as gone.
        """
        if self._line is not None:
            self._line.drop()
            self._line = None
        self._sound_looks = 0
        pause = self._pace.reopen[min(self._failures, len(self._pace.reopen) - 1)]
        self._failures += 1
        why = f"{type(fault).__name__}: {fault}"[:WHY_CHARACTERS]
        if self._available and self._failures <= self._pace.quiet_attempts:
            log.info("reader %s is opened afresh: %s", self.name, why)
            return [], pause
        lost = [] if self._reported_lost else [ReaderLost(self.name, why)]
        events = [*lost, *self._presentation.ended()]
        self._available, self._reported_lost = False, True
        return events, pause

    def _release(self) -> None:
        if self._line is None:
            return
        try:
            self._line.close()
        except Exception as fault:  # noqa: BLE001  top of the thread: the driver raises anything
            log.warning("reader %s was left as it was: %s", self.name, type(fault).__name__)
        finally:
            self._line.drop()
            self._line = None
