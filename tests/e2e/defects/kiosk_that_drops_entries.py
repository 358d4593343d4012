"""A kiosk that takes entries out of its outbox before the server has them."""

import os
import sys
from collections.abc import Sequence

from demo import kiosk_process
from kiosk.outbox import SqliteOutbox
from presence.ids import EventId
from presence.messages import Receipt, Settlement


class LeakyOutbox(SqliteOutbox):
    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        dropped = super().waiting(limit)
        self.settle([Receipt(EventId(event), Settlement.ACCEPTED) for event, _ in dropped])
        return ()


if __name__ == "__main__":
    sys.exit(
        kiosk_process.main(outbox=lambda config: LeakyOutbox(config.data / "outbox.db", os.urandom))
    )
