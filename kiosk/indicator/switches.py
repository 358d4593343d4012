"""Button and fire alarm: what happens to pins, told as events."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from gpiozero import Button, DigitalInputDevice
from msgspec import Struct

from kiosk.events import AlarmChanged, ButtonPressed, SwitchEvent
from kiosk.indicator.contact import Contact
from kiosk.indicator.factory import IndicatorConfigError, PinFactory, faults, opening

log = logging.getLogger(__name__)

Report = Callable[[SwitchEvent], None]

HOLD_SECONDS = 3.0
BOUNCE_SECONDS = 0.04
"""So long a level has to last before the button's edge is told. Contacts bounce for some
milliseconds; nobody presses shorter than this."""


class SwitchPins(Struct, frozen=True):
    """Where switches are wired: Broadcom (GPIO) numbers; None where there is none."""

    button: int | None = None
    alarm: int | None = None
    is_normally_open: bool = False
    """The alarm closes its contact. Otherwise it opens it, and a cut wire is an alarm too."""


class Switch(Protocol):
    """A part whose pin was had. It reports from a thread that is not the caller's."""

    def start(self, report: Report) -> None: ...

    def close(self) -> None: ...


class PushButton:
    """A button between its pin and ground."""

    def __init__(
        self, pin: int, pin_factory: PinFactory, *, hold_seconds: float = HOLD_SECONDS
    ) -> None:
        """Raises gpiozero's errors if the pin cannot be had."""
        self._button = Button(
            pin, bounce_time=BOUNCE_SECONDS, hold_time=hold_seconds, pin_factory=pin_factory
        )
        self._turn = threading.Lock()
        self._is_awaited = False
        """It is down, and has not been told yet."""
        self._report: Report = _to_nobody

    def start(self, report: Report) -> None:
        """Report what is pressed from now on: a button that is down already is not."""
        self._report = report
        self._button.when_pressed = self._pressed
        self._button.when_released = self._released
        self._button.when_held = self._held

    def close(self) -> None:
        """Let go of the pin. May be called twice."""
        _let_go(self._button)

    def _pressed(self) -> None:
        with self._turn:
            self._is_awaited = True

    def _released(self) -> None:
        self._tell(ButtonPressed())

    def _held(self) -> None:
        # Told by gpiozero's clock and not by the pin: its release may be on its way, or lost.
        if self._is_down():
            self._tell(ButtonPressed(is_long=True))

    def _tell(self, event: ButtonPressed) -> None:
        with self._turn:
            if self._is_awaited:
                self._is_awaited = False
                self._report(event)

    def _is_down(self) -> bool:
        try:
            return bool(self._button.is_pressed)
        except faults():
            return False


class FireAlarm:
    """The fire alarm's relay: a contact between its pin and ground, free of any voltage.

    The pin is pulled up, so an open contact is high, and so is a cut wire. A thread of its own
    takes edges as they come and looks at the pin in between. A pin that cannot be read is an alarm
    as well: nobody knows that it is not.
    """

    def __init__(
        self, pin: int, pin_factory: PinFactory, *, is_normally_open: bool = False
    ) -> None:
        """Raises gpiozero's errors if the pin cannot be had."""
        self._input = DigitalInputDevice(pin, pull_up=True, pin_factory=pin_factory)
        self._raised_when_closed = is_normally_open
        self._has_failed = False
        self._edges: deque[tuple[bool, float]] = deque()
        """Whether each closed the contact, and when."""
        self._wake = threading.Event()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def start(self, report: Report) -> None:
        """Report how the alarm is, as soon as that is known, and every change from then on."""
        self._input.when_activated = self._closed
        self._input.when_deactivated = self._opened
        self._thread = threading.Thread(
            target=self._watch, args=(report,), name="fire alarm", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the thread and let go of the pin. May be called twice."""
        self._is_ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        _let_go(self._input)

    def _closed(self) -> None:
        self._edge(is_closed=True)

    def _opened(self) -> None:
        self._edge(is_closed=False)

    def _edge(self, *, is_closed: bool) -> None:
        """In the thread of the pins, which must not be kept, and dies of whatever is raised."""
        self._edges.append((is_closed, time.monotonic()))
        self._wake.set()

    def _watch(self, report: Report) -> None:
        contact = Contact()
        while not self._is_ending:
            self._wake.wait(contact.pause)
            self._wake.clear()
            while self._edges:
                is_closed, at = self._edges.popleft()
                self._take(contact, report, raised=self._means(is_closed=is_closed), at=at)
            self._take(contact, report, raised=self._look(), at=time.monotonic())

    def _take(self, contact: Contact, report: Report, *, raised: bool, at: float) -> None:
        news = contact.found(raised=raised, at=at)
        if news is not None and not self._is_ending:
            report(AlarmChanged(news))

    def _look(self) -> bool:
        try:
            is_closed = bool(self._input.is_active)
        except Exception as error:  # noqa: BLE001  of whatever kind: this thread must live on
            if not self._has_failed:
                self._has_failed = True
                log.error("the fire alarm's pin cannot be read, which counts as alarm: %s", error)
            return True
        if self._has_failed:
            self._has_failed = False
            log.warning("the fire alarm's pin can be read again")
        return self._means(is_closed=is_closed)

    def _means(self, *, is_closed: bool) -> bool:
        return is_closed == self._raised_when_closed


class Switches:
    """All switches of a kiosk."""

    def __init__(self, parts: Sequence[Switch]) -> None:
        self._parts = tuple(parts)

    def start(self, report: Report) -> None:
        """Begin to report, from threads of the switches' own."""
        for part in self._parts:
            part.start(report)

    def close(self) -> None:
        """Let go of every pin. May be called twice."""
        for part in self._parts:
            part.close()


def open_switches(wired: SwitchPins, factory: PinFactory | None) -> Switches:
    """The switches of this kiosk, not started, on pins that `open_pins` gave.

    Raises IndicatorConfigError where there are no pins, and for pins that cannot be had.
    """
    if factory is None:
        if (wired.button, wired.alarm) != (None, None):
            raise IndicatorConfigError("button and fire alarm need a pin factory")
        return Switches(())
    parts: list[Switch] = []
    with ExitStack() as stack:
        if wired.button is not None:
            with opening(f"the button on pin {wired.button}"):
                parts.append(PushButton(wired.button, factory))
            stack.callback(parts[-1].close)
        if wired.alarm is not None:
            with opening(f"the fire alarm on pin {wired.alarm}"):
                parts.append(
                    FireAlarm(wired.alarm, factory, is_normally_open=wired.is_normally_open)
                )
        stack.pop_all()
    return Switches(parts)


def _let_go(device: Any) -> None:
    """Close a device of gpiozero's. By itself it leaves its edges with lgpio: the next program part
    on this pin would set off a callback without an owner, of which lgpio's only thread dies."""
    if not device.closed:
        device.pin.when_changed = None
        device.close()


def _to_nobody(_event: SwitchEvent) -> None:
    """Before the start."""
