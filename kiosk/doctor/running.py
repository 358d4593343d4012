"""The kiosk that runs on this machine, if one does: it has its readers and pins for itself, so it
is asked instead of them."""

import fcntl
import os
import struct
import urllib.error
import urllib.request
from pathlib import Path

import msgspec

from kiosk.config import Config
from kiosk.health import Condition
from kiosk.screen.server import HOST

ANSWER_SECONDS = 5.0
LARGEST_ANSWER = 100_000
_FLOCK = struct.Struct("hhqqi")
"""`struct flock` of 64-bit Linux (fcntl(2)): type, whence, start, length, process."""
_SQLITE_BYTES = 0x40000000, 512
"""Where SQLite locks (sqlite.org/fileformat2.html, "The Lock-Byte Page")."""


class Running(msgspec.Struct, frozen=True):
    """`condition` None: it runs, and cannot be asked."""

    condition: Condition | None = None


class OtherProgramError(Exception):
    """Something answers at the page's port that is no kiosk."""


def find_running(config: Config) -> Running | None:
    """The kiosk of this configuration. Raises OtherProgramError."""
    condition = _ask(config.screen.port) if config.screen.port else None
    if condition is not None:
        return Running(condition)
    return Running() if _is_kept(config.data / "outbox.db") else None


def _ask(port: int) -> Condition | None:
    """How the kiosk is; None where nobody listens."""
    # No proxy of the environment is asked the way to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}/health.json", timeout=ANSWER_SECONDS) as answer:
            return msgspec.json.decode(answer.read(LARGEST_ANSWER), type=Condition)
    except urllib.error.HTTPError as error:
        raise OtherProgramError(f"it answers {error.code}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return None
        raise OtherProgramError("it does not answer like a page") from error
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        raise OtherProgramError("it does not answer like a kiosk") from error


def _is_kept(outbox: Path) -> bool:
    """Does a process have this file for itself, as a kiosk has its outbox?"""
    try:
        descriptor = os.open(outbox, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        wanted = _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, *_SQLITE_BYTES, 0)
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, wanted))
    finally:
        os.close(descriptor)
    return bool(kind != fcntl.F_UNLCK)
