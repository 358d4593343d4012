"""The clock: whether it is right, and whether it will be after a power cut."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from kiosk.clock import Sources, SystemClock
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from presence.messages import ClockTrust

SET_IT = "connect the network and let systemd-timesyncd set it: timedatectl set-ntp true"
BATTERY = (
    "add a clock with a battery (the Pi 5 has the circuit, a Pi 4 needs a DS3231): after a power"
    " cut without network the kiosk does not know the day"
)


def clock(machine: Machine, data: Path) -> Iterator[Finding]:
    """As the kiosk will see it when it starts (SECURITY, "Clock")."""
    about, wall = About("clock"), machine.wall()
    told = f"{wall:%Y-%m-%d %H:%M} UTC"
    reading = SystemClock(data / "time-floor", _sources(machine, wall)).read()
    if wall < reading.wall:
        yield about.fault(
            f"{told} is before {reading.wall:%Y-%m-%d %H:%M}, when this kiosk was last sure", SET_IT
        )
    elif wall > reading.wall:
        yield about.fault(f"{told} is more than a day after what this kiosk last knew", SET_IT)
    elif reading.trust is ClockTrust.SYNCED:
        yield about.ok(f"{told}, set by a time server")
    elif reading.trust is ClockTrust.RTC:
        yield about.warn(f"{told} by its battery; no time server since power-up", SET_IT)
    else:
        yield about.warn(f"{told}, but no time server has spoken since power-up", SET_IT)


def battery(machine: Machine) -> Iterator[Finding]:
    about = About("clock", "battery")
    if machine.at("/dev/rtc0").exists():
        yield about.ok("there is a clock that goes on without power (/dev/rtc0)")
    else:
        yield about.warn("there is no clock that goes on without power", BATTERY)


def _sources(machine: Machine, wall: datetime) -> Sources:
    return Sources(
        wall=lambda: wall,
        boot_id=machine.at("/proc/sys/kernel/random/boot_id"),
        synchronized=machine.at("/run/systemd/timesync/synchronized"),
        rtc=machine.at("/dev/rtc0"),
    )
