"""`tilstede-server card …` and `import chips`: the chips that a chapter registers, and the codes
for the desk where cards are written."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from presence.ids import ChapterId
from server import schema, sheets
from server.cards import chip_list
from server.cards.chip_list import ChipListError
from server.cards.chips import ChipError, NewChip, forget_chip, register_chip, uid_from
from server.cards.code_list import (
    CodeListError,
    cards_named,
    cards_of_chapter,
    code_list,
    new_file,
)
from server.cards.models import ChipKind
from server.config import Config
from server.db import make_engine, writing
from server.keys import TRUST_FILE, open_chip_keys, open_keys

ACTOR = "chapter"
FAILED = 1
Act = Callable[[Config, argparse.Namespace], int]


def add_parsers(add: Callable[[str, str, Act], argparse.ArgumentParser]) -> None:
    """Add what can be done with a card. `add` makes the parser of one action."""
    chip = add("chip", "say which chip is in a card", register)
    _add_card(chip)
    chip.add_argument("--uid", required=True, metavar="HEX", help="the chip's UID")
    _add_card(add("forget-chip", "take back which chip is in a card", forget))
    words = "write the codes of cards to a file, for `tilstede card encode`"
    codes = add("codes", words, export_codes)
    which = codes.add_mutually_exclusive_group(required=True)
    which.add_argument("--chapter", metavar="ID", help="all of a chapter's cards that are in use")
    which.add_argument("--card", action="append", metavar="ID", help="this card; may be repeated")
    codes.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")


def _add_card(parser: argparse.ArgumentParser) -> None:
    words = "the card's id: the end of its page's address"
    parser.add_argument("--card", required=True, metavar="ID", help=words)
    words = "sun: an NTAG 424 DNA with our keys; uid: a legacy chip"
    parser.add_argument("--kind", required=True, type=ChipKind, choices=list(ChipKind), help=words)


def register(read: Config, asked: argparse.Namespace) -> int:
    """Say which chip is in a card."""
    try:
        new = NewChip(asked.card, asked.kind, uid_from(asked.uid))
        keys = open_chip_keys(read.data / "keys")
        with _writing(read) as session:
            is_new = register_chip(session, datetime.now(UTC), keys, new, ACTOR)
    except (LookupError, ChipError) as error:
        return _told(error)
    print("the chip is registered" if is_new else "the chip was registered already")
    return 0


def forget(read: Config, asked: argparse.Namespace) -> int:
    """Take back which chip is in a card."""
    try:
        with _writing(read) as session:
            was_there = forget_chip(session, datetime.now(UTC), asked.card, asked.kind, ACTOR)
    except LookupError as error:
        return _told(error)
    print("the chip is forgotten" if was_there else "the card had no such chip")
    return 0


def import_chips(read: Config, path: Path) -> int:
    """Take a list of chips over, beside a running server or without one."""
    with path.open("rb") as file:
        found = chip_list.read(file.read(sheets.MOST_BYTES + 1))
    keys = open_chip_keys(read.data / "keys")
    try:
        with _writing(read) as session:
            new = chip_list.take_over(session, datetime.now(UTC), keys, found, str(path), ACTOR)
    except ChipListError as error:
        return _told(error)
    print(f"{path}: {new} chips were added; {len(found.chips) - new} were registered already")
    return 0


def export_codes(read: Config, asked: argparse.Namespace) -> int:
    """Write what a desk needs that writes cards."""
    now = datetime.now(UTC)
    today = now.astimezone().date()
    try:
        if not (read.data / "keys" / TRUST_FILE).exists():
            raise CodeListError(f"there are no keys in {read.data / 'keys'}: start the server once")
        keys = open_keys(read.data / "keys", now)
        with new_file(asked.to) as file, _writing(read) as session:
            if asked.card:
                cards = cards_named(session, asked.card, today)
            else:
                cards = cards_of_chapter(session, ChapterId(asked.chapter), today)
            file.write(code_list(session, now, keys, cards, ACTOR))
    except CodeListError as error:
        return _told(error)
    print(f"{asked.to}: the codes of {len(cards)} cards; delete it when they are written")
    return 0


@contextmanager
def _writing(read: Config) -> Iterator[Session]:
    engine = make_engine(read.database)
    try:
        schema.upgrade(engine)
        with writing(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def _told(error: Exception) -> int:
    print(error, file=sys.stderr)
    return FAILED
