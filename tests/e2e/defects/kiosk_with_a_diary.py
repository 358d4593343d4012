"""A kiosk that writes down in a file of its own whom it has let in, and never forgets it."""

import os
import sys
from datetime import datetime
from pathlib import Path

from demo import kiosk_process
from kiosk.config import Config
from kiosk.outbox import SqliteOutbox
from presence import admission
from presence.facts import Facts
from presence.verdict import Verdict


class Diary:
    def __init__(self) -> None:
        self._folder = Path()

    def outbox(self, config: Config) -> SqliteOutbox:
        self._folder = config.data
        return SqliteOutbox(config.data / "outbox.db", os.urandom)

    def decide(self, facts: Facts, now: datetime) -> Verdict:
        if facts.row is not None:
            with (self._folder / "diary").open("a", encoding="utf-8") as page:
                page.write(f"{facts.row.first_name}\n")
        return admission.decide(facts, now)


if __name__ == "__main__":
    diary = Diary()
    sys.exit(kiosk_process.main(outbox=diary.outbox, decide=diary.decide))
