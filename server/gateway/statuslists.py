"""The one publisher of the status lists among however many gateways there are.

Whoever holds the lease issues and publishes; the database keeps the newest list of each number, so
that time never goes back. A list is retained by the broker, and published again on every new
connection, whenever it was issued anew, and when a kiosk says that it holds an older one.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from presence.messages import Heartbeat
from presence.trust import SigningKey, TrustList
from server import changes, leases
from server.cards import statuslists
from server.changes import Change, ChangeKind
from server.db import reading, writing

LEASE = "status_lists"
HOLD = timedelta(seconds=30)
"""So long nobody else publishes after a gateway died. It goes on holding while it has a broker."""
HOLD_AGAIN = timedelta(seconds=20)
"""With less than this left the lease is taken again, so that a stall is no end."""
MARGIN = timedelta(seconds=10)
"""Only with more than this left is anything published: the way to the broker may stall, too."""
TRY_EVERY = timedelta(seconds=5)
MAKE_EVERY = timedelta(seconds=1)
"""However many cards change, no more than one list is issued in this time."""
LOOK_EVERY = timedelta(hours=1)
"""So often it is looked for what only the date has changed."""
TELL_AGAIN_EVERY = timedelta(minutes=1)
ON_ITS_WAY = timedelta(seconds=10)
"""A list younger than this may not have reached a kiosk yet."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

PublishList = Callable[[int, bytes], bool]
"""By number. False: there is no connection."""


class StatusLists:
    """One gateway's part in it. All but `connected` is called by the worker's thread."""

    def __init__(
        self,
        engine: sa.Engine,
        key: SigningKey,
        trust: TrustList,
        publish: PublishList,
        is_connected: Callable[[], bool],
    ) -> None:
        self._engine, self._key, self._trust = engine, key, trust
        self._publish, self._is_connected = publish, is_connected
        self._holder = str(uuid.uuid4())
        self._until = self._tried = self._made = self._asked = _LONG_AGO
        self._must_make = True
        self._has_news = False
        self._must_repeat = Event()
        self._told: dict[int, datetime] = {}
        self._beats: list[Heartbeat] = []

    def connected(self) -> None:
        """There is a new connection to the broker, which may have forgotten everything. May be
        called from any thread."""
        self._must_repeat.set()

    def note(self, news: Sequence[Change]) -> None:
        """Something was committed."""
        kinds = {change.kind for change in news}
        if ChangeKind.CARD in kinds or ChangeKind.HOUSE in kinds:
            self._must_make = True
        if ChangeKind.STATUS_LIST in kinds:
            self._must_repeat.set()

    def heard(self, beat: Heartbeat) -> None:
        """A kiosk says which lists it holds."""
        self._beats.append(beat)

    def has_work(self, now: datetime) -> bool:
        """Whether `work` would do anything."""
        if self._beats:
            return True
        if not self._is_connected():
            return False
        if self._is_lease_due(now):
            return True
        is_new = self._has_news or self._must_repeat.is_set()
        return self._is_ours(now) and (is_new or self._is_making_due(now))

    def work(self, now: datetime) -> None:
        """Do what is due."""
        self._read_beats(now)
        if not self._is_connected():
            return
        if self._is_lease_due(now):
            self._take_lease(now)
        if not self._is_ours(now):
            return
        if self._is_making_due(now):
            self._make(now)
        if self._has_news or self._must_repeat.is_set():
            self._tell()

    def stop(self) -> None:
        """Let another gateway go on at once."""
        if self._until != _LONG_AGO:
            with writing(self._engine) as session, session.begin():
                leases.give_back(session, LEASE, self._holder)

    def _is_ours(self, now: datetime) -> bool:
        return MARGIN < self._until - now <= HOLD

    def _is_lease_due(self, now: datetime) -> bool:
        is_safe = HOLD_AGAIN < self._until - now <= HOLD
        return not is_safe and abs(now - self._tried) >= TRY_EVERY

    def _is_making_due(self, now: datetime) -> bool:
        return abs(now - self._made) >= (MAKE_EVERY if self._must_make else LOOK_EVERY)

    def _take_lease(self, now: datetime) -> None:
        self._tried = now
        try:
            with writing(self._engine) as session, session.begin():
                is_ours = leases.take(session, LEASE, self._holder, now, now + HOLD)
        except IntegrityError:  # somebody else took it at the same moment
            is_ours = False
        self._until = now + HOLD if is_ours else _LONG_AGO

    def _make(self, now: datetime) -> None:
        self._made = now
        self._has_news = True
        with reading(self._engine) as session:
            new = statuslists.due(session, now, self._key, self._trust)
        try:
            with writing(self._engine) as session, session.begin():
                kept = [statuslists.keep(session, one) for one in new]
        except IntegrityError:  # somebody else issued the very first one at the same moment
            return
        self._must_make = not all(kept)

    def _tell(self) -> None:
        with reading(self._engine) as session:
            lists = statuslists.current(session)
        if is_repeated := self._must_repeat.is_set():
            self._must_repeat.clear()
        for one in lists:
            is_new = self._told.get(one.list) != one.issued_at
            if (is_new or is_repeated) and self._publish(one.list, one.token):
                self._told[one.list] = one.issued_at
        self._has_news = False

    def _read_beats(self, now: datetime) -> None:
        """Where a kiosk holds an older list, whoever publishes them is told to do so again."""
        beats, self._beats = self._beats, []
        if not beats or abs(now - self._asked) < TELL_AGAIN_EVERY:
            return
        with reading(self._engine) as session:
            issued = statuslists.times_of_issue(session)
        if any(_is_behind(beat, issued, now - ON_ITS_WAY) for beat in beats):
            self._asked = now
            with writing(self._engine) as session, session.begin():
                changes.record(session, ChangeKind.STATUS_LIST, now)


def _is_behind(beat: Heartbeat, issued: Mapping[int, datetime], by: datetime) -> bool:
    held = {one.list: one.issued for one in beat.status_lists}
    return any(at <= by and held.get(number, _LONG_AGO) < at for number, at in issued.items())
