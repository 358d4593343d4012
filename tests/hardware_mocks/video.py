"""A video file, as a camera's stand-in."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from kiosk.readers.frames import Frame

FRAMES_PER_SECOND = 15
MOTION_JPEG = cv2.VideoWriter.fourcc(*"MJPG")


def write_video(path: Path, frames: Iterable[Frame]) -> None:
    """Put a video (an AVI, whatever it is called) at `path`, in one step: whoever opens it sees the
    old one or the new one. All frames have one size. Raises OSError and ValueError."""
    unfinished = path.with_name(f"{path.name}.next.avi")
    writer: cv2.VideoWriter | None = None
    for frame in frames:
        if writer is None:
            size = frame.shape[1], frame.shape[0]
            writer = cv2.VideoWriter(
                str(unfinished), cv2.CAP_FFMPEG, MOTION_JPEG, FRAMES_PER_SECOND, size
            )
            if not writer.isOpened():
                raise OSError(f"{unfinished} cannot be written")
        writer.write(np.dstack([frame] * 3))
    if writer is None:
        raise ValueError("a video needs at least one picture")
    writer.release()
    unfinished.replace(path)
