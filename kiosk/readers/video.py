"""Pictures of a camera, or of a video file that stands in for one, by OpenCV.

A camera is asked for 1280×720 and 15 pictures a second and may give others. A file is played at the
speed at which it is asked, and opened anew at its end: it never ends, and what has been put in its
place meanwhile is seen from then on.
"""

import stat
from pathlib import Path

import cv2
import numpy as np

from kiosk.readers.frames import Frame

WISHES = {
    cv2.CAP_PROP_FRAME_WIDTH: 1280,
    cv2.CAP_PROP_FRAME_HEIGHT: 720,
    cv2.CAP_PROP_FPS: 15,
    cv2.CAP_PROP_BUFFERSIZE: 1,  # what waits in a queue is a picture of the past
}


class VideoSource:
    """`FrameSource`: the camera or the video file at `path`. No other place is looked at."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._capture: cv2.VideoCapture | None = None
        self._is_file = False
        # Every fault reaches the log once, as ReaderLost. OpenCV would repeat each.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def open(self) -> None:
        """Raises OSError for a path that is not there or cannot be watched."""
        self.close()
        mode = self._path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISCHR(mode):
            raise OSError(f"neither a camera nor a video file: {self._path}")
        self._is_file = stat.S_ISREG(mode)
        with self._path.open("rb"):
            pass  # says whether it is missing or forbidden, which OpenCV does not
        backend = cv2.CAP_FFMPEG if self._is_file else cv2.CAP_V4L2
        self._capture = cv2.VideoCapture(str(self._path), backend)
        if not self._capture.isOpened():
            raise OSError(f"no pictures from {self._path}")
        if not self._is_file:
            for wish, value in WISHES.items():
                self._capture.set(wish, value)  # what a camera cannot do, it leaves

    def frame(self) -> Frame:
        """The next picture. Raises OSError when there is none."""
        picture = self._next()
        if picture is None and self._capture is not None and self._is_file:
            self.open()
            picture = self._next()
        if picture is None:
            raise OSError(f"no more pictures from {self._path}")
        return picture

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _next(self) -> Frame | None:
        if self._capture is None:
            return None
        has_one, picture = self._capture.read()
        return picture.astype(np.uint8, copy=False) if has_one else None
