"""One history's world: every part of it, and how each step of a scenario is done to it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import singledispatchmethod
from pathlib import Path

from sqlalchemy.orm import Session

from kiosk.events import Touch
from presence.ids import InstitutionId
from server.cards.services import report_lost
from server.db import writing
from server.institutions.models import Institution
from server.institutions.services import pause
from tests.simulation import cast, scenario
from tests.simulation.broker import Broker
from tests.simulation.chips import Chips
from tests.simulation.database import Database
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.kiosk import SimulatedKiosk
from tests.simulation.machine import Machine
from tests.simulation.makers import Makers
from tests.simulation.network import Line
from tests.simulation.scenario import PAGES, Scenario
from tests.simulation.story import Story
from tests.simulation.timeline import Timeline, seconds, stream
from tests.simulation.watch import Watch

_PAGE = seconds(3)


class World:
    """Built on `database`, which begins anew; files of the kiosks go into `folder`."""

    def __init__(
        self, seed: int, plan: Scenario, database: Database, folder: Path, makers: Makers
    ) -> None:
        database.begin_anew()
        self.database = database
        self.timeline = Timeline()
        self.story = Story(self.timeline)
        self.watch = Watch(self.story, self.timeline, Makers().answer_time)
        self.chips = Chips(has_chips=plan.has_chips)
        self.broker = Broker(self.timeline, stream(seed, "broker"))
        self.gateways = {
            name: SimulatedGateway(
                name, self.timeline, self.broker, database, self.watch, stream(seed, name), makers
            )
            for name in cast.GATEWAYS
        }
        self.kiosks = {
            door: SimulatedKiosk(
                door,
                Machine(folder / door, self.timeline, clock, stream(seed, f"{door}'s machine")),
                self.timeline,
                self.broker,
                self.watch,
                stream(seed, door),
                makers,
            )
            for door, clock in zip(plan.doors, plan.clocks, strict=True)
        }

    @property
    def lines(self) -> Mapping[str, Line]:
        gateways = {name: gateway.line for name, gateway in self.gateways.items()}
        return {**gateways, **{door: kiosk.line for door, kiosk in self.kiosks.items()}}

    def begin(self) -> None:
        for gateway in self.gateways.values():
            gateway.start()
        for kiosk in self.kiosks.values():
            kiosk.switch_on()

    def heal(self) -> None:
        """The weather is fair from now on."""
        self.story.tell("everything", "is mended")
        self.broker.start()
        self.broker.speak_plainly()
        for gateway in self.gateways.values():
            gateway.heal()
        for kiosk in self.kiosks.values():
            kiosk.heal()

    def close(self) -> None:
        for kiosk in self.kiosks.values():
            kiosk.stop()
        for gateway in self.gateways.values():
            gateway.stop()

    # --- the steps ---

    @singledispatchmethod
    def do(self, what: scenario.What) -> None:
        raise TypeError(f"nobody knows how to {type(what).__name__}")

    @do.register
    def _(self, what: scenario.Tap) -> None:
        self.kiosks[what.door].hold_up(what.person, self.chips.shown_by(what.person))

    @do.register
    def _(self, what: scenario.Replay) -> None:
        message = self.chips.overheard
        if message is not None:
            self.story.tell("a stranger", "plays again what a chip said")
            self.kiosks[what.door].hold_up(cast.shows(message), message)

    @do.register
    def _(self, what: scenario.Read) -> None:
        kiosk = self.kiosks[what.door]
        for page in range(PAGES):
            self.timeline.after(_PAGE * page, lambda: kiosk.touch(Touch.NEXT))
        self.timeline.after(_PAGE * PAGES, lambda: kiosk.touch(Touch.UNDERSTOOD))

    @do.register
    def _(self, what: scenario.Lose) -> None:
        self.story.tell("chapter", f"reports {what.person.name}'s card lost")
        with writing(self.database.engine) as session, session.begin():
            report_lost(session, self.timeline.wall, what.person.card_id, "chapter")
        self.watch.reported_lost(what.person)
        self.database.tell_of_changes()

    @do.register
    def _(self, what: scenario.Pause) -> None:
        act = "pauses" if what.is_paused else "takes up"
        self.story.tell(what.home, f"{act} {what.person.name}'s visits")
        with writing(self.database.engine) as session, session.begin():
            now = self.timeline.wall
            pause(session, now, what.home, what.person.id, "staff", is_paused=what.is_paused)
        self.database.tell_of_changes()

    @do.register
    def _(self, what: scenario.Publish) -> None:
        with writing(self.database.engine) as session, session.begin():
            major = _newest(session, what.home) + 1
            cast.publish_briefing(session, self.timeline.wall, what.home, major)
        self.story.tell(what.home, f"publishes briefing {major}")
        self.database.tell_of_changes()

    @do.register
    def _(self, what: scenario.CutPower) -> None:
        if what.steps:
            self.story.tell(what.door, f"is to lose power in the {what.steps}. step from now")
        self.kiosks[what.door].cut_power(what.steps, what.off_for)

    @do.register
    def _(self, what: scenario.Restart) -> None:
        self.kiosks[what.door].restart()

    @do.register
    def _(self, what: scenario.Poison) -> None:
        self.kiosks[what.door].poison()

    @do.register
    def _(self, what: scenario.KillGateway) -> None:
        self.story.tell(what.gateway, f"is to be killed in the {what.steps}. step from now")
        self.gateways[what.gateway].kill(what.steps, what.off_for)

    @do.register
    def _(self, what: scenario.RestartBroker) -> None:
        self.story.tell("broker", f"is down for {_short(what.down_for)} and forgets everything")
        self.broker.stop()
        self.timeline.after(what.down_for, self.broker.start)

    @do.register
    def _(self, what: scenario.CloseLine) -> None:
        line = self.lines[what.party]
        self.story.tell(what.party, f"has no network for {_short(what.lasts)}")
        line.close()
        self.timeline.after(what.lasts, line.mend)

    @do.register
    def _(self, what: scenario.DropConnection) -> None:
        self.story.tell(what.party, "loses its connection")
        self.lines[what.party].drop()

    @do.register
    def _(self, what: scenario.SlowLine) -> None:
        line = self.lines[what.party]
        slow = f"up to {_short(what.slowest)} for a message"
        self.story.tell(what.party, f"has a slow network for {_short(what.lasts)}: {slow}")
        line.slowest = what.slowest
        self.timeline.after(what.lasts, line.quicken)

    @do.register
    def _(self, what: scenario.Stutter) -> None:
        self.story.tell("broker", f"delivers {what.share:.0%} twice for {_short(what.lasts)}")
        self.broker.stutter = what.share
        self.timeline.after(what.lasts, self.broker.speak_plainly)


def _newest(session: Session, home: InstitutionId) -> int:
    found = session.get(Institution, home)
    return 0 if found is None else found.briefing_major or 0


def _short(time: timedelta) -> str:
    return f"{time.total_seconds():.3g} s"
