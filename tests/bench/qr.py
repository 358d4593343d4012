"""What looking for a code in a picture takes, and how many are found, beside bare zxing-cpp."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import zxingcpp

from kiosk.readers.camera import CameraReader
from kiosk.readers.frames import Frame
from kiosk.readers.qr import QrDecoder
from kiosk.readers.video import VideoSource
from tests.bench.blocks import Block, ratio, take_turns, typical
from tests.bench.figures import Figure, figure
from tests.hardware_mocks.qr_frames import Shown, empty_frame, seeded_frames
from tests.hardware_mocks.video import write_video

LOOKS = 2
"""At each picture as it is, and blurred."""
EMPTY_ROOMS = 20
IDLE_SECONDS, IDLE_PICTURES = 5.0, 60

_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def measure(rounds: int) -> list[Figure]:
    """Over the seeded set of 1280×720; so many rounds, ours and the bare library in turns."""
    shown = list(seeded_frames())
    frames = [one.frame for one in shown]
    rooms = [empty_frame(seed) for seed in range(EMPTY_ROOMS)]
    looking, bare, idle = take_turns(
        rounds,
        lambda: _milliseconds(QrDecoder().texts, _twice(frames)),
        lambda: _milliseconds(_bare, frames),
        lambda: _milliseconds(QrDecoder().texts, _twice(rooms)),
    )
    ours, theirs = _read(shown, _two_looks), _read(shown, _bare)
    return [
        figure("QR: one look at a picture of 1280×720, mean", typical(looking), "ms", 8),
        figure("QR: zxing-cpp by itself on the same pictures", typical(bare), "ms"),
        figure("QR: one look against zxing-cpp by itself", ratio(looking, bare), "×"),
        figure("QR: one look at an empty room", typical(idle), "ms"),
        figure(f"QR: read of {len(shown)} pictures", 100 * len(ours) / len(shown), "%"),
        figure("QR: read by zxing-cpp by itself", 100 * len(theirs) / len(shown), "%"),
        figure("QR: read by zxing-cpp by itself and not by us", len(theirs - ours), "pictures", 0),
        *_idling(),
    ]


def _idling() -> list[Figure]:
    """A reader on a camera before which nothing happens, at its own pace; what OpenCV takes to
    decode the pictures is in it."""
    return [
        figure(f"camera: idling before {hall}", 100 * _cores(noise), "% of one core", 25)
        for hall, noise in (("an empty hall", 5.0), ("a dark one", 25.0))
    ]


def _cores(noise: float) -> float:
    dice, hall = np.random.default_rng(1), empty_frame(1)
    pictures = [
        np.clip(hall + dice.normal(0, noise, hall.shape), 0, 255).astype(np.uint8)
        for _ in range(IDLE_PICTURES)
    ]
    with TemporaryDirectory() as place:
        video = Path(place) / "hall.avi"
        write_video(video, pictures)
        ready = threading.Event()
        reader = CameraReader("hall", lambda: VideoSource(str(video)))
        reader.start(lambda event: ready.set())
        ready.wait()
        before, began = time.process_time(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        share = (time.process_time() - before) / (time.monotonic() - began)
        reader.stop()
    return share


def _twice(frames: Sequence[Frame]) -> list[Frame]:
    return [frame for frame in frames for _ in range(LOOKS)]


def _milliseconds(look: Callable[[Frame], object], frames: Sequence[Frame]) -> Block:
    """One sample: the processor time of a look, over all pictures."""
    began = time.thread_time()
    for frame in frames:
        look(frame)
    return [(time.thread_time() - began) / len(frames) * 1e3]


def _bare(frame: Frame) -> list[str]:
    found = zxingcpp.read_barcodes(
        frame, formats=_QR, try_rotate=False, try_downscale=False, try_invert=False
    )
    return [code.text for code in found]


def _two_looks(frame: Frame) -> list[str]:
    decoder = QrDecoder()
    return [text for _ in range(LOOKS) for text in decoder.texts(frame)]


def _read(shown: Sequence[Shown], look: Callable[[Frame], list[str]]) -> set[int]:
    """Numbers of the pictures whose code is read."""
    return {number for number, one in enumerate(shown) if one.code in look(one.frame)}
