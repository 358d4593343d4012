"""A chapter's list of chips: taken over whole, or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from presence.settings import Fault, SettingsError
from server import sheets
from server.cards.chips import ChipError, NewChip, register_chip, uid_from
from server.cards.models import ChipKind
from server.cards.sun import ChipKeys

COLUMNS = sheets.Columns(("card", "uid"), ("kind",))
_KINDS = {kind.value: kind for kind in ChipKind}


class ChipListError(SettingsError):
    """A list of chips that cannot be taken over; nothing of it was. Its text is one line for each
    fault: `chips.csv:7: uid: a UID has 4, 7 or 10 bytes in hexadecimal digits`."""


@dataclass(frozen=True, slots=True)
class ChipList:
    """What was read: the chips that are right by themselves, by line, and what is wrong."""

    chips: Mapping[int, NewChip]
    faults: Sequence[Fault]


def read(raw: bytes) -> ChipList:
    """The list in a file's bytes; a chip without a kind is a legacy one."""
    faults: list[Fault] = []
    chips: dict[int, NewChip] = {}
    for line, cells in sheets.rows(raw, COLUMNS, faults):
        plain = {name: cell.strip() for name, cell in cells.items()}
        kind = _KINDS.get(plain.get("kind", "") or ChipKind.UID)
        if kind is None:
            faults.append(Fault(line, "kind", f"must be one of: {', '.join(_KINDS)}"))
        if not plain["card"]:
            faults.append(Fault(line, "card", "must be a card's id"))
        try:
            uid = uid_from(plain["uid"])
        except ChipError as error:
            faults.append(Fault(line, "uid", str(error)))
        else:
            if kind is not None and plain["card"]:
                chips[line] = NewChip(plain["card"], kind, uid)
    faults += _repeated(chips)
    if not chips and not faults:
        faults.append(Fault(None, "", "holds no chips"))
    return ChipList(chips, faults)


def take_over(
    session: Session, now: datetime, keys: ChipKeys, found: ChipList, where: str, actor: str
) -> int:
    """Register every chip of a list; how many were new. `where` is what the list is called. Raises
    ChipListError with every fault, of the file and against what is there already. The caller must
    roll back then."""
    faults = list(found.faults)
    wrong = {fault.line for fault in faults}
    new = 0
    for line, chip in found.chips.items():
        if line in wrong:
            continue
        try:
            new += register_chip(session, now, keys, chip, actor)
        except LookupError as error:
            faults.append(Fault(line, "card", str(error)))
        except ChipError as error:
            faults.append(Fault(line, "uid", str(error)))
    if faults:
        raise ChipListError(where, faults)
    return new


def _repeated(chips: Mapping[int, NewChip]) -> Iterator[Fault]:
    by_uid: dict[bytes, int] = {}
    by_card: dict[tuple[str, ChipKind], int] = {}
    for line, chip in chips.items():
        if (first := by_uid.setdefault(chip.uid, line)) != line:
            yield Fault(line, "uid", f"the same chip stands in line {first}")
        if (first := by_card.setdefault((chip.card_id, chip.kind), line)) != line:
            yield Fault(line, "card", f"the same card has a chip of this kind in line {first}")
