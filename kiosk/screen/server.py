"""The screen: a page on loopback that a browser in kiosk mode shows."""

import socket
from collections.abc import Callable, Sequence
from datetime import tzinfo
from threading import Event, Thread
from typing import Any

from msgspec import Struct
from waitress import wasyncore
from waitress.server import create_server

from kiosk.events import Stage, Surroundings, Touch, Touched
from kiosk.ports import Clock, Report
from kiosk.screen.latest import Latest
from kiosk.screen.page import Now, create_page
from kiosk.screen.streams import MAX_STREAMS
from kiosk.screen.view import View, view

HOST = "127.0.0.1"
_OTHER_REQUESTS = 4
"""Threads besides those of the streams."""


class LoopbackScreen:
    """Port `Screen`. `zone_of` gives the time zone of an IANA name; port 0 takes a free one.

    `language` is the home's, for when nobody's own is known. `condition` says how the kiosk is, to
    programs on this machine.
    """

    def __init__(
        self,
        clock: Clock,
        zone_of: Callable[[str], tzinfo],
        report: Report,
        *,
        port: int = 0,
        language: str = "nb",
        frame_ancestors: Sequence[str] = (),
        condition: Callable[[], Struct] | None = None,
    ) -> None:
        self._clock, self._zone_of, self._report = clock, zone_of, report
        self._language = language
        self._wanted_port = port
        self._frame_ancestors, self._condition = tuple(frame_ancestors), condition
        self._latest = Latest()
        self._ending, self._woken = Event(), Event()
        self._thread: Thread | None = None
        self._server: Any = None

    def start(self) -> None:
        """Begin to serve. Raises OSError when the port is taken."""
        # Bound here, because waitress starts its threads before it finds a port taken.
        listener = socket.create_server((HOST, self._wanted_port))
        page = create_page(
            self._latest,
            self._render,
            self._now,
            self._touched,
            self._frame_ancestors,
            self._condition,
        )
        sockets: dict[int, Any] = {}
        self._server = create_server(
            page,
            map=sockets,
            sockets=[listener],
            threads=MAX_STREAMS + _OTHER_REQUESTS,
            ident=None,
        )
        self._thread = Thread(target=self._serve, args=(sockets,), name="screen", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all streams and close the port. May be called twice."""
        if self._thread is not None:
            self._ending.set()
            self._server.pull_trigger()
            self._woken.set()
            self._thread.join()
            self._thread = None

    @property
    def port(self) -> int:
        return int(self._server.effective_port)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def show(self, stage: Stage, around: Surroundings) -> None:
        self._latest.put(stage, around)

    def _serve(self, sockets: dict[int, Any]) -> None:
        while not self._ending.is_set():
            wasyncore.loop(timeout=30, use_poll=True, map=sockets, count=1)
        self._woken.wait()  # whoever wakes this thread must find it, and its pipe, still there
        self._latest.close()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)

    def _render(self, stage: Stage, around: Surroundings) -> View:
        return view(stage, around, self._language, self._now().local)

    def _now(self) -> Now:
        reading = self._clock.read()
        return Now(reading.wall.astimezone(self._zone()), reading.uptime)

    def _zone(self) -> tzinfo | None:
        """The home's; while no home is known, that of this machine."""
        _, _, around = self._latest.get()
        return self._zone_of(around.house.zone) if around.house else None

    def _touched(self, touch: Touch) -> None:
        self._report(Touched(touch))
