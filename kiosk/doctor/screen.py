"""What people look at: the display, the browser, and the page for it."""

import socket
from collections.abc import Iterator

from kiosk.config import Config
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.running import OtherProgramError, Running, find_running
from kiosk.screen.server import HOST

BROWSERS = ("chromium-browser", "chromium", "google-chrome", "firefox", "firefox-esr", "cog")


def display(machine: Machine) -> Iterator[Finding]:
    about, plugs = About("screen", "display"), machine.at("/sys/class/drm")
    states = {plug.parent.name: machine.text(plug) for plug in sorted(plugs.glob("*/status"))}
    on = [name for name, state in states.items() if state == "connected"]
    if on:
        told = [f"{name.partition('-')[2]} {_mode(machine, name)}".strip() for name in on]
        yield about.ok(", ".join(told))
    elif states:
        yield about.fault(
            "no display is plugged in",
            "look at its cable and its power; a display on the ribbon needs the right connector",
        )
    else:
        yield about.not_checked("this machine does not tell of displays")


def _mode(machine: Machine, plug: str) -> str:
    lines = (machine.text(f"/sys/class/drm/{plug}/modes") or "").splitlines()
    return lines[0] if lines else ""


def browser(machine: Machine) -> Iterator[Finding]:
    about = About("screen", "browser")
    found = [name for name in BROWSERS if machine.has_program(name)]
    if found:
        yield about.ok(found[0])
    else:
        yield about.warn("no browser was found to show the page", "sudo apt install chromium")


def page(config: Config, running: Running | None) -> Iterator[Finding]:
    about, port = About("screen", "page"), config.screen.port
    another = f"end the program that has port {port} (sudo ss -ltnp), or change screen.port"
    if running is not None and running.condition is not None:
        condition = running.condition
        yield about.ok(f"a kiosk of version {condition.program} shows it at http://{HOST}:{port}/")
        return
    if port == 0:
        yield about.not_checked("it takes a port that is free when the kiosk starts")
        return
    try:
        find_running(config)
        with socket.create_server((HOST, port)):
            pass
    except OtherProgramError as error:
        yield about.fault(f"another program has port {port}: {error}", another)
    except OSError as error:
        yield about.fault(f"port {port} cannot be had: {error.strerror}", another)
    else:
        if running is None:
            yield about.ok(f"port {port} is free for it; no kiosk runs now")
        else:
            yield about.fault(f"a kiosk runs, but not on port {port}", "restart the kiosk")
