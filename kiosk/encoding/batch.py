"""The file that says which codes are to be written: the cards of a batch, in their order.

The server writes it (`tilstede-server card codes`). It may have been through a spreadsheet since:
with a byte order mark, with semicolons, with columns of the chapter's own. What stands in a code is
never repeated in a fault.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from presence import base45, cose
from presence.card import MAX_CODE_CHARACTERS
from presence.credential import PREFIX, verify_code
from presence.errors import CredentialError
from presence.settings import Fault, SettingsError
from presence.trust import TrustList

CARD, CODE = "card", "code"
MOST_CARDS = 2000
MOST_BYTES = 1_000_000
_CARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class BatchError(SettingsError):
    """A batch that cannot be written; no card was touched. Its text is one line for each fault:
    `batch.csv:7: code: is not a code`."""


class BatchCard(Struct, frozen=True):
    """One card of the batch, and the text that belongs on it."""

    card: str
    code: str

    def __repr__(self) -> str:
        return f"BatchCard({self.card})"


Batch = Sequence[BatchCard]


def read_batch(raw: bytes, where: str, trust: TrustList | None = None) -> Batch:
    """The cards in a file's bytes; with a trust list, only codes with a genuine signature.

    `where` is what the file is called. Raises BatchError with every fault.
    """
    faults: list[Fault] = []
    cards: dict[int, BatchCard] = {}
    for line, cells in _rows(raw, faults):
        due = BatchCard(cells[CARD].strip(), cells[CODE])  # a code may end in a space
        found = list(_faults_of(due, line, trust))
        faults += found
        if not found:
            cards[line] = due
    faults += _repeated(cards)
    if len(cards) > MOST_CARDS:
        faults.append(Fault(None, "", f"holds more than {MOST_CARDS} cards"))
    if not cards and not faults:
        faults.append(Fault(None, "", "holds no cards"))
    if faults:
        raise BatchError(where, faults)
    return tuple(cards.values())


def _rows(raw: bytes, faults: list[Fault]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row's line and its cells by column, the empty rows left out."""
    if len(raw) > MOST_BYTES:
        faults.append(Fault(None, "", f"is longer than {MOST_BYTES} bytes"))
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Fault(raw.count(b"\n", 0, error.start) + 1, "", "is not in UTF-8"))
        return
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for cells in reader:
            if not names:
                names = [cell.strip().lower() for cell in cells]
                if found := list(_faults_of_header(names)):
                    faults += found
                    return
            elif not any(cell.strip() for cell in cells):
                continue
            elif len(cells) == len(names):
                yield reader.line_num, dict(zip(names, cells, strict=True))
            else:
                what = f"has {len(cells)} cells, and the first line has {len(names)}"
                faults.append(Fault(reader.line_num, "", what))
    except csv.Error:
        what = "a cell is not closed, is too long, or ends wrongly"
        faults.append(Fault(reader.line_num, "", what))


def _faults_of_header(names: Sequence[str]) -> Iterator[Fault]:
    for name in (CARD, CODE):
        if names.count(name) != 1:
            what = "stands in two columns" if name in names else "has no column"
            yield Fault(1, name, what)


def _faults_of(due: BatchCard, line: int, trust: TrustList | None) -> Iterator[Fault]:
    if not _CARD.fullmatch(due.card):
        yield Fault(line, CARD, "must be a card's id")
    if fault := _fault_of_code(due.code, trust):
        yield Fault(line, CODE, fault)


def _fault_of_code(code: str, trust: TrustList | None) -> str:
    if not code.startswith(PREFIX):
        return f"must begin with {PREFIX}"
    if len(code) > MAX_CODE_CHARACTERS:
        return f"is longer than {MAX_CODE_CHARACTERS} characters"
    try:
        if trust is None:
            cose.parse(base45.decode(code[len(PREFIX) :]))
        else:
            verify_code(code, trust)
    except CredentialError as error:
        return f"is not genuine: {error}"
    except ValueError:
        return "is damaged: not a whole code"
    return ""


def _repeated(cards: Mapping[int, BatchCard]) -> Iterator[Fault]:
    by_id: dict[str, int] = {}
    by_code: dict[str, int] = {}
    for line, due in cards.items():
        if (first := by_id.setdefault(due.card, line)) != line:
            yield Fault(line, CARD, f"the same card stands in line {first}")
        if (first := by_code.setdefault(due.code, line)) != line:
            yield Fault(line, CODE, f"the same code stands in line {first}")
