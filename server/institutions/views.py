"""The start page, and the on-site board of a home, which keeps itself up to date."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from flask import Blueprint, Response, abort, render_template, request, stream_with_context
from werkzeug.wrappers import Response as BaseResponse

from presence.ids import InstitutionId
from server import web
from server.institutions import queries
from server.institutions.board import Board
from server.live import TooManyWatchesError
from server.notices.queries import of_home

MESSAGES_STAY = timedelta(hours=24)
"""So long a message to the home stands on its board."""

blueprint = Blueprint("institutions", __name__)


@blueprint.get("/")
def start() -> str:
    boards = queries.boards(web.session(), web.now())
    return render_template("institutions/start.html", boards=boards)


@blueprint.get("/institutions/<institution>/board")
def board(institution: str) -> str:
    found = _board(institution)
    return render_template("institutions/board.html", board=found, list=_list(found)[1])


@blueprint.get("/institutions/<institution>/board/list")
def board_list(institution: str) -> str:
    """The list alone, for a page that cannot have the stream."""
    return _list(_board(institution))[1]


@blueprint.get("/institutions/<institution>/board/events")
def board_events(institution: str) -> BaseResponse:
    """The list whenever it changes, as server-sent events. The id of an event says what the list
    held, so that a page that comes back gets it again only where it differs."""
    _board(institution)
    try:
        watch = web.live().watch(InstitutionId(institution))
    except TooManyWatchesError:
        return Response(status=503, headers={"Retry-After": "120"})

    def events() -> Iterator[str]:
        known = request.headers.get("Last-Event-ID")
        while True:
            with web.fresh_session():
                found = _board(institution)
                version, text = _list(found)
            if version == known:
                yield f": alive\nevent: alive\ndata: {found.now.isoformat()}\n\n"
            else:
                lines = "".join(f"data: {line}\n" for line in text.splitlines())
                yield f"id: {version}\nevent: board\n{lines}\n"
            known = version
            watch.wait()

    stream = Response(stream_with_context(events()), mimetype="text/event-stream")
    stream.headers["X-Accel-Buffering"] = "no"  # a proxy in between must not hold events back
    stream.call_on_close(watch.close)
    return stream


def _board(institution: str) -> Board:
    found = queries.board(web.session(), InstitutionId(institution), web.now())
    if found is None:
        abort(404)
    return found


def _list(board: Board) -> tuple[str, str]:
    """What identifies the list's content, and the list."""
    home, since = board.facts.house.institution, board.now - MESSAGES_STAY
    messages = of_home(web.session(), home, since)
    inner = render_template("institutions/_list.html", board=board, messages=messages)
    version = sha256(inner.encode()).hexdigest()[:16]
    return version, render_template("institutions/_dated.html", board=board, inner=inner)
