"""Someone who looks at a kiosk's screen and touches it: over HTTP, as its browser does."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

View = dict[str, Any]
PATIENCE = 20.0


class NotSeenError(AssertionError):
    """What should have been on the screen did not come; says what was there instead."""


class Eyes:
    """Follows the screen's stream of views from the moment it is opened."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._changed = threading.Condition()
        self._views: list[View] = []
        self._connection = http.client.HTTPConnection(self._address.netloc, timeout=30)
        self._connection.connect()
        self._socket = self._connection.sock
        self._connection.request("GET", "/events")
        self._answer = self._connection.getresponse()
        self._thread = threading.Thread(target=self._follow, name="eyes", daemon=True)
        self._thread.start()

    @property
    def seen(self) -> int:
        """How many views have been seen so far: a mark to look on from."""
        with self._changed:
            return len(self._views)

    def wait_for(
        self,
        wanted: Callable[[View], bool],
        what: str,
        since: int = 0,
        seconds: float = PATIENCE,
    ) -> View:
        """The first view from number `since` on that is `wanted`. Raises NotSeenError."""

        def found() -> View | None:
            return next((view for view in self._views[since:] if wanted(view)), None)

        with self._changed:
            view = self._changed.wait_for(found, seconds)
            if view is None:
                titles = [said(one) for one in self._views[since:]]
                raise NotSeenError(f"no {what} on the screen; it showed {titles}")
        return view

    def views_since(self, mark: int) -> list[View]:
        """What has been seen since then."""
        with self._changed:
            return self._views[mark:]

    @property
    def now(self) -> View:
        """What the screen shows."""
        with self._changed:
            if not self._views:
                raise NotSeenError("the screen has shown nothing yet")
            return self._views[-1]

    def touch(self, touch: str) -> None:
        """Touch a button of what is shown. Raises NotSeenError when it is not there."""
        body = json.dumps({"touch": touch, "key": self.now["key"]})
        connection = http.client.HTTPConnection(self._address.netloc, timeout=10)
        origin = f"http://{self._address.netloc}"
        headers = {"Content-Type": "application/json", "Origin": origin}
        connection.request("POST", "/touch", body, headers)
        status = connection.getresponse().status
        connection.close()
        if status != 204:
            raise NotSeenError(f"{touch!r} cannot be touched on {said(self.now)!r}: {status}")

    def close(self) -> None:
        """Look away. May be called twice."""
        # A stream that is being read cannot be closed before something comes, unless it is ended.
        with contextlib.suppress(OSError):  # the other end was quicker
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._answer.close()
        self._connection.close()

    def _follow(self) -> None:
        try:
            for line in self._answer:
                if line.startswith(b"data: "):
                    with self._changed:
                        self._views.append(json.loads(line.removeprefix(b"data: ")))
                        self._changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            # The kiosk has lost its power, or we look away: there is nothing more to see.
            return


def said(view: View) -> str:
    """A view in one line: its title, its lines and its small signs."""
    return " · ".join([view["title"], *view["lines"], *(f"[{sign}]" for sign in view["signs"])])
