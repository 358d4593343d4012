"""A process that records for ever and says each event id once it has been promised."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from kiosk.outbox import SqliteOutbox
from tests.fakes.facts import arrived, reading, receipt


def main(path: Path) -> None:
    outbox = SqliteOutbox(path, os.urandom)
    number = 0
    while True:
        number += 1
        entry = outbox.record(arrived(), reading(timedelta(seconds=number)))
        os.write(1, f"{entry.event}\n".encode())
        if number % 5 == 0:
            outbox.settle([receipt(entry.event)])
            os.write(1, b"settled\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
