"""What the doctor makes of the machine itself: each of its checks finds what it is there for."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.doctor import clocks, health, screen
from kiosk.doctor.finding import Finding, State
from tests.fakes.machine import FILES, NOW, THROTTLED, answers, healthy, put, take


def one(findings: Iterable[Finding]) -> Finding:
    [finding] = findings
    assert (finding.mend != "") or finding.state in (State.OK, State.NOT_CHECKED)
    return finding


def test_a_healthy_raspberry_pi_is_told_by_its_name(tmp_path: Path) -> None:
    assert one(health.computer(healthy(tmp_path))).found == "Raspberry Pi 4 Model B Rev 1.5"


@pytest.mark.parametrize(
    ("flags", "state", "found"),
    [
        ("0", State.OK, "good"),
        ("50005", State.FAULT, "right now"),
        ("0x50000", State.WARN, "at some time since power-up"),
        ("80008", State.OK, "good"),  # hot, which is another check's
    ],
)
def test_under_voltage_is_told_now_and_before(
    tmp_path: Path, flags: str, state: State, found: str
) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, THROTTLED, flags)
    finding = one(health.power(machine))
    assert finding.state is state
    assert found in finding.found


def test_where_linux_does_not_tell_the_firmware_is_asked(tmp_path: Path) -> None:
    machine = healthy(tmp_path, asked=answers({"vcgencmd": "throttled=0x50005\n"}))
    take(tmp_path, THROTTLED)
    assert one(health.power(machine)).state is State.FAULT


@pytest.mark.parametrize(("alarm", "state"), [("1", State.FAULT), ("0", State.OK)])
def test_and_else_the_driver_of_the_voltage(tmp_path: Path, alarm: str, state: State) -> None:
    machine = healthy(tmp_path)
    take(tmp_path, THROTTLED)
    put(tmp_path, "/sys/class/hwmon/hwmon1/name", "rpi_volt")
    put(tmp_path, "/sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert one(health.power(machine)).state is state


def test_a_voltage_that_nobody_tells_is_not_checked_and_elsewhere_nothing_is_said(
    tmp_path: Path,
) -> None:
    machine = healthy(tmp_path)
    take(tmp_path, THROTTLED)
    assert one(health.power(machine)).state is State.NOT_CHECKED
    take(tmp_path, "/proc/device-tree/model")
    assert list(health.power(machine)) == []


@pytest.mark.parametrize(
    ("told", "state"),
    [("48312", State.OK), ("74000", State.WARN), ("81500", State.FAULT)],
)
def test_a_hot_computer_is_told(tmp_path: Path, told: str, state: State) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/sys/class/thermal/thermal_zone1/temp", told)
    assert one(health.temperature(machine)).state is state


def test_a_thermometer_that_says_nonsense_is_left_out(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/sys/class/thermal/thermal_zone0/temp", "hot")
    assert list(health.temperature(machine)) == []


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("MemAvailable: 20000 kB", State.FAULT),
        ("MemAvailable: 80000 kB", State.WARN),
        ("MemAvailable: 999000 kB", State.OK),
        ("nothing", State.NOT_CHECKED),
    ],
)
def test_little_memory_is_told(tmp_path: Path, told: str, state: State) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/proc/meminfo", f"MemTotal: 3884000 kB\n{told}\n")
    assert one(health.memory(machine)).state is state


@pytest.mark.parametrize(
    ("told", "state", "found"),
    [
        ("LoadState=loaded\nActiveState=active\nWatchdogUSec=10s\nNRestarts=3", State.OK, "3 time"),
        ("LoadState=loaded\nActiveState=failed\nWatchdogUSec=10s", State.FAULT, "given the kiosk"),
        ("LoadState=loaded\nActiveState=active\nWatchdogUSec=0", State.WARN, "hangs"),
        ("LoadState=not-found\nActiveState=inactive\nWatchdogUSec=0", State.WARN, "there is no"),
        ("", State.NOT_CHECKED, "does not answer"),
    ],
)
def test_a_kiosk_that_nobody_starts_afresh_is_told(
    tmp_path: Path, told: str, state: State, found: str
) -> None:
    finding = one(health.service(healthy(tmp_path, asked=answers({"systemctl": told}))))
    assert finding.state is state
    assert found in finding.found


def test_a_machine_without_systemd_has_no_service(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    (tmp_path / "run/systemd/system/unit").unlink()
    (tmp_path / "run/systemd/system").rmdir()
    assert one(health.service(machine)).state is State.NOT_CHECKED


# ---- the clock


def test_a_clock_that_a_time_server_set_is_right(tmp_path: Path) -> None:
    finding = one(clocks.clock(healthy(tmp_path), tmp_path))
    assert finding.state is State.OK
    assert finding.found == "2026-11-26 09:30 UTC, set by a time server"


def test_a_clock_behind_what_the_kiosk_was_sure_of_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "time-floor").write_text((NOW + timedelta(days=2)).isoformat())
    finding = one(clocks.clock(healthy(tmp_path), tmp_path))
    assert finding.state is State.FAULT
    assert "before 2026-11-28 09:30" in finding.found


def test_an_unconfirmed_clock_that_has_jumped_ahead_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "time-floor").write_text((NOW - timedelta(days=9)).isoformat())
    machine = healthy(tmp_path)
    take(tmp_path, "/run/systemd/timesync/synchronized")
    finding = one(clocks.clock(machine, tmp_path))
    assert finding.state is State.FAULT
    assert "more than a day after" in finding.found


@pytest.mark.parametrize("has_battery", [True, False])
def test_a_clock_that_no_time_server_set_is_a_warning(tmp_path: Path, has_battery: bool) -> None:
    machine = healthy(tmp_path)
    take(tmp_path, "/run/systemd/timesync/synchronized")
    if not has_battery:
        take(tmp_path, "/dev/rtc0")
    finding = one(clocks.clock(machine, tmp_path))
    assert finding.state is State.WARN
    assert ("battery" in finding.found) == has_battery


def test_a_clock_without_a_battery_is_a_warning(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    assert one(clocks.battery(machine)).state is State.OK
    take(tmp_path, "/dev/rtc0")
    assert one(clocks.battery(machine)).state is State.WARN


# ---- what is looked at


def test_the_display_is_named_with_its_size(tmp_path: Path) -> None:
    assert one(screen.display(healthy(tmp_path))).found == "DSI-1 800x480"


def test_a_display_that_is_unplugged_is_a_fault(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/sys/class/drm/card1-DSI-1/status", "disconnected")
    assert one(screen.display(machine)).state is State.FAULT


def test_a_machine_that_tells_of_no_display_is_not_checked(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    for path in FILES:
        if "/drm/" in path:
            take(tmp_path, path)
    assert one(screen.display(machine)).state is State.NOT_CHECKED


def test_a_machine_without_a_browser_is_warned_of(tmp_path: Path) -> None:
    assert one(screen.browser(healthy(tmp_path))).found == "chromium"
    machine = healthy(tmp_path, has_program=lambda _: False)
    assert one(screen.browser(machine)).state is State.WARN
