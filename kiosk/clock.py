"""What time it is, and how far that is to be believed (port `Clock`).

A Raspberry Pi 4 has no clock battery: at power-up its wall clock may be anything. So the wall time
never goes behind a floor that is kept on disk, and each reading says how far it is to be trusted
(SECURITY, "Clock").
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from kiosk.events import ClockReading
from kiosk.store import sync_directory
from presence.ids import BootId
from presence.messages import ClockTrust

log = logging.getLogger(__name__)

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""This program did not exist before: the floor of a kiosk that has never been anywhere."""
BELIEVABLE_JUMP = timedelta(days=1)
"""So far ahead of the floor an unconfirmed clock is believed."""
_STEP = timedelta(seconds=2)
"""Smaller differences from the server's time are the network's."""


def boottime() -> timedelta:
    """Time since power-up, sleep included (CLOCK_BOOTTIME, clock_gettime(2))."""
    return timedelta(microseconds=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)


class Sources(Struct, frozen=True):
    """Where a Linux machine tells its times."""

    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    boottime: Callable[[], timedelta] = boottime
    boot_id: Path = Path("/proc/sys/kernel/random/boot_id")
    synchronized: Path = Path("/run/systemd/timesync/synchronized")
    """There since systemd-timesyncd has set the clock in this boot (systemd-timesyncd(8))."""
    rtc: Path = Path("/dev/rtc0")


class Anchor(Struct, frozen=True):
    """It was `wall` when the machine had been up for `uptime`."""

    wall: datetime
    uptime: timedelta

    def at(self, uptime: timedelta) -> datetime:
        return self.wall + (uptime - self.uptime)


class SystemClock:
    """The machine's clock over a floor that is kept in `floor_file`.

    Once the server has told the time, it runs on from that. Before, trust is SYNCED where a time
    server has spoken in this boot, RTC where there is a battery-backed clock, else FLOOR; a wall
    clock behind the floor is never believed, and an unsynced one more than a day ahead of it is
    not either, so that a wrong year neither expires cards nor wipes names. Time then runs on from
    the floor, under FLOOR.
    """

    def __init__(self, floor_file: Path, sources: Sources | None = None) -> None:
        self._file = floor_file
        self._sources = sources or Sources()
        self._boot = BootId(self._sources.boot_id.read_text(encoding="ascii").strip().lower())
        self._saved = _load(floor_file)
        # A kiosk that has just been made knows no time yet that could contradict its clock.
        self._limit = BELIEVABLE_JUMP if self._saved else timedelta.max
        self._floor = Anchor(max(RELEASED, self._saved or RELEASED), self._sources.boottime())
        self._server: Anchor | None = None

    def read(self) -> ClockReading:
        uptime = self._sources.boottime()
        if self._server is not None:
            wall = max(self._server.at(uptime), RELEASED)
            return ClockReading(wall, ClockTrust.SYNCED, self._boot, uptime)
        wall, trust, floor = self._sources.wall(), self._trust(), self._floor.at(uptime)
        if wall < floor or (trust is not ClockTrust.SYNCED and wall - floor > self._limit):
            wall, trust = floor, ClockTrust.FLOOR
        return ClockReading(wall, trust, self._boot, uptime)

    def learn(self, server_time: datetime, *, is_fresh: bool = True) -> None:
        """An authenticated time from the server; it is believed wherever it differs by more than
        the network can explain. One that is not fresh may have been on its way for long, so it
        never sets the clock back: what happens next must not seem to have happened before."""
        now = self.read()
        if not is_fresh and now.wall - server_time > _STEP:
            return
        is_right = abs(server_time - now.wall) <= _STEP
        if not is_right:
            log.warning("the clock was wrong by more than %d s; corrected", _STEP.seconds)
        self._server = Anchor(now.wall if is_right else server_time, now.uptime)

    def keep(self) -> None:
        """Write the time down as the next start's floor. Call it now and then, and at the end."""
        now = self.read()
        if self._saved is None or now.wall > self._saved:
            _save(self._file, now.wall)
            self._saved = now.wall

    def _trust(self) -> ClockTrust:
        if self._sources.synchronized.exists():
            return ClockTrust.SYNCED
        return ClockTrust.RTC if self._sources.rtc.exists() else ClockTrust.FLOOR


def _load(path: Path) -> datetime | None:
    """The saved floor. One that cannot be read is as good as none."""
    if not path.exists():
        return None
    try:
        floor = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
        return floor.astimezone(UTC)
    except ValueError:
        log.error("%s holds no time and is ignored", path)
        return None


def _save(path: Path, floor: datetime) -> None:
    """Replace the file, or leave it as it was: never half of it."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(floor.isoformat())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)
