"""The texts of the QR codes in a picture, by zxing-cpp: the only module that knows it.

Pictures are looked at as they are and slightly blurred, in turns: blurring brings back codes that
drown in noise, and costs those that are seen from the side (HARDWARE, "Camera").
"""

import cv2
import numpy as np
import zxingcpp

from kiosk.readers.frames import Frame

BLUR = (3, 3)
"""Pixels that a blurred one is made of."""
_BY_COLOURS = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}


class QrDecoder:
    """Looks at one picture after the other. Keeps no picture and no text."""

    def __init__(self) -> None:
        self._blurs = False
        cv2.setNumThreads(1)  # a reader has one thread; waking others costs more than the blur

    def texts(self, frame: Frame) -> list[str]:
        """What the codes in this picture say, the nearest code first.

        A picture of no size, or of neither one, three nor four colours, shows nothing.
        """
        grey = _grey(frame)
        if grey is None:
            return []
        found = _codes(_blurred(grey) if self._blurs else grey)
        self._blurs = not self._blurs
        return [code.text for code in sorted(found, key=_size, reverse=True)]


def _codes(grey: Frame) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]),
        text_mode=zxingcpp.TextMode.Plain,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )


def _blurred(grey: Frame) -> Frame:
    return cv2.GaussianBlur(grey, BLUR, 0).astype(np.uint8, copy=False)


def _size(code: zxingcpp.Barcode) -> int:
    """Twice the area that a code takes in the picture, in pixels: the cross product of its
    diagonals."""
    at = code.position
    down_x, down_y = at.bottom_right.x - at.top_left.x, at.bottom_right.y - at.top_left.y
    up_x, up_y = at.top_right.x - at.bottom_left.x, at.top_right.y - at.bottom_left.y
    return abs(down_x * up_y - down_y * up_x)


def _grey(frame: Frame) -> Frame | None:
    if frame.size == 0 or frame.dtype != np.uint8:
        return None
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[:, :, 0]
    if frame.ndim == 2:
        return frame
    if frame.ndim == 3 and frame.shape[2] in _BY_COLOURS:
        return cv2.cvtColor(frame, _BY_COLOURS[frame.shape[2]]).astype(np.uint8, copy=False)
    return None
