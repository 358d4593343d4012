"""A chapter's register of volunteers as a file: CSV in UTF-8, read with all its faults at once.

What stands in a cell is never repeated in a fault: it is about people, and faults end in logs.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from presence.settings import Fault, SettingsError
from server import sheets
from server.people import names

COLUMNS = ("first_name", "last_name", "birth_date", "language", "chapter", "member_since")
OPTIONAL = ("card_from",)
LANGUAGES = ("nb", "sv", "da", "en")
_FIRST_BIRTH = date(1900, 1, 1)
_LONG_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE = "must be a date such as 1958-05-17"


class RegisterError(SettingsError):
    """A register that cannot be taken over; nothing of it was. Its text is one line for each
    fault: `volunteers.csv:7: birth_date: must be a date such as 1958-05-17`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One volunteer of a register, as far as the file alone can tell."""

    line: int
    first_name: str
    last_name: str
    birth_date: date
    language: str
    chapter: str
    """Its id or its name."""
    member_since: date
    card_from: date | None
    """First day of a card to be issued; None: none yet."""

    @property
    def who(self) -> tuple[str, str, date]:
        """The same for two entries of one person."""
        return names.plain(self.first_name), names.plain(self.last_name), self.birth_date

    def __repr__(self) -> str:
        return f"Entry(line={self.line})"


@dataclass(frozen=True, slots=True)
class Register:
    """What was read: the entries that are right by themselves, and what is wrong with others."""

    entries: Sequence[Entry]
    faults: Sequence[Fault]


def read(raw: bytes, today: date) -> Register:
    """The register in a file's bytes."""
    faults: list[Fault] = []
    entries = [
        entry
        for line, cells in sheets.rows(raw, sheets.Columns(COLUMNS, OPTIONAL), faults)
        if (entry := _entry(line, cells, today, faults)) is not None
    ]
    if not entries and not faults:
        faults.append(Fault(None, "", "holds no volunteers"))
    return Register(entries, faults)


T = TypeVar("T")


class _CellError(ValueError):
    """A cell that cannot be; the message says what must be."""


def _entry(line: int, cells: Mapping[str, str], today: date, faults: list[Fault]) -> Entry | None:
    before = len(faults)

    def read_cell(column: str, reader: Callable[[str], T], stand_in: T) -> T:
        try:
            return reader(unicodedata.normalize("NFC", cells.get(column, "").strip()))
        except _CellError as wrong:
            faults.append(Fault(line, column, str(wrong)))
            return stand_in

    entry = Entry(
        line,
        read_cell("first_name", _name, ""),
        read_cell("last_name", _name, ""),
        read_cell("birth_date", lambda text: _day(text, _FIRST_BIRTH, today), _FIRST_BIRTH),
        read_cell("language", _language, ""),
        read_cell("chapter", _chapter, ""),
        read_cell("member_since", lambda text: _day(text, _FIRST_BIRTH, today), today),
        read_cell("card_from", lambda text: _day(text) if text else None, None),
    )
    faults += _contradictions(entry) if len(faults) == before else ()
    return entry if len(faults) == before else None


def _contradictions(entry: Entry) -> Iterator[Fault]:
    if entry.member_since <= entry.birth_date:
        yield Fault(entry.line, "member_since", "must be after birth_date")
    if entry.card_from is not None and entry.card_from < entry.member_since:
        yield Fault(entry.line, "card_from", "must not be before member_since")


def _name(text: str) -> str:
    if not names.is_name(text):
        raise _CellError(names.RULE)
    return text


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise _CellError(f"must be one of: {', '.join(LANGUAGES)}")
    return text


def _chapter(text: str) -> str:
    if not text:
        raise _CellError("must be the name or the id of a chapter")
    return text


def _day(text: str, first: date = date(2000, 1, 1), last: date = date(2100, 1, 1)) -> date:
    """ISO 8601, in its long form only."""
    try:
        day = date.fromisoformat(text if _LONG_FORM.fullmatch(text) else "")
    except ValueError as error:
        raise _CellError(_DATE) from error
    if not first <= day <= last:
        raise _CellError(f"must be a day from {first} to {last}")
    return day
