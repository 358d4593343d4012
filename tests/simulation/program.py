"""A kiosk's process: real parts, put together as `kiosk.app` does, around what is simulated."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from kiosk.clock import SystemClock
from kiosk.events import ReaderReady, Signal, Stage, Surroundings
from kiosk.health import Health, Knowledge
from kiosk.loop import Inbox, Loop, Ports
from kiosk.outbox import SqliteOutbox
from kiosk.roster import SqliteRoster
from kiosk.session import Session
from kiosk.statuslists import SqliteStatusLists
from presence.ids import KioskId
from tests.fakes.world import MemoryChips
from tests.simulation import cast
from tests.simulation.kiosk_link import SimulatedLink
from tests.simulation.machine import FLOOR, LISTS, OUTBOX, ROSTER, Machine
from tests.simulation.makers import Makers
from tests.simulation.power import opener
from tests.simulation.watch import Watch

READER = "nfc"
_PLENTY = 2**34
"""Bytes free on the disk."""


class Witness:
    """Ports `Screen` and `Indicator`."""

    def __init__(self, kiosk: KioskId, watch: Watch) -> None:
        self._kiosk, self._watch = kiosk, watch

    def show(self, stage: Stage, around: Surroundings) -> None:
        self._watch.shown(self._kiosk, stage, around)

    def signal(self, signal: Signal) -> None:
        self._watch.signalled(self._kiosk, signal)

    def close(self) -> None:
        """Nothing to release."""


@dataclass(frozen=True)
class Files:
    """What a process holds open."""

    outbox: SqliteOutbox
    roster: SqliteRoster
    lists: SqliteStatusLists
    clock: SystemClock
    closing: ExitStack


def open_files(
    name: KioskId, machine: Machine, watch: Watch, chance: Random, makers: Makers
) -> Files:
    """Raises PowerCutError when the power goes meanwhile; nothing stays open then."""
    note = opener(machine.fuse, partial(watch.wrote, name))
    plain = opener(machine.fuse, lambda _connection: None)
    with ExitStack() as stack:
        outbox = makers.outbox(machine.disk / OUTBOX, chance.randbytes, connect=note)
        stack.enter_context(closing(outbox))
        roster = makers.roster(machine.disk / ROSTER, connect=plain)
        stack.enter_context(closing(roster))
        lists = SqliteStatusLists(machine.disk / LISTS, cast.TRUST, connect=plain)
        stack.callback(lists.close)
        clock = SystemClock(machine.disk / FLOOR, machine.sources)
        return Files(outbox, roster, lists, clock, stack.pop_all())


@dataclass(frozen=True)
class Program:
    """A running process. Its memory is gone when it ends."""

    files: Files
    inbox: Inbox
    link: SimulatedLink
    loop: Loop

    def end(self) -> None:
        self.link.stop()
        self.files.closing.close()


def run(
    name: KioskId,
    files: Files,
    inbox: Inbox,
    link: SimulatedLink,
    witness: Witness,
    chance: Random,
    makers: Makers,
) -> Program:
    """The process on its files, not yet begun."""
    outbox, roster, lists, clock = files.outbox, files.roster, files.lists, files.clock
    health = Health(
        name,
        "simulated",
        clock,
        [READER],
        outbox.depth,
        lambda: Knowledge(roster.issued, lists.held(), lists.refused),
        lambda: _PLENTY,
    )
    world = Ports(
        clock=clock,
        outbox=outbox,
        roster=roster,
        home=roster,
        chips=MemoryChips(),
        statuses=lists,
        link=link,
        delivery=makers.delivery(outbox, name, chance.random),
        health=health,
        screen=witness,
        indicator=witness,
    )
    session = Session(
        name,
        cast.TRUST,
        ZoneInfo,
        answer_time=makers.answer_time,
        decide=makers.kiosk_decides,
    )
    inbox.report(ReaderReady(READER))
    return Program(files, inbox, link, Loop(name, session, world, inbox, chance.randbytes))
