"""Pictures of the Pi's own camera, by picamera2."""

from kiosk.readers.frames import Frame


class PicameraSource:
    """Not written yet."""

    def __init__(self, number: int) -> None:
        self._number = number

    def open(self) -> None:
        raise OSError(f"camera {self._number} cannot be used yet")

    def frame(self) -> Frame:
        raise OSError("no picture")

    def close(self) -> None:
        """Nothing to let go of yet."""
