"""Everything around the kiosk's loop, in memory: what it was told is kept for a test to look at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.events import ClockReading, HouseChanged, Signal, Stage, Surroundings
from presence.card import CardRef, ChipUid
from presence.ids import BootId, VolunteerId
from presence.messages import (
    Briefings,
    ClockTrust,
    FromKiosk,
    HeldList,
    Question,
    ReaderState,
)
from presence.messages import Roster as RosterMessage
from presence.roster import House, RosterRow
from presence.statuslist import Listed, SignedList
from tests.builders import NOW

BOOT = BootId("0192b3c4-d5e6-4f70-8a90-b1c2d3e4f506")


class SetClock:
    """Port `Clock`, moved by hand."""

    def __init__(self, wall: datetime = NOW, uptime: timedelta = timedelta(hours=10)) -> None:
        self.wall, self.uptime = wall, uptime
        self.learned: list[tuple[datetime, bool]] = []
        """Each with whether it was said to be fresh."""

    def read(self) -> ClockReading:
        return ClockReading(self.wall, ClockTrust.SYNCED, BOOT, self.uptime)

    def learn(self, server_time: datetime, *, is_fresh: bool) -> None:
        self.learned.append((server_time, is_fresh))

    def forward(self, by: timedelta) -> None:
        self.wall += by
        self.uptime += by


class MemoryRoster:
    """Ports `Roster` and `Home`."""

    def __init__(self, house: House | None = None, *rows: RosterRow) -> None:
        self.house = house
        self.rows = {row.volunteer: row for row in rows}
        self.briefings: Briefings | None = None
        self.last_heard: datetime | None = None
        self.taken_away: dict[VolunteerId, datetime] = {}
        self.is_as_meant = True
        """What `apply` and `keep` answer: False stands for something to be asked again."""

    def row(self, card: CardRef) -> RosterRow | None:
        return next((row for row in self.rows.values() if row.card(card)), None)

    def learn(self, row: RosterRow, at: datetime) -> None:
        if row.volunteer in self.rows or at >= self.taken_away.get(row.volunteer, at):
            self._keep(row)

    def apply(self, message: RosterMessage, issued: datetime) -> bool:
        self.house = message.house
        known, now = dict(self.rows), issued + timedelta(seconds=1)
        if message.whole:
            self.rows.clear()
        for row in message.rows:
            self._keep(known.get(row.volunteer, row))
            self._keep(row)
        for volunteer in message.gone:
            self.rows.pop(volunteer, None)
        self.taken_away.update(dict.fromkeys(known.keys() - self.rows.keys(), now))
        self.heard(issued)
        return self.is_as_meant

    def _keep(self, row: RosterRow) -> None:
        known = self.rows.get(row.volunteer)
        if known is None or known.version <= row.version:
            self.rows[row.volunteer] = row

    def heard(self, at: datetime) -> None:
        self.last_heard = max(at, self.last_heard or at)

    def as_of(self) -> datetime | None:
        return self.last_heard

    def keep(self, briefings: Briefings) -> bool:
        self.briefings = briefings
        return self.is_as_meant

    def known(self) -> HouseChanged:
        held = self.briefings.briefings if self.briefings else ()
        return HouseChanged(self.house, {one.language: one for one in held})

    def digests(self) -> tuple[str | None, str | None]:
        return ("roster" if self.house else None, "briefings" if self.briefings else None)


class MemoryChips:
    """Port `Chips`. `looked_up` counts how often one was looked for."""

    def __init__(self) -> None:
        self.known: dict[str, CardRef] = {}
        self.looked_up = 0

    def card_of(self, chip: ChipUid, now: datetime) -> CardRef | None:
        self.looked_up += 1
        return self.known.get(chip.uid.upper())

    def learn(self, chip: ChipUid, card: CardRef | None, now: datetime) -> None:
        if card is None:
            self.known.pop(chip.uid.upper(), None)
        else:
            self.known[chip.uid.upper()] = card


class MemoryStatusLists:
    """Port `StatusLists`. Keeps whatever it is offered, as issued at `issued`; None: nothing."""

    def __init__(self) -> None:
        self.known: dict[CardRef, Listed] = {}
        self.offered: list[SignedList] = []
        self.issued: datetime | None = None

    def listed(self, card: CardRef) -> Listed | None:
        return self.known.get(card)

    def take(self, offered: SignedList) -> datetime | None:
        self.offered.append(offered)
        return self.issued

    def held(self) -> tuple[HeldList, ...]:
        return ()


class MemoryLink:
    """Port `Link`. `is_up` False: nothing can be handed over."""

    def __init__(self) -> None:
        self.is_up = True
        self.questions: list[Question] = []
        self.sent: list[FromKiosk] = []

    def ask(self, question: Question) -> bool:
        if self.is_up:
            self.questions.append(question)
        return self.is_up

    def send(self, message: FromKiosk) -> bool:
        if self.is_up:
            self.sent.append(message)
        return self.is_up


class MemoryHealth:
    """Port `Health`."""

    def __init__(self) -> None:
        self.unreadable = 0
        self.readers: dict[str, ReaderState] = {}
        self.is_connected = self.is_alarm = False
        self.beat: FromKiosk | None = None
        self.beat_at: timedelta | None = None

    def due(self, uptime: timedelta) -> FromKiosk | None:
        if self.beat_at is None or uptime < self.beat_at:
            return None
        self.beat_at = None
        return self.beat

    def next_at(self) -> timedelta | None:
        return self.beat_at

    def count_unreadable(self) -> None:
        self.unreadable += 1

    def reader_is(self, name: str, state: ReaderState) -> None:
        self.readers[name] = state

    def link_is(self, *, up: bool) -> None:
        self.is_connected = up

    def alarm_is(self, *, raised: bool) -> None:
        self.is_alarm = raised


@dataclass(frozen=True)
class Shown:
    stage: Stage
    around: Surroundings


class Witness:
    """Ports `Screen` and `Indicator`, told apart by type. `note` hears of each, in order."""

    def __init__(self, note: Callable[[object], None]) -> None:
        self._note = note

    def show(self, stage: Stage, around: Surroundings) -> None:
        self._note(Shown(stage, around))

    def signal(self, signal: Signal) -> None:
        self._note(signal)

    def close(self) -> None:
        """Nothing to release."""
