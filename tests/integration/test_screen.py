"""The page's addresses over real HTTP: what they give, to whom, and what they refuse."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from queue import SimpleQueue
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiosk.events import BriefingOpen, Event, Idle, Reading, Surroundings, Touch, Touched
from kiosk.health import Health, Knowledge
from kiosk.outbox import Depth
from kiosk.screen.server import LoopbackScreen
from kiosk.screen.streams import MAX_STREAMS
from presence.briefing import BriefingVersion, Section, SectionKind
from presence.messages import ReaderState
from tests.builders import CARD, KIOSK, house
from tests.fakes.world import SetClock

AROUND = Surroundings(house(), is_connected=True)
SECTIONS = tuple(Section((kind,), str(kind), ("En linje.",)) for kind in list(SectionKind)[:2])
FIRST_PAGE = BriefingOpen(
    BriefingVersion(3), SECTIONS, 0, "nb", "Kari", CARD, timedelta(hours=1), is_unconfirmed=False
)


class Page:
    """A running screen and what it reported."""

    def __init__(self, screen: LoopbackScreen, clock: SetClock) -> None:
        self.screen, self.clock = screen, clock
        self.reported: SimpleQueue[Event] = SimpleQueue()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.screen.port}"

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.screen.port, timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def touch(self, body: object, **headers: str) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        usual = {"Origin": self.origin, "Content_Type": "application/json"}
        return self.request("POST", "/touch", raw, **{**usual, **headers})[0]

    def reports(self) -> list[Event]:
        return [self.reported.get_nowait() for _ in range(self.reported.qsize())]

    @contextmanager
    def stream(self) -> Iterator[Iterator[dict[str, Any] | str]]:
        connection = HTTPConnection("127.0.0.1", self.screen.port, timeout=15)
        with closing(connection):
            connection.request("GET", "/events")
            with closing(connection.getresponse()) as answer:
                yield messages(answer)


def messages(answer: HTTPResponse) -> Iterator[dict[str, Any] | str]:
    """The events of a stream: a view as its fields, anything else by its name."""
    name = ""
    for line in answer:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data:"):
            yield name or json.loads(line[5:])
            name = ""


@pytest.fixture
def page() -> Iterator[Page]:
    clock = SetClock()
    reported: SimpleQueue[Event] = SimpleQueue()
    screen = LoopbackScreen(clock, ZoneInfo, reported.put)
    screen.start()
    made = Page(screen, clock)
    made.reported = reported
    yield made
    screen.stop()


# --- the stream ------------------------------------------------------------------------------


def title(message: dict[str, Any] | str) -> str:
    assert isinstance(message, dict)
    return str(message["title"])


def test_a_page_that_connects_sees_what_is_shown_and_then_every_change(page: Page) -> None:
    page.screen.show(Idle(), AROUND)
    with page.stream() as stream:
        assert title(next(stream)) == "Hold kortet mot leseren"
        page.screen.show(Reading(), AROUND)
        assert title(next(stream)) == "Et øyeblikk"


def test_before_anything_was_shown_the_page_says_one_moment(page: Page) -> None:
    with page.stream() as stream:
        assert title(next(stream)) == "Et øyeblikk"


def test_showing_never_waits_for_a_page_and_a_slow_page_sees_the_latest(page: Page) -> None:
    with page.stream() as stream:
        next(stream)
        for _ in range(10_000):
            page.screen.show(Reading(), AROUND)
        page.screen.show(Idle(), AROUND)
        views = (message for message in stream if isinstance(message, dict))
        assert "Hold kortet mot leseren" in map(title, views)


def test_a_quiet_stream_says_that_it_is_still_there_and_what_time_it_is(page: Page) -> None:
    page.screen.show(Idle(), AROUND)
    page.clock.wall = page.clock.wall.replace(second=59, microsecond=900_000)
    with page.stream() as stream:
        first = next(stream)
        page.clock.forward(timedelta(seconds=30))
        second = next(stream)
        third = next(stream)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["clock"], second["clock"]) == ("10:02", "10:03")
    assert third == "still-here"


def test_the_newest_pages_are_served_and_the_oldest_gives_way(page: Page) -> None:
    with ExitStack() as open_pages:
        streams = [open_pages.enter_context(page.stream()) for _ in range(MAX_STREAMS + 1)]
        assert {title(next(stream)) for stream in streams} == {"Et øyeblikk"}
        page.screen.show(Idle(), AROUND)
        assert list(streams[0]) == []
        assert {title(next(stream)) for stream in streams[1:]} == {"Hold kortet mot leseren"}
        assert page.request("GET", "/healthz")[2] == b'{"pages":%d}\n' % MAX_STREAMS


def test_stopping_ends_the_streams_and_frees_the_port(page: Page) -> None:
    with page.stream() as stream:
        next(stream)
        page.screen.stop()
        assert list(stream) == []
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", page.screen.port))


def test_a_taken_port_is_an_error_at_start(page: Page) -> None:
    second = LoopbackScreen(SetClock(), ZoneInfo, lambda _: None, port=page.screen.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.stop()


# --- touches ---------------------------------------------------------------------------------


def key_of(page: Page) -> str:
    with page.stream() as stream:
        message = next(stream)
    assert isinstance(message, dict)
    return str(message["key"])


def test_a_touch_on_a_button_that_is_there_is_reported(page: Page) -> None:
    page.screen.show(FIRST_PAGE, AROUND)
    assert page.touch({"touch": "next", "key": key_of(page)}) == 204
    assert page.reports() == [Touched(Touch.NEXT)]


def test_two_touches_within_half_a_second_count_once(page: Page) -> None:
    page.screen.show(FIRST_PAGE, AROUND)
    touch = {"touch": "next", "key": key_of(page)}
    assert [page.touch(touch), page.touch(touch)] == [204, 204]
    page.clock.forward(timedelta(seconds=0.5))
    page.touch(touch)
    assert page.reports() == [Touched(Touch.NEXT)] * 2


def test_a_touch_on_another_page_or_a_button_that_is_not_there_is_turned_away(page: Page) -> None:
    page.screen.show(FIRST_PAGE, AROUND)
    key = key_of(page)
    assert page.touch({"touch": "understood", "key": key}) == 409
    page.screen.show(replace(FIRST_PAGE, page=1), AROUND)
    assert page.touch({"touch": "next", "key": key}) == 409
    assert page.reports() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"touch": "next"}',
        b'{"touch": "open_door", "key": "idle"}',
        b'{"touch": "next", "key": "idle", "more": 1}',
        b"[" * 200,
    ],
)
def test_anything_but_a_touch_is_a_bad_request(page: Page, body: bytes) -> None:
    assert page.touch(body) == 400
    assert page.reports() == []


def test_a_touch_is_never_large(page: Page) -> None:
    assert page.touch({"touch": "next", "key": "x" * 400}) == 413


# --- how the kiosk is ------------------------------------------------------------------------


@pytest.fixture
def telling(page: Page) -> Iterator[Page]:
    """A page that tells how its kiosk is."""
    health = Health(
        KIOSK,
        "1.2.3",
        page.clock,
        ["hall"],
        lambda: Depth(2, 1, page.clock.wall),
        lambda: Knowledge(None, (), 0),
        lambda: 2**30,
    )
    screen = LoopbackScreen(page.clock, ZoneInfo, lambda _: None, condition=health.condition)
    screen.start()
    health.reader_is("hall", ReaderState.RECOVERING)
    health.alarm_is(raised=True)
    health.look()
    yield Page(screen, page.clock)
    screen.stop()


def test_a_program_on_this_machine_is_told_how_the_kiosk_is_without_a_name_or_a_code(
    telling: Page,
) -> None:
    telling.screen.show(FIRST_PAGE, AROUND)
    status, headers, body = telling.request("GET", "/health.json")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {
        "program": "1.2.3",
        "uptime_ms": 36_000_000,
        "readers": {"hall": "recovering"},
        "is_connected": False,
        "is_alarm": True,
        "outbox_depth": 2,
        "parked": 1,
    }


def test_how_the_kiosk_is_can_be_read_and_nothing_else(telling: Page) -> None:
    answers = [telling.request(method, "/health.json")[0] for method in ("POST", "PUT", "DELETE")]
    assert answers == [405] * 3
    assert telling.request("GET", "/health.json", Host="evil.example")[0] == 421


# --- who may ---------------------------------------------------------------------------------


def test_another_web_page_cannot_touch(page: Page) -> None:
    page.screen.show(FIRST_PAGE, AROUND)
    touch = {"touch": "next", "key": key_of(page)}
    assert page.touch(touch, Origin="https://evil.example") == 403
    assert page.touch(touch, Origin="null") == 403
    assert page.touch(touch, Origin="") == 403
    assert page.touch(touch, Content_Type="text/plain") == 415
    assert page.reports() == []


@pytest.mark.parametrize("path", ["/", "/events", "/healthz", "/static/page.js"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1"])
def test_a_name_that_was_bent_to_this_machine_gets_nothing(
    page: Page, path: str, host: str
) -> None:
    assert page.request("GET", path, Host=host)[0] == 421


def test_it_listens_on_loopback_only(page: Page) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        # The same port is free on another address of this machine, so it was not taken there.
        other.bind(("127.0.0.2", page.screen.port))


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/page.css", "/nowhere"])
def test_every_answer_carries_the_headers(page: Page, path: str) -> None:
    _, headers, _ = page.request("GET", path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_only_named_origins_may_frame_it() -> None:
    desk = "http://127.0.0.1:8000"
    screen = LoopbackScreen(SetClock(), ZoneInfo, lambda _: None, frame_ancestors=[desk])
    screen.start()
    try:
        _, headers, _ = Page(screen, SetClock()).request("GET", "/")
    finally:
        screen.stop()
    assert f"frame-ancestors {desk}" in headers["Content-Security-Policy"]


def test_the_page_asks_nobody_else_for_anything(page: Page) -> None:
    for path in ("/", "/static/page.css", "/static/page.js"):
        status, _, body = page.request("GET", path)
        assert status == 200
        assert b"https://" not in body
        assert b"http://" not in body
