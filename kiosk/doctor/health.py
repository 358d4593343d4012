"""The computer itself: its power, temperature and memory, and who keeps the kiosk alive."""

import re
from collections.abc import Iterator

from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine

THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
UNDER_VOLTAGE, UNDER_VOLTAGE_BEFORE = 0x1, 0x10000
"""Bits of get_throttled: now, and at some time since power-up (Raspberry Pi, "vcgencmd")."""
BETTER_POWER = (
    "use the power supply made for this model, a short thick cable and no power bank; plug hungry"
    " USB devices into a hub with its own supply (docs/hardware.md, Power)"
)
WARM, HOT = 70.0, 80.0
"""Degrees Celsius. A Raspberry Pi slows down from 80 on."""
LITTLE_MEMORY, NO_MEMORY = 100, 30
"""MiB."""
SERVICE = "tilstede-kiosk.service"


def computer(machine: Machine) -> Iterator[Finding]:
    model = machine.text("/proc/device-tree/model")
    yield About("computer").ok(model or "no Raspberry Pi; its power cannot be told from here")


def power(machine: Machine) -> Iterator[Finding]:
    """Nothing is said of what is no Raspberry Pi."""
    about = About("power")
    if not machine.is_raspberry_pi:
        return
    flags = _throttled(machine)
    if flags is None:
        yield from _alarm(machine, about)
    elif flags & UNDER_VOLTAGE:
        yield about.fault("the voltage is too low right now", BETTER_POWER)
    elif flags & UNDER_VOLTAGE_BEFORE:
        yield about.warn("the voltage was too low at some time since power-up", BETTER_POWER)
    else:
        yield about.ok("the voltage has been good since power-up")


def _throttled(machine: Machine) -> int | None:
    told = machine.text(THROTTLED) or machine.asked(["vcgencmd", "get_throttled"]) or ""
    found = re.fullmatch(r"(?:throttled=)?(?:0x)?([0-9a-fA-F]{1,8})", told.strip())
    return None if found is None else int(found[1], 16)


def _alarm(machine: Machine, about: About) -> Iterator[Finding]:
    """What Linux's driver of the Pi's voltage says (raspberrypi-hwmon)."""
    for chip in sorted(machine.at("/sys/class/hwmon").glob("hwmon*")):
        if machine.text(chip / "name") == "rpi_volt":
            if machine.text(chip / "in0_lcrit_alarm") == "1":
                yield about.fault("the voltage is too low", BETTER_POWER)
            else:
                yield about.ok("the voltage is good")
            return
    yield about.not_checked("this Raspberry Pi does not tell its voltage", "install raspi-utils")


def temperature(machine: Machine) -> Iterator[Finding]:
    about, found = About("temperature"), []
    for zone in machine.at("/sys/class/thermal").glob("thermal_zone*"):
        told = machine.text(zone / "temp") or ""
        if re.fullmatch(r"-?\d{1,7}", told):
            found.append(int(told) / 1000)
    if not found:
        return
    hottest = max(found)
    told = f"{hottest:.0f} degrees"
    cooler = "give the case air, a heat sink or shade"
    if hottest >= HOT:
        yield about.fault(f"{told}: the computer slows down", cooler)
    elif hottest >= WARM:
        yield about.warn(told, cooler)
    else:
        yield about.ok(told)


def memory(machine: Machine) -> Iterator[Finding]:
    about = About("memory")
    told = machine.text("/proc/meminfo") or ""
    found = re.search(r"^MemAvailable:\s*(\d+) kB$", told, re.MULTILINE)
    if found is None:
        yield about.not_checked("this machine does not tell its free memory")
        return
    free = int(found[1]) // 1024
    told, mend = f"{free} MiB are free", "end other programs, or restart the kiosk"
    if free < NO_MEMORY:
        yield about.fault(told, mend)
    elif free < LITTLE_MEMORY:
        yield about.warn(told, mend)
    else:
        yield about.ok(told)


def service(machine: Machine) -> Iterator[Finding]:
    """Whether systemd starts the kiosk, and starts it afresh when it hangs."""
    about = About("service")
    if not machine.at("/run/systemd/system").exists():
        yield about.not_checked("no systemd here: whoever starts the kiosk has to watch it")
        return
    asked = ["LoadState", "ActiveState", "WatchdogUSec", "NRestarts"]
    told = machine.asked(["systemctl", "show", SERVICE, *(f"--property={one}" for one in asked)])
    is_so = dict(line.split("=", 1) for line in (told or "").splitlines() if "=" in line)
    match is_so:
        case {"LoadState": "loaded", "ActiveState": "failed"}:
            yield about.fault("systemd has given the kiosk up", f"journalctl -u {SERVICE} -n 50")
        case {"LoadState": "loaded", "WatchdogUSec": "0" | "infinity"}:
            yield about.warn("a kiosk that hangs is not noticed", "set WatchdogSec= in its unit")
        case {"LoadState": "loaded", "ActiveState": state}:
            restarts = is_so.get("NRestarts", "0")
            yield about.ok(f"{SERVICE} is {state}, with a watchdog; restarted {restarts} times")
        case {"LoadState": _}:
            yield about.warn(f"there is no {SERVICE}", "without it nobody starts the kiosk afresh")
        case _:
            yield about.not_checked("systemd does not answer")
