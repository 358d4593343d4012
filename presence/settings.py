"""Reading a configuration text, so that every fault is told at once, each with its line.

Whoever mends a configuration should not have to start a program five times to learn of five
faults. The texts are TOML; a key is named with its table, such as `web.port` or `reader[1].device`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from presence.errors import PresenceError

_PART = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_PATH = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_HEADER = re.compile(rf"\s*(\[\[?)\s*{_PATH}\s*\]")
_KEY = re.compile(rf"\s*{_PATH}\s*=")
_INDEX = re.compile(r"\[\d+\]$")
_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


class Fault(Struct, frozen=True):
    """One thing that is wrong. `line` is None where it stands in no line: something is missing.
    `key` is empty where it is about the text as a whole."""

    line: int | None
    key: str
    what: str


class SettingsError(PresenceError, ValueError):
    """A configuration that cannot be used. Its text is one line for each fault, in the order of
    the lines: `kiosk.toml:7: server.port: must be a whole number from 1 to 65535`."""

    def __init__(self, where: str, faults: Iterable[Fault]) -> None:
        """`where` is what the configuration is called: the path of its file."""
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.key)))
        super().__init__("\n".join(_told(where, fault) for fault in self.faults))


class Table:
    """One table of a text. Whatever is asked of it and is not as it should be becomes a fault, and
    a stand-in is given, so that reading goes on to the next fault. Of each key only the first
    fault is told."""

    def __init__(
        self,
        content: Mapping[str, Any],
        path: str,
        lines: Mapping[str, int],
        faults: dict[str, Fault],
    ) -> None:
        self._content, self._name, self._lines, self._faults = content, path, lines, faults
        self._asked: list[str] = []
        self._parts: dict[str, Table] = {}

    def text(
        self,
        key: str,
        default: str | None = None,
        *,
        choices: Sequence[str] = (),
        pattern: str = "",
        must_be: str = "",
    ) -> str:
        """One of `choices` or all of `pattern`, where those are given; `must_be` says the pattern
        in words. It may be empty only where the default is; without a default it must be there."""
        value = self._ask(key, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(key, "must be a text in quotes")
            return ""
        if not value:
            if default != "":
                self.fault(key, "must not be empty")
        elif choices and value not in choices:
            self.fault(key, f"unknown {value!r}; choose one of: {', '.join(choices)}")
        elif pattern and not re.fullmatch(pattern, value):
            self.fault(key, f"must be {must_be}")
        return value

    def whole(self, key: str, lowest: int, highest: int, default: int | None = None) -> int:
        """A whole number from `lowest` to `highest`; without a default it must be there."""
        value = self._ask(key, default)
        if not _is_whole(value, lowest, highest):
            self.fault(key, f"must be a whole number from {lowest} to {highest}")
            return lowest if default is None else default
        return int(value)

    def maybe_whole(self, key: str, lowest: int, highest: int) -> int | None:
        """A whole number from `lowest` to `highest`; None where the key is missing."""
        if key not in self._content:
            self._asked.append(key)
            return None
        return self.whole(key, lowest, highest)

    def wholes(
        self, key: str, lowest: int, highest: int, default: Sequence[int] = ()
    ) -> tuple[int, ...]:
        """A list of whole numbers from `lowest` to `highest`."""
        value = self._ask(key, list(default))
        if not isinstance(value, list) or not all(_is_whole(one, lowest, highest) for one in value):
            self.fault(key, f"must be a list of whole numbers from {lowest} to {highest}")
            return tuple(default)
        return tuple(value)

    def boolean(self, key: str, default: bool | None = None) -> bool:
        """Without a default it must be there."""
        value = self._ask(key, default)
        if not isinstance(value, bool):
            self.fault(key, "must be true or false")
            return bool(default)
        return value

    def day(self, key: str, *, is_needed: bool = False) -> date | None:
        """A day such as 2027-01-31; None where the key is missing."""
        value = self._ask(key, None if is_needed else "")
        # A datetime is a date to Python; a day has no hours.
        if type(value) is date:
            return value
        if key in self._content:
            self.fault(key, "must be a day such as 2027-01-31, without quotes")
        return None

    def clock(self, key: str, default: time) -> time:
        """A time of day such as 22:00:00."""
        value = self._ask(key, default)
        if not isinstance(value, time):
            self.fault(key, "must be a time of day such as 22:00:00, without quotes")
            return default
        return value

    def texts(
        self, key: str, default: Sequence[str] | None = (), *, choices: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """A list of texts, each one of `choices`, where those are given; without a default (None)
        it must be there."""
        value = self._ask(key, None if default is None else list(default))
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(key, "must be a list of texts in quotes")
            return ()
        unknown = next((item for item in value if choices and item not in choices), None)
        if unknown is not None:
            self.fault(key, f"unknown {unknown!r}; choose from: {', '.join(choices)}")
            return ()
        return tuple(value)

    def table(self, key: str) -> "Table":
        """The table of that name; an empty one where it is missing."""
        value = self._ask(key, {})
        if not isinstance(value, dict):
            self.fault(key, f"must be a table: [{key}]")
            value = {}
        return self._part(value, key)

    def tables(self, key: str) -> "list[Table]":
        """Every table of an array of tables; none where it is missing."""
        value = self._ask(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(key, f"must be one table for each: [[{key}]]")
            return []
        return [self._part(item, f"{key}[{number}]") for number, item in enumerate(value)]

    def path(self, key: str) -> str:
        """What a key of this table is called in the whole text, such as `reader[1].device`."""
        return _joined(self._name, key)

    def fault(self, key: str, what: str) -> None:
        """Note what else is wrong with a key of this table, for `Settings.finish` to tell."""
        path = self.path(key)
        self._faults.setdefault(path, Fault(self._line(path), path, what))

    def is_sound(self, *keys: str) -> bool:
        """None of these keys has a fault so far: what they say may be compared."""
        return all(self.path(key) not in self._faults for key in keys)

    def note_unknown(self) -> None:
        """Whatever nobody asked for is a fault, here and below; most likely a slip of the pen."""
        for key in self._content:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                self.fault(key, f"unknown key{hint}")
        for part in self._parts.values():
            part.note_unknown()

    def _ask(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        if key in self._content:
            return self._content[key]
        if default is None:
            self.fault(key, "is missing")
        return default

    def _part(self, content: Mapping[str, Any], key: str) -> "Table":
        if key not in self._parts:
            path = _joined(self._name, key)
            self._parts[key] = Table(content, path, self._lines, self._faults)
        return self._parts[key]

    def _line(self, path: str) -> int | None:
        """Of the key, or of the table in which it should stand."""
        while path and path not in self._lines:
            path = _INDEX.sub("", path) if _INDEX.search(path) else path.rpartition(".")[0]
        return self._lines.get(path)


class Settings(Table):
    """A whole text. Ask for each key by its kind, then call `finish`: until then a value may be a
    stand-in."""

    def __init__(self, text: str, where: str) -> None:
        """`where` is what faults call the text: the path of its file.

        Raises SettingsError when the text is not TOML.
        """
        self._where = where
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(where, [_syntax_fault(error)]) from error
        super().__init__(content, "", _lines_of_keys(text), {})

    def finish(self) -> None:
        """Raises SettingsError when anything was wrong, an unknown key included."""
        self.note_unknown()
        if self._faults:
            raise SettingsError(self._where, self._faults.values())


def _is_whole(value: object, lowest: int, highest: int) -> bool:
    # bool is an int to Python, and never meant as one here.
    return type(value) is int and lowest <= value <= highest


def _lines_of_keys(text: str) -> dict[str, int]:
    """In which line each key and each table header of a TOML text stands, by its path.

    TOML's reader does not tell, so they are looked for line by line. Of a key in an inline table
    the line is not known; then it is that of its table.
    """
    lines: dict[str, int] = {}
    arrays: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            tables = _table_paths(_parts(header[2]), arrays, is_array=header[1] == "[[")
            table = tables[-1]
            for path in tables:
                lines.setdefault(path, number)
        elif key := _KEY.match(line):
            path = table
            for part in _parts(key[1]):
                path = _joined(path, part)
                lines.setdefault(path, number)
    return lines


def _table_paths(parts: Sequence[str], arrays: dict[str, int], *, is_array: bool) -> list[str]:
    """The tables that a header names, the outermost first. `arrays` has how many tables each array
    has so far: what stands below an array belongs to its last one."""
    paths: list[str] = []
    for number, part in enumerate(parts, start=1):
        path = _joined(paths[-1] if paths else "", part)
        if is_array and number == len(parts):
            arrays[path] = arrays.get(path, 0) + 1
        if path in arrays:
            path = f"{path}[{arrays[path] - 1}]"
        paths.append(path)
    return paths


def _parts(path: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, path)]


def _joined(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _syntax_fault(error: tomllib.TOMLDecodeError) -> Fault:
    place = _PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else None
    return Fault(line, "", f"this is not TOML: {_PLACE.sub('', str(error)).strip()}")


def _told(where: str, fault: Fault) -> str:
    place = where if fault.line is None else f"{where}:{fault.line}"
    return ": ".join(part for part in (place, fault.key, fault.what) if part)
