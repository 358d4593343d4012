"""The system's mosquitto as a supervised child: for the one-machine server, the demo and tests.

The broker is generated, started, watched and stopped by us, on loopback, on a port of our own. It
keeps nothing on disk: a broker's PUBACK is no promise of durability, so nothing rests on it.
"""

import logging
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

log = logging.getLogger(__name__)

MINIMUM_VERSION = (2, 0, 11)
_PORT_ATTEMPTS = 5
_RESTART_SECONDS = 0.2
_TERM_ATTEMPTS = 20
_TERM_SECONDS = 0.25

_CONFIGURATION = """\
# Generated at every start.
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence false
max_inflight_messages 100
max_queued_messages 1000
max_keepalive 120
max_packet_size 1200000
user {user}
log_dest stderr
log_type error
log_type warning
log_type information
connection_messages false
"""


class BrokerError(RuntimeError):
    """The broker cannot be used; the message says what to do about it."""


class Broker:
    """One mosquitto. `start` returns when it accepts connections; a child that dies by itself is
    started again on the same port. Use as a context manager or call `start` and `stop`."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        """`directory` receives the configuration; `port` 0 takes a free one at start."""
        self._directory = directory
        self._wanted_port = port
        self._child: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._failure: BrokerError | None = None
        self._thread: threading.Thread | None = None
        self.port = port

    @property
    def pid(self) -> int:
        """Process id of the running broker. Raises BrokerError when there is none."""
        if self._child is None:
            raise BrokerError("the broker is not running")
        return self._child.pid

    def start(self) -> None:
        """Raises BrokerError when mosquitto is missing, too old, or does not come up."""
        if self._thread is not None:
            raise BrokerError("the broker was started already")
        program = find_mosquitto()
        self._directory.mkdir(parents=True, exist_ok=True)
        # The child dies with the thread that made it, so one thread makes and watches it.
        self._thread = threading.Thread(
            target=self._supervise, args=(program,), name="broker", daemon=True
        )
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the broker and wait for its end. May be called twice."""
        self._stopping.set()
        thread = self._thread
        if thread is None:
            return
        for _ in range(_TERM_ATTEMPTS):
            # mosquitto forgets a SIGTERM that comes in the moment after it said "running".
            if self._child is not None:
                self._child.terminate()
            thread.join(_TERM_SECONDS)
            if not thread.is_alive():
                return
        self.kill()
        thread.join()

    def kill(self) -> None:
        """SIGKILL the child, as a crash would; it is started again."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _supervise(self, program: str) -> None:
        attempts = 1 if self._wanted_port else _PORT_ATTEMPTS
        try:
            for _ in range(attempts):
                # A free port can be taken by someone else before mosquitto binds it.
                self.port = self._wanted_port or _free_port()
                self._live(program)
                if self._started.is_set() or self._stopping.is_set():
                    break
            else:
                self._failure = self._no_start()
                return
            while not self._stopping.wait(_RESTART_SECONDS):
                log.error("the broker ended by itself and is started again")
                self._live(program)
        except BrokerError as error:
            log.error("no broker: %s", error)
            self._failure = error
        finally:
            self._started.set()

    def _live(self, program: str) -> None:
        """One life of the child, from its start to its end."""
        with self._spawn(program) as child:
            self._child = child
            if self._stopping.is_set():
                child.terminate()
            if child.stderr is None:
                raise BrokerError("the broker has no log")
            for line in child.stderr:
                self._read_log(line.partition(": ")[2].rstrip())

    def _read_log(self, line: str) -> None:
        if line.endswith(" running"):
            self._started.set()
        if line.startswith(("Error", "Warning")):
            log.warning("mosquitto: %s", line)
        else:
            log.debug("mosquitto: %s", line)

    def _spawn(self, program: str) -> subprocess.Popen[str]:
        configuration = self._directory / "mosquitto.conf"
        # Changing to another user, which mosquitto does when it is started by root, would undo
        # what setpriv arranges: that an aborted parent leaves no broker behind.
        text = _CONFIGURATION.format(port=self.port, user=pwd.getpwuid(os.geteuid()).pw_name)
        configuration.write_text(text, encoding="utf-8")
        return subprocess.Popen(
            [_find("setpriv"), "--pdeathsig", "KILL", program, "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _no_start(self) -> BrokerError:
        return BrokerError(
            f"mosquitto did not come up on 127.0.0.1:{self.port}; is the port in use?"
            f" Its configuration is {self._directory / 'mosquitto.conf'}"
        )


def find_mosquitto() -> str:
    """The path of a mosquitto that is new enough. Raises BrokerError that says what to install."""
    program = _find("mosquitto")
    answer = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
    found = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", answer.stdout)
    if found is None:
        raise BrokerError(f"{program} does not tell its version")
    version = tuple(int(part) for part in found.groups())
    if version < MINIMUM_VERSION:
        raise BrokerError(
            f"{program} is version {'.'.join(found.groups())};"
            f" {'.'.join(map(str, MINIMUM_VERSION))} or newer is needed"
        )
    return program


def _find(name: str) -> str:
    # Debian puts daemons into sbin, which is not on an ordinary user's PATH.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if found is None:
        raise BrokerError(f"{name} is not installed; on Debian: apt-get install {name}")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
