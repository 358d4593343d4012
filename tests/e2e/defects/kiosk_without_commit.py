"""A kiosk that keeps its outbox where it does not survive the process: nothing is committed."""

import os
import sys
import tempfile
from pathlib import Path

from demo import kiosk_process
from kiosk.outbox import SqliteOutbox

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as forgotten:
        outbox = SqliteOutbox(Path(forgotten) / "outbox.db", os.urandom)
        sys.exit(kiosk_process.main(outbox=lambda _: outbox))
