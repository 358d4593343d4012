"""Lists that people bring as files: CSV in UTF-8, read with all its faults at once.

What stands in a cell is never repeated in a fault: it is about people, and faults end in logs.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from presence.settings import Fault

MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a list's columns."""

    needed: Sequence[str]
    optional: Sequence[str] = ()

    @property
    def all(self) -> Sequence[str]:
        return (*self.needed, *self.optional)


def rows(
    raw: bytes, columns: Columns, faults: list[Fault]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row's line and its cells by column, the empty rows left out. The file comes with or
    without a byte order mark, its cells apart by semicolons or commas, its first line the names of
    the columns. What is wrong is added to `faults`; a file that is no CSV ends at its fault."""
    if len(raw) > MOST_BYTES:
        faults.append(Fault(None, "", f"is longer than {MOST_BYTES} bytes"))
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        faults.append(Fault(line, "", "is not in UTF-8"))
        return
    names: list[str] | None = None
    for line, cells in _lines(text, faults):
        if names is None:
            names = [cell.strip().lower() for cell in cells]
            if found := list(_faults_of_header(names, columns)):
                faults += found
                return
        elif not any(cell.strip() for cell in cells):
            continue
        elif len(cells) == len(names):
            yield line, dict(zip(names, cells, strict=True))
        else:
            what = f"has {len(cells)} cells, and the first line has {len(names)}"
            faults.append(Fault(line, "", what))


def _lines(text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            faults.append(Fault(line, "", "a cell is not closed, is too long, or ends wrongly"))
            return
        if cells is None:
            return
        yield line, cells


def _faults_of_header(names: Sequence[str], columns: Columns) -> Iterator[Fault]:
    for number, name in enumerate(names, 1):
        if name not in columns.all:
            what = f"column {number} is none of {', '.join(columns.all)}"
            yield Fault(1, "", what)
        elif name in names[: number - 1]:
            yield Fault(1, name, "stands in two columns")
    for name in columns.needed:
        if name not in names:
            yield Fault(1, name, "has no column")
