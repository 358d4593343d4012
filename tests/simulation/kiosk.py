"""A kiosk at a door: on or off, and whatever is done to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from kiosk import events as ev
from kiosk.loop import Inbox
from presence.card import CardRef, Evidence
from presence.ids import KioskId, PresentationId, VisitId
from presence.messages import Arrived, Message
from presence.statuslist import SignedList
from presence.verdict import Basis, Outcome
from tests.simulation import cast, program
from tests.simulation.broker import Broker
from tests.simulation.cast import Person
from tests.simulation.machine import Machine
from tests.simulation.makers import Makers
from tests.simulation.network import Line
from tests.simulation.power import PowerCutError
from tests.simulation.program import READER, Program, Witness
from tests.simulation.rule import Rule
from tests.simulation.timeline import Timeline, seconds
from tests.simulation.watch import Watch

NO_TIME = timedelta(0)
_NOTHING_DUE = timedelta(minutes=10)
_SHORTEST_NAP = timedelta(microseconds=1)
_TIME_SERVER_AFTER = seconds(8)
_KEEP_TIME_EVERY = timedelta(minutes=10)
_POISON = Arrived(
    CardRef(1, 2**40),
    VisitId("00000000-0000-7000-8000-000000000001"),
    PresentationId("00000000-0000-7000-8000-000000000002"),
    Basis.ROSTER,
    Outcome.UNCONFIRMED,
)
"""No message may name such a card. A faulty program could have written it down all the same."""


class SimulatedKiosk:
    """`program` is None while the kiosk is off."""

    def __init__(
        self,
        name: KioskId,
        machine: Machine,
        timeline: Timeline,
        broker: Broker,
        watch: Watch,
        chance: Random,
        makers: Makers,
    ) -> None:
        self.name, self.home = name, cast.DOORS[name]
        self.machine = machine
        self.line = Line(name, chance)
        self.program: Program | None = None
        self._timeline, self._broker, self._watch = timeline, broker, watch
        self._chance, self._makers = chance, makers
        self._witness = Witness(name, watch)
        self._off_for = NO_TIME
        self._connections = 0
        self._wakes_at: timedelta | None = None

    # --- what the history does to it ---

    def switch_on(self) -> None:
        if self.program is None:
            self.machine.power_up()
            self._tell("has power")
            self._start()

    def cut_power(self, steps: int, off_for: timedelta) -> None:
        """The power goes after so many more steps of its databases; with none, at once."""
        self._off_for = off_for
        if steps:
            self.machine.fuse.set(steps)
        elif self.program is not None:
            self._lose_power()

    def restart(self) -> None:
        """The process ends in good order and begins anew; the machine stays up."""
        if self.program is not None:
            self._tell("starts its program anew")
            self._end()
            self._start()

    def hold_up(self, person: Person, evidence: Evidence) -> None:
        if self.program is None:
            self._tell(f"is dark when {person.name} holds up the card")
            return
        self._tell(f"{person.name} holds up the card")
        self._watch.held_up(self.name, person, evidence, self.machine.uptime())
        self._report(ev.Presented(READER, evidence))

    def touch(self, touch: ev.Touch) -> None:
        self._report(ev.Touched(touch))

    def poison(self) -> None:
        """A faulty program has written down what no server can read."""
        running = self.program
        if running is not None:
            files = running.files
            self._guarded(lambda: files.outbox.record(_POISON, files.clock.read()))
            self.restart()

    def heal(self) -> None:
        self.machine.fuse.clear()
        self.line.mend()
        self.switch_on()

    def stop(self) -> None:
        if self.program is not None:
            self._end()

    # --- its life ---

    def _start(self) -> None:
        inbox = Inbox()
        link = self._makers.link(
            self.name,
            self._broker,
            self.line,
            self._chance,
            self._report,
            self._received,
            self._next_connection,
        )
        link.asked = self._watch.asked

        def begin() -> None:
            files = program.open_files(
                self.name, self.machine, self._watch, self._chance, self._makers
            )
            self.program = program.run(
                self.name, files, inbox, link, self._witness, self._chance, self._makers
            )
            self.program.loop.begin()

        self._guarded(begin)
        started = self.program
        if started is not None:
            link.start()
            self._timeline.after(_TIME_SERVER_AFTER, lambda: self._ask_time_server(started))
            self._timeline.after(_KEEP_TIME_EVERY, lambda: self._keep_time(started))
            self._turn()

    def _end(self) -> None:
        running, self.program = self.program, None
        self._watch.went_dark(self.name)
        if running is not None:
            running.end()

    def _lose_power(self) -> None:
        self._tell("loses power")
        self.machine.fuse.clear()
        self.machine.power_down()
        self._end()
        self._timeline.after(self._off_for, self.switch_on)

    def _guarded(self, act: Callable[[], object]) -> None:
        """Whatever a process does: the power may go meanwhile, and nothing else may end it."""
        try:
            act()
        except PowerCutError:
            self._lose_power()
        except Exception as error:  # noqa: BLE001 - any fault of the program is what we look for
            self._watch.broke(Rule.NO_FAULT, f"{self.name} fails: {type(error).__name__}: {error}")

    # --- its turns ---

    def _report(self, event: ev.Event) -> None:
        if self.program is not None:
            if isinstance(event, ev.LinkChanged):
                self._tell(f"is {'connected' if event.is_up else 'cut off'}")
            self.program.inbox.report(event)
            self._turn()

    def _received(self, message: Message | SignedList, issued: datetime | None) -> None:
        if self.program is not None:
            self.program.inbox.received(message, issued)
            self._turn()

    def _turn(self) -> None:
        running = self.program
        if running is None:
            return
        self._guarded(lambda: running.loop.step(NO_TIME))
        if self.program is running:
            self._watch.knows(self.name, running.files.roster)
            self._sleep(running)

    def _sleep(self, running: Program) -> None:
        nap = max(running.loop.patience(_NOTHING_DUE), _SHORTEST_NAP)
        due = self._wakes_at = self._timeline.now + nap
        self._timeline.after(nap, lambda: self._wake(due))

    def _wake(self, due: timedelta) -> None:
        if self._wakes_at == due:
            self._turn()

    # --- time ---

    def _ask_time_server(self, asking: Program) -> None:
        if self.program is not asking:
            return
        if self.line.is_open:
            self.machine.set_clock()
        else:
            self._timeline.after(_TIME_SERVER_AFTER, lambda: self._ask_time_server(asking))

    def _keep_time(self, running: Program) -> None:
        if self.program is running:
            running.files.clock.keep()
            self._timeline.after(_KEEP_TIME_EVERY, lambda: self._keep_time(running))

    def _next_connection(self) -> int:
        self._connections += 1
        return int(self._timeline.now.total_seconds() * 1000) + self._connections

    def _tell(self, what: str) -> None:
        self._watch.story.tell(self.name, what)
