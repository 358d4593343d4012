"""What the kiosk tells about itself: to the server once a minute, to systemd all the time."""

import os
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct

from kiosk.events import ClockReading
from kiosk.ports import Clock
from presence.ids import KioskId
from presence.messages import Heartbeat, HeldList, ReaderState

EVERY = timedelta(seconds=60)
FIRST_AFTER = timedelta(seconds=5)
"""Time enough for the link to come up, so that the first heartbeat is not lost."""
_MILLISECOND = timedelta(milliseconds=1)


class Depth(Protocol):
    """How full the outbox is; `oldest` is the wall time of the oldest entry that waits."""

    @property
    def waiting(self) -> int: ...
    @property
    def parked(self) -> int: ...
    @property
    def oldest(self) -> datetime | None: ...


class Knowledge(NamedTuple):
    """What the kiosk knows when it is alone, as far as it tells of it."""

    roster_issued: datetime | None
    status_lists: tuple[HeldList, ...]
    lists_refused: int


class Condition(Struct, frozen=True):
    """How the kiosk is, for whoever asks on this machine: nothing that names a person or a card."""

    program: str
    uptime_ms: int
    readers: Mapping[str, ReaderState]
    is_connected: bool
    is_alarm: bool
    outbox_depth: int
    parked: int


class Health:
    """Port `Health`. Readers count as lost until they have said that they work."""

    def __init__(
        self,
        kiosk: KioskId,
        program: str,
        clock: Clock,
        readers: Iterable[str],
        depth: Callable[[], Depth],
        knowledge: Callable[[], Knowledge],
        free_disk: Callable[[], int],
    ) -> None:
        """`program` is the version that runs; `free_disk` gives bytes."""
        self._kiosk, self._program, self._clock = kiosk, program, clock
        self._depth, self._knowledge, self._free_disk = depth, knowledge, free_disk
        self._readers = dict.fromkeys(readers, ReaderState.LOST)
        self._unreadable = 0
        self._is_connected = self._is_alarm = False
        self._condition = self._looked()
        self._due_at = clock.read().uptime + FIRST_AFTER

    def due(self, uptime: timedelta) -> Heartbeat | None:
        """The heartbeat, if its time has come."""
        if uptime < self._due_at:
            return None
        self._due_at = uptime + EVERY
        return self._heartbeat(self._clock.read())

    def next_at(self) -> timedelta:
        return self._due_at

    def count_unreadable(self) -> None:
        self._unreadable += 1

    def reader_is(self, name: str, state: ReaderState) -> None:
        self._readers[name] = state

    def link_is(self, *, up: bool) -> None:
        self._is_connected = up

    def alarm_is(self, *, raised: bool) -> None:
        self._is_alarm = raised

    def look(self) -> None:
        """Keep what `condition` tells; to be called now and then, by the loop's thread."""
        self._condition = self._looked()

    def condition(self) -> Condition:
        """As of the last look. From any thread."""
        return self._condition

    def _looked(self) -> Condition:
        depth = self._depth()
        return Condition(
            program=self._program,
            uptime_ms=self._clock.read().uptime // _MILLISECOND,
            readers=dict(self._readers),
            is_connected=self._is_connected,
            is_alarm=self._is_alarm,
            outbox_depth=depth.waiting,
            parked=depth.parked,
        )

    def _heartbeat(self, now: ClockReading) -> Heartbeat:
        depth, known = self._depth(), self._knowledge()
        return Heartbeat(
            kiosk=self._kiosk,
            at=now.wall,
            boot=now.boot,
            program=self._program,
            uptime_ms=now.uptime // _MILLISECOND,
            outbox_depth=depth.waiting,
            oldest_entry_ms=_age(depth.oldest, now.wall),
            parked=depth.parked,
            unreadable=self._unreadable,
            trust=now.trust,
            readers=dict(self._readers),
            roster_issued=known.roster_issued,
            free_disk_mb=self._free_disk() // 2**20,
            status_lists=known.status_lists,
            lists_refused=known.lists_refused,
            is_alarm=self._is_alarm,
        )


def _age(oldest: datetime | None, now: datetime) -> int | None:
    """Milliseconds; never negative, though the clock may have been corrected meanwhile."""
    return None if oldest is None else max(0, (now - oldest) // _MILLISECOND)


def free_disk(folder: Path) -> Callable[[], int]:
    """Asks for the bytes that are free where `folder` is."""
    return lambda: shutil.disk_usage(folder).free


class Systemd:
    """Tells systemd that the service is ready and alive (sd_notify(3)); nothing where it is not
    asked to."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def ready(self) -> None:
        self._tell("READY=1")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _tell(self, state: str) -> None:
        if self._socket is not None:
            self._socket.sendto(state.encode(), self._address)


def environment() -> Mapping[str, str]:
    """Of this process, without passing the notification on to children (sd_notify(3))."""
    return {key: os.environ.pop(key) for key in ("NOTIFY_SOCKET",) if key in os.environ}
