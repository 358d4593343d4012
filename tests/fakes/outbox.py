"""An outbox in memory: what a test needs of one, and nothing survives it."""

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

from kiosk.events import ClockReading
from kiosk.outbox import KEPT_AFTER_RECEIPT
from presence import codec
from presence.briefing import Acknowledgement
from presence.card import CardRef
from presence.ids import EventId, uuid7
from presence.messages import (
    Arrived,
    BriefingAcknowledged,
    CameBack,
    Entry,
    Left,
    Receipt,
    Settlement,
    Stamp,
    WentOut,
    What,
)
from presence.roster import MAX_UNSETTLED, Unsettled
from presence.visit import Arrival, Departure, Fact, Outing


class MemoryOutbox:
    """Port `Outbox`."""

    def __init__(self, randomness: Callable[[int], bytes]) -> None:
        self._randomness = randomness
        self.entries: list[Entry] = []
        self.settled: set[str] = set()
        self.parked: set[str] = set()

    def record(self, what: What, at: ClockReading) -> Entry:
        wall = at.wall.astimezone(UTC)
        wall = wall.replace(microsecond=wall.microsecond // 1000 * 1000)
        milliseconds = at.uptime // timedelta(milliseconds=1)
        stamp = Stamp(len(self.entries) + 1, at.boot, milliseconds, wall, at.trust)
        entry = Entry(EventId(uuid7(wall, self._randomness(10))), stamp, what)
        self.entries.append(entry)
        return entry

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        waiting = (
            (entry.event, codec.encode_entry(entry))
            for entry in self.entries
            if entry.event not in self.settled | self.parked
        )
        return [pair for pair, _ in zip(waiting, range(limit), strict=False)]

    def settle(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.settlement is not Settlement.REJECTED:
                self.settled.add(receipt.event)
            elif receipt.event not in self.settled:
                self.parked.add(receipt.event)

    def unsettled(self, cards: Sequence[CardRef]) -> Unsettled:
        facts: list[Fact] = []
        acknowledged: list[Acknowledgement] = []
        for entry in self.entries:
            if entry.what.card not in cards or not self._may_be_missing(entry):
                continue
            at = entry.stamp.wall
            match entry.what:
                case Arrived(visit=visit, is_vigil=is_vigil):
                    facts.append(Arrival(at, entry.event, visit, is_vigil))
                case WentOut() | CameBack():
                    facts.append(Outing(at, entry.event, isinstance(entry.what, WentOut)))
                case Left(is_doubtful=is_doubtful):
                    facts.append(Departure(at, entry.event, is_doubtful))
                case BriefingAcknowledged(major=major):
                    acknowledged.append(Acknowledgement(major, at))
        newest = max(acknowledged, key=lambda one: (one.major, one.at), default=None)
        return Unsettled(tuple(facts[-MAX_UNSETTLED:]), newest)

    def _may_be_missing(self, entry: Entry) -> bool:
        if entry.event not in self.settled | self.parked:
            return True
        newest = max(entry.stamp.wall for entry in self.entries)
        return entry.stamp.wall >= newest - KEPT_AFTER_RECEIPT
