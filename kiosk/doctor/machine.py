"""The machine that is examined: where its files are, and what can be asked of it. Everything can be
replaced, so that a test builds the machine that it wants."""

import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

COMMAND_SECONDS = 5.0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name (pwd(5)); OSError since Python 3.13
        return str(os.getuid())


def _group_of(path: Path) -> str:
    number = path.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _owner_of(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _version(package: str, module: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        # Debian's own packages do not always tell.
        return None if find_spec(module) is None else "of some version"


def _asked(command: Sequence[str]) -> str | None:
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        ended = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=COMMAND_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None


class Machine(Struct, frozen=True):
    root: Path = Path("/")
    """Where /proc, /sys, /dev and /run are."""
    user: Callable[[], str] = _user
    """Who runs the doctor."""
    may_use: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK)
    """May this user read and write it?"""
    group_of: Callable[[Path], str] = _group_of
    owner_of: Callable[[Path], str] = _owner_of
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    """Bytes."""
    has_program: Callable[[str], bool] = lambda name: shutil.which(name) is not None
    version: Callable[[str, str], str | None] = _version
    """Of a Python package, by its name and its module's; None where it is not installed."""
    resolve: Callable[[str], object] = lambda host: socket.getaddrinfo(host, None)
    """Raises OSError where the name has no address."""
    asked: Callable[[Sequence[str]], str | None] = _asked
    """What a program prints; None where it is not there, fails or hangs."""
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)

    def at(self, path: str) -> Path:
        """A path of this machine that begins with a slash."""
        return self.root / path.lstrip("/")

    def text(self, path: str | Path) -> str | None:
        """What a small file says, without the space around it; None where it cannot be read."""
        file = self.at(path) if isinstance(path, str) else path
        try:
            return file.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
        except OSError:
            return None

    @property
    def is_raspberry_pi(self) -> bool:
        return "Raspberry Pi" in (self.text("/proc/device-tree/model") or "")
