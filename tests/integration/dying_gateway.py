"""A gateway that dies, as by a power cut, after a commit and before its receipt.

Arguments: address of the database, folder of the keys, port of the broker.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from presence import admission
from presence.ids import KioskId
from presence.topics import Leaf
from server.db import make_engine
from server.gateway.gateway import Gateway
from server.gateway.wire import mqtt
from server.keys import open_keys
from tests.integration.server_stand import NOW, WAIT


class DyingGateway(Gateway):
    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        if leaf is Leaf.RECEIPTS:
            os.kill(os.getpid(), signal.SIGKILL)
        super().publish(kiosk, leaf, payload)


def main(database: str, keys_folder: Path, port: int) -> None:
    keys = open_keys(keys_folder, NOW)
    gateway = DyingGateway(
        make_engine(database),
        mqtt("127.0.0.1", port),
        keys.trust,
        keys.roster,
        status_key=keys.status_list,
        clock=lambda: NOW,
        decide=admission.decide,
    )
    gateway.start()
    if not gateway.wire.wait_ready(WAIT):
        raise SystemExit("no broker")
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
