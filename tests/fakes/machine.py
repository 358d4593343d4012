"""A machine for the doctor, made of files: a healthy Raspberry Pi, from which a test takes what it
is about."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kiosk.doctor.machine import Machine

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
ROUTES = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
NO_IPV6_ROUTE = " ".join(
    ["0" * 32, "00", "0" * 32, "00", "0" * 32, "ffffffff", "1", "0", "00200200", "lo"]
)
FILES = {
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "/proc/meminfo": "MemTotal:  3884000 kB\nMemFree:  99 kB\nMemAvailable:  2884000 kB\n",
    "/proc/modules": "v3d 12288 0 - Live 0x0\n",
    "/proc/net/route": ROUTES,
    "/proc/net/ipv6_route": NO_IPV6_ROUTE,
    "/proc/sys/kernel/random/boot_id": "0192b3c4-d5e6-4f70-8a90-b1c2d3e4f506\n",
    "/proc/asound/cards": " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n      vc4-hdmi-0\n",
    "/run/systemd/system/unit": "",
    "/run/systemd/timesync/synchronized": "",
    "/dev/rtc0": "",
    "/dev/gpiochip0": "",
    THROTTLED: "0",
    "/sys/class/thermal/thermal_zone0/temp": "48312",
    "/sys/class/drm/card1-DSI-1/status": "connected",
    "/sys/class/drm/card1-DSI-1/modes": "800x480\n",
    "/sys/class/drm/card1-HDMI-A-1/status": "disconnected",
}
UNIT = "LoadState=loaded\nActiveState=active\nWatchdogUSec=10s\nNRestarts=0\n"


def healthy(root: Path, **other: Any) -> Machine:
    """Everything as it should be. `other` are parts of `Machine`."""
    for path, content in FILES.items():
        put(root, path, content)
    made = Machine(
        root=root,
        user=lambda: "kari",
        group_of=lambda _: "gpio",
        free=lambda _: 8 * 2**30,
        has_program=lambda name: name == "chromium",
        owner_of=lambda _: "kari",
        version=lambda _package, _module: "1.0",
        resolve=lambda _: [],
        asked=answers({"systemctl": UNIT}),
        wall=lambda: NOW,
    )
    return replace(made, **other)


def put(root: Path, path: str, content: str) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def take(root: Path, path: str) -> None:
    (root / path.lstrip("/")).unlink()


def answers(told: Mapping[str, str]) -> Callable[[Sequence[str]], str | None]:
    """What each program prints; the others are not there."""
    return lambda command: told.get(command[0])
