"""What the doctor has found, and the document that it is told in."""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Works, but not as it should, or not for long."""
    FAULT = "fault"
    NOT_CHECKED = "not_checked"
    """It cannot be told from here."""


class Finding(Struct, frozen=True):
    """`found` is one sentence without anything personal; `mend` says what to do, and is empty
    where there is nothing to do."""

    part: str
    """Such as "reader" or "clock"; stable, for programs."""
    name: str
    """Which of them, such as the reader's name; empty where there is one."""
    state: State
    found: str
    mend: str = ""


class Report(Struct, frozen=True):
    """What `tilstede doctor --json` prints. Keys are added to it, never renamed."""

    program: str
    at: datetime
    kiosk: str
    """Empty where the configuration cannot be read."""
    findings: tuple[Finding, ...]

    @property
    def has_fault(self) -> bool:
        return any(one.state is State.FAULT for one in self.findings)


class Check(Struct, frozen=True):
    """One look at one thing. `look` may raise anything and may hang: whoever makes the check bears
    both."""

    part: str
    name: str
    look: Callable[[], Iterable[Finding]]
    seconds: float = 10.0
    """For as long as it may take."""


class About:
    """Makes findings about one thing."""

    def __init__(self, part: str, name: str = "") -> None:
        self._part, self._name = part, name

    def ok(self, found: str) -> Finding:
        return Finding(self._part, self._name, State.OK, found)

    def warn(self, found: str, mend: str) -> Finding:
        return Finding(self._part, self._name, State.WARN, found, mend)

    def fault(self, found: str, mend: str) -> Finding:
        return Finding(self._part, self._name, State.FAULT, found, mend)

    def not_checked(self, found: str, mend: str = "") -> Finding:
        return Finding(self._part, self._name, State.NOT_CHECKED, found, mend)
