"""Where pins are had from. One factory serves everything on pins: gpiozero keeps the pins of all of
its local factories in one place, so that a second one would hand out pins of the first, and closing
either would take them from the other.
"""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from gpiozero import GPIOZeroError

FACTORIES = ("lgpio", "mock", "none")


class IndicatorConfigError(ValueError):
    """The configuration names pins that cannot be had. Says what the choices are."""


class PinFactory(Protocol):
    """gpiozero's, of which only this much is ours to know."""

    def close(self) -> None: ...


def open_pins(name: str | None) -> PinFactory | None:
    """The pin factory of that name; None or "none" means that nothing hangs on pins.

    Never another factory than the one asked for. Whoever opens it closes it, after everything that
    was opened on it. Raises IndicatorConfigError for an unknown one, and for one that does not work
    on this machine.
    """
    match name:
        case None | "none":
            return None
        case "lgpio":
            return _lgpio()
        case "mock":
            return _mock()
        case _:
            raise IndicatorConfigError(
                f"unknown pin factory {name!r}; choose one of: {', '.join(FACTORIES)}"
            )


@contextmanager
def opening(what: str) -> Iterator[None]:
    """A fault of a pin while `what` is opened becomes IndicatorConfigError."""
    try:
        yield
    except faults() as error:
        raise IndicatorConfigError(f"{what}: {error}") from error


def faults() -> tuple[type[Exception], ...]:
    """What a pin raises: gpiozero hands on the errors of lgpio as they are, and those are of no
    kind that is known without it."""
    native = sys.modules.get("lgpio")
    return (GPIOZeroError, OSError, *(() if native is None else (native.error,)))


def _mock() -> PinFactory:
    factory: PinFactory = import_module("gpiozero.pins.mock").MockFactory(pin_class="mockpwmpin")
    return factory


def _lgpio() -> PinFactory:
    with opening("no pins by lgpio on this machine"):
        factory: PinFactory = _lgpio_module().LGPIOFactory()
    return factory


def _lgpio_module() -> Any:
    """gpiozero's module for lgpio. lgpio makes a pipe in the working directory as it is imported,
    by the same name in every process, where two of them would take each other's edges. So it is
    given a directory of its own, for as long as it needs the name."""
    try:
        with TemporaryDirectory(prefix="tilstede-lgpio-") as folder, chdir(folder):
            return import_module("gpiozero.pins.lgpio")
    except ImportError as error:
        raise IndicatorConfigError("the pin factory lgpio needs the package lgpio") from error
