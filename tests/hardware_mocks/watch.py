"""Look at a reader, real or emulated, and print what it says: a smoke test for a new kiosk.

    python -m tests.hardware_mocks.watch pn532 /dev/serial0

Prints one line for each event, a reader's faltering included, and never what is on a card. Ends
with Ctrl-C or SIGTERM.
"""

import signal
import sys
import time
from datetime import timedelta

from kiosk.events import Presented, ReaderEvent, ReaderFaltering, ReaderLost
from kiosk.readers import ReaderConfigError, ReaderSpec, open_reader
from presence.card import Unreadable

CHECK_SECONDS = 1.0


def line(event: ReaderEvent) -> str:
    """The event in words, without anything that is on the card."""
    match event:
        case Presented(evidence=Unreadable() as why):
            return f"presented: {why}"
        case Presented(evidence=evidence):
            return f"presented: {type(evidence).__name__}"
        case ReaderLost(why=why):
            return f"lost: {why}"
        case ReaderFaltering(state=state):
            return str(state)
        case _:
            return type(event).__name__.removeprefix("Reader").lower()


def main(arguments: list[str]) -> str | None:
    """Watch until told to stop. Returns what is wrong with the arguments, if anything."""
    match arguments:
        case [family, device]:
            spec = ReaderSpec(family, device)
        case _:
            return "usage: python -m tests.hardware_mocks.watch FAMILY DEVICE"
    try:
        reader = open_reader(spec)
    except ReaderConfigError as error:
        return str(error)
    # Blocked before the reader's thread begins, so that it inherits it and this one gets them.
    ends = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    reader.start(lambda event: print(line(event), flush=True))
    while signal.sigtimedwait({signal.SIGINT, signal.SIGTERM}, CHECK_SECONDS) is None:
        reader.check(timedelta(seconds=time.monotonic()))
    reader.stop()
    signal.pthread_sigmask(signal.SIG_SETMASK, ends)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
