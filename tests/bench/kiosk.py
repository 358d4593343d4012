"""The real kiosk as a process that tells how long each tap took: `python -m tests.bench.kiosk
CONFIG`. Put together by `kiosk.app`, with a stopwatch in front of its reader and behind its lamps.
"""

import logging
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic_ns

from kiosk import app
from kiosk.attached import open_readers
from kiosk.config import load
from kiosk.events import Presented, ReaderEvent, ReaderReady, Signal
from kiosk.indicator import Pins, open_indicator, open_pins
from kiosk.ports import Indicator, Reader
from tests.bench.process import say

VERDICTS = frozenset({Signal.WELCOME, Signal.GOODBYE, Signal.ASK_STAFF})


class Stopwatch:
    """Started by a presentation, read by the verdict. The loop takes one after the other."""

    def __init__(self) -> None:
        self.presented = 0


class TimedReader:
    """Port `Reader`: another one, that starts the watch with every presentation."""

    def __init__(self, reader: Reader, watch: Stopwatch) -> None:
        self.name = reader.name
        self._reader, self._watch = reader, watch

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        def timed(event: ReaderEvent) -> None:
            if isinstance(event, Presented):
                self._watch.presented = monotonic_ns()
            if isinstance(event, ReaderReady):
                say(ready=True)
            report(event)

        self._reader.start(timed)

    def check(self, uptime: timedelta) -> None:
        self._reader.check(uptime)

    def stop(self) -> None:
        self._reader.stop()


class TimedLamps:
    """Port `Indicator`: others, that read the watch once a verdict is lit and sounds."""

    def __init__(self, lamps: Indicator, watch: Stopwatch) -> None:
        self._lamps, self._watch = lamps, watch

    def signal(self, signal: Signal) -> None:
        self._lamps.signal(signal)
        lit = monotonic_ns()
        if signal in VERDICTS:
            say(signal=signal, presented=self._watch.presented, lit=lit)

    def close(self) -> None:
        self._lamps.close()


def main(path: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    config = load(Path(path), app.CHOICES)
    watch = Stopwatch()
    readers = [TimedReader(reader, watch) for reader in open_readers(config)]
    lamps = TimedLamps(open_indicator(Pins(), open_pins("mock")), watch)
    kiosk = app.build(config, readers=readers, indicator=lamps)
    signal.signal(signal.SIGTERM, lambda *_: kiosk.stop())
    kiosk.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
