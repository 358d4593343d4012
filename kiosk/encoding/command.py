"""`tilstede card`: what is done with cards at the chapter's desk."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.encoding.batch import MOST_BYTES, Batch, BatchCard, BatchError, read_batch
from kiosk.encoding.progress import Progress, ProgressError
from presence.errors import TrustError
from presence.settings import Fault
from presence.trust import TrustList, decode_trust

FAILED, WRONG = 1, 2
NEEDS_DRIVER = "tilstede card: needs the package pyscard, and pcscd from Debian"


def add_to(commands: Any) -> None:
    """Let `tilstede` know this command."""
    words = "write cards at the chapter's desk"
    actions = commands.add_parser("card", help=words, description=words).add_subparsers(
        required=True, metavar="ACTION"
    )
    words = "write the codes of a batch to cards, one after another, and read each back"
    found = actions.add_parser("encode", help=words, description=words)
    found.add_argument(
        "batch", type=Path, metavar="BATCH", help="the file of `tilstede-server card codes`"
    )
    found.add_argument(
        "--reader", default="", metavar="NAME", help="a part of its name, if there are several"
    )
    found.add_argument(
        "--trust", type=Path, metavar="FILE", help="write only codes that this trust list knows"
    )
    for name, words in (("card", "only this card"), ("again", "this card, though it is done")):
        found.add_argument(f"--{name}", action="append", default=[], metavar="ID", help=words)
    found.add_argument(
        "--lock", action="store_true", help="make each card read-only, which cannot be undone"
    )
    found.set_defaults(work=run)


def run(options: argparse.Namespace) -> int:
    """Write the cards of a batch. 0: all are written; 1: not all; 2: it could not be begun, or
    what was done could not be kept."""
    try:
        batch = _read(options.batch, options.trust)
        wanted = _wanted(batch, options.card, options.again, str(options.batch))
        done = options.batch.with_name(options.batch.name + ".done")
        with Progress(done) as progress:
            return _write(options, batch, wanted, progress)
    except (BatchError, ProgressError) as error:
        print(error, file=sys.stderr)
    except TrustError as error:
        print(f"{options.trust}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return WRONG


def _write(
    options: argparse.Namespace, batch: Batch, wanted: Sequence[BatchCard], progress: Progress
) -> int:
    try:
        # The only part that needs the driver, so that `tilstede` can do the rest without.
        from kiosk.encoding.desk import Desk, Surroundings  # noqa: PLC0415
        from kiosk.encoding.terminal import Terminal  # noqa: PLC0415
        from kiosk.readers.card_desk import (  # noqa: PLC0415
            ReaderGoneError,
            open_card_reader,
            reader_names,
        )
    except ImportError:
        print(NEEDS_DRIVER, file=sys.stderr)
        return WRONG
    with Terminal() as terminal:
        around = Surroundings(
            open_reader=lambda: open_card_reader(options.reader),
            say=terminal.say,
            ask=terminal.ask,
            now=lambda: datetime.now(UTC),
            stop=terminal.stop,
        )
        if options.lock:
            terminal.say("Each card will be read-only for good.")
        try:
            summary = Desk(batch, progress, around, locks=options.lock).run(
                wanted, frozenset(options.again)
            )
        except ReaderGoneError as error:
            print(f"tilstede card: {error}", file=sys.stderr)
            if _is_choice(reader_names):
                print("Say which by --reader and a part of its name.", file=sys.stderr)
            return WRONG
        for line in summary.lines():
            terminal.say(line)
    return 0 if summary.is_complete else FAILED


def _is_choice(names: Callable[[], Sequence[str]]) -> bool:
    """Are there several readers?"""
    try:
        return len(names()) > 1
    except OSError:
        return False


def _read(path: Path, trust: Path | None) -> Batch:
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    known: TrustList | None = None if trust is None else decode_trust(trust.read_bytes())
    return read_batch(raw, str(path), known)


def _wanted(
    batch: Batch, only: Sequence[str], again: Sequence[str], where: str
) -> Sequence[BatchCard]:
    """The cards that are asked for, in the order of the batch. Raises BatchError."""
    cards = {due.card for due in batch}
    for card in (*only, *again):
        if card not in cards:
            raise BatchError(where, [Fault(None, "", f"has no card {card!r}")])
    asked = {*only, *again}
    return [due for due in batch if not asked or due.card in asked]
