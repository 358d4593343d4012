"""How a reader stands, and what is told of it: the ladder that every outage climbs.

Theory of operation. A fault is answered by opening the reader afresh, at growing distances. While
that may pass unseen, the reader is RECOVERING. When `Pace.quiet_attempts` have not helped, it is
LOST. When faults go on, its power is switched, if the kiosk can do that: after so many of them as
`Pace.power_after` says, and again and again, further apart. There is no top: a reader that comes
back after a week is as good as any.

A reader whose driver does not return at all is SILENT. Its call is broken off; where that has no
effect either, the reader is LOST at once, its power is switched, and its thread is left behind.

Each state is told at most once in an outage, and the worse one is told over the better, never the
other way round. An outage ends with READY.
"""

from typing import NamedTuple

from msgspec import Struct

from kiosk.events import ReaderEvent, ReaderFaltering, ReaderLost, ReaderReady
from presence.messages import ReaderState


class Pace(Struct, frozen=True):
    """How often the reader looks and how patiently it comes back. All in seconds, but looks."""

    idle: float = 0.002
    """Between two looks at an empty reader: little, for whoever holds a card up waits for the next
    one. A PN532 itself takes tens of milliseconds for a look, and its thread less than one of a
    core: an empty reader costs some three hundredths of it."""
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
    patience: float = 3.0
    """So long the driver may take over one call. Longer than its own longest wait."""
    power_after: tuple[int, ...] = (3, 10)
    """After so many faults in a row the reader's power is switched, if it can be."""
    power_every: int = 60
    """And after every so many more than the last of those: each five minutes at five seconds."""
    after_hangs: tuple[float, ...] = (0.5, 60.0, 600.0)
    """Before a fresh thread takes over from one that hangs. No more threads than these are ever
    left behind: a driver that hangs once more needs a fresh process."""
    keeps_device: float = 900.0
    """So long a reader may be lost while a thread that was left behind may keep its device. Longer
    than the last of `after_hangs`."""


DEFAULT_PACE = Pace()


class Step(NamedTuple):
    """What the reader's thread does before it looks again."""

    pause: float
    """Seconds."""
    switches_power: bool = False
    """First."""


class Standing:
    """One reader's outages. Its methods return what is to be told, and what is to be done."""

    def __init__(self, reader: str, pace: Pace) -> None:
        self._reader, self._pace = reader, pace
        self._has_worked = False
        self._told: set[ReaderState] = set()
        """Since the reader was last ready."""
        self._failures = 0
        self._sound_looks = 0
        self._hangs = 0

    @property
    def is_lost(self) -> bool:
        """Somebody was told so."""
        return ReaderState.LOST in self._told

    @property
    def may_hang_again(self) -> bool:
        """Another thread may be left behind."""
        return self._hangs < len(self._pace.after_hangs)

    def sound(self) -> list[ReaderEvent]:
        """A look went well."""
        self._sound_looks += 1
        if self._sound_looks == self._pace.looks_until_sound:
            self._failures = 0
        if self._has_worked and not self._told:
            return []
        self._has_worked = True
        self._told.clear()
        return [ReaderReady(self._reader)]

    def silent(self) -> list[ReaderEvent]:
        """A call has not returned in time."""
        return self._falters(ReaderState.SILENT)

    def failed(self, why: str) -> tuple[list[ReaderEvent], Step]:
        """A call raised.

        A fault that reopening soon cures is nothing that anybody at the door should hear of.
        """
        self._failures += 1
        self._sound_looks = 0
        pause = self._pace.reopen[min(self._failures, len(self._pace.reopen)) - 1]
        step = Step(pause, self._needs_power())
        is_quiet = self._has_worked and self._failures <= self._pace.quiet_attempts
        if is_quiet and not self.is_lost:
            return self._falters(ReaderState.RECOVERING), step
        return self._lost(why), step

    def hung(self, why: str) -> tuple[list[ReaderEvent], Step]:
        """A call that could not be broken off was left to itself."""
        self._failures += 1
        self._sound_looks = 0
        self._hangs += 1
        return self._lost(why), Step(self._pace.after_hangs[self._hangs - 1], switches_power=True)

    def _needs_power(self) -> bool:
        beyond = self._failures - self._pace.power_after[-1]
        return self._failures in self._pace.power_after or (
            beyond > 0 and beyond % self._pace.power_every == 0
        )

    def _falters(self, state: ReaderState) -> list[ReaderEvent]:
        if self.is_lost or state in self._told:
            return []
        self._told.add(state)
        return [ReaderFaltering(self._reader, state)]

    def _lost(self, why: str) -> list[ReaderEvent]:
        if self.is_lost:
            return []
        self._told.add(ReaderState.LOST)
        return [ReaderLost(self._reader, why)]
