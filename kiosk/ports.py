"""Where a wire, a pin or a disk is: what the loop needs of the world, and nothing more."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from kiosk.events import (
    ClockReading,
    Event,
    HouseChanged,
    ReaderEvent,
    Signal,
    Stage,
    Surroundings,
)
from presence.card import CardRef, ChipUid
from presence.messages import (
    Briefings,
    Entries,
    Entry,
    FromKiosk,
    HeldList,
    Message,
    Question,
    ReaderState,
    Receipt,
    What,
)
from presence.messages import Roster as RosterMessage
from presence.roster import RosterRow, Unsettled
from presence.statuslist import Listed, SignedList


class Reader(Protocol):
    """A thing that cards are presented to. It owns one thread, its only one; what hangs for good is
    left behind, and another takes over.

    That thread turns a fault of its driver that does not pass at once into `ReaderLost`, keeps
    trying to come back, and says `ReaderReady` when it has. Unavailability is reported once,
    recovery once. So is `ReaderFaltering` in each of its states, before the one or the other.
    """

    name: str

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        """Begin to watch. `report` may be called from the reader's own thread, and by `check`."""

    def check(self, uptime: timedelta) -> None:
        """Does its driver hang? Called every second, always by the same thread; never blocks.

        Raises RuntimeError when only a fresh process can help.
        """

    def stop(self) -> None:
        """Release the device and end the thread. May be called twice."""


class Indicator(Protocol):
    """Lamps and buzzer. Never blocks: a pattern plays by itself until the next signal."""

    def signal(self, signal: Signal) -> None: ...

    def close(self) -> None: ...


class Clock(Protocol):
    def read(self) -> ClockReading: ...

    def learn(self, server_time: datetime, *, is_fresh: bool) -> None:
        """An authenticated time from the server, which may correct the wall time: in both
        directions when it was said just now, else forward only, for it may be old."""
        ...


class Outbox(Protocol):
    """Entries on their way to the server, durable from `record` until their receipt."""

    def record(self, what: What, at: ClockReading) -> Entry:
        """Write one entry down. When this returns, a power cut cannot lose it."""
        ...

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        """The oldest unsettled entries: event id and the bytes to send, parked ones left out."""
        ...

    def settle(self, receipts: Sequence[Receipt]) -> None:
        """Accepted and duplicate: done. Rejected: parked, so that it delays no other."""
        ...

    def unsettled(self, cards: Sequence[CardRef]) -> Unsettled:
        """What was recorded here of the holder of these cards and a row may not contain yet."""
        ...


class Roster(Protocol):
    """What the kiosk knows when it is alone."""

    def row(self, card: CardRef) -> RosterRow | None: ...

    def learn(self, row: RosterRow, at: datetime) -> None:
        """Keep the row of an answer that the server gave at this time of its own, if it is not
        older than the row that is there, or than the roster that took such a row away."""

    def apply(self, message: RosterMessage, issued: datetime) -> bool:
        """Take over a roster. False: what is held afterwards is not what the server meant, ask
        for it."""
        ...

    def heard(self, at: datetime) -> None:
        """The server spoke at this time of its own. Cheap: what is kept of it may lag a minute."""
        ...

    def as_of(self) -> datetime | None:
        """Last contact with the server, by `heard` or a roster's issue; None: never."""
        ...


class Home(Protocol):
    """What the kiosk knows of the home it stands in; kept beside the roster."""

    def keep(self, briefings: Briefings) -> bool:
        """Take over the home's briefing, in every language it comes in. False: a newer one was
        held until now, so this may have been on its way for long; ask what is in force."""
        ...

    def known(self) -> HouseChanged:
        """The home and its briefing as they are known now."""
        ...

    def digests(self) -> tuple[str | None, str | None]:
        """Of the roster and of the briefings, for `Have`; None: nothing is held."""
        ...


class Chips(Protocol):
    """Which card a legacy chip is: what the server's answers have taught."""

    def card_of(self, chip: ChipUid, now: datetime) -> CardRef | None:
        """None: no answer has told yet."""
        ...

    def learn(self, chip: ChipUid, card: CardRef | None, now: datetime) -> None:
        """None: it is a card no more."""
        ...


class StatusLists(Protocol):
    """Which cards are no longer believed, wherever they were issued."""

    def listed(self, card: CardRef) -> Listed | None:
        """What is known of the card; None: the list it stands in is not held."""
        ...

    def take(self, offered: SignedList) -> datetime | None:
        """Keep the list if it is genuine and newer than the one that is held. Returns when it was
        issued; None: it is not kept."""
        ...

    def held(self) -> Sequence[HeldList]:
        """Which lists are held, and when each was issued."""
        ...


class Link(Protocol):
    """The wire to the server. Calls never block and never raise for a lost connection."""

    def ask(self, question: Question) -> bool:
        """Put a question. False: it could not even be handed over; nothing will be answered."""
        ...

    def send(self, message: FromKiosk) -> bool:
        """Hand over any other message. False: no link or no room; try again when told so."""
        ...


class Delivery(Protocol):
    """When which entries are sent, and sent again. Times are uptimes."""

    def due(self, uptime: timedelta) -> Entries | None:
        """What to send now, if anything."""
        ...

    def not_sent(self, uptime: timedelta) -> None:
        """The link did not take what was due."""

    def next_at(self) -> timedelta | None:
        """When to ask again at the latest; None: not before something happens."""
        ...

    def recorded(self, uptime: timedelta) -> None: ...

    def settled(self, receipts: Sequence[Receipt], uptime: timedelta) -> None:
        """Receipts came: settles them in the outbox too."""

    def link_changed(self, is_up: bool, uptime: timedelta) -> None: ...


class Health(Protocol):
    """What the kiosk tells about itself, once a minute. Times are uptimes."""

    def due(self, uptime: timedelta) -> FromKiosk | None: ...

    def next_at(self) -> timedelta | None: ...

    def count_unreadable(self) -> None: ...

    def reader_is(self, name: str, state: ReaderState) -> None: ...

    def link_is(self, *, up: bool) -> None: ...

    def alarm_is(self, *, raised: bool) -> None: ...


class Screen(Protocol):
    def show(self, stage: Stage, around: Surroundings) -> None:
        """Show this from now on. Never blocks; a page that connects later sees it too."""


Report = Callable[[Event], None]
"""How adapters tell the loop what happened, from whatever thread."""

Received = Callable[[Message | SignedList, datetime | None], None]
"""How the link hands over what came in; the time is that of a signed message's issue. A status list
is not yet believed then: its receiver checks it."""
