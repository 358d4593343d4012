"""A real pcscd of one's own, with readers that are programs.

    with Pcscd() as pcscd:  # in this process and its children, PC/SC means this one
        ...

It runs as whoever starts it, on a socket and with a configuration of its own, and ends with the
thread that started it, however that ends. A process can talk to one pcscd at a time: the library
looks once where it is, so each takes the place of the one before (pcsc-lite, PCSCLITE_CSOCK_NAME).
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.hardware_mocks.pcsc_reader import EmulatedPcscReader

DRIVER, PRELOAD = "pcsc_driver.c", "pcsc_preload.c"
READER = "Tilstede Virtual PICC"
SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"
HELLO = struct.pack("=IIiiI", 12, 0x11, 4, 4, 0)
"""A client's first message: its size, CMD_VERSION, the version (pcsc-lite, winscard_msg.h)."""
PATIENCE = 20.0
_kept = contextlib.ExitStack()
atexit.register(_kept.close)


def entry(name: str, device: str, driver: Path, channel: int) -> str:
    """A reader for pcscd's configuration (reader.conf(5))."""
    return f'FRIENDLYNAME "{name}"\nDEVICENAME {device}\nLIBPATH {driver}\nCHANNELID {channel}\n'


class Pcscd:
    """The daemon and its readers, one for each of `names`. `others` are entries of readers that
    have drivers of their own."""

    def __init__(self, names: Sequence[str] = (READER,), *, others: Sequence[str] = ()) -> None:
        self._names, self._others = names, others
        self._daemon: subprocess.Popen[bytes] | None = None
        self.readers: list[EmulatedPcscReader] = []

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="pcscd-"))
        (self._home / "config").mkdir()
        (self._home / "usb").mkdir()
        for number, name in enumerate(self._names):
            place = self._home / f"reader{number}"
            self.readers.append(EmulatedPcscReader(place, name, self.is_running))
        try:
            self.start()
        except BaseException:
            self._clear_away()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear_away()

    def _clear_away(self) -> None:
        self.stop()
        for reader in self.readers:
            reader.close()
        shutil.rmtree(self._home)

    def start(self, count: int | None = None) -> None:
        """Start the daemon with the first `count` readers, or all. Returns when it watches every
        one that is plugged in."""
        served = self.readers[:count]
        self._configure(served)
        place = csock()
        place.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
            listener.listen(16)
            self._daemon = subprocess.Popen(
                ["sh", "-c", self._command()], stdin=listener.fileno(), env=self._environment()
            )
        self._greet(place)
        for reader in served:
            reader.await_daemon()

    def stop(self) -> None:
        """End the daemon, as at a restart of the machine."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the daemon as a fault would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """The daemon does nothing until `thaw`; whoever asks it waits."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Is there a daemon, so that a reader that is plugged in is heard of?"""
        return self._daemon is not None

    def _end(self, how: signal.Signals) -> None:
        if self._daemon is None:
            return
        self._daemon.send_signal(how)
        self._daemon.send_signal(signal.SIGCONT)
        self._daemon.wait(PATIENCE)
        self._daemon = None
        csock().unlink(missing_ok=True)
        for reader in self.readers:
            reader.await_nobody()

    def _greet(self, place: Path) -> None:
        """Wait until the daemon answers. Raises OSError with what it has to say, if it does not."""
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(PATIENCE)
            answer = b""
            with contextlib.suppress(ConnectionError):  # it has ended
                caller.connect(str(place))
                caller.sendall(HELLO)
                answer = caller.recv(1)
            if not answer:
                raise OSError(f"pcscd does not answer: {(self._home / 'log').read_text()}")

    @property
    def pid(self) -> int:
        """The daemon's process."""
        if self._daemon is None:
            raise RuntimeError("there is no daemon")
        return self._daemon.pid

    def _configure(self, served: Sequence[EmulatedPcscReader]) -> None:
        entries = [
            entry(reader.name, str(reader.path), _built(DRIVER), channel)
            for channel, reader in enumerate(served)
        ]
        (self._home / "config" / "readers").write_text("".join([*entries, *self._others]))

    def _command(self) -> str:
        """systemd hands over a socket like this: as descriptor 3, and says to whom."""
        options = "--disable-polkit" if "--disable-polkit" in _help() else ""
        config = self._home / "config"
        return (
            "export LISTEN_PID=$$ LISTEN_FDS=1; exec setpriv --pdeathsig TERM"
            f" env LD_PRELOAD={_built(PRELOAD)}"
            f" pcscd --foreground --critical --config {config} {options}"
            f" 3<&0 </dev/null >{self._home}/log 2>&1"
        )

    def _environment(self) -> dict[str, str]:
        """No reader that happens to be plugged into this machine is taken."""
        usb = str(self._home / "usb")
        return {"PATH": PROGRAMS, "PCSCLITE_HP_DROPDIR": usb}


@functools.cache
def csock() -> Path:
    """Where this process and its children look for pcscd, from the first call on."""
    home = tempfile.TemporaryDirectory(prefix="pcsc-")
    _kept.callback(home.cleanup)
    place = Path(home.name) / "socket"
    os.environ[SOCKET_VARIABLE] = str(place)
    return place


@functools.cache
def _built(source: str) -> Path:
    """A library made of a file beside this one, for this process."""
    home = tempfile.TemporaryDirectory(prefix="pcsc-built-")
    _kept.callback(home.cleanup)
    built = Path(home.name) / "library.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-I/usr/include/PCSC", "-o", str(built)]
    subprocess.run([*command, str(Path(__file__).with_name(source))], check=True)
    return built


@functools.cache
def _help() -> str:
    asked = subprocess.run(
        ["pcscd", "--help"], env={"PATH": PROGRAMS}, capture_output=True, text=True, check=False
    )
    return asked.stdout + asked.stderr
