"""The status lists a kiosk holds: in memory, where a tap finds its card at once, and in a SQLite
file, where the next start finds them.

They are all that is left beside the signature when names have been wiped (DOMAIN, "How sure").
"""

import logging
import sqlite3
from datetime import datetime
from pathlib import Path

from kiosk.store import Connect, open_store
from presence.card import CardRef
from presence.errors import SignatureError, StatusListError
from presence.messages import HeldList
from presence.statuslist import Listed, SignedList, StatusList, Step, open_list, step
from presence.trust import TrustList

log = logging.getLogger(__name__)

_VERSION = 1
_SCHEMA = ("CREATE TABLE list (number INTEGER PRIMARY KEY, token BLOB NOT NULL)",)

_FAULTS = {
    Step.OLDER: "older than the one that is held",
    Step.CONTRADICTION: "not the one that is held, though issued at the same time",
}


class SqliteStatusLists:
    """Port `StatusLists`. Used by one thread."""

    def __init__(self, path: Path, trust: TrustList, connect: Connect = sqlite3.connect) -> None:
        """Raises `kiosk.store.StoreError`."""
        self._trust = trust
        self._db = open_store(path, _SCHEMA, _VERSION, connect).connection
        self._lists: dict[int, StatusList] = {}
        self._told: set[str] = set()
        self._refused = 0
        for number, token in self._db.execute("SELECT number, token FROM list").fetchall():
            if (kept := self._newer(SignedList(number, token))) is not None:
                self._lists[number] = kept

    def listed(self, card: CardRef) -> Listed | None:
        """What is known of the card; None: the list it stands in is not held."""
        held = self._lists.get(card.list)
        return None if held is None else held.listed(card.index)

    def take(self, offered: SignedList) -> datetime | None:
        """Keep the list if it is genuine and newer than the one that is held. Returns when it was
        issued; None: it is not kept. What is ignored is counted and told once of each kind, but for
        the very same list again."""
        newer = self._newer(offered)
        if newer is None:
            return None
        self._db.execute("INSERT OR REPLACE INTO list VALUES (?, ?)", (newer.number, newer.token))
        self._lists[newer.number] = newer
        return newer.issued

    def held(self) -> tuple[HeldList, ...]:
        """Which lists are held, and when each was issued."""
        return tuple(HeldList(one.number, one.issued) for one in self._lists.values())

    @property
    def refused(self) -> int:
        """How many lists were not believed since the program began."""
        return self._refused

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._db.close()

    def _newer(self, offered: SignedList) -> StatusList | None:
        held = self._lists.get(offered.number)
        if held is not None and held.token == offered.token:
            return None
        try:
            opened = open_list(offered.token, offered.number, self._trust)
        except (SignatureError, StatusListError) as error:
            self._refuse(type(error).__name__, str(error))
            return None
        found = step(held, opened)
        if found is Step.NEWER:
            return opened
        self._refuse(found, _FAULTS[found])
        return None

    def _refuse(self, kind: str, why: str) -> None:
        self._refused += 1
        if kind not in self._told:
            self._told.add(kind)
            log.warning("ignored a status list: %s", why)
