"""Gateways as processes of their own, and kiosks that never give up telling them."""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import sqlalchemy as sa

from presence import codec, topics
from presence.ids import KioskId
from presence.messages import Entry, Receipts, Settlement
from presence.topics import Leaf
from tests.integration import dying_gateway
from tests.integration.server_stand import NOW, RawKiosk, arrived, entry, left, told

READY_SECONDS = 30.0
ANSWERED_SECONDS = 0.5
"""After so long without a receipt a kiosk tells its entries again."""
EMPTY_SECONDS = 60.0
MOST_AT_ONCE = 20
_CONTEXT = multiprocessing.get_context("forkserver")
# A new process has everything imported already: the children of a server that has.
_CONTEXT.set_forkserver_preload([dying_gateway.__name__])


@contextmanager
def gateway_process(
    database: sa.URL, folder: Path, port: int, dies: str = "never"
) -> Iterator[BaseProcess]:
    """A gateway with the keys in `folder`, that has been accepted by the broker. For where it
    `dies` see `dying_gateway`; it may be dead already."""
    ours, its = _CONTEXT.Pipe(duplex=False)
    url = database.render_as_string(hide_password=False)
    process = _CONTEXT.Process(target=dying_gateway.main, args=(url, folder, port, dies, its))
    process.start()
    its.close()
    try:
        with suppress(EOFError):
            assert ours.poll(READY_SECONDS)
            ours.recv()
        yield process
    finally:
        process.kill()
        process.join()
        ours.close()


class TellingKiosk:
    """Tells arrivals and departures of `people` volunteers as fast as they are receipted, in a
    thread of its own; whatever has no receipt is told again."""

    def __init__(self, port: int, kiosk: KioskId, people: int, seed: int) -> None:
        self.told: dict[str, Entry] = {}
        self.receipts: Counter[tuple[str, Settlement]] = Counter()
        self._port, self._kiosk, self._people = port, kiosk, people
        self._random = random.Random(seed)
        self._unsettled: dict[str, Entry] = {}
        self._times = 0
        self._enough = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "TellingKiosk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end(0)

    def finish(self) -> None:
        """Think of nothing new, and wait until everything is receipted."""
        self._end(EMPTY_SECONDS)
        assert not self._unsettled, f"{len(self._unsettled)} entries have no receipt"

    def wait_for(self, count: int, *gateways: BaseProcess) -> None:
        """Until so many more entries are receipted, or all these gateways are dead."""
        deadline = time.monotonic() + EMPTY_SECONDS
        wanted = len(self.receipts) + count
        while len(self.receipts) < wanted and any(one.is_alive() for one in gateways):
            assert time.monotonic() < deadline, "nothing is receipted any more"
            time.sleep(0.005)

    def tries(self, count: int) -> None:
        """Until it has told its entries so many more times."""
        deadline = time.monotonic() + EMPTY_SECONDS
        wanted = self._times + count
        while self._times < wanted:
            assert time.monotonic() < deadline, "it tells nothing any more"
            time.sleep(0.005)

    def _end(self, patience: float) -> None:
        self._deadline = time.monotonic() + patience
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        with RawKiosk(self._port, self._kiosk) as wire:
            while not self._enough.is_set() or self._unsettled:
                if time.monotonic() > self._deadline:
                    return
                if not self._enough.is_set():
                    self._think()
                oldest = list(self._unsettled.values())[:MOST_AT_ONCE]
                self._times += 1
                wire.say(Leaf.ENTRIES, told(self._kiosk, *oldest))
                self._read(wire)

    def _think(self) -> None:
        for _ in range(self._random.randint(1, 4)):
            number = self._random.randrange(self._people)
            what = self._random.choice((arrived, left))(number)
            new = entry(what, NOW - timedelta(minutes=self._random.randrange(20_000)))
            self.told[new.event] = self._unsettled[new.event] = new

    def _read(self, wire: RawKiosk) -> None:
        message = wire.next(Leaf.RECEIPTS, ANSWERED_SECONDS)
        if message is None:
            return
        receipts = codec.decode(Receipts, bytes(message.payload), topics.DOWN_LIMIT)
        for one in receipts.receipts:
            self.receipts[one.event, one.settlement] += 1
            self._unsettled.pop(one.event, None)
