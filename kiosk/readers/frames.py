"""Where pictures come from: what a camera is to whoever looks for codes in them, and which of its
pictures are worth that."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]
"""Height × width of grey, or height × width × 3 of blue, green and red. 0 is dark."""


class FrameSource(Protocol):
    """A camera, or what stands in for one. Used once: a lost one is replaced by another.

    Anything may be raised by `open` and `frame`; it means that the source is lost.
    """

    def open(self) -> None:
        """Take the device and begin to take pictures."""

    def frame(self) -> Frame:
        """The next picture, whatever its size. May wait for it as long as a picture takes."""
        ...

    def close(self) -> None:
        """Let go of the device, in whatever state. May be called twice. Raises nothing."""


class Picture(NamedTuple):
    """What can be told of a picture without keeping it."""

    width: int
    height: int
    brightness: float
    """From 0, black, to 255."""
    contrast: float
    """The standard deviation of that: 0 shows nothing at all."""


def one_picture(source: FrameSource, after: int = 5) -> Picture:
    """Of the picture after the first few, which a camera takes before it has adapted itself to the
    light. Raises what the source does."""
    try:
        source.open()
        for _ in range(after):
            source.frame()
        frame = source.frame()
    finally:
        source.close()
    high, wide = frame.shape[:2]
    return Picture(wide, high, float(frame.mean()), float(frame.std()))


EVERY = 4
"""Of pictures in which nothing moves, one in so many is looked at: what is read in one look out of
a few, such as a faint code that somebody holds quite still, is found within two seconds."""
EAGER = 8
"""So many pictures are looked at after each that is unlike the one before: half of them blurred."""
STEP, BLOCK = 4, 4
"""One pixel in so many of each row and column is compared, and so many squared of those together:
a code that can be read is dozens of blocks."""
BLOCKS_CHANGED = 24
FAINT = 4.0
"""Greys that a block may change by itself, besides four times what most of them do: noise."""
FLASH = 12.0
"""Greys by which most blocks may change together before that is a change: a light that flickers."""


class Stillness:
    """Tells pictures in which something moves from those of an empty hall, at a small part of what
    looking for codes takes. Keeps a thumbnail of the last picture that was looked at."""

    def __init__(self) -> None:
        self._known: npt.NDArray[np.float32] | None = None
        self._eager = 0
        self._skipped = 0

    def is_worth_a_look(self, frame: Frame) -> bool:
        """Is anything new in the picture, or is it time to make sure?"""
        thumbnail = _thumbnail(frame)
        if self._is_new(thumbnail):
            self._eager = EAGER
        self._skipped += 1
        if self._eager == 0 and self._skipped < EVERY:
            return False
        self._eager = max(0, self._eager - 1)
        self._known, self._skipped = thumbnail, 0
        return True

    def _is_new(self, thumbnail: npt.NDArray[np.float32]) -> bool:
        if self._known is None or self._known.shape != thumbnail.shape or thumbnail.size == 0:
            return True
        changes = np.abs(thumbnail - self._known)
        most = float(np.median(changes))
        count = int(np.count_nonzero(changes > FAINT + 4 * most))
        return most > FLASH or count >= BLOCKS_CHANGED


def _thumbnail(frame: Frame) -> npt.NDArray[np.float32]:
    """Means of blocks, of green where there are colours."""
    if frame.ndim == 3 and frame.shape[2] > 0:
        frame = frame[:, :, min(1, frame.shape[2] - 1)]
    if frame.ndim != 2:
        return np.zeros((0, 0), np.float32)
    few = frame[::STEP, ::STEP]
    high, wide = few.shape[0] // BLOCK, few.shape[1] // BLOCK
    blocks = few[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
