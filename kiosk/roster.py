"""What the kiosk knows when it is alone: the home, its briefing, and a row for each volunteer.

All of it is held in memory, where a tap finds it at once, and in a SQLite file, where the next
start finds it.
"""

import logging
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from kiosk.events import HouseChanged
from kiosk.store import Connect, open_store, transaction
from presence import codec
from presence.briefing import BriefingVersion
from presence.card import CardRef
from presence.ids import VolunteerId
from presence.messages import Briefings
from presence.messages import Roster as RosterMessage
from presence.policy import Policy
from presence.roster import House, RosterRow, digest

log = logging.getLogger(__name__)

_LAG = timedelta(minutes=1)
"""The file's last contact may be older than the true one by this much: it is written rarely."""
_WHOLE_SECOND = timedelta(seconds=1)
"""A signature names its time in whole seconds, rounded down."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_VERSION = 1
_SCHEMA = (
    "CREATE TABLE person (volunteer TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE knowledge (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
)
_HOUSE, _BRIEFINGS, _ISSUED, _HEARD = "house", "briefings", "issued", "heard"

T = TypeVar("T")


class SqliteRoster:
    """Ports `Roster` and `Home`. One thread changes it; any may ask for `digests`."""

    def __init__(self, path: Path, connect: Connect = sqlite3.connect) -> None:
        """Raises `kiosk.store.StoreError`."""
        opened = open_store(path, _SCHEMA, _VERSION, connect)
        self._db = opened.connection
        self.was_damaged = opened.was_damaged
        bodies = self._db.execute("SELECT body FROM person").fetchall()
        rows = [msgspec.json.decode(body, type=RosterRow) for (body,) in bodies]
        self._rows: dict[VolunteerId, RosterRow] = {row.volunteer: row for row in rows}
        self._holders: dict[CardRef, VolunteerId] = _holders(rows)
        self._house = self._load(_HOUSE, House)
        self._briefings = self._load(_BRIEFINGS, Briefings)
        self._issued = self._load(_ISSUED, datetime)
        self._heard = self._load(_HEARD, datetime)
        self._saved_heard = self._heard
        self._learned: dict[VolunteerId, datetime] = {}
        """When the row came by an answer, by the server's time; in this run of the program."""
        self._taken_away: dict[VolunteerId, datetime] = {}
        """When the roster had been signed that no longer had the row; in this run of the program,
        for no answer outlives it."""
        self._told: set[str] = set()

    # --- Roster ---

    def row(self, card: CardRef) -> RosterRow | None:
        holder = self._holders.get(card)
        return None if holder is None else self._rows[holder]

    def learn(self, row: RosterRow, at: datetime) -> None:
        """Keep the row of an answer that the server gave at `at`, if it is not older than the one
        that is there, or than the roster that took one away: an answer may be long on its way."""
        known = self._rows.get(row.volunteer)
        if known is None and at < self._taken_away.get(row.volunteer, _LONG_AGO):
            return
        if known == row or (known is not None and known.version > row.version):
            return
        self._write([row])
        self._take_over({**self._rows, row.volunteer: row})
        if self._heard is not None:
            self._learned[row.volunteer] = self._heard

    def apply(self, message: RosterMessage, issued: datetime) -> bool:
        """Take over a roster that was signed at `issued`.

        One that is older than the newest believed so far is ignored: who feeds us an old roster
        could bring a lost card back. Rows do not go back behind their version either, so a row that
        an answer brought meanwhile is kept; only a whole roster, signed later than that answer and
        than every roster before, may take one back (a server that was restored from its backup).
        Within one second two gateways may overtake each other.

        False: the digest differs afterwards, or the home's newer briefing has not come, so what is
        held here is not what the server meant; ask for it.
        """
        if self._issued is not None and issued < self._issued:
            self._tell_once("a roster older than the one that is held was ignored")
            return True
        if not _is_zone(message.house.zone):
            self._tell_once("a roster whose time zone does not exist was ignored")
            return True
        rows = self._merged(message, issued)
        with transaction(self._db):
            self._write(row for row in rows.values() if self._rows.get(row.volunteer) != row)
            self._erase(self._rows.keys() - rows.keys())
            self._save(_HOUSE, message.house)
            self._save(_ISSUED, issued)
        signed_by = issued + _WHOLE_SECOND
        self._taken_away.update(dict.fromkeys(self._rows.keys() - rows.keys(), signed_by))
        self._house, self._issued = message.house, issued
        self._take_over(rows)
        self.heard(issued)
        return self._is_as_meant(message)

    def heard(self, at: datetime) -> None:
        """The server spoke at this time of its own."""
        if self._heard is not None and at <= self._heard:
            return
        self._heard = at
        if self._saved_heard is None or at - self._saved_heard >= _LAG:
            self._save(_HEARD, at)
            self._saved_heard = at

    def as_of(self) -> datetime | None:
        """Last contact with the server; None: never."""
        return self._heard

    # --- Home ---

    def keep(self, briefings: Briefings) -> bool:
        """Take over the home's briefing, in every language it comes in. False: a newer one was
        held until now. Two gateways may have overtaken each other, or the server has gone back to
        its backup; when asked, it says which."""
        is_newer = self._briefings is None or _newest(briefings) >= _newest(self._briefings)
        self._save(_BRIEFINGS, briefings)
        self._briefings = briefings
        return is_newer

    def known(self) -> HouseChanged:
        """The home and its briefing as they are known now."""
        briefings = self._briefings.briefings if self._briefings else ()
        return HouseChanged(self._house, {one.language: one for one in briefings})

    def digests(self) -> tuple[str | None, str | None]:
        """Of the roster and of the briefings, for `Have`; None: nothing is held."""
        house, rows, briefings = self._house, self._rows, self._briefings
        return (
            digest(house, rows.values()) if house else None,
            codec.digest(briefings) if briefings else None,
        )

    # --- the rest ---

    @property
    def issued(self) -> datetime | None:
        """When the newest roster that was believed was signed."""
        return self._issued

    def is_long_alone(self, now: datetime) -> bool:
        """The last contact is so long ago that names are to be wiped (DOMAIN, "How sure")."""
        policy = self._house.policy if self._house else Policy()
        return self._heard is not None and now - self._heard >= policy.forget_names

    def forget_names(self, now: datetime) -> bool:
        """Wipe every row after so many days without contact as the policy says; True: there was
        something to wipe (DOMAIN, "How sure")."""
        policy = self._house.policy if self._house else Policy()
        if not self._rows or not (self._heard is None or self.is_long_alone(now)):
            return False
        with transaction(self._db):
            self._erase(self._rows.keys())
        # Deleted rows are overwritten in the file (secure_delete), and leave the log with this.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._take_over({})
        log.warning("no contact for %d days: names wiped", policy.forget_names_days)
        return True

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._db.close()

    def _merged(self, message: RosterMessage, issued: datetime) -> dict[VolunteerId, RosterRow]:
        rows = {} if message.whole else dict(self._rows)
        for row in message.rows:
            known = self._rows.get(row.volunteer)
            is_kept = known is not None and known.version > row.version
            if is_kept and message.whole:
                learned = self._learned.get(row.volunteer, _LONG_AGO)
                is_kept = issued <= max(learned, self._issued or _LONG_AGO)
            rows[row.volunteer] = known if known is not None and is_kept else row
        for volunteer in message.gone:
            rows.pop(volunteer, None)
        return rows

    def _is_as_meant(self, message: RosterMessage) -> bool:
        if not message.digest:
            return True
        is_same = digest(self._house, self._rows.values()) == message.digest
        if is_same and not self._is_briefing_behind():
            return True
        if message.whole and not is_same:
            self._tell_once("the roster differs from the server's even when it is sent anew")
        return False

    def _is_briefing_behind(self) -> bool:
        """The home has a newer briefing than the one held: its text was lost on the way."""
        version = self._house.briefing if self._house else None
        return version is not None and (
            self._briefings is None or _newest(self._briefings) < version
        )

    def _take_over(self, rows: dict[VolunteerId, RosterRow]) -> None:
        # A new dictionary each time: whoever asks for digests meanwhile reads the old one.
        self._holders = _holders(rows.values())
        self._rows = rows

    def _tell_once(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            log.warning(fault)

    def _write(self, rows: Iterable[RosterRow]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO person VALUES (?, ?)",
            [(row.volunteer, msgspec.json.encode(row)) for row in rows],
        )

    def _erase(self, volunteers: Iterable[VolunteerId]) -> None:
        self._db.executemany(
            "DELETE FROM person WHERE volunteer = ?", [(one,) for one in volunteers]
        )

    def _save(self, name: str, value: object) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO knowledge VALUES (?, ?)", (name, msgspec.json.encode(value))
        )

    def _load(self, name: str, kind: type[T]) -> T | None:
        found = self._db.execute("SELECT body FROM knowledge WHERE name = ?", (name,)).fetchone()
        return None if found is None else msgspec.json.decode(found[0], type=kind)


def _holders(rows: Iterable[RosterRow]) -> dict[CardRef, VolunteerId]:
    return {card.ref: row.volunteer for row in rows for card in row.cards}


def _newest(briefings: Briefings) -> BriefingVersion:
    versions = (one.version for one in briefings.briefings)
    return max(versions, default=BriefingVersion(0))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
