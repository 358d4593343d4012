"""Which cards of a batch have been written and verified, in a file beside it.

One line for each, added when a card is done and made lasting before the next one is asked for:
`card,digest,what,when`. The digest is that of the code, so a card that got another code since is
not done. A last line that a power cut has torn does not count and is cut off.
"""

import fcntl
import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.encoding.batch import BatchCard

WRITTEN, OVERWRITTEN = "written", "overwritten"
DIGEST_CHARACTERS = 16


class ProgressError(Exception):
    """The file cannot be used; the message says why and what to do."""


class Progress:
    """The file, open and locked for this process alone."""

    def __init__(self, path: Path) -> None:
        """Raises ProgressError."""
        self._path = path
        try:
            self._end = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ProgressError(f"{path}: {error.strerror}") from error
        try:
            self._done = self._load()
        except BaseException:
            os.close(self._end)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._end)

    def is_done(self, due: BatchCard) -> bool:
        return self._done.get(due.card) == digest(due)

    def written(self, due: BatchCard, now: datetime) -> None:
        """The card is done. Raises ProgressError when that cannot be kept."""
        self._add(due, WRITTEN, now)
        self._done[due.card] = digest(due)

    def overwritten(self, due: BatchCard, now: datetime) -> None:
        """The card is about to lose its code, so it is not done any more."""
        self._add(due, OVERWRITTEN, now)
        self._done.pop(due.card, None)

    def _add(self, due: BatchCard, what: str, now: datetime) -> None:
        line = f"{due.card},{digest(due)},{what},{now.isoformat(timespec='seconds')}\n"
        size = os.fstat(self._end).st_size
        try:
            if os.write(self._end, line.encode()) != len(line):
                raise OSError(0, "no space left")
            os.fsync(self._end)
        except OSError as error:
            os.ftruncate(self._end, size)
            raise ProgressError(f"{self._path}: {error.strerror}") from error

    def _load(self) -> dict[str, str]:
        try:
            fcntl.flock(self._end, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            what = "another `tilstede card encode` is at work on this batch"
            raise ProgressError(f"{self._path}: {what}") from error
        try:
            whole, _, torn = self._path.read_bytes().rpartition(b"\n")
            if torn:
                os.ftruncate(self._end, len(whole) + 1 if whole else 0)
            lines = whole.decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ProgressError(f"{self._path} cannot be read; move it away") from error
        return _done(lines, self._path)


def digest(due: BatchCard) -> str:
    """Tells this code from another, and does not give it away."""
    return sha256(due.code.encode()).hexdigest()[:DIGEST_CHARACTERS]


def _done(lines: list[str], path: Path) -> dict[str, str]:
    done: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match line.split(","):
            case [card, code, "written", _]:
                done[card] = code
            case [card, _, "overwritten", _]:
                done.pop(card, None)
            case _:
                raise ProgressError(f"{path}:{number}: was changed by somebody; move it away")
    return done
