"""A PostgreSQL of our own, thrown away afterwards: the machine's programs on a folder of their own.

No port is opened and no server of the machine is touched: the cluster is reached by a socket in
its folder. PostgreSQL refuses to run as root, so there it runs as `nobody`. Its language and its
time zone are chosen to be unlike those that a program may silently take for granted.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import sqlalchemy as sa

USER = "tilstede"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
_DEBIAN = Path("/usr/lib/postgresql")
_LOCALE = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=nb")
_ALWAYS = {
    "listen_addresses": "",
    "timezone": "America/St_Johns",
    "lc_messages": "C",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
}
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "64MB"}
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 500_000_000
"""With less there, a disk is the safer place."""


class PostgresError(RuntimeError):
    """PostgreSQL cannot be used; the message says what to do about it."""


class Cluster:
    """One PostgreSQL. `is_durable`: a commit waits for the disk; else nothing is ever synced,
    which no test notices that does not cut the power."""

    def __init__(self, *, is_durable: bool = False) -> None:
        """Make an empty cluster. Raises PostgresError when PostgreSQL is not installed."""
        self._programs = programs()
        self._settings = _ALWAYS | ({} if is_durable else _FORGETFUL)
        self._child: subprocess.Popen[bytes] | None = None
        # Not a folder of pytest's: root's are closed to everybody else.
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=_place(is_durable)))
        self._log = self.folder / "log"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        make = ("-D", str(self.folder / "data"), "-U", USER, "--auth=trust", "--no-sync")
        self._run("initdb", *make, *_LOCALE)

    def start(self) -> None:
        """Returns when it accepts connections. Raises PostgresError when that does not happen."""
        settings = self._settings | {"unix_socket_directories": str(self.folder)}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command("postgres", "-D", str(self.folder / "data"), *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every connection first; SIGQUIT leaves as in a crash. May be called twice."""
        if self._child is not None:
            self._child.send_signal(how)
            self._child.wait(STOP_SECONDS)

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str) -> sa.URL:
        where = {"host": str(self.folder)}
        return sa.URL.create("postgresql", username=USER, database=database, query=where)

    def execute(self, statement: str) -> None:
        """Run a statement outside of every database of ours."""
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True)

    def _accepts(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [*_as_ordinary_user(), str(self._programs / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise PostgresError(f"{program} failed: {done.stdout}{done.stderr}")


def programs() -> Path:
    """The folder of PostgreSQL's programs, the newest there is; Debian has them on no PATH.
    Raises PostgresError when there are none."""
    found = [path.parent for path in _DEBIAN.glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    elsewhere = shutil.which("initdb")
    if elsewhere is None:
        raise PostgresError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    return Path(elsewhere).resolve().parent


def _place(is_durable: bool) -> str | None:
    """Making a database takes a tenth of the time where no disk is."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES
    return str(_MEMORY) if has_room and not is_durable else None


def _as_ordinary_user() -> list[str]:
    """What comes before a program of PostgreSQL's. It ends with us, even if we are killed."""
    start = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        start += [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return start
