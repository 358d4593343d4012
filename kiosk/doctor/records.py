"""What the kiosk must not forget: the folder, what waits in it, and whom it believes."""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.app import load_trust
from kiosk.config import Config
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.running import Running
from kiosk.outbox import MAX_WAITING, Depth, SqliteOutbox
from kiosk.store import StoreError
from presence.errors import TrustError

MIB = 2**20
LITTLE_ROOM, NO_ROOM = 500 * MIB, 50 * MIB
OLD = timedelta(days=1)
OUTBOX = "outbox.db"
DAMAGED = re.compile(r"\.damaged-\d+$")
"""How `kiosk.store` calls what it sets aside; what belongs to it has a longer name."""


def disk(machine: Machine, data: Path) -> Iterator[Finding]:
    about, place = About("disk"), _nearest(data)
    free = machine.free(place)
    told, mend = f"{free // MIB} MiB are free at {place}", "make room: sudo apt clean; df -h"
    if free < NO_ROOM:
        yield about.fault(told, mend)
    elif free < LITTLE_ROOM:
        yield about.warn(told, mend)
    else:
        yield about.ok(told)


def folder(machine: Machine, data: Path) -> Iterator[Finding]:
    """Only this folder has to be writable: a root file system that is not does no harm."""
    about, place = About("disk", "data"), _nearest(data)
    user, owner = machine.user(), machine.owner_of(place)
    if machine.may_use(place):
        if place != data:
            yield about.ok(f"{data} will be made when the kiosk first starts")
        else:
            yield about.ok(f"{data} can be written to")
    elif user != owner:
        yield about.not_checked(
            f"{place} is for {owner} alone, and this is {user}",
            f"sudo -u {owner} tilstede doctor ...",
        )
    else:
        yield about.fault(
            f"{user} may not write to {place}",
            f"is its file system read-only (findmnt -T {place})? Else: sudo chmod u+rwx {place}",
        )


def damaged(data: Path) -> Iterator[Finding]:
    about = About("disk", "damage")
    aside = sorted(name for name in _names(data) if DAMAGED.search(name))
    if aside:
        yield about.warn(
            f"{len(aside)} damaged files were set aside: {', '.join(aside[:3])}",
            "keep a copy for whoever looks after the system, and replace the memory card",
        )
    else:
        yield about.ok("no file was damaged")


def outbox(machine: Machine, data: Path, running: Running | None) -> Iterator[Finding]:
    about = About("outbox")
    if running is not None:
        if running.condition is None:
            yield about.not_checked("the running kiosk has it to itself")
        else:
            waiting, parked = running.condition.outbox_depth, running.condition.parked
            yield _judged(machine, about, Depth(waiting, parked, None))
        return
    if OUTBOX not in _names(data):
        yield about.ok("nothing has been recorded yet")
        return
    try:
        yield _judged(machine, about, _depth(data))
    except StoreError as error:
        yield about.fault(
            f"{OUTBOX} cannot be read: {str(error).rpartition(': ')[2]}",
            "is this program older than the one that wrote it? Then install the newer one again",
        )


def _depth(data: Path) -> Depth | None:
    """From a copy, so that nothing of the doctor's is left beside the file; None: it is damaged."""
    with TemporaryDirectory(prefix="tilstede-doctor-") as place:
        for name in (OUTBOX, f"{OUTBOX}-wal"):
            if (data / name).exists():
                shutil.copyfile(data / name, Path(place, name))
        opened = SqliteOutbox(Path(place, OUTBOX), os.urandom)
        try:
            return None if opened.was_damaged else opened.depth()
        finally:
            opened.close()


def _judged(machine: Machine, about: About, depth: Depth | None) -> Finding:
    if depth is None:
        return about.fault(
            f"{OUTBOX} is damaged",
            "keep a copy; the kiosk will set it aside and begin anew. Replace the memory card",
        )
    told = f"{depth.waiting} entries wait for the server"
    if depth.parked:
        return about.warn(
            f"{told}; the server refused {depth.parked}",
            "the server's log says why; they are kept until somebody has looked",
        )
    if depth.waiting >= MAX_WAITING:
        return about.fault(f"{told}: it is full", "bring the network back")
    if depth.oldest is not None and machine.wall() - depth.oldest > OLD:
        hours = (machine.wall() - depth.oldest) // timedelta(hours=1)
        return about.warn(f"{told}, the oldest for {hours} hours", "bring the network back")
    return about.ok(told)


def trust(machine: Machine, config: Config) -> Iterator[Finding]:
    """Whether there is a key that is good now."""
    about = About("trust")
    try:
        keys = load_trust(config.trust).values()
    except TrustError as error:
        yield about.fault(str(error), f"bring {config.trust} from the server again")
        return
    now = machine.wall()
    good = [key for key in keys if key.is_valid_at(now)]
    if good:
        yield about.ok(f"{len(good)} of {len(keys)} keys are valid now")
    else:
        yield about.fault(
            f"none of {len(keys)} keys is valid at this clock's time",
            f"set the clock right; if it is, bring {config.trust} from the server again",
        )


def _names(data: Path) -> list[str]:
    """Of what is in the folder, if there is one. Raises PermissionError, where asking for a single
    file would only say that it is not there."""
    try:
        return [path.name for path in data.iterdir()]
    except FileNotFoundError:
        return []


def _nearest(place: Path) -> Path:
    """The folder, or the first above it that is there."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
