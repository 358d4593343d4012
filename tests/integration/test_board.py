"""The live board over HTTP: it follows what is committed, and says how sure it is."""

import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from presence.reason import Reason
from tests.integration.pages_stand import NOW, Prepared, Site, site

BOARD = "/institutions/solbakken/board"
EVENTS = f"{BOARD}/events?lang=nb"
_PAUSE = threading.Event()


@pytest.fixture
def story(prepared: Prepared) -> Iterator[Site]:
    with site(prepared, boards=2, alive_seconds=0.3) as found:
        yield found


@dataclass
class Event:
    kind: str
    id: str
    data: str

    @property
    def names(self) -> list[str]:
        return _names(self.data)


def _names(text: str) -> list[str]:
    return re.findall(r'class="guest-name">([^<]+)<', text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(count) for count in re.findall(r'class="count[^"]*"><b>(\d+)</b>', text))


class Stream:
    """A browser's side of server-sent events."""

    def __init__(self, address: str, last: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        headers = {} if last is None else {"Last-Event-ID": last}
        self._connection.request("GET", EVENTS, headers=headers)
        self.answer = self._connection.getresponse()

    def next(self) -> Event:
        """Raises EOFError when the server has ended the stream."""
        fields: dict[str, list[str]] = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            fields.setdefault(name.rstrip(":"), []).append(value)
        return Event(fields["event"][0], fields.get("id", [""])[0], "\n".join(fields["data"]))

    def board(self) -> Event:
        """The next list; signs of life come whenever the server has been quiet."""
        while (event := self.next()).kind != "board":
            pass
        return event

    def _line(self) -> str:
        raw = self.answer.readline()
        if not raw:
            raise EOFError("the stream has ended")
        return raw.decode().rstrip("\n")

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def address(story: Site) -> Iterator[str]:
    with story.served() as found:
        yield found


def test_an_arrival_and_a_departure_appear_by_themselves(story: Site, address: str) -> None:
    stream = Stream(address)
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    assert stream.answer.headers["Cache-Control"] == "no-store"
    assert stream.board().names == []
    story.arrive("bjorn")
    arrived = stream.board()
    assert (arrived.names, _counts(arrived.data)) == (["Bjørn E."], (1, 0))
    story.clock.advance(hours=1)
    story.keep(story.pen.left(story.ref("bjorn"), story.clock()))
    assert stream.board().names == []
    stream.close()


def test_every_open_board_of_the_home_is_told(story: Site, address: str) -> None:
    streams = [Stream(address), Stream(address)]
    assert [stream.board().names for stream in streams] == [[], []]
    story.arrive("bjorn")
    assert [stream.board().names for stream in streams] == [["Bjørn E."], ["Bjørn E."]]
    for stream in streams:
        stream.close()


def test_a_page_that_comes_back_gets_the_list_only_if_it_has_changed(
    story: Site, address: str
) -> None:
    stream = Stream(address)
    first = stream.board()
    stream.close()
    again = Stream(address, last=first.id)
    assert again.next() == Event("alive", "", NOW.isoformat())
    again.close()
    _wait_until_free(story)
    story.arrive("bjorn")
    changed = Stream(address, last=first.id)
    assert changed.board().names == ["Bjørn E."]
    changed.close()


def test_beyond_the_limit_a_page_is_told_to_fetch_the_list_instead(
    story: Site, address: str
) -> None:
    streams = [Stream(address), Stream(address)]
    for stream in streams:
        stream.next()
    refused = Stream(address)
    assert (refused.answer.status, refused.answer.headers["Retry-After"]) == (503, "120")
    story.arrive("bjorn")
    listed = story.app.test_client().get(f"{BOARD}/list")
    assert _names(listed.text) == ["Bjørn E."]
    for stream in [*streams, refused]:
        stream.close()


def test_a_closed_board_makes_room_for_another(story: Site, address: str) -> None:
    for _ in range(6):
        stream = Stream(address)
        assert stream.answer.status in {200, 503}
        if stream.answer.status == 200:
            stream.next()
        stream.close()
    _wait_until_free(story)
    last = Stream(address)
    assert last.board().names == []
    last.close()


def test_a_sign_of_life_carries_the_servers_time(story: Site, address: str) -> None:
    stream = Stream(address)
    stream.next()
    story.clock.advance(seconds=7)
    times = [stream.next() for _ in range(3)]
    stream.close()
    assert {event.kind for event in times} == {"alive"}
    assert datetime.fromisoformat(times[-1].data) == NOW + timedelta(seconds=7)


def test_no_board_is_called_alive_once_the_database_cannot_be_read(
    story: Site, address: str
) -> None:
    stream = Stream(address)
    stream.next()
    with story.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE standings RENAME TO gone")
    with pytest.raises(EOFError):
        _read_to_the_end(stream)
    stream.close()


def test_the_reason_of_a_refusal_is_on_no_board(story: Site) -> None:
    client = story.app.test_client()
    seen = set()
    for reason in (Reason.CARD_BLOCKED, Reason.EXPIRED, Reason.PAUSED, Reason.COURSE_MISSING):
        story.clock.advance(minutes=1)
        story.keep(story.pen.refused(story.ref("hassan"), story.clock(), reason))
        text = client.get(BOARD, headers={"Accept-Language": "nb"}).text
        assert _counts(text) == (0, 1)
        assert _names(text) == ["Hassan W."]
        assert "Bedt om å snakke med personalet" in text
        seen.add(re.sub(r"attempts/\S+|\d\d:\d\d|datetime=\S+|\S+T\S+|\d{2}", "", text))
    assert len(seen) == 1


def test_who_comes_in_after_a_refusal_is_counted_once(story: Site) -> None:
    story.keep(story.pen.refused(story.ref("gunn"), story.clock(), Reason.EXPIRED))
    story.clock.advance(minutes=5)
    story.arrive("gunn")
    text = story.app.test_client().get(BOARD).text
    assert (_counts(text), _names(text)) == ((1, 0), ["Gunn S."])


def test_a_board_whose_kiosk_is_silent_says_since_when(story: Site) -> None:
    client = story.app.test_client()
    assert "aldri i kontakt" in client.get(BOARD).text
    story.hear()
    assert "uten kontakt" not in client.get(BOARD).text
    story.clock.advance(minutes=4)
    assert "En kiosk har vært uten kontakt siden 11:30." in client.get(BOARD).text


def test_a_board_says_that_it_counts_volunteers_only(story: Site) -> None:
    client = story.app.test_client()
    assert "Teller bare frivillige." in client.get(BOARD).text
    assert "Counts volunteers only." in client.get(f"{BOARD}?lang=en").text


def test_who_has_not_read_the_briefing_is_marked(story: Site) -> None:
    story.arrive("astrid")
    story.arrive("eli")
    story.arrive("bjorn")
    text = story.app.test_client().get(BOARD).text
    assert text.count("Orientering ikke lest") == 2
    assert text.count("Orientering lest") == 1


def _read_to_the_end(stream: Stream) -> None:
    while True:
        assert stream.next().kind == "alive"


def _wait_until_free(story: Site) -> None:
    for _ in range(400):
        if len(story.live) == 0:
            return
        _PAUSE.wait(0.01)
    raise AssertionError("closed boards are still counted")
