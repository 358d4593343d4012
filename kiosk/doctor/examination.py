"""All checks, one after the other. None of them can end the others: what it raises becomes a
finding, and so does that it hangs."""

import threading
from collections.abc import Iterator
from functools import partial

from kiosk.config import Config
from kiosk.doctor import attached, clocks, health, network, pins, readers, records, screen
from kiosk.doctor.finding import About, Check, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.readers import Say
from kiosk.doctor.running import OtherProgramError, Running, find_running

READER_SECONDS = 60.0
"""A reader that says nothing, a card that nobody holds up, and a picture."""
PINS_SECONDS = 60.0
WHY_CHARACTERS = 160


def examine(config: Config, machine: Machine, say: Say | None = None) -> Iterator[Finding]:
    """Everything of this kiosk. With `say`, whoever stands there is told what to do and to look at,
    and lamps and sounds are tried; without, nothing is lit and nobody is needed."""
    try:
        running = find_running(config)
    except OtherProgramError:
        running = None  # told of the page
    for check in checks(config, machine, running, say):
        yield from made(check)


def checks(
    config: Config, machine: Machine, running: Running | None, say: Say | None
) -> Iterator[Check]:
    """In the order in which they are told: first what the others rest on."""
    data = config.data
    yield Check("computer", "", partial(health.computer, machine))
    yield Check("power", "", partial(health.power, machine))
    yield Check("temperature", "", partial(health.temperature, machine))
    yield Check("memory", "", partial(health.memory, machine))
    yield Check("service", "", partial(health.service, machine))
    yield Check("clock", "", partial(clocks.clock, machine, data))
    yield Check("clock", "battery", partial(clocks.battery, machine))
    yield Check("disk", "", partial(records.disk, machine, data))
    yield Check("disk", "data", partial(records.folder, machine, data))
    yield Check("disk", "damage", partial(records.damaged, data))
    yield Check("outbox", "", partial(records.outbox, machine, data, running))
    yield Check("trust", "", partial(records.trust, machine, config))
    yield from _hardware(config, machine, running, say)
    yield Check("screen", "display", partial(screen.display, machine))
    yield Check("screen", "browser", partial(screen.browser, machine))
    yield Check("screen", "page", partial(screen.page, config, running))
    yield Check("network", "route", partial(network.route, machine, config))
    yield Check("network", "name", partial(network.server_name, machine, config))
    yield Check("broker", "", partial(network.broker, config, running), seconds=20)


def _hardware(
    config: Config, machine: Machine, running: Running | None, say: Say | None
) -> Iterator[Check]:
    yield Check("drivers", "", partial(attached.drivers, machine, config))
    yield Check("readers", "", partial(attached.configured, config))
    for one in config.readers:
        look = (
            partial(readers.reader, machine, one, say)
            if running is None
            else partial(readers.reader_of_running, one, running)
        )
        yield Check("reader", one.name, look, READER_SECONDS)
        yield Check("reader", f"{one.name} power", partial(readers.power_switch, machine, one))
    for what in (
        attached.serial_ports,
        attached.cameras,
        attached.typing_devices,
        attached.smart_card_readers,
    ):
        yield Check("attached", what.__name__.replace("_", " "), partial(what, machine, config))
    look = (
        partial(pins.pins, machine, config, say)
        if running is None
        else partial(pins.pins_of_running, config, running)
    )
    yield Check("lamps", "", look, PINS_SECONDS)
    yield Check("sound", "", partial(pins.sound, machine, config))


def made(check: Check) -> list[Finding]:
    """What the check finds in its time, and no longer: a thread that hangs is left behind."""
    found: list[Finding] = []
    faults: list[Exception] = []

    def look() -> None:
        try:
            found.extend(check.look())
        except Exception as error:  # noqa: BLE001  top of the thread: whatever it is, it is told
            faults.append(error)

    thread = threading.Thread(target=look, name=f"doctor {check.part}", daemon=True)
    thread.start()
    thread.join(check.seconds)
    about = About(check.part, check.name)
    if thread.is_alive():
        hangs = about.fault(f"no answer in {check.seconds:.0f} s", "restart the machine")
        return [*found, hangs]
    return [*found, *(_told(about, error) for error in faults)]


def _told(about: About, error: Exception) -> Finding:
    """Of an error that nobody expected only its kind: what it says may hold anything."""
    if isinstance(error, PermissionError):
        return about.not_checked(
            f"this user may not: {error.filename or error.strerror}",
            "run this as the kiosk's user: sudo -u USER tilstede doctor ...",
        )
    why = str(error)[:WHY_CHARACTERS] if isinstance(error, OSError) else ""
    return about.fault(
        f"this check could not be made: {type(error).__name__}{': ' if why else ''}{why}",
        "run it again; if it stays, tell whoever looks after the system",
    )
