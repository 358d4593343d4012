"""A camera without a camera: whoever holds it says what is before it, and pulls its cable."""

from collections import deque
from collections.abc import Sequence
from threading import Condition
from types import TracebackType

import numpy as np

from kiosk.readers.frames import Frame, FrameSource
from tests.hardware_mocks.faults import Fault, Trouble, striking

PATIENCE = 30.0
SIZE = (720, 1280)


class EmulatedCamera:
    """What is before it stays there until something else is. Safe from any thread."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Frame = nothing_there()
        self._film: deque[Frame | Exception] = deque()
        self._faults: deque[Fault] = deque()
        self._is_plugged = True
        self._looks = 0
        self.open_sources = 0
        """How many have taken the camera and not let go of it."""
        self._opened = 0
        self._frozen = 0

    def __enter__(self) -> "EmulatedCamera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()
        self.thaw()

    def source(self) -> FrameSource:
        """For a reader: each call gives another way to the same camera."""
        return _Source(self)

    def show(self, frame: Frame) -> None:
        """The camera sees this from now on."""
        with self._changed:
            self._frame = frame

    def play(self, film: Sequence[Frame | Exception]) -> None:
        """Exactly one look each, and return after the last; the last picture stays before the
        camera. An exception is raised by its look. Raises TimeoutError."""
        pictures = [shown for shown in film if not isinstance(shown, Exception)]
        with self._changed:
            self._film.extend(film)
            self._frame = pictures[-1] if pictures else self._frame
            if not self._changed.wait_for(lambda: not self._film, PATIENCE):
                raise TimeoutError(f"{len(self._film)} pictures were not looked at")
        self.await_looks(1)

    def clear(self) -> None:
        """There is nothing before the camera."""
        self.show(nothing_there())

    def unplug(self) -> None:
        with self._changed:
            self._is_plugged = False

    def plug(self) -> None:
        with self._changed:
            self._is_plugged = True

    def fault(self, trouble: Trouble, *, skip: int = 0, seconds: float = 0.0) -> None:
        """Add to the script of faults: DROP (no picture), GARBLE (every second line is another),
        DELAY, LIFT (there is nothing before it any more) or UNPLUG. They strike looks, in order,
        each once."""
        with self._changed:
            self._faults.append(Fault(trouble, None, skip, seconds))

    def await_faults(self) -> None:
        """Return when all faults have struck. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._faults, PATIENCE):
                raise TimeoutError(f"{len(self._faults)} faults have not struck")

    def freeze(self) -> None:
        """To those who have the camera now it gives neither pictures nor faults any more."""
        with self._changed:
            self._frozen = self._opened

    def thaw(self) -> None:
        """It goes on."""
        with self._changed:
            self._frozen = 0
            self._changed.notify_all()

    @property
    def is_plugged(self) -> bool:
        return self._is_plugged

    def await_looks(self, count: int) -> None:
        """Wait until so many more pictures have been taken. What was made of all of them but the
        last has been told by then. Raises TimeoutError."""
        with self._changed:
            wanted = self._looks + count
            if not self._changed.wait_for(lambda: self._looks >= wanted, PATIENCE):
                raise TimeoutError(f"{wanted - self._looks} looks are missing")

    def give(self) -> int:
        """To the next who takes the camera: a number. Raises OSError when it is unplugged."""
        with self._changed:
            self.check_cable()
            self._opened += 1
            self.open_sources += 1
            return self._opened

    def take(self, number: int) -> Frame:
        """One picture, for this one. Raises OSError when the camera is unplugged."""
        with self._changed:
            self._changed.wait_for(lambda: number > self._frozen)
            fault = striking(self._faults)
            self._suffer(fault)
            self.check_cable()
            self._looks += 1
            self._changed.notify_all()
            shown = self._film.popleft() if self._film else self._frame
            if fault and fault.trouble is Trouble.GARBLE and not isinstance(shown, Exception):
                shown = _mixed_up(shown)
        if isinstance(shown, Exception):
            raise shown
        return shown

    def _suffer(self, fault: Fault | None) -> None:
        """The lock is held, and let go of while the camera is late."""
        match fault.trouble if fault else None:
            case Trouble.DROP:
                raise OSError("no picture came")
            case Trouble.DELAY if fault:
                self._changed.wait_for(lambda: not self._is_plugged, fault.seconds)
            case Trouble.LIFT:
                self._frame = nothing_there()
            case Trouble.UNPLUG:
                self._is_plugged = False

    def check_cable(self) -> None:
        """Raises OSError when the camera is unplugged."""
        if not self._is_plugged:
            raise OSError("there is no camera")


class _Source:
    """`FrameSource` of an emulated camera."""

    def __init__(self, camera: EmulatedCamera) -> None:
        self._camera = camera
        self._number: int | None = None

    def open(self) -> None:
        self._number = self._camera.give()

    def frame(self) -> Frame:
        if self._number is None:
            raise OSError("this camera was not opened")
        return self._camera.take(self._number)

    def close(self) -> None:
        if self._number is not None:
            self._number = None
            self._camera.open_sources -= 1


def nothing_there() -> Frame:
    """An evenly grey wall."""
    return np.full(SIZE, 120, dtype=np.uint8)


def _mixed_up(picture: Frame) -> Frame:
    """As a bad cable gives it: every second line is another's."""
    garbled = picture.copy()
    garbled[::2] = np.roll(garbled[::2], picture.shape[0] // 3, axis=0)[:, ::-1]
    return garbled
