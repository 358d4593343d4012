"""The desk as a page: hold cards to the reader or the camera, pull the cable, pull the plug."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Flask, Response, abort, render_template, request

from demo.child import Report
from demo.desk import Desk
from demo.door import LONG_PRESS_SECONDS, PRESS_SECONDS
from demo.tray import OnTray

LAMPS = ("green", "amber", "red", "buzzer")
SILENCE_SECONDS = 10.0
GAP_SECONDS = 0.4
"""So long a hand takes, at least, from one card to the next."""


class Bench:
    """The desk, as far as the page can see and change it. Safe from any thread."""

    def __init__(self, desk: Desk, cards: Sequence[OnTray]) -> None:
        self.desk, self.door = desk, desk.door
        self.cards: Mapping[str, OnTray] = {card.key: card for card in cards}
        self._changed = threading.Condition()
        self._switching = threading.Lock()
        self._number = 0
        self._lamps = dict.fromkeys(LAMPS, 0.0)
        self._has_power = self._is_ready = True
        self._holding = threading.Lock()
        self._is_held = False
        self.door.process.on_report(self._told)

    def hold(self, key: str) -> None:
        """Hold a thing from the tray to the reader. Raises KeyError; one without a chip is not
        noticed."""
        card = self.cards[key].card
        if card is None:
            return
        with self._holding:
            if self._is_held:
                self.door.reader.lift()
                threading.Event().wait(GAP_SECONDS)
            self.door.reader.hold(card)
            self._is_held = True

    def show(self, key: str) -> None:
        """Show the code of a thing from the tray to the camera. Raises KeyError; one without a
        code is not noticed."""
        code = self.cards[key].code
        if code is not None:
            self.door.camera.show(code)

    def lift(self) -> None:
        """Take away what is at the reader and at the camera."""
        with self._holding:
            self.door.reader.lift()
            self._is_held = False
        self.door.camera.clear()

    def network(self, is_on: bool) -> None:
        with self._switching:
            if is_on:
                self.door.mend_network()
            else:
                self.door.cut_network()
        self._touch()

    def power(self, is_on: bool) -> None:
        """On returns when the kiosk has started; off is at once, without a warning to it."""
        with self._switching:
            if is_on == self._has_power:
                return
            self._has_power = is_on
            if is_on:
                self._touch()
                self.door.power_on()
            else:
                self.door.power_cut()
                self._is_ready, self._lamps = False, dict.fromkeys(LAMPS, 0.0)
        self._touch()

    def alarm(self, is_on: bool) -> None:
        """The fire alarm's relay opens, or closes again."""
        with self._switching:
            self.door.alarm(is_raised=is_on)
        self._touch()

    def press(self, is_long: bool) -> None:
        """Press the kiosk's button; returns when it is let go. Without power nobody notices."""
        with self._switching:
            if self._is_ready:
                self.door.press(LONG_PRESS_SECONDS if is_long else PRESS_SECONDS)

    def states(self) -> Iterator[dict[str, Any] | None]:
        """The desk's state now and after every change; None when nothing has changed for long."""
        seen = -1
        while True:
            with self._changed:
                is_new = self._changed.wait_for(self._is_after(seen), SILENCE_SECONDS)
                seen, state = self._number, self._state()
            yield state if is_new else None

    def _is_after(self, seen: int) -> Any:
        return lambda: self._number != seen

    def _state(self) -> dict[str, Any]:
        return {
            "lamps": dict(self._lamps),
            "network": not self.door.cable.is_cut,
            "power": self._has_power,
            "alarm": self.door.is_alarm,
            "ready": self._is_ready,
        }

    def _touch(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def _told(self, report: Report) -> None:
        if report["kind"] == "lamp":
            self._lamps[report["lamp"]] = report["level"]
        elif report["kind"] == "ready":
            self._is_ready = True
        self._touch()


def create_page(bench: Bench) -> Flask:
    """The page's application, for loopback only."""
    app = Flask(__name__)

    @app.get("/")
    def desk() -> str:
        return render_template(
            "desk.html",
            home=bench.door.home.capitalize(),
            cards=bench.cards.values(),
            kiosk_url=bench.door.url,
            server_url=bench.desk.server_url,
            board_url=f"{bench.desk.server_url}institutions/{bench.door.home}/board",
        )

    @app.get("/events")
    def events() -> Response:
        return Response(_stream(bench), mimetype="text/event-stream")

    @app.post("/hold")
    def hold() -> tuple[str, int]:
        key = _wanted("card", str)
        if key not in bench.cards:
            abort(404)
        bench.hold(key)
        return "", 204

    @app.post("/show")
    def show() -> tuple[str, int]:
        key = _wanted("card", str)
        if key not in bench.cards:
            abort(404)
        bench.show(key)
        return "", 204

    @app.post("/lift")
    def lift() -> tuple[str, int]:
        bench.lift()
        return "", 204

    _add_switches(app, bench)
    return app


def _add_switches(app: Flask, bench: Bench) -> None:
    @app.post("/network")
    def network() -> tuple[str, int]:
        bench.network(_wanted("on", bool))
        return "", 204

    @app.post("/power")
    def power() -> tuple[str, int]:
        bench.power(_wanted("on", bool))
        return "", 204

    @app.post("/alarm")
    def alarm() -> tuple[str, int]:
        bench.alarm(_wanted("on", bool))
        return "", 204

    @app.post("/press")
    def press() -> tuple[str, int]:
        bench.press(_wanted("long", bool))
        return "", 204


def _wanted(name: str, kind: type) -> Any:
    """One value of the request's JSON; another web page cannot send that across origins."""
    body = request.get_json()
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind):
        abort(400)
    return value


def _stream(bench: Bench) -> Iterator[bytes]:
    for state in bench.states():
        yield b": still here\n\n" if state is None else f"data: {json.dumps(state)}\n\n".encode()
