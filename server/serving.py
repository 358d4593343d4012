"""The web server: waitress on a thread of its own, which can be stopped from outside."""

import socket
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

_TURN_SECONDS = 0.2
_LAST_SECONDS = 1


class WebServer:
    """Serves an app. The address is taken when this is made, and served from `start` on."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        """Port 0 takes a free one. Raises OSError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self.port = int(self._socket.getsockname()[1])
        self._connections: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._connections,
            sockets=[self._socket],
            threads=threads,
            ident="tilstede",
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Close every connection and wait for the threads. May be called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        # waitress' own loop has no end from outside.
        while not self._stopping.is_set():
            wasyncore.loop(_TURN_SECONDS, use_poll=True, map=self._connections, count=1)
        for connection in list(self._connections.values()):
            connection.close()
        self._server.task_dispatcher.shutdown(timeout=_LAST_SECONDS)
