"""The words of the pages: no gaps, dates that nobody misreads, a code that reads back."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import qrcode
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale

from presence.activity import Activity
from presence.reason import Reason
from presence.roster import CardState
from presence.visit import Doubt, VisitState
from server import words
from server.cards.picture import card_picture
from server.cards.queries import Reporter, Validity
from server.notices.models import AlertKind

ROOT = Path(__file__).parents[2]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
OSLO = ZoneInfo("Europe/Oslo")
SHOWN = (CardState, Validity, VisitState, Doubt, AlertKind, Reason, Reporter, Activity)


def _wanted() -> set[str | tuple[str, ...]]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT / "server", methods, options, KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found if message}


def _catalogue(language: str) -> Catalog:
    path = ROOT / "server" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_sentence_is_translated_and_no_translation_is_left_over(language: str) -> None:
    catalogue = _catalogue(language)
    assert {message.id for message in catalogue if message.id} == _wanted()
    assert [message.id for message in catalogue if message.id and not _is_whole(message)] == []
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []


def _is_whole(message: Message) -> bool:
    if isinstance(message.string, str):
        return bool(message.string)
    return all(message.string or [""])


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_translation_names_the_same_things(language: str) -> None:
    faults = [error for message in _catalogue(language) for error in message.check()]
    assert faults == []


@pytest.fixture
def app() -> Flask:
    found = Flask("server", root_path=str(ROOT / "server"))
    Babel(found, default_translation_directories=str(ROOT / "server" / "translations"))
    return found


@pytest.mark.parametrize("kind", SHOWN)
def test_whatever_a_page_may_show_has_words(app: Flask, kind: type[StrEnum]) -> None:
    for language in ("nb", "en"):
        with app.app_context(), force_locale(language):
            for member in kind:
                shown = str(words.words_for(member))
                assert shown
                assert shown != member.value


@pytest.mark.parametrize(
    ("at", "norwegian", "english"),
    [
        (datetime(2026, 11, 24, 9, 5, tzinfo=UTC), "10:05", "10:05"),
        (datetime(2026, 11, 23, 23, 5, tzinfo=UTC), "00:05", "00:05"),
        (datetime(2026, 11, 23, 9, 5, tzinfo=UTC), "i går 10:05", "yesterday 10:05"),
        (datetime(2026, 1, 3, 22, 0, tzinfo=UTC), "3. januar 23:00", "3 January 23:00"),
        (datetime(2025, 7, 3, 22, 0, tzinfo=UTC), "4. juli 2025 00:00", "4 July 2025 00:00"),
    ],
)
def test_times_are_written_out_by_the_homes_clock(
    app: Flask, at: datetime, norwegian: str, english: str
) -> None:
    now = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    for language, expected in (("nb", norwegian), ("en", english)):
        with app.app_context(), force_locale(language):
            assert words.moment(at, OSLO, now) == expected


def test_the_picture_of_a_code_holds_exactly_its_modules() -> None:
    code = "TS1:" + "AB7$*+-./: 9" * 14
    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    symbol.add_data(code)
    symbol.make(fit=True)
    dark = {
        (x, y)
        for y, row in enumerate(symbol.get_matrix())
        for x, is_dark in enumerate(row)
        if is_dark
    }
    bars = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", card_picture(code))
    drawn = {
        (int(x) - 4 + step, int(y) - 4) for x, y, width, _back in bars for step in range(int(width))
    }
    assert symbol.version == 7
    assert drawn == dark
    assert all(width == back for _x, _y, width, back in bars)


def test_a_sample_carries_its_word_and_a_real_card_does_not() -> None:
    assert ">PRØVE</text>" in card_picture("TS1:A", "PRØVE")
    assert "<text" not in card_picture("TS1:A")
