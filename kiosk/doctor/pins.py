"""What hangs on pins: lamps, buzzer, button, fire alarm, reset lines."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from queue import Empty, SimpleQueue
from time import monotonic, sleep

from kiosk.attached import attach_lamps, attach_pins, attach_switches
from kiosk.config import Config
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.readers import Say
from kiosk.doctor.running import Running
from kiosk.events import AlarmChanged, ButtonPressed, Signal, SwitchEvent
from kiosk.indicator import IndicatorConfigError, PinFactory, open_reset_line
from kiosk.ports import Indicator

ALARM_SECONDS = 10.0
"""The contact says how it is after a second, where the machine is not busy."""
BUTTON_SECONDS = 20.0
SHOWN_SECONDS = 1.5
TRIED = (
    (Signal.WAIT, "amber lamp, a click"),
    (Signal.WELCOME, "green lamp, two rising tones"),
    (Signal.GOODBYE, "green lamp, two falling tones"),
    (Signal.ASK_STAFF, "red lamp, a low tone twice"),
    (Signal.ALARM, "red lamp, high tones"),
)
WIRES = (
    "look at the two wires between its pin and the alarm panel's relay; if there is an alarm, this"
    " is right"
)


def pins(machine: Machine, config: Config, say: Say | None) -> Iterator[Finding]:
    """Whether they can be had. With `say`, each lamp is lit and each sound made."""
    factory = config.indicator.factory
    about = About("lamps")
    if factory is None:
        yield about.warn(
            "neither lamps nor buzzer are configured: only the screen answers",
            "wire them, and add [indicator] to the configuration",
        )
        return
    if factory != "lgpio":
        yield about.not_checked(f"the pins are only pretended (factory {factory})")
        return
    with ExitStack() as stack:
        try:
            opened = attach_pins(config.indicator, None, stack)
            lamps = stack.enter_context(closing(attach_lamps(config.indicator, opened)))
            _reset_lines(config, opened, stack)
            switches = stack.enter_context(closing(attach_switches(config.switches, opened)))
        except IndicatorConfigError as error:
            yield about.fault(str(error), _mend(machine))
            return
        wired = config.indicator
        yield about.ok(f"pins {wired.green}, {wired.amber}, {wired.red} can be had")
        if say is not None:
            yield _shown(lamps, say)
        told: SimpleQueue[SwitchEvent] = SimpleQueue()
        switches.start(told.put)
        yield from _alarm(config, told)
        if say is not None and config.switches.button is not None:
            yield _button(told, say)


def pins_of_running(config: Config, running: Running) -> Iterator[Finding]:
    """The kiosk has them to itself."""
    if config.indicator.factory is None:
        yield from pins(Machine(), config, None)
        return
    yield About("lamps").not_checked("the running kiosk has the pins", "stop the kiosk to try them")
    if config.switches.alarm is not None and running.condition is not None:
        yield _judged(is_raised=running.condition.is_alarm)


def sound(machine: Machine, config: Config) -> Iterator[Finding]:
    about = About("sound")
    lines = (machine.text("/proc/asound/cards") or "").splitlines()
    cards = [line.partition("]: ")[2].strip() for line in lines if "]: " in line]
    told = f"sound cards, which the kiosk does not use: {', '.join(cards) or 'none'}"
    if config.indicator.factory is None:
        yield about.warn(
            f"no buzzer is configured; {told}", "wire one: it is heard from a wheelchair"
        )
    else:
        yield about.ok(f"a buzzer on pin {config.indicator.buzzer}; {told}")


def _reset_lines(config: Config, opened: PinFactory | None, stack: ExitStack) -> None:
    for one in config.readers:
        if one.reset_pin is not None:
            stack.callback(open_reset_line(one.reset_pin, opened).close)


def _mend(machine: Machine) -> str:
    chips = sorted(machine.at("/dev").glob("gpiochip*"))
    closed = [chip for chip in chips if not machine.may_use(chip)]
    if closed:
        group, user = machine.group_of(closed[0]), machine.user()
        return f"sudo usermod -aG {group} {user}; then log in again, or restart the kiosk"
    if not chips:
        return 'this machine has no pins: is it a Raspberry Pi? Else take factory = "none"'
    return "does another program have the pin (gpioinfo)? Is the package lgpio installed?"


def _shown(lamps: Indicator, say: Say) -> Finding:
    for signal, looks in TRIED:
        say(f"Now: {looks}")
        lamps.signal(signal)
        sleep(SHOWN_SECONDS)
    lamps.signal(Signal.IDLE)
    return About("lamps", "shown").not_checked(
        f"{len(TRIED)} signals were shown: only you can tell whether they were right",
        "a lamp that stayed dark: turn it round, look at its resistor and pin",
    )


def _alarm(config: Config, told: SimpleQueue[SwitchEvent]) -> Iterator[Finding]:
    if config.switches.alarm is None:
        return
    event = _await(told, ALARM_SECONDS, AlarmChanged)
    if isinstance(event, AlarmChanged):
        yield _judged(is_raised=event.is_raised)
    else:
        yield About("fire alarm").fault("its contact is neither open nor closed", WIRES)


def _judged(*, is_raised: bool) -> Finding:
    about = About("fire alarm")
    if is_raised:
        return about.fault("its contact says that there is an alarm", WIRES)
    return about.ok("its contact is at rest")


def _button(told: SimpleQueue[SwitchEvent], say: Say, seconds: float = BUTTON_SECONDS) -> Finding:
    about = About("button")
    say(f"Press the button within {seconds:.0f} s, and let it go...")
    if _await(told, seconds, ButtonPressed) is not None:
        return about.ok("it was pressed")
    return about.warn(
        f"it was not pressed in {seconds:.0f} s", "look at its two wires: pin and ground"
    )


def _await(
    told: SimpleQueue[SwitchEvent], seconds: float, kind: type[SwitchEvent]
) -> SwitchEvent | None:
    give_up = monotonic() + seconds
    while True:
        try:
            event = told.get(timeout=max(0.0, give_up - monotonic()))
        except Empty:
            return None
        if isinstance(event, kind):
            return event
