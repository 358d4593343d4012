"""From the card to the lamp: emulated cards on emulated PN532s, real kiosks, one with the server
and one without, tap by tap in turns."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic_ns

from demo.child import Child, Report
from server.broker import Broker
from tests.bench import desk
from tests.bench.blocks import quantile
from tests.bench.city import City
from tests.bench.figures import Figure, figure
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532

P50, P99 = 0.5, 0.99
TAP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap, in milliseconds."""

    reading: float
    """From the card in the field to the reader's report: the reader's own time."""
    deciding: float
    """From there until the verdict is lit and sounds."""


class Door:
    """One kiosk with its reader, and everybody's card in turn."""

    def __init__(self, city: City, pn532: EmulatedPn532, kiosk: Child) -> None:
        self._pn532, self._kiosk = pn532, kiosk
        self._codes = itertools.cycle([person.code_text for person in city.sample.people])
        self._serials = itertools.count(1)
        self._seen = len(kiosk.reports)

    def tap(self) -> Tap:
        """Hold the next card to the reader, instead of the one before."""
        serial = b"\x04" + next(self._serials).to_bytes(6, "big")
        card = card_with_text(next(self._codes), uid=serial)
        held = monotonic_ns()
        self._pn532.hold(card)
        told = self._kiosk.wait_for(_is_verdict, "verdict", TAP_SECONDS, self._seen)
        self._seen = len(self._kiosk.reports)
        return Tap((told["presented"] - held) / 1e6, (told["lit"] - told["presented"]) / 1e6)


def measure(city: City, taps: int) -> list[Figure]:
    """So many taps at each door: nobody comes twice."""
    if taps > len(city.sample.people):
        raise ValueError("a second tap of the same person is another case")
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(city.directory / "broker"))
        stack.enter_context(desk.server(city, city.copy("taps.sqlite"), broker.port))
        nowhere = stack.enter_context(desk.nobody())
        desk.give_roster(city, "alone", datetime.now(UTC))
        connected = _door(stack, city, "connected", broker.port)
        alone = _door(stack, city, "alone", nowhere)
        pairs = [(connected.tap(), alone.tap()) for _ in range(taps)]
    return list(_figures(pairs))


def _door(stack: ExitStack, city: City, name: str, port: int) -> Door:
    pn532 = stack.enter_context(EmulatedPn532(city.directory / f"{name}-reader"))
    config = desk.write_config(city, name, port, pn532.path)
    return Door(city, pn532, stack.enter_context(desk.kiosk(city, config)))


def _figures(pairs: list[tuple[Tap, Tap]]) -> Iterator[Figure]:
    with_server = [one.deciding for one, _ in pairs]
    from_roster = [other.deciding for _, other in pairs]
    own = [tap.reading for pair in pairs for tap in pair]
    yield figure("presented to signal with the server, p99", quantile(with_server, P99), "ms", 60)
    yield figure("presented to signal from the roster, p99", quantile(from_roster, P99), "ms", 20)
    yield figure("presented to signal with the server, p50", quantile(with_server, P50), "ms")
    yield figure("presented to signal from the roster, p50", quantile(from_roster, P50), "ms")
    yield figure("the reader's own time, p50", quantile(own, P50), "ms")


def _is_verdict(report: Report) -> bool:
    return "lit" in report
