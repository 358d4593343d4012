"""The camera at the kiosk's door: a video file, replaced by another when the scene changes.

The kiosk plays it with the reader that watches real cameras: from OpenCV on, everything is real.
"""

from collections.abc import Sequence
from pathlib import Path

from kiosk.readers.frames import Frame
from tests.hardware_mocks.qr_frames import card_frame, empty_frame
from tests.hardware_mocks.video import write_video

HAND = range(3)
"""A hand does not hold a card quite still: each picture is a little different."""


class Camera:
    """`path` is the video file; it is there when this has been made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clear()

    def show(self, shown: Frame | str) -> None:
        """Hold this picture before the camera, or a card whose code says this text."""
        self._play([card_frame(shown, n) for n in HAND] if isinstance(shown, str) else [shown])

    def clear(self) -> None:
        """Take away whatever was there."""
        self._play([empty_frame()])

    def _play(self, frames: Sequence[Frame]) -> None:
        write_video(self.path, frames)
