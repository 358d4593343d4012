"""A PC/SC reader for whoever wants to speak to cards himself: where cards are written.

with open_card_reader("ACR1252") as reader:
    card = reader.wait_for_card(stop)
    if card is not None:
        with card:
            answer = card.transmit(apdu)
"""

import threading
from types import TracebackType
from typing import Self

from kiosk.readers.polling import CardSlippedError
from kiosk.readers.smartcards import (
    UNAWARE,
    CardLink,
    Kind,
    ReaderGoneError,
    Session,
    State,
    choose,
    kind_of,
    reader_names,
)

__all__ = [
    "CardReader",
    "CardSlippedError",
    "DeskCard",
    "Kind",
    "ReaderGoneError",
    "open_card_reader",
    "reader_names",
]

WAIT_SECONDS = 0.2
"""Between two looks whether to stop."""


def open_card_reader(device: str = "") -> "CardReader":
    """The reader whose name contains `device`; the only one, if that is empty.

    Raises ReaderGoneError, which says why in a sentence, when there is none or more than one.
    """
    session = Session()
    try:
        session.open()
        return CardReader(session, choose(session.readers(), device))
    except BaseException:
        session.close()
        raise


class CardReader:
    """A reader that one card after another is put on. Used by one thread.

    Once it has raised ReaderGoneError it is of no use any more: open it again.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self._session = session
        self._given: State | None = None
        """The reader when the card was given that is not to be given once more."""
        self._last: State | None = None
        """The reader when a card was given last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_for_card(self, stop: threading.Event) -> "DeskCard | None":
        """The card that lies on the reader or is put on it next; None: `stop` was set first.

        A card is given once for each time it is put there, and once more after each time it
        slipped. Raises ReaderGoneError.
        """
        state = UNAWARE
        while not stop.is_set():
            state = self._session.state(self.name, state, WAIT_SECONDS)
            if not state.has_card or (self._given and state.is_same_card(self._given)):
                continue
            self._given = self._last = state
            try:
                return self._card(state)
            except CardSlippedError:
                self._given = None
                stop.wait(WAIT_SECONDS)
        return None

    def wait_until_taken(self, stop: threading.Event) -> None:
        """Return when the card that was given last is gone, though another may lie there, or `stop`
        was set. Raises ReaderGoneError."""
        state = UNAWARE
        while not stop.is_set():
            state = self._session.state(self.name, state, WAIT_SECONDS)
            if not state.has_card or (self._last and not state.is_same_card(self._last)):
                return

    def close(self) -> None:
        self._session.close()

    def forget(self) -> None:
        """Give the card that lies there once more."""
        self._given = None

    def _card(self, state: State) -> "DeskCard":
        kind = Kind.OTHER if state.is_mute else kind_of(state.atr)
        if kind is Kind.OTHER:
            return DeskCard(self, None, b"", kind)
        link = self._session.connect(self.name)
        try:
            return DeskCard(self, link, link.uid(), kind)
        except BaseException:
            link.close()
            raise


class DeskCard:
    """A card on the reader, for this program alone until it is closed."""

    def __init__(self, reader: CardReader, link: CardLink | None, uid: bytes, kind: Kind) -> None:
        self.uid, self.kind = uid, kind
        self._reader, self._link = reader, link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def transmit(self, apdu: bytes) -> bytes:
        """The answer: data, and two bytes of status.

        To a TYPE2 card the reader's own commands (PC/SC part 3, section 3.2.2): FF B0 00 PAGE 10
        reads four pages, FF D6 00 PAGE 04 and four bytes write one. Raises CardSlippedError when
        the card has stopped answering, ReaderGoneError when the reader has.
        """
        if self._link is None:
            raise CardSlippedError
        try:
            return self._link.transmit(apdu)
        except CardSlippedError:
            self._reader.forget()
            raise

    def close(self) -> None:
        """Let others have the card. May be called twice."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
