"""Hardware that does as it is told: it fails so many times, or does not return from a call.

    hardware = HangingHardware()
    reader = PollingReader("hall", hardware.line, pace, hardware.power_cycle)
    reader.start(witness.tell)
    hardware.hang("sense")  # returns when the reader's thread is in there
    hardware.let_go()

Its calls are `open`, `sense`, `read`, `drop` and `power`.
"""

from collections.abc import Callable
from threading import Condition

from kiosk.readers.polling import Sighting
from presence.card import SignedCode

PATIENCE = 20.0


class HangingHardware:
    """Lines are opened on it. Safe from any thread."""

    def __init__(self) -> None:
        self.card: str | None = None
        self.is_exclusive = False
        """A line can be opened only while no other one is open."""
        self.objects = False
        """Raises when it is broken off, and hangs on."""
        self.drops_badly = False
        """A line raises when it is dropped, though none should."""
        self.calls: list[str] = []
        """Every call but looks, in their order."""
        self.open_lines = 0
        self._looks = 0
        self._failing = 0
        self._wanted: tuple[str, bool] | None = None
        self._hangs = 0
        self._let_go, self._raises = 0, False
        self._changed = Condition()

    # ---- what tests do

    def fail(self, looks: int) -> None:
        """So many of the next looks raise."""
        with self._changed:
            self._failing = looks

    def hang(self, call: str = "sense", *, breaks_off: bool = True) -> None:
        """Have the next such call hang, and return when it does. It ends by `let_go`, or by the
        line's own `interrupt` if it `breaks_off`."""
        with self._changed:
            wanted = self._hangs + 1
            self._wanted = (call, breaks_off)
        self.await_hangs(wanted)

    def will_hang(self, call: str, *, breaks_off: bool = False) -> None:
        """As `hang`; but the call may come later, or never."""
        with self._changed:
            self._wanted = (call, breaks_off)

    def let_go(self, *, raises: bool = False) -> None:
        """Every call that hangs returns, as if nothing had been, or raises."""
        with self._changed:
            self._let_go, self._raises = self._hangs, raises
            self._changed.notify_all()

    def forgive(self) -> None:
        """Nothing fails or hangs any more."""
        with self._changed:
            self._failing, self._wanted = 0, None
        self.let_go()

    def await_hangs(self, count: int) -> None:
        """So many since the beginning. Raises TimeoutError, as the others do."""
        self._await(lambda: self._hangs >= count)

    def await_looks(self, count: int) -> None:
        """So many more. What was made of all of them but the last has been told by then."""
        wanted = self._looks + count
        self._await(lambda: self._looks >= wanted)

    def await_open_lines(self, count: int) -> None:
        self._await(lambda: self.open_lines == count)

    def await_calls(self, call: str, count: int) -> None:
        self._await(lambda: self.calls.count(call) >= count)

    def _await(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, PATIENCE):
                raise TimeoutError(f"calls {self.calls[-20:]}, looks {self._looks}")

    # ---- what readers do

    def line(self) -> "HangingLine":
        return HangingLine(self)

    def power_cycle(self) -> None:
        self.enter("power")

    def enter(self, call: str, line: "HangingLine | None" = None) -> None:
        """Begin a call: it hangs here, if it is to."""
        with self._changed:
            if call == "sense":
                self._looks += 1
            else:
                self.calls.append(call)
            if self._wanted is not None and self._wanted[0] == call:
                breaks_off, self._wanted = self._wanted[1], None
                self._hangs += 1
                self._stay(self._hangs, line if breaks_off else None)
            self._changed.notify_all()

    def _stay(self, hang: int, line: "HangingLine | None") -> None:
        self._changed.notify_all()
        self._changed.wait_for(
            lambda: self._let_go >= hang or (line is not None and line.is_interrupted)
        )
        if self._raises or (line is not None and line.is_interrupted):
            raise OSError("broken off")

    def look(self) -> str | None:
        with self._changed:
            if self._failing:
                self._failing -= 1
                raise OSError("no answer")
            return self.card

    def take(self) -> None:
        with self._changed:
            if self.is_exclusive and self.open_lines:
                raise OSError("the device is busy")
            self.open_lines += 1
            self._changed.notify_all()

    def give_back(self) -> None:
        with self._changed:
            self.open_lines -= 1
            self._changed.notify_all()

    def interrupt(self, line: "HangingLine") -> None:
        if self.objects:
            raise OSError("no descriptor")
        with self._changed:
            line.is_interrupted = True
            self._changed.notify_all()


class HangingLine:
    """`Line` to it."""

    def __init__(self, hardware: HangingHardware) -> None:
        self._hardware = hardware
        self._is_open = False
        self.is_interrupted = False

    def open(self) -> None:
        self._hardware.take()
        self._is_open = True
        self._hardware.enter("open", self)

    def sense(self) -> Sighting | None:
        self._hardware.enter("sense", self)
        card = self._hardware.look()
        if card is None:
            return None

        def read() -> SignedCode:
            self._hardware.enter("read", self)
            return SignedCode(card)

        return Sighting(card.encode(), read)

    def close(self) -> None:
        self._hardware.enter("close", self)

    def interrupt(self) -> None:
        self._hardware.interrupt(self)

    def drop(self) -> None:
        self._hardware.enter("drop")
        if self._is_open:
            self._is_open = False
            self._hardware.give_back()
        if self._hardware.drops_badly:
            raise OSError("no descriptor")
