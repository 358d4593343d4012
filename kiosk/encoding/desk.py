"""One card after another: laid on the reader, looked at, written, read back, taken away."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from kiosk.encoding.batch import Batch, BatchCard
from kiosk.encoding.choice import Act, choose, owner
from kiosk.encoding.found import KEEPS_NOT, RefusedError, Tag, text_message
from kiosk.encoding.progress import Progress
from kiosk.encoding.type2 import Type2Tag
from kiosk.encoding.type4 import Type4Tag
from kiosk.readers.card_desk import (
    CardReader,
    CardSlippedError,
    DeskCard,
    Kind,
    ReaderGoneError,
)

TRIES = 3
SLIPS = 5
"""So often a card that moves is begun with before it has to be taken away."""
REOPEN_SECONDS = 1.0
YES, SKIP = "yes", "skip"
OVERWRITE = f"Overwrite it? Type {YES}, or press Enter to leave it as it is: "
TRY_AGAIN = f"Press Enter and lay another card there, or type {SKIP} to go on without this one: "
NO_MESSAGES = "It is an old chip with nothing but a number (MIFARE Classic), or something like it."
NO_CARD = "It is no card that can be spoken to without contact."
LEFT_ALONE = "It was left as it was."
SAME = "This is the card that has just been written. Lay another one there."
MOVED = "The card moved. Lay it there once more, and leave it until you are told."

STUCK = "It does not answer well. Take it away first, and lay it flat on the middle of the reader."


class Surroundings(Struct, frozen=True):
    """What is around the desk."""

    open_reader: Callable[[], CardReader]
    say: Callable[[str], None]
    ask: Callable[[str], str | None]
    """A question, and what was typed; None: nobody is there to be asked."""
    now: Callable[[], datetime]
    stop: threading.Event


class Summary(Struct):
    """What came of each card that was wanted."""

    done: list[str] = []
    skipped: list[str] = []
    """They were written in an earlier run."""
    refused: dict[str, str] = {}
    """Set aside, and why."""
    left: list[str] = []
    """They were not reached."""

    @property
    def is_complete(self) -> bool:
        return not self.refused and not self.left

    def lines(self) -> list[str]:
        """For people."""
        lines = [f"Written and verified: {len(self.done)}"]
        if self.skipped:
            lines.append(f"Written before: {len(self.skipped)}")
        lines += [f"Not written: {card}. {why}" for card, why in self.refused.items()]
        if self.left:
            lines.append(f"Left: {len(self.left)}. Run the same command to go on.")
        return lines


class Desk:
    """The cards of a batch, written by one thread."""

    def __init__(
        self, batch: Batch, progress: Progress, around: Surroundings, *, locks: bool = False
    ) -> None:
        self._batch, self._progress, self._around = batch, progress, around
        self._locks = locks
        self._queue: deque[BatchCard] = deque()
        self._wanted: list[BatchCard] = []
        self._summary = Summary()
        self._last_uid = b""
        """That of the card written last, which may be seen once more while it is taken away."""
        self._places = {due.card: place for place, due in enumerate(batch, 1)}

    def run(self, wanted: Iterable[BatchCard], again: frozenset[str] = frozenset()) -> Summary:
        """Write the cards that are wanted and not done yet, those of `again` in any case. Raises
        ReaderGoneError when there is no reader to begin with, and ProgressError."""
        self._wanted = list(wanted)
        for due in self._wanted:
            if self._progress.is_done(due) and due.card not in again:
                self._summary.skipped.append(due.card)
            else:
                self._queue.append(due)
        if self._queue:
            self._reader = self._around.open_reader()
            try:
                self._serve_all()
            finally:
                self._reader.close()
        self._summary.left = [due.card for due in self._queue]
        return self._summary

    def _serve_all(self) -> None:
        while self._queue and self._serve(self._queue[0]):
            self._queue.popleft()

    def _serve(self, due: BatchCard) -> bool:
        """Until the card is written or set aside. False: it is to end."""
        place = f"{self._places[due.card]} of {len(self._batch)}"
        self._around.say(f"Lay card {due.card} ({place}) on the reader.")
        while not self._around.stop.is_set():
            why = self._at_reader(lambda: self._one_card(due))
            if why is None:
                continue
            if not why:
                self._summary.done.append(due.card)
                self._around.say(f"Card {due.card} is written and verified. Take it away.")
                return True
            self._around.say(f"Not written. {why}")
            answer = self._around.ask(TRY_AGAIN)
            if self._around.stop.is_set():
                break
            if answer is None or answer.strip().lower() == SKIP:
                self._summary.refused[due.card] = why
                return True
        return False

    def _at_reader(self, work: Callable[[], str | None]) -> str | None:
        """What `work` gives; None: there was no reader to do it, and there is one again."""
        try:
            return work()
        except ReaderGoneError as error:
            self._around.say(f"The reader is gone: {error}. Waiting for it.")
        while not self._around.stop.wait(REOPEN_SECONDS):
            self._reader.close()
            try:
                self._reader = self._around.open_reader()
            except ReaderGoneError:
                continue
            self._around.say("The reader is back. Lay the card there once more.")
            break
        return None

    def _one_card(self, due: BatchCard) -> str | None:
        """Why the card on the reader was not written; empty: it was; None: it is to end."""
        slips = 0
        while (card := self._reader.wait_for_card(self._around.stop)) is not None:
            try:
                with card:
                    if not card.uid or card.uid != self._last_uid:
                        return self._encode(card, due)
                self._around.say(SAME)
            except CardSlippedError:
                slips += 1
                if slips % SLIPS == 1:
                    self._around.say(MOVED)
                if slips % SLIPS == 0:
                    self._around.say(STUCK)
                    self._reader.wait_until_taken(self._around.stop)
                self._reader.forget()
        return None

    def _encode(self, card: DeskCard, due: BatchCard) -> str:
        """Why the card was not written; empty: it was."""
        if card.kind in (Kind.OTHER, Kind.SERIAL):
            return NO_MESSAGES if card.kind is Kind.SERIAL else NO_CARD
        is_type2 = card.kind is Kind.TYPE2
        tag: Tag = Type2Tag(card.transmit) if is_type2 else Type4Tag(card.transmit)
        try:
            why = self._write(tag, due)
            if not why and self._locks:
                tag.lock()
        except RefusedError as error:
            why = str(error)
        if not why:
            self._progress.written(due, self._around.now())
            self._last_uid = card.uid
        return why

    def _write(self, tag: Tag, due: BatchCard) -> str:
        message = text_message(due.code)
        found = tag.look(message)
        choice = choose(found, due, self._batch)
        if choice.act is Act.REFUSE:
            return choice.words
        if choice.act is Act.ASK:
            answer = self._around.ask(f"{choice.words} {OVERWRITE}")
            if answer is None or answer.strip().lower() != YES:
                return f"{choice.words} {LEFT_ALONE}"
            if tag.look(message) != found:
                raise CardSlippedError
        if choice.act is not Act.KEEP:
            other = owner(found, self._batch)
            if other is not None:
                self._lose(other)
            write_and_verify(tag, message)
        return ""

    def _lose(self, other: BatchCard) -> None:
        """Another card of the batch is about to be overwritten, and has to be written again."""
        self._progress.overwritten(other, self._around.now())
        for those in (self._summary.done, self._summary.skipped):
            if other.card in those:
                those.remove(other.card)
                self._queue.append(other)


def write_and_verify(tag: Tag, message: bytes) -> None:
    """Write the message, until every byte of it is read back. Raises RefusedError."""
    for tries_left in reversed(range(TRIES)):
        try:
            tag.write(message)
            if tag.message() == message:
                return
        except RefusedError:
            if not tries_left:
                raise
    raise RefusedError(KEEPS_NOT)
