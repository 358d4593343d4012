"""The composition root: the only module that knows both the ports and what stands behind them."""

import logging
import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from kiosk.attached import Attached, attach, check_readers
from kiosk.chips import ChipMemory
from kiosk.clock import SystemClock
from kiosk.config import Choices, Config
from kiosk.delivery import UploadSchedule
from kiosk.events import Way
from kiosk.health import Condition, Depth, Health, Knowledge, Systemd, environment, free_disk
from kiosk.indicator import FACTORIES, PinFactory
from kiosk.link import Address, MqttLink
from kiosk.loop import Inbox, Loop, Ports
from kiosk.outbox import SqliteOutbox
from kiosk.ports import Clock, Indicator, Outbox, Reader
from kiosk.readers import FAMILIES, RESETTABLE, WAYS, device_fault
from kiosk.readers.power import switch_fault
from kiosk.roster import SqliteRoster
from kiosk.screen.server import LoopbackScreen
from kiosk.screen.words import CATALOGUES
from kiosk.session import Session
from kiosk.statuslists import SqliteStatusLists
from presence import admission
from presence.errors import TrustError
from presence.facts import Facts
from presence.trust import TrustList, decode_trust
from presence.verdict import Verdict

log = logging.getLogger(__name__)

CHOICES = Choices(
    reader_families=FAMILIES,
    resettable=RESETTABLE,
    device_fault=device_fault,
    switch_fault=switch_fault,
    pin_factories=FACTORIES,
    languages=tuple(CATALOGUES),
)
WATCHDOG_EVERY = timedelta(seconds=1)
CHECK_READERS_EVERY = timedelta(seconds=1)
KEEP_TIME_EVERY = timedelta(minutes=10)
FORGET_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=2)

Decide = Callable[[Facts, datetime], Verdict]


class KeptOutbox(Outbox, Protocol):
    """An outbox that can also be measured and closed."""

    def depth(self) -> Depth: ...

    def close(self) -> None: ...


class LinkEndedError(RuntimeError):
    """The link's thread is gone, which it never should be: start afresh."""


@dataclass
class Chore:
    """Something to be done now and then, by the loop's thread."""

    every: timedelta
    work: Callable[[], object]
    due: timedelta = timedelta()

    def work_if_due(self, uptime: timedelta) -> None:
        if uptime >= self.due:
            self.due = uptime + self.every
            self.work()


@dataclass(frozen=True)
class Parts:
    """What is started and watched. All is closed by `closing`, the last opened first."""

    clock: Clock
    inbox: Inbox
    link: MqttLink
    screen: LoopbackScreen
    attached: Attached
    systemd: Systemd
    closing: ExitStack


class App:
    """One kiosk, put together and not yet started."""

    def __init__(self, loop: Loop, parts: Parts, chores: Sequence[Chore]) -> None:
        self._loop, self._parts, self._chores = loop, parts, chores

    @property
    def url(self) -> str:
        """Where the page is, once the kiosk runs."""
        return self._parts.screen.url

    def run(self, ready: Callable[[], None] | None = None) -> None:
        """Start everything and serve until `stop`; once only. `ready` is called when cards may
        come.

        Raises OSError when the page's port is taken, and whatever ends the loop.
        """
        parts = self._parts
        with parts.closing:
            parts.screen.start()
            for reader in parts.attached.readers:
                reader.start(parts.inbox.report)
            parts.attached.switches.start(parts.inbox.report)
            parts.link.start()
            log.info("ready; the page is at %s", self.url)
            parts.systemd.ready()
            if ready is not None:
                ready()
            self._loop.run(self._alive)
            log.info("stopping")

    def stop(self) -> None:
        """End `run`. From any thread, and from a signal handler."""
        self._parts.inbox.end()

    def close(self) -> None:
        """Release everything of a kiosk that was never run."""
        self._parts.closing.close()

    def _alive(self) -> None:
        if not self._parts.link.is_running:
            raise LinkEndedError("the link's thread has ended")
        uptime = self._parts.clock.read().uptime
        for chore in self._chores:
            chore.work_if_due(uptime)


def build(  # noqa: PLR0913  each stands in for one part
    config: Config,
    *,
    clock: Clock | None = None,
    readers: Sequence[Reader] | None = None,
    pins: PinFactory | None = None,
    indicator: Indicator | None = None,
    outbox: KeptOutbox | None = None,
    decide: Decide = admission.decide,
    frame_ancestors: Sequence[str] = (),
) -> App:
    """Put a kiosk together as configured; whatever is given stands in for the configured part.

    `frame_ancestors` are origins whose pages may frame the kiosk's own. Raises ReaderConfigError,
    IndicatorConfigError, TrustError and StoreError.
    """
    with ExitStack() as stack:
        trust, inbox = load_trust(config.trust), Inbox()
        systemd = stack.enter_context(closing(Systemd(environment())))
        outbox = _outbox(config.data, outbox, stack)
        roster, lists, chips = _memory(config.data, trust, stack)
        clock, chores = _time(config.data, clock, stack)
        chores += [Chore(WATCHDOG_EVERY, systemd.alive), forgetting(roster, chips, clock)]
        attached = attach(config, readers, pins, indicator, stack)
        chores.append(Chore(CHECK_READERS_EVERY, lambda: check_readers(attached.readers)))
        health = _health(config, clock, attached.readers, outbox, roster, lists)
        chores.append(Chore(LOOK_EVERY, health.look))
        screen = _screen(config, clock, inbox, health.condition, frame_ancestors, stack)
        link = _link(config, trust, inbox, clock, stack)
        world = Ports(
            clock=clock,
            outbox=outbox,
            roster=roster,
            home=roster,
            chips=chips,
            statuses=lists,
            link=link,
            delivery=UploadSchedule(outbox, config.kiosk, _jitter),
            health=health,
            screen=screen,
            indicator=attached.indicator,
        )
        session = _session(config, trust, decide)
        parts = Parts(clock, inbox, link, screen, attached, systemd, stack.pop_all())
        return App(Loop(config.kiosk, session, world, inbox, os.urandom), parts, chores)


def load_trust(path: Path) -> TrustList:
    """Raises TrustError."""
    try:
        return decode_trust(path.read_bytes())
    except OSError as error:
        raise TrustError(f"the trust list cannot be read: {error}") from error


def _outbox(data: Path, given: KeptOutbox | None, stack: ExitStack) -> KeptOutbox:
    outbox = given or SqliteOutbox(data / "outbox.db", os.urandom)
    stack.callback(outbox.close)
    return outbox


def _memory(
    data: Path, trust: TrustList, stack: ExitStack
) -> tuple[SqliteRoster, SqliteStatusLists, ChipMemory]:
    """What the kiosk knows, each in a file of its own."""
    roster = stack.enter_context(closing(SqliteRoster(data / "roster.db")))
    lists = stack.enter_context(closing(SqliteStatusLists(data / "lists.db", trust)))
    chips = stack.enter_context(closing(ChipMemory(data / "chips.db", os.urandom)))
    return roster, lists, chips


def _time(data: Path, given: Clock | None, stack: ExitStack) -> tuple[Clock, list[Chore]]:
    """The clock, and what must be done for it now and then."""
    if given is not None:
        return given, []
    clock = SystemClock(data / "time-floor")
    stack.callback(clock.keep)
    return clock, [Chore(KEEP_TIME_EVERY, clock.keep)]


def forgetting(roster: SqliteRoster, chips: ChipMemory, clock: Clock) -> Chore:
    """What is wiped when nobody has spoken to the kiosk for long, and what nobody needs."""

    def forget() -> None:
        now = clock.read().wall
        chips.forget_unseen(now)
        if roster.is_long_alone(now):
            chips.forget_all()
        roster.forget_names(now)

    return Chore(FORGET_EVERY, forget)


def _screen(
    config: Config,
    clock: Clock,
    inbox: Inbox,
    condition: Callable[[], Condition],
    frame_ancestors: Sequence[str],
    stack: ExitStack,
) -> LoopbackScreen:
    screen = LoopbackScreen(
        clock,
        ZoneInfo,
        inbox.report,
        port=config.screen.port,
        language=config.screen.language,
        frame_ancestors=frame_ancestors,
        condition=condition,
    )
    stack.callback(screen.stop)
    return screen


def _ways(config: Config) -> Mapping[str, Way]:
    """How a card is shown to each reader, by its name."""
    return {one.name or one.family: WAYS[one.family] for one in config.readers}


def _link(
    config: Config, trust: TrustList, inbox: Inbox, clock: Clock, stack: ExitStack
) -> MqttLink:
    server = config.server
    link = MqttLink(
        config.kiosk,
        Address(server.host, server.port, server.username, server.password),
        trust,
        inbox.report,
        inbox.received,
        connection=_rising(clock),
        jitter=_jitter,
    )
    stack.callback(link.stop)
    return link


def _rising(clock: Clock) -> Callable[[], int]:
    """Connection numbers: milliseconds of wall time, which the time floor keeps from falling over
    restarts, and one more where the clock was set back meanwhile."""
    last = 0

    def following() -> int:
        nonlocal last
        last = max(last + 1, int(clock.read().wall.timestamp() * 1000))
        return last

    return following


def _health(
    config: Config,
    clock: Clock,
    readers: Sequence[Reader],
    outbox: KeptOutbox,
    roster: SqliteRoster,
    lists: SqliteStatusLists,
) -> Health:
    return Health(
        config.kiosk,
        program_version(),
        clock,
        [reader.name for reader in readers],
        outbox.depth,
        lambda: Knowledge(roster.issued, lists.held(), lists.refused),
        free_disk(config.data),
    )


def _session(config: Config, trust: TrustList, decide: Decide) -> Session:
    answer_time = timedelta(milliseconds=config.answer_deadline_ms)
    return Session(
        config.kiosk,
        trust,
        ZoneInfo,
        ways=_ways(config),
        answer_time=answer_time,
        decide=decide,
    )


def _jitter() -> float:
    return random.SystemRandom().random()


def program_version() -> str:
    """Of this program, as it was installed; "source" where it runs from a copy of its source."""
    try:
        return metadata.version("tilstede")
    except metadata.PackageNotFoundError:
        return "source"
