"""One settable clock for several processes, handed into each of them; nothing is patched."""

import mmap
import struct
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.events import ClockReading
from presence.ids import BootId
from presence.messages import ClockTrust

_OFFSET = struct.Struct("=q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DeskClock:
    """Wall time that all processes of a desk share: it runs like the real one and can be moved.

    The file holds one number, the nanoseconds between the machine's time since boot and the desk's
    wall time. It is eight bytes, so a reader never sees half of a change.
    """

    def __init__(self, path: Path) -> None:
        """Open the clock in `path`; a new one starts at the real time."""
        if not path.exists():
            path.write_bytes(_OFFSET.pack(time.time_ns() - _boottime()))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _OFFSET.size)

    def now(self) -> datetime:
        """The desk's time, aware, in UTC."""
        (offset,) = _OFFSET.unpack(self._memory[: _OFFSET.size])
        return _EPOCH + timedelta(microseconds=(_boottime() + offset) // 1000)

    def set(self, moment: datetime) -> None:
        """From now on it is `moment`, running on."""
        nanoseconds = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
        self._memory[: _OFFSET.size] = _OFFSET.pack(nanoseconds - _boottime())

    def advance(self, by: timedelta) -> None:
        self.set(self.now() + by)


class DeskKioskClock:
    """A kiosk's clock on the desk (port `Clock`): a new boot each time it is made.

    The time since boot moves with the desk's time, so that a test can let minutes pass. Like a
    Raspberry Pi without a clock battery it is not sure of the time until the server has told it.
    """

    def __init__(self, desk: DeskClock, trust: ClockTrust = ClockTrust.FLOOR) -> None:
        self._desk = desk
        self._trust = trust
        self._boot = BootId(str(uuid.uuid4()))
        self._booted = desk.now()

    def read(self) -> ClockReading:
        now = self._desk.now()
        return ClockReading(now, self._trust, self._boot, now - self._booted)

    def learn(self, server_time: datetime, *, is_fresh: bool) -> None:  # noqa: ARG002 - the port's signature
        """The desk has one time, so there is nothing to correct; from now on it is trusted."""
        self._trust = ClockTrust.SYNCED


def _boottime() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
