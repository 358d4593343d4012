"""A kiosk's machine: its files, its clocks and its power. The program on it is in `kiosk`."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from kiosk.clock import Sources
from presence.ids import uuid7
from tests.simulation.power import Fuse
from tests.simulation.timeline import START, Timeline, seconds

OUTBOX, ROSTER, LISTS, FLOOR = "outbox.db", "roster.db", "statuslists.db", "time-floor"
_KEPT = (FLOOR, *(f"{name}{end}" for name in (OUTBOX, ROSTER, LISTS) for end in ("", "-wal")))
_DEAD_CLOCK = START - timedelta(days=20_000)


@dataclass(frozen=True, slots=True)
class ClockKind:
    """`error` is how far the clock is off once it has been set."""

    has_battery: bool
    error: timedelta


class Machine:
    """The files are real. At a power cut the machine goes on with a copy of what the disk held at
    that moment, so that SQLite recovers from it as it would from the card."""

    def __init__(self, folder: Path, timeline: Timeline, kind: ClockKind, chance: Random) -> None:
        self._folder, self._timeline, self._kind, self._chance = folder, timeline, kind, chance
        self.fuse = Fuse()
        self._powered_at = timedelta(0)
        self._is_set = kind.has_battery
        self._generation = 0
        self._boot = folder / "boot_id"
        self._synchronized = folder / "synchronized"
        self._rtc = folder / "rtc0"
        self.disk.mkdir(parents=True)
        # It was in use before, and wrote the time down as it does every ten minutes.
        known = START - timedelta(minutes=10) * chance.random()
        (self.disk / FLOOR).write_text(known.isoformat())
        if kind.has_battery:
            self._rtc.touch()
        self.power_up()

    @property
    def disk(self) -> Path:
        return self._folder / f"disk-{self._generation}"

    @property
    def sources(self) -> Sources:
        return Sources(
            wall=self._wall,
            boottime=self.uptime,
            boot_id=self._boot,
            synchronized=self._synchronized,
            rtc=self._rtc,
        )

    def uptime(self) -> timedelta:
        return self._timeline.now - self._powered_at + seconds(15)

    def power_up(self) -> None:
        self._powered_at = self._timeline.now
        self._boot.write_text(uuid7(self._timeline.wall, self._chance.randbytes(10)))
        self._synchronized.unlink(missing_ok=True)
        self._is_set = self._kind.has_battery

    def power_down(self) -> None:
        """What is on the disk now is all that is left."""
        old = self.disk
        self._generation += 1
        self.disk.mkdir()
        for name in _KEPT:
            if (old / name).exists():
                shutil.copyfile(old / name, self.disk / name)
        shutil.rmtree(old)

    def set_clock(self) -> None:
        """A time server has answered."""
        if not self._synchronized.exists():
            self._is_set = True
            self._synchronized.touch()

    def _wall(self) -> datetime:
        if self._is_set:
            return self._timeline.wall + self._kind.error
        return _DEAD_CLOCK + self.uptime()
