"""The kiosk's one loop: it waits for what happens, lets the session decide, and does what it says.

It decides nothing. Whatever goes wrong in it ends the process: systemd starts a fresh one within
a second, and everything that was told to anybody is on the disk.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from kiosk import events as ev
from kiosk import ports
from kiosk.events import At, ClockReading, Effect, Event, Timer, TimerName
from kiosk.session import Session
from presence import messages as ms
from presence.card import ChipUid
from presence.ids import RANDOM_BYTES, KioskId, PresentationId, uuid7
from presence.roster import NOTHING_UNSETTLED
from presence.statuslist import SignedList

log = logging.getLogger(__name__)

HAVE_EVERY = timedelta(hours=24)
HAVE_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 15, 60))
"""Before it is asked again for what differs from what the server meant. It is asked until it does
not; but two programs of different age, who never agree, must not ask all day."""
HAVE_AGAIN = timedelta(seconds=1)
"""Where the link had no room for it."""
FRESH = timedelta(seconds=1)
"""An answer that comes this soon after its question tells what time it is. Any other message may
have been on its way for long, so it only tells what time it is at least."""
PATIENCE = timedelta(seconds=1)
"""The longest sleep: so often the process says that it is alive."""


@dataclass(frozen=True, slots=True)
class _Received:
    message: ms.Message | SignedList
    issued: datetime | None


_Receiver = Callable[[Any, datetime | None], None]


class _End:
    """The loop is to end."""


class Inbox:
    """What happened, told from any thread, in that order."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Event | _Received | _End] = SimpleQueue()

    def report(self, event: Event) -> None:
        self._queue.put(event)

    def received(self, message: ms.Message | SignedList, issued: datetime | None) -> None:
        self._queue.put(_Received(message, issued))

    def end(self) -> None:
        self._queue.put(_End())

    def take(self, patience: timedelta) -> Event | _Received | _End | None:
        """The next thing; None when nothing happens for so long."""
        try:
            return self._queue.get(timeout=max(patience.total_seconds(), 0))
        except Empty:
            return None


@dataclass(frozen=True, slots=True)
class Ports:
    """Every wire, pin and disk that the loop uses."""

    clock: ports.Clock
    outbox: ports.Outbox
    roster: ports.Roster
    home: ports.Home
    chips: ports.Chips
    statuses: ports.StatusLists
    link: ports.Link
    delivery: ports.Delivery
    health: ports.Health
    screen: ports.Screen
    indicator: ports.Indicator


class Loop:
    """Owned by one thread. `randomness(n)` gives n random bytes, for ids."""

    def __init__(
        self,
        kiosk: KioskId,
        session: Session,
        world: Ports,
        inbox: Inbox,
        randomness: Callable[[int], bytes],
    ) -> None:
        self._kiosk, self._session, self._world = kiosk, session, world
        self._inbox, self._randomness = inbox, randomness
        self._timers: dict[TimerName, tuple[timedelta, Timer]] = {}
        self._have_at: timedelta | None = None
        self._differences = 0
        """How often it has been asked since what is held here was last as the server meant it."""
        self._asked: tuple[PresentationId | None, timedelta] = (None, timedelta())
        """The last question that was handed over, and when."""
        self._readers: dict[str, ms.ReaderState] = {}
        self._is_alarm = False
        self._now = world.clock.read()
        self._is_over = False
        self._beside: Mapping[type[Event], Callable[[Any], None]] = {
            ev.LinkChanged: self._note_link,
            ev.ReaderReady: self._note_ready,
            ev.ReaderFaltering: self._note_faltering,
            ev.ReaderLost: self._note_lost,
            ev.AlarmChanged: self._note_alarm,
        }
        self._receive: Mapping[type[ms.Message | SignedList], _Receiver] = {
            ms.Answer: self._take_answer,
            ms.Receipts: self._take_receipts,
            ms.Roster: self._take_roster,
            ms.Briefings: self._take_briefings,
            SignedList: self._take_list,
        }
        self._perform = self._performers()

    def run(self, alive: Callable[[], None]) -> None:
        """Until the inbox says "end". `alive` is called at least every second."""
        try:
            self.begin()
            while not self._is_over:
                self.step(PATIENCE)
                alive()
        except Exception:
            log.exception("the kiosk stops here and is to be started afresh")
            raise

    def begin(self) -> None:
        """Tell the session where it stands."""
        self._happened(self._world.home.known())

    def step(self, longest: timedelta) -> None:
        """Wait for one thing to happen, at most so long, and do all that follows from it."""
        item = self._inbox.take(self.patience(longest))
        if isinstance(item, _End):
            self._is_over = True
        elif isinstance(item, _Received):
            self._read_clock()
            self._receive[type(item.message)](item.message, item.issued)
        elif item is not None:
            self._happened(item)
        self._fire_timers()
        self._send_what_is_due()

    def patience(self, longest: timedelta) -> timedelta:
        """For how long nothing is due, `longest` at most."""
        world = self._world
        dues = [due for due, _ in self._timers.values()]
        dues += [
            due
            for due in (world.delivery.next_at(), world.health.next_at(), self._have_at)
            if due is not None
        ]
        return min([longest, *(due - self._read_clock().uptime for due in dues)])

    # --- events ------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        beside = self._beside.get(type(event))
        self._read_clock()
        if beside is not None:
            beside(event)
        follow_ups = deque([event])
        while follow_ups:
            for effect in self._session.handle(follow_ups.popleft(), self._at()):
                outcome = self._perform[type(effect)](effect)
                if outcome is not None:
                    follow_ups.append(outcome)

    def _read_clock(self) -> ClockReading:
        self._now = self._world.clock.read()
        return self._now

    def _at(self) -> At:
        fresh = PresentationId(uuid7(self._now.wall, self._randomness(RANDOM_BYTES)))
        is_sure = self._now.trust is not ms.ClockTrust.FLOOR
        return At(self._now.wall, self._now.uptime, fresh, is_sure)

    def _note_link(self, event: ev.LinkChanged) -> None:
        self._world.delivery.link_changed(event.is_up, self._now.uptime)
        self._world.health.link_is(up=event.is_up)
        self._have_at, self._differences = (self._now.uptime if event.is_up else None), 0

    def _note_ready(self, event: ev.ReaderReady) -> None:
        before = self._readers.get(event.reader)
        if self._is_news(event.reader, ms.ReaderState.READY):
            log.info("reader %s works%s", event.reader, "" if before is None else " again")

    def _note_faltering(self, event: ev.ReaderFaltering) -> None:
        if self._is_news(event.reader, event.state):
            log.info("reader %s is %s", event.reader, event.state)

    def _note_lost(self, event: ev.ReaderLost) -> None:
        if self._is_news(event.reader, ms.ReaderState.LOST):
            log.error("reader %s is lost: %s", event.reader, event.why)

    def _is_news(self, reader: str, state: ms.ReaderState) -> bool:
        """Unavailability is logged once, recovery once, whatever a driver tells how often."""
        before = self._readers.get(reader)
        self._readers[reader] = state
        self._world.health.reader_is(reader, state)
        return state is not before

    def _note_alarm(self, event: ev.AlarmChanged) -> None:
        if event.is_raised is not self._is_alarm:
            log.warning("the fire alarm %s", "is raised" if event.is_raised else "is over")
        self._is_alarm = event.is_raised
        self._world.health.alarm_is(raised=event.is_raised)

    # --- messages ----------------------------------------------------------------------------

    def _heard(self, at: datetime, *, is_fresh: bool = False) -> None:
        self._world.clock.learn(at, is_fresh=is_fresh)
        self._world.roster.heard(at)

    def _take_answer(self, answer: ms.Answer, _issued: datetime | None) -> None:
        presentation, asked = self._asked
        is_fresh = answer.presentation == presentation and self._now.uptime - asked <= FRESH
        self._heard(answer.at, is_fresh=is_fresh)
        self._happened(ev.Answered(answer))

    def _take_receipts(self, receipts: ms.Receipts, _issued: datetime | None) -> None:
        self._heard(receipts.at)
        self._world.delivery.settled(receipts.receipts, self._now.uptime)

    def _take_roster(self, roster: ms.Roster, issued: datetime | None) -> None:
        if issued is None:
            raise TypeError("the link handed over a roster without its signature's time")
        if not self._world.roster.apply(roster, issued):
            self._ask_for_what_differs()
        elif roster.digest:
            self._differences = 0
        self._happened(self._world.home.known())

    def _ask_for_what_differs(self) -> None:
        pause = HAVE_PAUSES[min(self._differences, len(HAVE_PAUSES) - 1)]
        due = self._now.uptime + pause
        if self._have_at is None or due < self._have_at:
            self._have_at = due
            self._differences += 1

    def _take_briefings(self, briefings: ms.Briefings, _issued: datetime | None) -> None:
        if not self._world.home.keep(briefings):
            self._have_at = self._now.uptime
        self._happened(self._world.home.known())

    def _take_list(self, offered: SignedList, _issued: datetime | None) -> None:
        """At a home where nothing happens, the daily list is all that is heard of the server."""
        issued = self._world.statuses.take(offered)
        if issued is not None:
            self._world.roster.heard(issued)

    # --- effects -----------------------------------------------------------------------------

    def _performers(self) -> Mapping[type[Effect], Callable[[Any], Event | None]]:
        return {
            ev.Consult: self._consult,
            ev.Ask: self._ask,
            ev.Record: self._record,
            ev.Learn: self._learn,
            ev.LearnChip: self._learn_chip,
            ev.Show: self._show,
            ev.Indicate: lambda effect: self._world.indicator.signal(effect.signal),
            ev.StartTimer: self._start_timer,
            ev.StopTimer: self._stop_timer,
            ev.CountUnreadable: lambda _: self._world.health.count_unreadable(),
        }

    def _consult(self, effect: ev.Consult) -> Event:
        world, card = self._world, effect.about
        if isinstance(card, ChipUid):
            card = world.chips.card_of(card, self._now.wall)
        if card is None:
            return ev.Consulted(effect.presentation, None, NOTHING_UNSETTLED, world.roster.as_of())
        row = world.roster.row(card)
        cards = [held.ref for held in row.cards] if row else []
        if card not in cards:
            cards.append(card)
        return ev.Consulted(
            effect.presentation,
            row,
            world.outbox.unsettled(cards),
            world.roster.as_of(),
            world.statuses.listed(card),
            card,
        )

    def _ask(self, effect: ev.Ask) -> Event | None:
        if self._world.link.ask(effect.question):
            self._asked = (effect.question.presentation, self._now.uptime)
            return None
        return ev.TimerFired(Timer(TimerName.ANSWER, effect.question.presentation))

    def _record(self, effect: ev.Record) -> None:
        self._world.outbox.record(effect.what, self._now)
        self._world.delivery.recorded(self._now.uptime)

    def _learn(self, effect: ev.Learn) -> None:
        self._world.roster.learn(effect.row, effect.at)

    def _learn_chip(self, effect: ev.LearnChip) -> None:
        self._world.chips.learn(effect.chip, effect.card, self._now.wall)

    def _show(self, effect: ev.Show) -> None:
        self._world.screen.show(effect.stage, effect.around)

    def _start_timer(self, effect: ev.StartTimer) -> None:
        self._timers[effect.timer.name] = (self._now.uptime + effect.after, effect.timer)

    def _stop_timer(self, effect: ev.StopTimer) -> None:
        self._timers.pop(effect.name, None)

    # --- time --------------------------------------------------------------------------------

    def _fire_timers(self) -> None:
        uptime = self._read_clock().uptime
        for due, timer in sorted(self._timers.values(), key=lambda pair: pair[0]):
            if due <= uptime and self._timers.get(timer.name) == (due, timer):
                del self._timers[timer.name]
                self._happened(ev.TimerFired(timer))

    def _send_what_is_due(self) -> None:
        world, uptime = self._world, self._now.uptime
        if self._have_at is not None and self._have_at <= uptime:
            roster, briefings = world.home.digests()
            have = ms.Have(kiosk=self._kiosk, roster=roster, briefings=briefings)
            self._have_at = uptime + (HAVE_EVERY if world.link.send(have) else HAVE_AGAIN)
        entries = world.delivery.due(uptime)
        if entries is not None and not world.link.send(entries):
            world.delivery.not_sent(uptime)
        heartbeat = world.health.due(uptime)
        if heartbeat is not None:
            world.link.send(heartbeat)  # lost without a link; the next one says it all again
