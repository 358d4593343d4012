"""A scanner that types, on an input device that is not there.

Debian's umockdev answers what a driver asks of the device; keys travel through a pseudo-terminal.
So only a process that was started with umockdev's library preloaded has this device: `hid_reader`
is one, with the kiosk's own reader in it, and `ReaderBehindGlass` stands for that reader here.

    with EmulatedHidScanner() as scanner:
        reader = ReaderBehindGlass("hall", scanner)
        reader.start(print)
        scanner.hold("TS1:...")
        reader.stop()
"""

import ctypes
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.events import ReaderEvent
from tests.hardware_mocks.faults import Fault, Trouble, striking
from tests.hardware_mocks.hid_reader import GO, LOOK, STOP, event_of
from tests.hardware_mocks.keyboard import Keys

PRELOADED = "libumockdev-preload.so.0"
ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
LOOK_SECONDS = 0.05
"""Of a reader in a kiosk. Here looks are counted instead."""
EVENT = struct.Struct("llHHi")
"""`struct input_event` of a 64-bit kernel (linux/input.h): time, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
MOMENT = 0.002
EVENTS_AT_ONCE = 60
"""As many as are read in one go; a reader that got a part of one would never find its way back."""
_KEYS = bytes([0xFE]) + bytes([0xFF]) * 31
_ANSWERS = {
    "EVIOCGVERSION 0": "01000100",
    "EVIOCGID 0": "0300340C10400001",
    "EVIOCGNAME(0) 14": b"Sample scanner".ljust(256, b"\0").hex(),
    "EVIOCGBIT(0) 8": b"\x03".ljust(4, b"\0").hex(),
    "EVIOCGBIT(1) 96": _KEYS.ljust(96, b"\0").hex(),
    "EVIOCGEFFECTS 0": "00000000",
}
"""What the device says of itself: that it has keys. The sizes are those evdev asks for."""


class _Testbed:
    """A directory that stands for /dev and /sys, and a thread that answers ioctls."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        self._objects = ctypes.CDLL("libgobject-2.0.so.0")
        self._library.umockdev_testbed_new.restype = ctypes.c_void_p
        self._library.umockdev_testbed_get_root_dir.restype = ctypes.c_char_p
        self._bed = ctypes.c_void_p(self._library.umockdev_testbed_new())
        self.root = Path(self._library.umockdev_testbed_get_root_dir(self._bed).decode())

    def answer(self, device: str, answers: str) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(answers)
            file.flush()
            taken = self._library.umockdev_testbed_load_ioctl(
                self._bed, device.encode(), file.name.encode(), None
            )
        if not taken:
            raise OSError("umockdev did not take the answers")

    def close(self) -> None:
        self._objects.g_object_unref(self._bed)


class EmulatedHidScanner:
    """`path` is where a process behind umockdev finds it; it stays the same when the cable is
    pulled and put back. It types when its reader looks, never more than it can take: see `feed`.
    Safe from any thread."""

    path = "/dev/input/by-id/usb-Sample_Scanner-event-kbd"

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._ends: tuple[int, int] | None = None
        self._typing: deque[tuple[int, int, int]] = deque()
        self._held: Keys | None = None
        self._quiet = 0
        self._faults: deque[Fault] = deque()
        self._late = 0
        """So many looks go by before anything more is typed."""
        self._cable_goes = False
        """When all has been typed."""

    def __enter__(self) -> Self:
        self._bed = _Testbed()
        lines = "".join(f"{asked} {told.upper()}\n" for asked, told in _ANSWERS.items())
        self._bed.answer(self.path, lines)
        self._node = self._bed.root / self.path.lstrip("/")
        self._node.parent.mkdir(parents=True, exist_ok=True)
        self.plug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()
        self._bed.close()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that is to have this device."""
        return {**os.environ, "LD_PRELOAD": PRELOADED, "UMOCKDEV_DIR": str(self._bed.root)}

    # ---- what people do to a scanner

    def type(self, keys: Keys) -> None:
        """Type this once. Returns at once."""
        with self._guard:
            self._begin(keys)

    def fault(self, trouble: Trouble, *, skip: int = 0, seconds: float = 0.0) -> None:
        """Add to the script of faults: DROP, GARBLE (another key), DELAY (of so many seconds'
        looks), LIFT (half a code and no more) or UNPLUG (half a code, then the cable). They strike
        what is typed, in order, each once."""
        with self._guard:
            self._faults.append(Fault(trouble, None, skip, seconds))

    def overflow(self) -> None:
        """The kernel had no room for what was typed, and says so (SYN_DROPPED)."""
        with self._guard:
            self._typing.extend([(EV_SYN, SYN_DROPPED, 0), (EV_SYN, 0, 0)])

    def await_typed(self) -> None:
        """Return when a reader that is not behind glass has read all. Raises TimeoutError."""
        until = time.monotonic() + PATIENCE
        while self._typing or not self._is_read():
            if time.monotonic() > until:
                raise TimeoutError("nobody reads what is typed")
            self.feed(0)
            time.sleep(MOMENT)

    def hold(self, keys: Keys) -> None:
        """Hold something up that makes the scanner type this, again and again."""
        with self._guard:
            self._held = keys

    def lift(self) -> None:
        """Take it away. What has begun is typed to its end."""
        with self._guard:
            self._held = None

    def unplug(self) -> None:
        """Pull the cable: the device disappears, with whatever was not typed yet."""
        with self._guard:
            self._typing.clear()
            if self._ends is None:
                return
            self._node.unlink()
            for end in self._ends:
                os.close(end)
            self._ends = None
            for number in self._numbers().iterdir():
                number.unlink()

    def plug(self) -> None:
        """Put the cable in. `path` works (again)."""
        with self._guard:
            if self._ends is not None:
                return
            scanner_end, host_end = pty.openpty()
            tty.setraw(host_end)
            name = os.ttyname(host_end)
            self._ends = (scanner_end, host_end)
            self._node.symlink_to(name)
            # umockdev wants to know which device a pseudo-terminal stands for.
            (self._numbers() / name.replace("/", "_")).symlink_to("13:64")

    def feed(self, quiet_looks: int) -> None:
        """The reader is about to look: type as much as one look can take. What is held up is typed
        again after so many looks in which nothing was typed."""
        with self._guard:
            if self._ends is None or not self._is_read():
                return
            if self._late:
                self._late -= 1
                return
            if self._cable_goes and not self._typing:
                self._cable_goes = False
                self.unplug()
                return
            if not self._typing and self._held is not None and self._quiet >= quiet_looks:
                self._begin(self._held)
            self._quiet = 0 if self._typing else self._quiet + 1
            count = min(EVENTS_AT_ONCE, len(self._typing))
            told = [EVENT.pack(0, 0, *self._typing.popleft()) for _ in range(count)]
            os.write(self._ends[0], b"".join(told))

    def _begin(self, keys: Keys) -> None:
        """Type this next, if no fault strikes it. The guard is held."""
        fault = striking(self._faults)
        match fault.trouble if fault else None:
            case Trouble.DROP:
                return
            case Trouble.GARBLE:
                keys = _garbled(keys)
            case Trouble.LIFT | Trouble.UNPLUG:
                keys = keys[: len(keys) // 2]
                self._cable_goes = fault is not None and fault.trouble is Trouble.UNPLUG
            case Trouble.DELAY if fault:
                self._late = int(fault.seconds / LOOK_SECONDS)
        self._typing.extend(_events(keys))

    def _is_read(self) -> bool:
        if self._ends is None:
            return True
        waiting = ioctl(self._ends[1], termios.FIONREAD, b"\0\0\0\0")
        return bool(struct.unpack("i", waiting)[0] == 0)

    def _numbers(self) -> Path:
        place = self._bed.root / "dev" / ".ptymap"
        place.mkdir(exist_ok=True)
        return place


class ReaderBehindGlass:
    """`kiosk.ports.Reader`: the kiosk's own, in a process that has the emulated device. `on_look`
    is called before each of its looks, which wait for it to return."""

    def __init__(
        self,
        name: str,
        scanner: EmulatedHidScanner,
        looks_until_gone: int = 5,
        on_look: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._scanner = scanner
        self._looks_until_gone = looks_until_gone
        self._on_look = on_look or (lambda: scanner.feed(3))
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.hardware_mocks.hid_reader"),
                *(self.name, self._scanner.path, str(self._looks_until_gone)),
            ],
            env=self._scanner.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=ROOT,
        )
        self._thread = threading.Thread(target=self._pump, args=(self._process, report))
        self._thread.start()

    def check(self, uptime: timedelta) -> None:
        """Its looks last as long as we let them."""

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._thread is None:
            return
        _say(process, STOP)
        self._thread.join(PATIENCE)
        if process.wait(PATIENCE) != 0:
            raise OSError("the reader did not end well")
        assert process.stdin is not None
        process.stdin.close()

    def _pump(
        self, process: "subprocess.Popen[str]", report: Callable[[ReaderEvent], None]
    ) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                if line.rstrip() == LOOK:
                    self._on_look()
                    _say(process, GO)
                else:
                    report(event_of(line))


def _garbled(keys: Keys) -> Keys:
    """One key in the middle is another: as where a scanner and its cable do not get on."""
    middle, other = keys[len(keys) // 2][0], 86
    return [(other if key == middle else key, value) for key, value in keys]


def _say(process: "subprocess.Popen[str]", what: str) -> None:
    assert process.stdin is not None
    process.stdin.write(what + "\n")
    process.stdin.flush()


def _events(keys: Keys) -> Sequence[tuple[int, int, int]]:
    """Each key with the event that ends its report (linux/input-event-codes.h, SYN_REPORT)."""
    return [event for code, value in keys for event in ((EV_KEY, code, value), (EV_SYN, 0, 0))]
