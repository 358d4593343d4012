"""What is to happen in a history: made from its seed, told in words, done one step at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from presence.ids import InstitutionId, KioskId
from server.cards.models import ChipKind
from tests.simulation import cast
from tests.simulation.cast import Person
from tests.simulation.machine import ClockKind
from tests.simulation.timeline import seconds, stream

LASTS = timedelta(minutes=30)
_OPENS_AFTER = timedelta(seconds=90)
PAGES = 8


@dataclass(frozen=True, slots=True)
class Tap:
    person: Person
    door: KioskId


@dataclass(frozen=True, slots=True)
class Replay:
    """A stranger plays again what a chip said last."""

    door: KioskId


@dataclass(frozen=True, slots=True)
class Read:
    """Someone reads the briefing to its end."""

    door: KioskId


@dataclass(frozen=True, slots=True)
class Lose:
    """Staff report a card lost."""

    person: Person


@dataclass(frozen=True, slots=True)
class Pause:
    person: Person
    home: InstitutionId
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Publish:
    """A new major version of a home's briefing."""

    home: InstitutionId


@dataclass(frozen=True, slots=True)
class CutPower:
    """After so many more steps of the kiosk's databases; 0 is at once."""

    door: KioskId
    steps: int
    off_for: timedelta


@dataclass(frozen=True, slots=True)
class Restart:
    door: KioskId


@dataclass(frozen=True, slots=True)
class Poison:
    """An entry that no server can read."""

    door: KioskId


@dataclass(frozen=True, slots=True)
class KillGateway:
    gateway: str
    steps: int
    off_for: timedelta


@dataclass(frozen=True, slots=True)
class RestartBroker:
    down_for: timedelta


@dataclass(frozen=True, slots=True)
class CloseLine:
    party: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class DropConnection:
    party: str


@dataclass(frozen=True, slots=True)
class SlowLine:
    party: str
    slowest: timedelta
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Stutter:
    """The broker delivers some messages twice."""

    share: float
    lasts: timedelta


What = (
    Tap
    | Replay
    | Read
    | Lose
    | Pause
    | Publish
    | CutPower
    | Restart
    | Poison
    | KillGateway
    | RestartBroker
    | CloseLine
    | DropConnection
    | SlowLine
    | Stutter
)


@dataclass(frozen=True, slots=True)
class Step:
    at: timedelta
    what: What


@dataclass(frozen=True, slots=True)
class Scenario:
    doors: tuple[KioskId, ...]
    clocks: tuple[ClockKind, ...]
    """Of each door's kiosk."""
    steps: tuple[Step, ...]
    has_chips: bool
    """Those of the cast who have a chip hold that to the reader, and not a code."""


def make(seed: int) -> Scenario:
    """The scenario of that seed, always the same."""
    chance = stream(seed, "scenario")
    first, second, other = cast.DOORS
    doors = (first, second if chance.random() < 0.6 else other)
    clocks = tuple(
        ClockKind(chance.random() < 0.7, seconds(chance.uniform(-1.5, 1.5))) for _ in doors
    )
    writer = _Writer(chance, doors)
    people = writer.people()
    steps = [*people, *writer.office(), *writer.weather([step.at for step in people])]
    chips = stream(seed, "chips")
    has_chips = chips.random() > 0.5
    if has_chips:
        steps += _replays(chips, doors, people)
    return Scenario(doors, clocks, tuple(sorted(steps, key=lambda step: step.at)), has_chips)


def _replays(chance: Random, doors: Sequence[KioskId], taps: Sequence[Step]) -> list[Step]:
    return [
        Step(step.at + seconds(chance.uniform(0.1, 300)), Replay(chance.choice(doors)))
        for step in taps
        if isinstance(step.what, Tap) and step.what.person.chip is ChipKind.SUN
    ]


class _Writer:
    def __init__(self, chance: Random, doors: tuple[KioskId, ...]) -> None:
        self._chance, self._doors = chance, doors
        self._parties = (*doors, *cast.GATEWAYS)

    def people(self) -> list[Step]:
        steps: list[Step] = []
        for person in self._chance.sample(cast.PEOPLE, self._chance.randint(2, len(cast.PEOPLE))):
            steps += self._day_of(person)
        return [step for step in steps if step.at < LASTS]

    def _day_of(self, person: Person) -> list[Step]:
        chance = self._chance
        steps: list[Step] = []
        has_own_door = chance.random() < 0.5
        door = chance.choice(self._doors)
        at = _OPENS_AFTER + LASTS * 0.6 * chance.random()
        if chance.random() < 0.3:
            at = _OPENS_AFTER + timedelta(minutes=5) + seconds(3 * chance.random())  # a crowd
        for _ in range(chance.randint(1, 5)):
            if not has_own_door:
                door = chance.choice(self._doors)
            steps.append(Step(at, Tap(person, door)))
            if chance.random() < 0.25:
                steps.append(Step(at + seconds(chance.uniform(0.1, 70)), Tap(person, door)))
            if chance.random() < 0.4:
                steps.append(Step(at + seconds(chance.uniform(4, 30)), Read(door)))
            at += chance.choice((seconds(1), timedelta(minutes=1), timedelta(minutes=10))) * (
                0.5 + 1.5 * chance.random()
            )
        return steps

    def office(self) -> list[Step]:
        kinds = (self._lose, self._pause, self._publish)
        return [
            Step(self._moment(), self._chance.choice(kinds)())
            for _ in range(self._chance.randint(0, 3))
        ]

    def weather(self, taps: Sequence[timedelta]) -> list[Step]:
        """From fair to foul; half of it falls upon somebody at a door."""
        machines = (self._cut_power, self._cut_power, self._restart, self._poison)
        server = (self._kill_gateway, self._kill_gateway, self._restart_broker)
        network = (self._close_line, self._drop, self._slow, self._slow, self._stutter)
        kinds = (*machines, *server, *network)
        count = self._chance.randint(0, self._chance.choice((3, 10, 25)))
        steps: list[Step] = []
        for _ in range(count):
            at = self._moment()
            if self._chance.random() < 0.5:
                at = self._chance.choice(taps) + seconds(self._chance.uniform(-1, 1))
            steps.append(Step(at, self._chance.choice(kinds)()))
        return steps

    def _moment(self) -> timedelta:
        return _OPENS_AFTER + LASTS * self._chance.random()

    def _while(self, longest: float) -> timedelta:
        return seconds(self._chance.uniform(1, longest))

    def _door(self) -> KioskId:
        return self._chance.choice(self._doors)

    def _lose(self) -> What:
        return Lose(self._chance.choice(cast.PEOPLE))

    def _pause(self) -> What:
        person = self._chance.choice(cast.PEOPLE)
        return Pause(person, self._chance.choice(cast.HOMES), self._chance.random() < 0.7)

    def _publish(self) -> What:
        return Publish(self._chance.choice(cast.HOMES))

    def _cut_power(self) -> What:
        steps = self._chance.choice((0, self._chance.randint(1, 60)))
        return CutPower(self._door(), steps, self._while(120))

    def _restart(self) -> What:
        return Restart(self._door())

    def _poison(self) -> What:
        return Poison(self._door())

    def _kill_gateway(self) -> What:
        gateway = self._chance.choice(cast.GATEWAYS)
        return KillGateway(gateway, self._chance.randint(0, 60), self._while(240))

    def _restart_broker(self) -> What:
        return RestartBroker(self._while(60))

    def _close_line(self) -> What:
        return CloseLine(self._chance.choice(self._parties), self._while(900))

    def _drop(self) -> What:
        return DropConnection(self._chance.choice(self._parties))

    def _slow(self) -> What:
        slowest = seconds(self._chance.choice((0.3, 1.0, 5.0)))
        return SlowLine(self._chance.choice(self._parties), slowest, self._while(900))

    def _stutter(self) -> What:
        return Stutter(self._chance.uniform(0.05, 0.5), self._while(900))
