"""A whole kiosk on emulated pins: from the fire alarm's relay to page, lamp, buzzer and outbox."""

import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk import app, config
from kiosk.events import Presented, ReaderEvent
from kiosk.outbox import SqliteOutbox
from presence.card import SignedCode
from tests.hardware_mocks.pins import WatchedPin, WatchedPins
from tests.integration.kiosk_process import Home

BUTTON, RELAY = 23, 24
RED, BUZZER = 22, 18
PATIENCE = 20.0
CLOSED_PORT = 9  # discard: nobody listens

View = dict[str, Any]


class Hand:
    """Port `Reader`: holds up what a test gives it."""

    name = "door"

    def start(self, report: Callable[[ReaderEvent], None]) -> None:
        self._report = report

    def check(self, uptime: timedelta) -> None:
        """Nothing of it can hang."""

    def stop(self) -> None:
        """Nothing to release."""

    def holds_up(self, code: str) -> None:
        self._report(Presented(self.name, SignedCode(code)))


class Door:
    """A kiosk, its pins and its page."""

    def __init__(self, home: Home, pins: WatchedPins) -> None:
        path = home.config(CLOSED_PORT)
        text = path.read_text()
        path.write_text(
            f'{text}[indicator]\nfactory = "mock"\n[switches]\nbutton = {BUTTON}\nalarm = {RELAY}\n'
        )
        self.hand, self.pins = Hand(), pins
        loaded = config.load(path, app.CHOICES)
        self._app = app.build(loaded, readers=[self.hand], pins=pins)
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._app.run, args=(self._is_ready.set,))

    def __enter__(self) -> "Door":
        self._thread.start()
        assert self._is_ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._app.stop()
        self._thread.join()

    def pin(self, number: int) -> WatchedPin:
        pin = self.pins.pin(number)
        assert isinstance(pin, WatchedPin)
        return pin

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._app.url}health.json", timeout=PATIENCE) as answer:
            return dict(json.load(answer))

    @contextmanager
    def views(self) -> Iterator[Iterator[View]]:
        """What the page shows, as it changes."""
        with urllib.request.urlopen(f"{self._app.url}events", timeout=PATIENCE) as stream:
            yield (json.loads(line[5:]) for line in stream if line.startswith(b"data: "))


def first(views: Iterator[View], is_wanted: Callable[[View], bool]) -> View:
    return next(view for view in views if is_wanted(view))


@pytest.fixture
def pins() -> WatchedPins:
    return WatchedPins()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_from_the_relay_to_the_page_and_back_while_a_tap_is_recorded(
    home: Home, pins: WatchedPins
) -> None:
    pins.close_contact(RELAY)
    with Door(home, pins) as door, door.views() as views:
        assert next(views)["title"] == "Et øyeblikk"
        pins.open_contact(RELAY)
        assert first(views, lambda view: view["key"] == "alarm")["title"] == "Brannalarm"
        assert pins.await_tones(door.pin(BUZZER), 3) == [1800, 1200, None]
        door.hand.holds_up(home.code())
        line = first(views, lambda view: (view["notice"] or {}).get("tone") == "staff")
        assert line["title"] == "Brannalarm"
        assert door.pin(RED).lit == [True], "the lamp did not leave the alarm for a moment"
        pins.press(BUTTON)
        silenced = first(views, lambda view: bool(view["signs"]))
        pins.let_go(BUTTON)
        assert silenced["signs"] == ["Lyden er slått av her"]
        assert door.pin(BUZZER).tones[-1] is None
        assert door.pin(RED).lit == [True]
        assert set(door.pin(BUZZER).tones) == {1800, 1200, None}
        pins.close_contact(RELAY)
        assert first(views, lambda view: view["key"] != "alarm")["title"] == "Et øyeblikk"
        assert door.pin(RED).lit == [True, False]
    outbox = SqliteOutbox(home.folder / "data" / "outbox.db", os.urandom)
    assert outbox.depth().waiting == 1
    outbox.close()


def test_a_relay_that_is_open_at_start_is_an_alarm_that_the_kiosk_tells_whoever_asks(
    home: Home, pins: WatchedPins
) -> None:
    with Door(home, pins) as door, door.views() as views:
        first(views, lambda view: view["key"] == "alarm")
        for sounds in range(3, 39, 3):  # of a second each; every other one it looks at itself
            pins.await_tones(door.pin(BUZZER), sounds)
            if door.health()["is_alarm"]:
                break
        assert door.health()["is_alarm"]
