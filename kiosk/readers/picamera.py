"""Pictures of the Pi's own camera, by picamera2, which comes with Raspberry Pi OS.

It gives brightness and colour apart (YUV420), so that the grey picture costs nothing: it is the
upper two thirds of what is captured (Picamera2 manual, "YUV420").
"""

import contextlib

import numpy as np
from picamera2 import Picamera2

from kiosk.readers.frames import Frame

WIDTH, HEIGHT = 1280, 720
PICTURES_PER_SECOND = 15
FRAME_MICROSECONDS = 1_000_000 // PICTURES_PER_SECOND
PATIENCE = 2.0
"""Seconds for one picture: a cable that comes off is no error to the camera, only silence."""
STREAM = "main"


class PicameraSource:
    """`FrameSource`: the camera of this number, as `rpicam-hello --list-cameras` counts them."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._camera: Picamera2 | None = None

    def open(self) -> None:
        """Raises OSError when there is no such camera, and what picamera2 raises when another
        program has it."""
        if self._number >= len(Picamera2.global_camera_info()):
            raise OSError(f"there is no camera {self._number}")
        self._camera = Picamera2(self._number)
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (WIDTH, HEIGHT), "format": "YUV420"},
                controls={"FrameDurationLimits": (FRAME_MICROSECONDS, FRAME_MICROSECONDS)},
                queue=False,  # what waits in a queue is a picture of the past
            )
        )
        self._camera.start()

    def frame(self) -> Frame:
        """The next picture, in grey. Raises OSError when none comes in PATIENCE seconds."""
        if self._camera is None:
            raise OSError("this camera was not opened")
        try:
            picture = self._camera.capture_array(STREAM, wait=PATIENCE)
        except TimeoutError as error:
            # What waits for a picture would keep the camera from being closed.
            self._camera.cancel_all_and_flush()
            raise OSError("no picture came") from error
        grey: Frame = np.asarray(picture)[:HEIGHT, :WIDTH]
        return grey

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(Exception):
                camera.close()
