"""The page and its three addresses: itself, the stream of what it shows, and where touches go.

Two more tell how the kiosk is, for those who look after it. Only the page itself and programs on
this machine may use them. It listens on loopback, but any web page that this machine's browser
might open can reach that too: a wrong Host (DNS rebinding) or a foreign Origin is turned away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from flask import Flask, Response, abort, request
from msgspec import Struct

from kiosk.events import Stage, Surroundings, Touch
from kiosk.screen.latest import Latest
from kiosk.screen.streams import Streams
from kiosk.screen.view import View

SILENCE = timedelta(seconds=10)
"""A stream is never silent for longer: so the page, and we, learn that the other end is gone."""
DOUBLE_TOUCH = timedelta(seconds=0.5)
MAX_BODY = 300
_ENCODER = msgspec.json.Encoder()
_STILL_HERE = b"event: still-here\ndata:\n\n"

Render = Callable[[Stage, Surroundings], View]


class Touching(Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends: the touch, and on which view it was made."""

    touch: Touch
    key: str


class Now(Struct, frozen=True):
    """The time at the home, and the kiosk's uptime."""

    local: datetime
    uptime: timedelta


def create_page(
    latest: Latest,
    render: Render,
    now: Callable[[], Now],
    touched: Callable[[Touch], None],
    frame_ancestors: Sequence[str] = (),
    condition: Callable[[], Struct] | None = None,
) -> Flask:
    """The application. `render` gives a stage's view at this moment, `touched` is told each touch
    that counts, `frame_ancestors` are the origins whose pages may frame this one, `condition` says
    how the kiosk is, without a name or a code; it may be called from any thread."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    streams = Streams()
    touches = Touches(latest, render, now, touched)
    _keep_to_ourselves(app, _headers(frame_ancestors))

    @app.get("/")
    def page() -> Response:
        return app.send_static_file("page.html")

    @app.get("/events")
    def events() -> Response:
        return Response(_stream(latest, render, now, streams), mimetype="text/event-stream")

    @app.post("/touch")
    def touch() -> tuple[str, int]:
        return "", 204 if touches.take(_touching()) else 409

    @app.get("/healthz")
    def health() -> dict[str, int]:
        return {"pages": len(streams)}

    if condition is not None:
        app.add_url_rule("/health.json", view_func=lambda: _json(condition()))

    return app


def _json(what: Struct) -> Response:
    return Response(_ENCODER.encode(what), mimetype="application/json")


def _keep_to_ourselves(app: Flask, headers: Mapping[str, str]) -> None:
    @app.before_request
    def only_this_machine() -> None:
        port = request.environ["SERVER_PORT"]
        if request.host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            abort(421)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(headers)
        return response


def _touching() -> Touching:
    """The request as a touch. Aborts on anything that our own page would not send."""
    if request.headers.get("Origin") != f"http://{request.host}":
        abort(403)
    if request.mimetype != "application/json":
        abort(415)
    try:
        return msgspec.json.decode(request.get_data(), type=Touching)
    except (msgspec.DecodeError, UnicodeDecodeError):
        abort(400)


class Touches:
    """Passes on the touches that count: on a button that is there, and once."""

    def __init__(
        self,
        latest: Latest,
        render: Render,
        now: Callable[[], Now],
        touched: Callable[[Touch], None],
    ) -> None:
        self._latest, self._render = latest, render
        self._now, self._touched = now, touched
        self._last: timedelta | None = None

    def take(self, touching: Touching) -> bool:
        """False: what was touched is not there (any more)."""
        _, stage, around = self._latest.get()
        shown = self._render(stage, around)
        if touching.key != shown.key:
            return False
        if touching.touch not in [button.touch for button in shown.buttons]:
            return False
        uptime = self._now().uptime
        if self._last is None or uptime - self._last >= DOUBLE_TOUCH:
            self._touched(touching.touch)
            self._last = uptime
        return True


def _stream(
    latest: Latest, render: Render, now: Callable[[], Now], streams: Streams
) -> Iterator[bytes]:
    """Server-sent events: the view now, and again whenever it changes (the clock does, too)."""
    with streams.open() as stream:
        sent = b""
        while not latest.is_closed and stream.is_wanted:
            number, stage, around = latest.get()
            shown = _ENCODER.encode(render(stage, around))
            yield _STILL_HERE if shown == sent else b"data: " + shown + b"\n\n"
            sent = shown
            local = now().local
            to_next_minute = timedelta(seconds=60 - local.second, microseconds=-local.microsecond)
            latest.wait(number, min(SILENCE, to_next_minute).total_seconds())


def _headers(frame_ancestors: Sequence[str]) -> dict[str, str]:
    ancestors = " ".join(frame_ancestors) or "'none'"
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
            f" frame-ancestors {ancestors}"
        ),
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
