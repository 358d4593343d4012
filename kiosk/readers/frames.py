"""Where pictures come from: what a camera is to whoever looks for codes in them."""

from typing import Protocol

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
