"""A camera that cards' QR codes are shown to. To the kiosk it is a reader like any other.

Pictures are looked at and forgotten: none is kept, written or logged. In an empty hall most are not
looked at, for a kiosk idles all day.
"""

from collections.abc import Callable
from functools import partial

from kiosk.readers.attention import Attention
from kiosk.readers.codes import our_code
from kiosk.readers.frames import Frame, FrameSource, Stillness
from kiosk.readers.polling import OfEachThread, Pace, PollingReader, Sighting
from kiosk.readers.qr import QrDecoder
from presence.card import Evidence, Unreadable

CAMERA_PACE = Pace(idle=0.05, near=0.05, looks_until_gone=20, patience=12.0)
"""About ten looks a second, so that a slow machine has time for other things; a card is gone after
some two seconds without it, because a code that a hand holds up flickers in and out of sight.
OpenCV itself gives a camera up that has given no picture for ten seconds."""


class CameraReader(PollingReader):
    """`kiosk.ports.Reader` for one camera. `new_source` makes an unopened source of its frames."""

    def __init__(
        self,
        name: str,
        new_source: Callable[[], FrameSource],
        pace: Pace = CAMERA_PACE,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        seen = OfEachThread(lambda: Attention(pace.looks_until_gone))
        super().__init__(name, lambda: _View(new_source(), seen.own), pace, power_cycle)


class _View:
    """`Line` to a camera. Who was being attended to outlives it, as the presentation does."""

    def __init__(self, source: FrameSource, attention: Attention) -> None:
        self._source, self._attention = source, attention
        self._decoder, self._stillness = QrDecoder(), Stillness()
        self._seen: Sighting | None = None

    def open(self) -> None:
        self._source.open()

    def sense(self) -> Sighting | None:
        """The card in the next picture, if any. While none is held up, a picture that shows nothing
        new shows what the one before did."""
        frame = self._source.frame()
        if self._attention.is_on_a_card or self._stillness.is_worth_a_look(frame):
            self._seen = self._look(frame)
        return self._seen

    def _look(self, frame: Frame) -> Sighting | None:
        text = self._attention.choose(self._decoder.texts(frame))
        return None if text is None else Sighting(text.encode(), partial(_evidence, text))

    def close(self) -> None:
        self._source.close()

    def interrupt(self) -> None:
        """Pictures come or fail by themselves."""

    def drop(self) -> None:
        self._source.close()


def _evidence(text: str) -> Evidence | Unreadable:
    return our_code(text) or Unreadable.UNSUPPORTED
