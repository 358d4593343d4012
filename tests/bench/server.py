"""The real server as a process, web and gateway together, at a broker that is there already:
`python -m tests.bench.server DATA URL PORT`."""

import logging
import sys
from pathlib import Path

from server import run
from server.config import BrokerAddress, Config
from tests.bench.process import block_signals, say, until_told_to_end

READY_SECONDS = 10.0


def main(data: str, database: str, port: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    block_signals()
    broker = BrokerAddress("127.0.0.1", int(port), is_own=False)
    running = run.build(Config(Path(data), database, broker))
    running.start()
    if running.gateway is None or not running.gateway.wire.wait_ready(READY_SECONDS):
        raise TimeoutError("the gateway has no broker")
    say(ready=True)
    until_told_to_end(running.stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
