"""Chips at a whole kiosk, its server and a broker between them, with and without the network."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

import msgspec
import pytest
import sqlalchemy as sa

from kiosk import app
from kiosk.config import load
from kiosk.events import ClockReading, Presented, ReaderEvent, ReaderReady, Signal
from presence.card import ChipUid, Evidence
from presence.messages import ClockTrust
from presence.verdict import Basis
from server.broker import Broker
from server.cards.chips import NewChip, register_chip
from server.cards.models import ChipKind, ChipRead
from server.db import reading, writing
from server.keys import Keys
from server.policies import files
from server.policies.services import keep
from server.visits.models import EventKind, EventRow
from tests.builders import sun_message
from tests.integration.server_stand import (
    BOOT,
    DOOR,
    NOW,
    WAIT,
    SettableClock,
    card_id,
    code,
    gateway,
)

LEGACY, CALCULATES = bytes.fromhex("8A1B2C3D"), bytes.fromhex("04A1B2C3D4E5F6")
CHIP, UNKNOWN = ChipUid("8A1B2C3D"), ChipUid("04FFFFFFFFFFFF")
VERDICTS = {Signal.WELCOME, Signal.GOODBYE, Signal.ASK_STAFF}
HOURS = timedelta(hours=2)
TOLD_AGAIN_AFTER = timedelta(seconds=13)
"""So long a kiosk waits before it tells again what no receipt has come for."""


class GoingClock:
    """Port `Clock`: the stand's time, going on as true time does, and further where a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._began = time.monotonic()

    def read(self) -> ClockReading:
        uptime = timedelta(hours=1, seconds=time.monotonic() - self._began) + self.ahead
        return ClockReading(NOW + uptime - timedelta(hours=1), ClockTrust.SYNCED, BOOT, uptime)

    def learn(self, server_time: datetime, *, is_fresh: bool) -> None:
        """There is one time here."""


class Door:
    """Ports `Reader` and `Indicator`: somebody who holds up chips and listens to what it says."""

    name = "door"

    def __init__(self) -> None:
        self.clock = GoingClock()
        self._signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        self._report = report
        report(ReaderReady(self.name))

    def check(self, uptime: timedelta) -> None:
        """It never hangs."""

    def stop(self) -> None:
        """Nothing to release."""

    def signal(self, signal: Signal) -> None:
        if signal in VERDICTS:
            self._signals.put(signal)

    def close(self) -> None:
        """Nothing to release."""

    def hold_up(self, evidence: Evidence) -> Signal:
        """What is sounded for it."""
        self._report(Presented(self.name, evidence))
        return self._signals.get(timeout=WAIT)

    def hold_up_until_heard(self, makes: Callable[[], Evidence]) -> Signal:
        """The first roster is on its way; before it comes, no number alone is accepted. A chip says
        something else each time."""
        deadline = time.monotonic() + WAIT
        while (said := self.hold_up(makes())) is Signal.ASK_STAFF:
            assert time.monotonic() < deadline
        return said


@pytest.fixture(autouse=True)
def chips(engine: sa.Engine, keys: Keys) -> None:
    """Person 0 has a chip that calculates, person 1 a legacy one, accepted for another year."""
    versions = files.shipped()["NO"]
    accepting = msgspec.structs.replace(versions[-1], uid_only_until=date(2027, 12, 31))
    with writing(engine) as session, session.begin():
        keep(session, NOW, {**files.shipped(), "NO": (*versions[:-1], accepting)})
        for new in (
            NewChip(card_id(0), ChipKind.SUN, CALCULATES),
            NewChip(card_id(1), ChipKind.UID, LEGACY),
        ):
            assert register_chip(session, NOW, keys.chips, new, "test")


@contextmanager
def standing(folder: Path, broker: Broker) -> Iterator[Door]:
    """A kiosk at the home's door, put together as always but for its clock, reader and lamps."""
    path = folder / "kiosk.toml"
    path.write_text(
        f'kiosk = "{DOOR}"\ndata = "kiosk"\ntrust = "keys/trust.json"\n'
        f'[server]\nhost = "127.0.0.1"\nport = {broker.port}\n[screen]\nport = 0\n'
    )
    door = Door()
    config = load(path, app.CHOICES)
    built = app.build(config, clock=door.clock, readers=[door], indicator=door)
    ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
    thread = Thread(target=built.run, args=(lambda: ready.put(True),))
    thread.start()
    try:
        assert ready.get(timeout=WAIT)
        yield door
    finally:
        built.stop()
        thread.join(WAIT)
        assert not thread.is_alive()


def events(engine: sa.Engine, how_many: int) -> list[tuple[EventKind, str | None, Basis | None]]:
    """What the server knows, once it knows so much."""
    deadline = time.monotonic() + WAIT
    while True:
        with reading(engine) as session:
            chosen = sa.select(EventRow.kind, EventRow.volunteer_id, EventRow.basis)
            found = session.execute(chosen.order_by(EventRow.at)).all()
        if len(found) >= how_many or time.monotonic() > deadline:
            return [(kind, who, basis) for kind, who, basis in found]
        time.sleep(0.02)


def test_a_legacy_chip_is_learnt_at_its_first_tap_and_known_without_the_network(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    clock = SettableClock()
    came = (EventKind.ARRIVED, "volunteer-1", Basis.LIVE)
    left = (EventKind.LEFT, "volunteer-1", Basis.ROSTER)
    with standing(tmp_path, broker) as door:
        with gateway(engine, keys, broker.port, clock):
            assert door.hold_up_until_heard(lambda: CHIP) is Signal.WELCOME
            assert door.hold_up(UNKNOWN) is Signal.ASK_STAFF
            assert events(engine, 1) == [came]
        clock.now += HOURS
        door.clock.ahead += HOURS
        assert door.hold_up(UNKNOWN) is Signal.ASK_STAFF
        assert door.hold_up(CHIP) is Signal.GOODBYE
        with gateway(engine, keys, broker.port, clock):
            door.clock.ahead += TOLD_AGAIN_AFTER
            assert events(engine, 2) == [came, left]
    assert CHIP.uid.encode() not in (tmp_path / "kiosk" / "chips.db").read_bytes().upper()


def test_what_a_chip_said_to_a_kiosk_that_was_alone_is_checked_when_the_server_hears_of_it(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    clock = SettableClock()
    reads = (sun_message(keys.chips, CALCULATES, number) for number in range(1, 1000))
    later = sun_message(keys.chips, CALCULATES, 1000, code(keys, 0))
    came = (EventKind.ARRIVED, "volunteer-0", Basis.LIVE)
    left = (EventKind.LEFT, "volunteer-0", Basis.ROSTER)
    with standing(tmp_path, broker) as door:
        with gateway(engine, keys, broker.port, clock):
            assert door.hold_up_until_heard(reads.__next__) is Signal.WELCOME
            assert events(engine, 1) == [came]
        clock.now += HOURS
        door.clock.ahead += HOURS
        assert door.hold_up(later) is Signal.GOODBYE
        with gateway(engine, keys, broker.port, clock):
            door.clock.ahead += TOLD_AGAIN_AFTER
            assert events(engine, 2) == [came, left]
            with reading(engine) as session:
                assert session.scalar(sa.select(sa.func.max(ChipRead.counter))) == 1000
