"""What every view asks for: a session, the time, the card key, the open boards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app, g, request
from sqlalchemy.orm import Session

from presence.trust import SigningKey
from server import db
from server.live import Live

ZONE = ZoneInfo("Europe/Oslo")
"""For what belongs to no home."""
MOST_PAGES = 100_000
EXTENSION = "tilstede"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages are given to work with."""

    engine: sa.Engine
    now: Callable[[], datetime]
    card_key: SigningKey
    live: Live


def _parts() -> Parts:
    parts: Parts = current_app.extensions[EXTENSION]
    return parts


def now() -> datetime:
    return _parts().now()


def card_key() -> SigningKey:
    return _parts().card_key


def live() -> Live:
    return _parts().live


def session() -> Session:
    """The request's session for reading."""
    if "session" not in g:
        g.session = db.reading(_parts().engine)
    found: Session = g.session
    return found


@contextmanager
def fresh_session() -> Iterator[None]:
    """Within it `session()` is a new one, that is closed afterwards: for a response that lasts."""
    close_session()
    try:
        yield
    finally:
        close_session()


@contextmanager
def writing() -> Iterator[Session]:
    """A session that writes, committed at the end."""
    close_session()  # one connection at a time
    with db.writing(_parts().engine) as writer, writer.begin():
        yield writer


def close_session(_error: BaseException | None = None) -> None:
    opened: Session | None = g.pop("session", None)
    if opened is not None:
        opened.close()


def today() -> date:
    return now().astimezone(ZONE).date()


def page_number() -> int:
    """Which page of a list is asked for; the first, where that makes no sense."""
    text = request.args.get("page", "")
    return min(int(text), MOST_PAGES) if text.isdecimal() and len(text) < 9 else 1


def is_fragment() -> bool:
    """htmx asks for a part of a page (and not for a whole one, out of its history)."""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers
