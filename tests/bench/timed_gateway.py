"""The real gateway as a process that notes the time at every step of a question:
`python -m tests.bench.timed_gateway DATA DATABASE PORT NOTES`. The notes are written at the end."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from time import monotonic_ns

import msgspec

from presence import admission
from presence.facts import Facts
from presence.topics import Leaf, parse
from presence.verdict import Verdict
from server.db import make_engine
from server.gateway.gateway import Gateway
from server.gateway.ports import Incoming
from server.gateway.wire import mqtt
from server.keys import open_keys
from server.run import SWITCH_SECONDS
from tests.bench.process import block_signals, say, until_told_to_end

READY_SECONDS = 10.0
Notes = list[int]
"""Of one question: came in, was read, had its facts, had its verdict, was handed to paho. In
nanoseconds of the monotonic clock, which all processes share."""


class TimedGateway(Gateway):
    """Notes when a question comes in and when it has been dealt with."""

    def __init__(self, data: Path, database: str, port: int) -> None:
        self.notes: list[Notes] = []
        self._steps: Notes = []
        self._wire_thread = 0
        keys = open_keys(data / "keys", datetime.now(UTC))
        super().__init__(
            make_engine(f"sqlite:///{database}"),
            mqtt("127.0.0.1", port),
            keys,
            clock=self._now,
            decide=self._decided,
        )

    def receive(self, incoming: Incoming) -> None:
        self._wire_thread = get_ident()
        self._steps = [monotonic_ns()]
        super().receive(incoming)
        self._note()
        if incoming.topic is not None and parse(incoming.topic)[1] is Leaf.QUESTION:
            self.notes.append(self._steps)

    def _now(self) -> datetime:
        if get_ident() == self._wire_thread:
            self._note()
        return datetime.now(UTC)

    def _decided(self, facts: Facts, now: datetime) -> Verdict:
        self._note()
        verdict = admission.decide(facts, now)
        self._note()
        return verdict

    def _note(self) -> None:
        self._steps.append(monotonic_ns())


def main(data: str, database: str, port: str, notes: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    sys.setswitchinterval(SWITCH_SECONDS)
    block_signals()
    gateway = TimedGateway(Path(data), database, int(port))
    gateway.start()
    if not gateway.wire.wait_ready(READY_SECONDS):
        raise TimeoutError("no broker")
    say(ready=True)
    until_told_to_end(gateway.stop)
    Path(notes).write_bytes(msgspec.json.encode(gateway.notes))


if __name__ == "__main__":
    main(*sys.argv[1:])
