"""Which card a legacy chip is, learnt from the server's answers: in a SQLite file.

What such a chip says of itself is a short number that anybody can copy and that follows its holder
wherever else the chip is used. So it is never kept in clear, only Argon2id of it under a salt of
this kiosk's own (CREDENTIALS, "Old chips").
"""

import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kiosk.store import Connect, open_store, transaction
from presence.card import CardRef, ChipUid

log = logging.getLogger(__name__)

FORGET_UNSEEN = timedelta(days=90)
"""A chip that was not held up for so long is learnt anew by its next answer."""
_SALT_BYTES, _HASH_BYTES = 16, 16
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 1, 1
"""Some 10 to 60 ms for a tap. All numbers of four bytes would take one machine years."""

_VERSION = 1
_SCHEMA = (
    "CREATE TABLE salt (salt BLOB NOT NULL)",
    "CREATE TABLE chip (hash BLOB PRIMARY KEY, list INTEGER NOT NULL, place INTEGER NOT NULL,"
    " seen TEXT NOT NULL) WITHOUT ROWID",
)


class ChipMemory:
    """Port `Chips`. Used by one thread."""

    def __init__(
        self, path: Path, randomness: Callable[[int], bytes], connect: Connect = sqlite3.connect
    ) -> None:
        """`randomness(n)` gives n random bytes. Raises `kiosk.store.StoreError`."""
        self._db = open_store(path, _SCHEMA, _VERSION, connect).connection
        self._salt = self._kept_salt(randomness)

    def card_of(self, chip: ChipUid, now: datetime) -> CardRef | None:
        """Which card it is; None: no answer has told yet."""
        if not self._is_any():
            return None
        digest = self._digest(chip)
        found = self._db.execute(
            "SELECT list, place, seen FROM chip WHERE hash = ?", (digest,)
        ).fetchone()
        if found is None:
            return None
        if found[2] != _day(now):
            self._db.execute("UPDATE chip SET seen = ? WHERE hash = ?", (_day(now), digest))
        return CardRef(found[0], found[1])

    def learn(self, chip: ChipUid, card: CardRef | None, now: datetime) -> None:
        """Remember which card it is. None: it is a card no more."""
        digest = self._digest(chip)
        if card is None:
            self._db.execute("DELETE FROM chip WHERE hash = ?", (digest,))
            return
        self._db.execute(
            "INSERT OR REPLACE INTO chip VALUES (?, ?, ?, ?)",
            (digest, card.list, card.index, _day(now)),
        )

    def forget_unseen(self, now: datetime) -> int:
        """Wipe the chips that nobody has held up for 90 days. Returns how many that were."""
        return self._wipe("DELETE FROM chip WHERE seen < ?", _day(now - FORGET_UNSEEN))

    def forget_all(self) -> int:
        """Wipe every chip. Returns how many that were."""
        return self._wipe("DELETE FROM chip")

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._db.close()

    def _wipe(self, statement: str, *values: str) -> int:
        gone = self._db.execute(statement, values).rowcount
        if gone:
            # Deleted rows are overwritten in the file (secure_delete), and leave the log with this.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            log.info("%d chips forgotten", gone)
        return gone

    def _is_any(self) -> bool:
        return self._db.execute("SELECT 1 FROM chip LIMIT 1").fetchone() is not None

    def _digest(self, chip: ChipUid) -> bytes:
        """RFC 9106. Raises nothing: any text has a digest."""
        kdf = Argon2id(
            salt=self._salt,
            length=_HASH_BYTES,
            iterations=_PASSES,
            lanes=_LANES,
            memory_cost=_MEMORY_KIB,
        )
        return kdf.derive(chip.uid.upper().encode())

    def _kept_salt(self, randomness: Callable[[int], bytes]) -> bytes:
        with transaction(self._db):
            found = self._db.execute("SELECT salt FROM salt").fetchone()
            if found is None:
                found = (randomness(_SALT_BYTES),)
                self._db.execute("INSERT INTO salt VALUES (?)", found)
        return bytes(found[0])


def _day(moment: datetime) -> str:
    day: date = moment.astimezone(UTC).date()
    return day.isoformat()
