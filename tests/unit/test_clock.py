"""How far the kiosk believes its clock, on a machine whose clocks a test turns."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock import RELEASED, Sources, SystemClock
from presence.messages import ClockTrust

BOOT = "80cd773f-9ff9-4c76-a33d-7f5caebf5ff6"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
FLOOR, RTC, SYNCED = ClockTrust.FLOOR, ClockTrust.RTC, ClockTrust.SYNCED


@dataclass
class Machine:
    """A machine with a wall clock that may be wrong and a time since boot that never is."""

    folder: Path
    wall: datetime = NOON
    uptime: timedelta = field(default=60 * SECOND)

    def sources(self) -> Sources:
        (self.folder / "boot_id").write_text(BOOT + "\n")
        return Sources(
            wall=lambda: self.wall,
            boottime=lambda: self.uptime,
            boot_id=self.folder / "boot_id",
            synchronized=self.folder / "synchronized",
            rtc=self.folder / "rtc0",
        )

    def start(self) -> SystemClock:
        return SystemClock(self.folder / "floor", self.sources())

    def synchronize(self) -> None:
        (self.folder / "synchronized").touch()

    def fit_rtc(self) -> None:
        (self.folder / "rtc0").touch()

    def wait(self, time: timedelta) -> None:
        self.wall += time
        self.uptime += time

    def restart(self, wall: datetime) -> SystemClock:
        """Off and on again; afterwards the wall clock says `wall`."""
        (self.folder / "synchronized").unlink(missing_ok=True)
        self.wall, self.uptime = wall, 60 * SECOND
        return self.start()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def told(clock: SystemClock) -> tuple[datetime, ClockTrust]:
    reading = clock.read()
    return reading.wall, reading.trust


def test_a_reading_names_the_boot_and_the_time_since(machine: Machine) -> None:
    reading = machine.start().read()
    assert (reading.boot, reading.uptime) == (BOOT, 60 * SECOND)


def test_trust_is_what_the_machine_can_show_for_it(machine: Machine) -> None:
    clock = machine.start()
    assert told(clock) == (NOON, FLOOR)
    machine.fit_rtc()
    assert told(clock) == (NOON, RTC)
    machine.synchronize()
    assert told(clock) == (NOON, SYNCED)


def test_a_machine_without_any_of_these_files_works(tmp_path: Path) -> None:
    clock = SystemClock(tmp_path / "floor")
    reading = clock.read()
    assert reading.wall >= RELEASED
    assert reading.uptime > timedelta()
    assert len(reading.boot) == 36


def test_a_clock_in_1970_says_what_the_kiosk_knows_to_be_past(machine: Machine) -> None:
    machine.wall = datetime(1970, 1, 1, tzinfo=UTC)
    clock = machine.start()
    assert told(clock) == (RELEASED, FLOOR)
    machine.wait(HOUR)
    assert told(clock) == (RELEASED + HOUR, FLOOR)


@pytest.mark.parametrize("wall", [datetime(1970, 1, 1, tzinfo=UTC), NOON - HOUR])
def test_time_never_goes_back_over_a_restart(machine: Machine, wall: datetime) -> None:
    machine.start().keep()
    assert told(machine.restart(wall)) == (NOON, FLOOR)


def test_a_synced_clock_behind_the_floor_is_not_believed_either(machine: Machine) -> None:
    machine.start().keep()
    clock = machine.restart(NOON - DAY)
    machine.synchronize()
    assert told(clock) == (NOON, FLOOR)


@pytest.mark.parametrize("has_rtc", [False, True])
def test_a_clock_ten_years_ahead_is_not_believed_without_proof(
    machine: Machine, has_rtc: bool
) -> None:
    machine.start().keep()
    if has_rtc:
        machine.fit_rtc()
    clock = machine.restart(NOON + 3652 * DAY)
    assert told(clock) == (NOON, FLOOR)
    clock.keep()
    assert told(machine.restart(NOON + HOUR)) == (NOON + HOUR, RTC if has_rtc else FLOOR)


def test_a_time_server_may_take_the_clock_further_than_a_day(machine: Machine) -> None:
    machine.start().keep()
    clock = machine.restart(NOON + 3 * DAY)
    machine.synchronize()
    assert told(clock) == (NOON + 3 * DAY, SYNCED)


def test_up_to_a_day_ahead_of_the_floor_the_clock_is_believed(machine: Machine) -> None:
    machine.start().keep()
    assert told(machine.restart(NOON + DAY)) == (NOON + DAY, FLOOR)
    assert told(machine.restart(NOON + DAY + SECOND)) == (NOON, FLOOR)


@pytest.mark.parametrize("error", [-365 * DAY, -3 * SECOND, 3 * SECOND, 30 * DAY])
def test_the_server_corrects_a_wrong_clock_for_this_boot(
    machine: Machine, error: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    clock = machine.start()
    clock.learn(NOON + error)
    expected = max(NOON + error, RELEASED)
    assert told(clock) == (expected, SYNCED)
    machine.wait(HOUR)
    assert told(clock) == (max(NOON + error + HOUR, RELEASED), SYNCED)
    assert len(caplog.records) == 1


def test_a_clock_that_is_right_but_for_the_network_is_left_alone(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    clock = machine.start()
    for delay in (1, 2, 1, 0):
        clock.learn(NOON + delay * SECOND)
    assert told(clock) == (NOON, SYNCED)
    assert not caplog.records


def test_a_time_that_may_be_old_never_sets_the_clock_back(machine: Machine) -> None:
    clock = machine.start()
    clock.learn(NOON, is_fresh=True)
    clock.learn(NOON - 20 * SECOND, is_fresh=False)
    assert told(clock) == (NOON, SYNCED)
    clock.learn(NOON + 20 * SECOND, is_fresh=False)
    assert told(clock) == (NOON + 20 * SECOND, SYNCED)


def test_a_wall_clock_that_jumps_later_changes_nothing_once_the_server_has_spoken(
    machine: Machine,
) -> None:
    clock = machine.start()
    clock.learn(NOON + 3 * DAY)
    machine.wall += 3 * DAY  # a time server came late and stepped it
    assert told(clock) == (NOON + 3 * DAY, SYNCED)


def test_a_time_from_the_server_is_the_floor_of_the_next_start(machine: Machine) -> None:
    clock = machine.start()
    clock.learn(NOON + 30 * DAY)
    clock.keep()
    assert told(machine.restart(NOON)) == (NOON + 30 * DAY, FLOOR)


def test_the_floor_on_disk_only_rises(machine: Machine) -> None:
    clock = machine.start()
    clock.keep()
    clock.learn(NOON - 5 * DAY)
    clock.keep()
    assert datetime.fromisoformat((machine.folder / "floor").read_text()) == NOON


def test_a_floor_that_cannot_be_read_is_told_and_ignored(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    (machine.folder / "floor").write_bytes(b"\x00\xff rubbish")
    assert told(machine.start()) == (NOON, FLOOR)
    assert "holds no time and is ignored" in caplog.text
