"""Someone who uses the server's pages, over HTTP and with their forms, as a browser does."""

import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_ITEM = re.compile(r'<section[^>]*aria-labelledby="([a-z-]+)".*?</section>', re.DOTALL)
_NAME = re.compile(r'class="guest-name">([^<]+)<')
_TEXT = re.compile(r"<[^>]+>")
SECONDS = 10.0


class Staff:
    """One browser, with its cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def read(self, path: str) -> str:
        """A page's HTML. Raises urllib.error.HTTPError when there is none."""
        return self._open(path)

    def board(self, institution: str) -> dict[str, list[str]]:
        """Who is on a home's board, by section (`on-site`, `possible`)."""
        page = self.read(f"institutions/{institution}/board?lang=en")
        return {
            found.group(1): _NAME.findall(found.group(0))
            for found in _ITEM.finditer(page)
            if found.group(1) in ("on-site", "possible")
        }

    def report_lost(self, card: str) -> None:
        """Fill in the form on the card's page, and send it."""
        path = f"cards/{card}/lost"
        token = _TOKEN.search(self.read(path))
        if token is None:
            raise AssertionError(f"{path} has no form")
        form = urlencode({"csrf_token": token.group(1), "reporter": "chapter"}).encode()
        self._open(path, form)

    def words(self, path: str) -> str:
        """A page without its markup."""
        return " ".join(_TEXT.sub(" ", self.read(path)).split())

    def _open(self, path: str, form: bytes | None = None) -> str:
        url = urljoin(self._url, path)
        request = Request(url, form, {"Referer": url})  # noqa: S310 - our own server's address
        with self._opener.open(request, timeout=SECONDS) as answer:
            return str(answer.read().decode())
