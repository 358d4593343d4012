"""What stands for the driver library `picamera2`, which exists on Raspberry Pi OS alone.

    with EmulatedPicamera() as camera:
        from kiosk.readers.picamera import PicameraSource  # not before

As much of its interface as the kiosk uses (raspberrypi/picamera2 0.3: `picamera2.py`, `job.py`),
with its manners: one owner at a time, no picture before `start`, frames in YUV420 with bytes to
spare at the end of each line, a lost cable that is nothing but silence, and a `close` that waits
for ever where a capture that timed out was not cancelled.
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.hardware_mocks.camera import EmulatedCamera

STRIDE = 64
"""Bytes that each line may be longer than its picture is wide."""
cameras: list[EmulatedCamera] = []
"""What is plugged in, by its number."""
in_use: set[int] = set()


class Picamera2:
    """`picamera2.Picamera2` of one of `cameras`."""

    def __init__(self, camera_num: int = 0) -> None:
        self._number = camera_num
        info = self.global_camera_info()[camera_num]  # raises IndexError as the real one does
        if info["Num"] in in_use:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        in_use.add(camera_num)
        self._source = cameras[camera_num].source()
        self._source.open()
        self._configuration: dict[str, Any] = {}
        self._is_started = self._has_waiting_job = False
        self.is_open = True

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        """Those that were there when the machine started or are there now."""
        return [
            {"Num": number, "Model": "imx708"}
            for number, camera in enumerate(cameras)
            if camera.is_plugged
        ]

    def create_video_configuration(
        self,
        main: dict[str, Any] | None = None,
        controls: dict[str, Any] | None = None,
        queue: bool = True,
    ) -> dict[str, Any]:
        """Raises RuntimeError for a format that cameras do not give."""
        main = {"format": "XBGR8888", "size": (1280, 720), **(main or {})}
        if main["format"] not in {"YUV420", "XBGR8888", "RGB888", "BGR888"}:
            raise RuntimeError("Bad format " + main["format"] + " in stream main")
        return {"main": main, "controls": controls or {}, "queue": queue}

    def configure(self, camera_config: dict[str, Any]) -> None:
        """Raises RuntimeError while the camera runs."""
        if self._is_started:
            raise RuntimeError("Camera must be stopped before configuring")
        self._configuration = camera_config

    def start(self) -> None:
        """Raises RuntimeError before `configure`."""
        if not self._configuration:
            raise RuntimeError("Camera has not been configured")
        self._is_started = True

    def capture_array(self, name: str = "main", wait: float | None = None) -> npt.NDArray[np.uint8]:
        """The next picture. Raises TimeoutError after `wait` seconds: here, at once."""
        if not self._is_started:
            raise RuntimeError("Camera was not started")
        try:
            picture = self._source.frame()
        except OSError as error:
            self._has_waiting_job = True
            assert wait, "a camera that has lost its cable is waited for until the end of time"
            raise TimeoutError from error
        width, height = self._configuration[name]["size"]
        assert self._configuration[name]["format"] == "YUV420"
        planes = np.full((height * 3 // 2, width + STRIDE), 128, np.uint8)
        grey = picture if picture.ndim == 2 else picture[:, :, 1]
        planes[: grey.shape[0], : grey.shape[1]] = grey[:height, :width]
        return planes

    def cancel_all_and_flush(self) -> None:
        """Nobody waits for a picture any more."""
        self._has_waiting_job = False

    def stop(self) -> None:
        self._is_started = False

    def close(self) -> None:
        """Let go of the camera."""
        assert not self._has_waiting_job, "the real one would wait for ever"
        if self.is_open:
            self.stop()
            self._source.close()
            in_use.discard(self._number)
            self.is_open = False


class EmulatedPicamera(EmulatedCamera):
    """Camera 0 of a Pi."""

    def __enter__(self) -> "EmulatedPicamera":
        use_as_driver()
        cameras.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(None, None, None)
        cameras.remove(self)


def use_as_driver() -> None:
    """From now on `import picamera2` finds what is in this module."""
    driver = ModuleType("picamera2")
    vars(driver)["Picamera2"] = Picamera2
    sys.modules.setdefault("picamera2", driver)
