"""Someone who uses the server's pages, over HTTP and with their forms, as a browser does."""

import re
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_ITEM = re.compile(r'<section[^>]*aria-labelledby="([a-z-]+)".*?</section>', re.DOTALL)
_GUEST = re.compile(r'<li class="guest"[^>]*>.*?</li>', re.DOTALL)
_NAME = re.compile(r'class="guest-name">([^<]+)<')
_ANSWER = re.compile(r'href="([^"]+/answer)')
_TEXT = re.compile(r"<[^>]+>")
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Guest:
    """One line of a home's board: in which section it stands, all that it says, and the page where
    staff answer (empty: there is nothing to answer)."""

    name: str
    section: str = ""
    words: str = ""
    answer: str = ""


class Staff:
    """One browser, with its cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def read(self, path: str) -> str:
        """A page's HTML. Raises urllib.error.HTTPError when there is none."""
        return self._open(path)

    def guests(self, institution: str) -> list[Guest]:
        """Everybody on a home's board."""
        page = self.read(_board(institution))
        return [
            Guest(name.group(1), section.group(1), _words(line), _link(line))
            for section in _ITEM.finditer(page)
            for line in _GUEST.findall(section.group(0))
            if (name := _NAME.search(line))
        ]

    def guest(self, institution: str, name: str) -> Guest:
        """Somebody's line on a home's board; one with nothing in it where there is none."""
        found = (guest for guest in self.guests(institution) if guest.name == name)
        return next(found, Guest(name))

    def board(self, institution: str) -> dict[str, list[str]]:
        """Who is on a home's board, by section (`on-site`, `possible`, `out`)."""
        found: dict[str, list[str]] = {"on-site": [], "possible": [], "out": []}
        for guest in self.guests(institution):
            found.setdefault(guest.section, []).append(guest.name)
        return found

    def board_words(self, institution: str) -> str:
        """All that a home's board says."""
        return self.words(_board(institution))

    def report_lost(self, card: str) -> None:
        """Fill in the form on the card's page, and send it."""
        self._fill_in(f"cards/{card}/lost", reporter="chapter")

    def answer(self, institution: str, name: str, **answers: str) -> None:
        """Follow the link in somebody's line on the board, fill in the form there, and send it."""
        self._fill_in(self.guest(institution, name).answer, **answers)

    def words(self, path: str) -> str:
        """A page without its markup."""
        return _words(self.read(path))

    def _fill_in(self, path: str, **answers: str) -> None:
        token = _TOKEN.search(self.read(path))
        if token is None:
            raise AssertionError(f"{path} has no form")
        self._open(path, urlencode({"csrf_token": token.group(1), **answers}).encode())

    def _open(self, path: str, form: bytes | None = None) -> str:
        url = urljoin(self._url, path)
        request = Request(url, form, {"Referer": url})  # noqa: S310 - our own server's address
        with self._opener.open(request, timeout=SECONDS) as answer:
            return str(answer.read().decode())


def _board(institution: str) -> str:
    return f"institutions/{institution}/board?lang=en"


def _words(html: str) -> str:
    return " ".join(_TEXT.sub(" ", html).split())


def _link(line: str) -> str:
    found = _ANSWER.search(line)
    return found.group(1).lstrip("/") if found else ""
