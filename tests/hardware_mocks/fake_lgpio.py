"""A Raspberry Pi 5 to gpiozero's real lgpio factory: a chip of pins in the place of the module
`lgpio`.

Written from lgpio's own source (lg 0.2.2: lgGpio.c, lgPthAlerts.c, lgPthTx.c). What it has in
common with the real one, where a kinder stand-in would hide a fault of ours: alerts come from
another thread; they are debounced by the time stamps of edges, and nothing else is; a claimed input
keeps its pull until it is freed; a wave that is stopped leaves its pin high; a handle is good for
one opening. Time stamps are the test's: they move on by `pass_time` alone.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import monotonic
from types import ModuleType

from gpiozero.pins import local

PI_5 = 0xD04170
PATIENCE = 20.0

Called = Callable[[int, int, int, int], None]


class LgpioError(Exception):
    """`lgpio.error`, which is of no kind that is known without lgpio."""


@dataclass
class Line:
    """One pin. `state` is "free", or what it was last made to be: "in", "in up", "in down",
    "out 0", "out 1" or "tone 660"."""

    states: list[str] = field(default_factory=list)
    """Every state that it was in, from the first claim."""
    since: list[float] = field(default_factory=list)
    """When each began, in seconds of the monotonic clock."""
    is_alert: bool = False
    pull: int = 0
    grounded: bool = False
    """Something outside holds it low; else its pull decides, or it floats, and reads low."""
    looks: deque[int] = field(default_factory=deque)
    """What the next reads will find, before the level that lasts."""
    bounce_ns: int = 0
    edge_ns: int = 0
    edge_level: int = -1
    told_level: int = -1
    is_settled: bool = True

    @property
    def state(self) -> str:
        return self.states[-1] if self.states else "free"

    @property
    def is_input(self) -> bool:
        return self.state.startswith("in")

    @property
    def level(self) -> int:
        if self.is_input:
            return int(self.pull == FakeLgpio.SET_PULL_UP and not self.grounded)
        return int(self.state == "out 1")


@dataclass(eq=False)
class _Callback:
    chip: int
    gpio: int
    func: Called
    callbacks: list["_Callback"]

    def cancel(self) -> None:
        self.callbacks.remove(self)


class FakeLgpio(ModuleType):
    """Chip 0, with whatever hangs on its pins. The names in capitals and those that begin with
    gpio are lgpio's."""

    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
    error = LgpioError

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.lines = [Line() for _ in range(28)]
        self.busy: set[int] = set()
        """Pins that another program has claimed."""
        self.broken: set[int] = set()
        """Pins whose reads and writes fail."""
        self.alert_threads: set[str] = set()
        """Names of the threads in which callbacks ran."""
        self.handle: int | None = None
        self._openings = 0
        self._now_ns = 1_000_000_000
        self._callbacks: list[_Callback] = []
        self._happened: SimpleQueue[tuple[int, int | None, int] | threading.Event | None]
        self._happened = SimpleQueue()
        self._thread = threading.Thread(target=self._alert, name="lgpio alerts", daemon=True)
        self._thread.start()

    # --- what a test does with it

    def ground(self, gpio: int) -> None:
        """Connect the pin with ground: a button that is pressed, a contact that is closed."""
        self._wire(gpio, grounded=True)

    def let_go(self, gpio: int) -> None:
        """Disconnect the pin: a button let go, a contact that is open, a wire that is cut."""
        self._wire(gpio, grounded=False)

    def pass_time(self, seconds: float) -> None:
        """Let time go on for the time stamps, and wait until every alert that was due is told."""
        self._now_ns += int(seconds * 1e9)
        self._happened.put((self._now_ns, None, 0))
        caught_up = threading.Event()
        self._happened.put(caught_up)
        if not caught_up.wait(PATIENCE):
            raise TimeoutError("the alert thread has died, or hangs")

    def bounce(self, gpio: int, *, grounded: bool, times: int = 5, each: float = 0.002) -> None:
        """Ground the pin, or let go of it, as contacts do: back and forth, so many times."""
        for _ in range(times):
            self._wire(gpio, grounded=grounded)
            self.pass_time(each)
            self._wire(gpio, grounded=not grounded)
            self.pass_time(each)
        self._wire(gpio, grounded=grounded)

    def stop(self) -> None:
        """End the thread of alerts."""
        self._happened.put(None)
        self._thread.join()

    # --- what gpiozero asks of it

    def gpiochip_open(self, chip: int) -> int:
        if chip != 0:
            raise LgpioError("can not open gpiochip")
        if self.handle is not None:
            raise LgpioError("the chip is open already: pins of two factories are one set")
        self._openings += 1
        self.handle = self._openings
        return self.handle

    def gpiochip_close(self, handle: int) -> None:
        self._line(handle, 0)
        for line in self.lines:
            self._become(line, "free")
        self.handle = None

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        line = self._claim(handle, gpio)
        if line.is_alert:
            line.is_alert = False
        elif line.is_input:
            return
        self._become_input(line, flags)

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        line = self._claim(handle, gpio)
        line.is_alert = False
        if not line.state.startswith(("out", "tone")):
            self._become(line, f"out {level}")

    def gpio_claim_alert(self, handle: int, gpio: int, edges: int, flags: int = 0) -> None:
        line = self._claim(handle, gpio)
        self._become_input(line, flags)
        line.is_alert, line.told_level, line.is_settled = edges == self.BOTH_EDGES, -1, True

    def gpio_free(self, handle: int, gpio: int) -> None:
        line = self._line(handle, gpio)
        line.is_alert = False
        self._become(line, "free")

    def gpio_read(self, handle: int, gpio: int) -> int:
        line = self._line(handle, gpio)
        if gpio in self.broken:
            raise LgpioError("GPIO read failed")
        return line.looks.popleft() if line.looks else line.level

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        line = self._line(handle, gpio)
        if gpio in self.broken:
            raise LgpioError("GPIO write failed")
        if not line.state.startswith("out"):
            raise LgpioError("GPIO is not an output")
        self._become(line, f"out {int(level)}")

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        line = self._line(handle, gpio)
        return line.pull if line.is_input else 0 if line.state == "free" else 1 << 1

    def gpio_set_debounce_micros(self, handle: int, gpio: int, micros: int) -> None:
        if not 0 <= micros <= 5_000_000:
            raise LgpioError("bad debounce micros")
        self._line(handle, gpio).bounce_ns = micros * 1000

    def tx_pwm(self, handle: int, gpio: int, hertz: float, duty: float) -> None:
        line = self._line(handle, gpio)
        if gpio in self.broken:
            raise LgpioError("GPIO write failed")
        if line.is_input or (hertz and not 0.1 <= hertz <= 10_000):
            raise LgpioError("bad PWM frequency, or no output")
        if hertz and duty:
            self._become(line, f"tone {hertz:g}")
        elif not hertz and line.state.startswith("tone"):
            self._become(line, "out 1")

    def callback(self, handle: int, gpio: int, edges: int, func: Called) -> _Callback:
        self._line(handle, gpio)
        self._callbacks.append(_Callback(handle >> 16, gpio, func, self._callbacks))
        return self._callbacks[-1]

    # --- the chip

    def _line(self, handle: int, gpio: int) -> Line:
        if handle != self.handle:
            raise LgpioError("unknown handle")
        return self.lines[gpio]

    def _claim(self, handle: int, gpio: int) -> Line:
        line = self._line(handle, gpio)
        if gpio in self.busy:
            raise LgpioError("GPIO busy")
        return line

    def _become_input(self, line: Line, flags: int) -> None:
        line.pull = flags & (self.SET_PULL_UP | self.SET_PULL_DOWN | self.SET_PULL_NONE)
        pulls = {self.SET_PULL_UP: "in up", self.SET_PULL_DOWN: "in down"}
        self._become(line, pulls.get(line.pull, "in"))

    def _become(self, line: Line, state: str) -> None:
        if state != line.state:
            line.states.append(state)
            line.since.append(monotonic())

    def _wire(self, gpio: int, *, grounded: bool) -> None:
        line = self.lines[gpio]
        before, line.grounded = line.level, grounded
        if line.is_alert and line.level != before:
            self._happened.put((self._now_ns, gpio, line.level))

    def _alert(self) -> None:
        """Both threads of lgpio in one: what debounces edges, and what calls back. Like the real
        one it dies of a callback that raises."""
        while (happened := self._happened.get()) is not None:
            if isinstance(happened, threading.Event):
                happened.set()
                continue
            now, gpio, level = happened
            for number, line in enumerate(self.lines):
                self._settle(number, line, now)
            if gpio is not None:
                line = self.lines[gpio]
                line.edge_ns, line.edge_level, line.is_settled = now, level, False
                if not line.bounce_ns:
                    self._settle(gpio, line, now + 1)

    def _settle(self, gpio: int, line: Line, now: int) -> None:
        if line.is_settled or now - line.edge_ns <= line.bounce_ns:
            return
        line.is_settled = True
        if line.told_level != line.edge_level:
            line.told_level = line.edge_level
            for callback in list(self._callbacks):
                if (callback.chip, callback.gpio) == (0, gpio):
                    self.alert_threads.add(threading.current_thread().name)
                    callback.func(0, gpio, line.edge_level, line.edge_ns + line.bounce_ns)


@contextmanager
def emulated_pi() -> Iterator[FakeLgpio]:
    """This process runs on a Raspberry Pi 5, as far as gpiozero's lgpio factory can tell."""
    chip = FakeLgpio()
    names = ("lgpio", "gpiozero.pins.lgpio")
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    revision = local.get_pi_revision
    local.get_pi_revision = lambda: PI_5
    sys.modules["lgpio"] = chip
    try:
        yield chip
    finally:
        local.get_pi_revision = revision
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
        chip.stop()
