"""What happened here, on its way to the server: durable from `record` until its receipt."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from kiosk.events import ClockReading
from kiosk.store import Connect, open_store, transaction
from presence import codec
from presence.briefing import Acknowledgement
from presence.card import CardRef
from presence.ids import EventId, uuid7
from presence.messages import (
    Arrived,
    AttemptRefused,
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

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
KEPT_AFTER_RECEIPT = timedelta(hours=48)
"""So long an entry is remembered after its receipt, because the roster row that contains it may
come later than the receipt, or not at all while the link is down."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING, _PARKED, _SETTLED = 0, 1, 2
_VERSION = 1
_SCHEMA = (
    """CREATE TABLE entry (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        list INTEGER NOT NULL,
        position INTEGER NOT NULL,
        wall_ms INTEGER NOT NULL,
        state INTEGER NOT NULL,
        body BLOB NOT NULL)""",
    "CREATE INDEX entry_waiting ON entry (sequence) WHERE state = 0",
    "CREATE INDEX entry_card ON entry (list, position, sequence)",
)
_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, 0, ?)"
_OLDEST_REFUSED = (
    "DELETE FROM entry WHERE sequence = (SELECT sequence FROM entry"
    " WHERE state = 0 AND kind = ? ORDER BY sequence LIMIT 1)"
)
_OF_CARD = (
    "SELECT body FROM entry WHERE list = ? AND position = ? AND kind IN (?, ?, ?, ?)"
    " AND (state = 0 OR wall_ms >= ?) ORDER BY sequence DESC LIMIT ?"
)

_MOVES = (Arrived, Left, WentOut, CameBack)
_KINDS: dict[type[What], str] = {
    kind: str(kind.__struct_config__.tag)
    for kind in (*_MOVES, BriefingAcknowledged, AttemptRefused)
}


class Depth(Struct, frozen=True):
    """How full the outbox is."""

    waiting: int
    parked: int
    oldest: datetime | None
    """Wall time of the oldest entry that waits."""


class SqliteOutbox:
    """Port `Outbox` on a SQLite file, for one thread at a time.

    Full (`max_waiting` entries without a receipt, some months of a home offline), it gives up the
    oldest refused attempt for each new entry. Presence is never given up and no tap is turned away
    for it: with nothing else left to give up, it grows past the bound and says so once.
    """

    def __init__(
        self,
        path: Path,
        randomness: Callable[[int], bytes],
        max_waiting: int = MAX_WAITING,
        connect: Connect = sqlite3.connect,
    ) -> None:
        """`randomness` gives that many random bytes. Raises `kiosk.store.StoreError`."""
        opened = open_store(path, _SCHEMA, _VERSION, connect)
        self._db = opened.connection
        self.was_damaged = opened.was_damaged
        self.given_up = 0
        """Refused attempts given up for want of room since start."""
        self._randomness = randomness
        self._max_waiting = max_waiting
        self._waiting = self._one("SELECT count(*) FROM entry WHERE state = 0")
        self._sequence = self._one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence")
        self._newest_ms = self._one("SELECT coalesce(max(wall_ms), 0) FROM entry")
        self._has_overflowed = False

    def record(self, what: What, at: ClockReading) -> Entry:
        """Write one entry down. When this returns, a power cut cannot lose it.

        Raises sqlite3.Error when the disk does not take it; nothing was recorded then.
        """
        if self._waiting >= self._max_waiting:
            self._make_room()
        wall = at.wall.astimezone(UTC)
        wall = wall.replace(microsecond=wall.microsecond // 1000 * 1000)
        sequence = self._next_sequence(wall)
        stamp = Stamp(sequence, at.boot, at.uptime // timedelta(milliseconds=1), wall, at.trust)
        entry = Entry(EventId(uuid7(wall, self._randomness(10))), stamp, what)
        wall_ms = _milliseconds(wall)
        row = (
            sequence,
            entry.event,
            _KINDS[type(what)],
            what.card.list,
            what.card.index,
            wall_ms,
            codec.encode_entry(entry),
        )
        self._db.execute(_INSERT, row)
        self._sequence = sequence
        self._waiting += 1
        self._newest_ms = max(self._newest_ms, wall_ms)
        return entry

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        """The oldest entries without a receipt: event id and the bytes to send."""
        rows = self._db.execute(
            "SELECT event, body FROM entry WHERE state = 0 ORDER BY sequence LIMIT ?", (limit,)
        )
        return rows.fetchall()

    def settle(self, receipts: Sequence[Receipt]) -> None:
        """Accepted and duplicate: done. Rejected: parked, so that it delays no other.

        A receipt for something that is not here, or a second one, changes nothing.
        """
        with transaction(self._db):
            for receipt in receipts:
                self._settle_one(receipt)
            self._db.execute(
                "DELETE FROM entry WHERE state = ? AND wall_ms < ?", (_SETTLED, self._horizon())
            )
        self._waiting = self._one("SELECT count(*) FROM entry WHERE state = 0")

    def unsettled(self, cards: Sequence[CardRef]) -> Unsettled:
        """What was recorded here of the holder of these cards and a row may not contain yet:
        all without a receipt, and the rest of the last 48 hours. The newest 20 facts."""
        facts: list[tuple[int, Fact]] = []
        acknowledged: list[Acknowledgement] = []
        for card in cards:
            for entry in self._of_card(card, *_MOVES):
                fact = _fact(entry)
                if fact is not None:
                    facts.append((entry.stamp.sequence, fact))
            acknowledged += map(_acknowledgement, self._of_card(card, BriefingAcknowledged))
        facts.sort(key=lambda numbered: numbered[0])
        return Unsettled(
            tuple(fact for _, fact in facts[-MAX_UNSETTLED:]),
            max(acknowledged, key=lambda one: (one.major, one.at), default=None),
        )

    def depth(self) -> Depth:
        parked = self._one("SELECT count(*) FROM entry WHERE state = 1")
        oldest = self._one(
            "SELECT coalesce((SELECT wall_ms FROM entry WHERE state = 0 ORDER BY sequence LIMIT 1),"
            " -1)"
        )
        return Depth(self._waiting, parked, None if oldest < 0 else _moment(oldest))

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._db.close()

    def _settle_one(self, receipt: Receipt) -> None:
        if receipt.settlement is Settlement.REJECTED:
            parked = self._db.execute(
                "UPDATE entry SET state = ? WHERE event = ? AND state = ?",
                (_PARKED, receipt.event, _WAITING),
            )
            if parked.rowcount:
                log.error("entry %s was rejected and is parked", receipt.event)
        else:
            self._db.execute(
                "UPDATE entry SET state = ? WHERE event = ?", (_SETTLED, receipt.event)
            )

    def _make_room(self) -> None:
        gone = self._db.execute(_OLDEST_REFUSED, (_KINDS[AttemptRefused],)).rowcount
        self._waiting -= gone
        self.given_up += gone
        if not gone and not self._has_overflowed:
            self._has_overflowed = True
            log.error("more than %d entries wait for the server", self._max_waiting)

    def _next_sequence(self, wall: datetime) -> int:
        if self.was_damaged and self._sequence == 0:
            # The numbers of the damaged file are lost. There were less than one a second.
            return int(wall.timestamp())
        return self._sequence + 1

    def _of_card(self, card: CardRef, *kinds: type[What]) -> Iterator[Entry]:
        names = [_KINDS[kind] for kind in kinds]
        names += [names[-1]] * (len(_MOVES) - len(names))
        rows = self._db.execute(
            _OF_CARD, (card.list, card.index, *names, self._horizon(), MAX_UNSETTLED)
        )
        return (codec.decode_entry(body) for (body,) in rows.fetchall())

    def _horizon(self) -> int:
        """Wall time, in ms, from which on settled entries are remembered: 48 hours before the
        newest entry, for the outbox has no clock of its own."""
        return self._newest_ms - KEPT_AFTER_RECEIPT // timedelta(milliseconds=1)

    def _one(self, query: str) -> int:
        (number,) = self._db.execute(query).fetchone()
        return int(number)


def _fact(entry: Entry) -> Fact | None:
    at, event = entry.stamp.wall, entry.event
    match entry.what:
        case Arrived(visit=visit, is_vigil=is_vigil):
            return Arrival(at, event, visit, is_vigil)
        case WentOut() | CameBack():
            return Outing(at, event, isinstance(entry.what, WentOut))
        case Left(is_doubtful=is_doubtful):
            return Departure(at, event, is_doubtful)
        case _:
            return None


def _acknowledgement(entry: Entry) -> Acknowledgement:
    if not isinstance(entry.what, BriefingAcknowledged):
        raise TypeError("the outbox filed another kind of entry as an acknowledgement")
    return Acknowledgement(entry.what.major, entry.stamp.wall)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
