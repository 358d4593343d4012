"""Any reader that pcscd serves: on USB, on a serial line, by any maker."""

from collections.abc import Callable

from kiosk.readers.polling import CardSlippedError, Pace, PollingReader, Sighting
from kiosk.readers.presentation import by_serial, identity
from kiosk.readers.smartcards import (
    DONE,
    UNAWARE,
    CardLink,
    Kind,
    Session,
    State,
    choose,
    kind_of,
)
from kiosk.readers.type2 import PageRefusedError, read_type2
from kiosk.readers.type4 import read_type4
from presence.card import Evidence, Unreadable

PCSC_PACE = Pace(idle=0.0)
"""Nothing is missed between two looks: pcscd counts how often cards come and go."""
WAIT_SECONDS = 0.25
"""How long a look waits for pcscd to tell. No longer, since whoever stops the reader waits too."""
GRACE_SECONDS = 0.2
"""So long after a refusal the card may turn out to be gone: readers notice that late."""
NAMELESS = b"nameless"
READ_BINARY = bytes.fromhex("ffb000")
BYTES_PER_READ = b"\x10"
HUSH = bytes.fromhex("ff00520000")
HUSHED_READERS = "ACR122"
"""These beep when a card comes, which sounds like a verdict (ACR122U API 2.04, section 6.7)."""


class PcscReader(PollingReader):
    """`kiosk.ports.Reader` for one reader of pcscd. `device` is a part of its name, or empty for
    the only one."""

    def __init__(
        self,
        name: str,
        device: str,
        pace: Pace = PCSC_PACE,
        power_cycle: Callable[[], None] | None = None,
        *,
        wait_seconds: float = WAIT_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
        new_session: Callable[[], Session] = Session,
    ) -> None:
        def new_line() -> _Line:
            waits = (wait_seconds, grace_seconds)
            return _Line(new_session(), device, waits, pace.looks_until_gone)

        super().__init__(name, new_line, pace, power_cycle)


class _Line:
    """`Line` to a reader of pcscd."""

    def __init__(
        self, session: Session, device: str, waits: tuple[float, float], looks_until_gone: int
    ) -> None:
        self._session, self._device = session, device
        self._wait_seconds, self._grace_seconds = waits
        self._looks_until_gone = looks_until_gone
        self._reader = ""
        self._state = UNAWARE
        self._hasty_looks = 0
        """So many looks do not wait: what is going on is not settled yet."""
        self._misses = looks_until_gone
        self._sighting: Sighting | None = None
        self._card: bytes | None = None
        """Which one lies there. NAMELESS: contact was lost before it had told its serial number."""
        self._link: CardLink | None = None
        self._is_hushed = False

    def open(self) -> None:
        self._session.open()
        self._reader = choose(self._session.readers(), self._device)
        self._session.state(self._reader, UNAWARE, 0)

    def sense(self) -> Sighting | None:
        """The card on the reader, if any. Waits for a change when all is as before."""
        self._let_go()
        is_settled = not self._hasty_looks and bool(self._sighting) == self._state.has_card
        wait = self._wait_seconds if is_settled else 0.0
        state = self._session.state(self._reader, self._state, wait)
        self._hasty_looks = max(0, self._hasty_looks - 1)
        if not state.is_same_card(self._state):
            self._sighting = self._card = None
            self._hasty_looks = self._looks_until_gone
        self._state = state
        sighting = self._meet(state) if state.has_card else None
        self._misses = 0 if sighting else self._misses + 1
        return sighting

    def _meet(self, state: State) -> Sighting | None:
        if self._sighting is None:
            try:
                self._sighting = self._get_to_know(state)
            except CardSlippedError:
                # It may be the card before, on its way out.
                if self._card is None and self._misses < self._looks_until_gone:
                    return None
                self._card = self._card or NAMELESS
                return Sighting(self._card, _slip)
        return self._sighting

    def _get_to_know(self, state: State) -> Sighting:
        kind = kind_of(state.atr)
        if kind is Kind.OTHER or state.is_mute:
            return Sighting(b"other" + state.atr, _unsupported)
        link = self._link = self._session.connect(self._reader)
        self._hush(link)
        uid = link.uid()
        if self._card != NAMELESS:
            self._card = identity(uid)
        return Sighting(self._card, lambda: self._read(link, kind, uid))

    def _hush(self, link: CardLink) -> None:
        if HUSHED_READERS in self._reader and not self._is_hushed:
            self._is_hushed = True
            link.transmit(HUSH)  # whatever it answers

    def _read(self, link: CardLink, kind: Kind, uid: bytes) -> Evidence | Unreadable:
        try:
            return self._evidence(link, kind, uid)
        except CardSlippedError:
            self._sighting, self._hasty_looks = None, self._looks_until_gone
            raise

    def _evidence(self, link: CardLink, kind: Kind, uid: bytes) -> Evidence | Unreadable:
        outcome: Evidence | Unreadable = Unreadable.UNSUPPORTED
        if kind is Kind.TYPE2:
            outcome = read_type2(lambda page: self._page(link, page))
        elif kind is Kind.TYPE4:
            outcome = read_type4(link.transmit)
        return by_serial(uid, outcome)

    def _page(self, link: CardLink, page: int) -> bytes:
        """Four pages. Asked for twice if need be: the reader says the same whether the card refuses
        or does not answer any more."""
        command = READ_BINARY + bytes([page]) + BYTES_PER_READ
        answer = link.transmit(command)
        if not _is_page(answer):
            self._make_sure_of_card()
            answer = link.transmit(command)
        if not _is_page(answer):
            raise PageRefusedError(page)
        return answer[:-2]

    def _make_sure_of_card(self) -> None:
        """Raises CardSlippedError unless the card stays for a while."""
        state = self._state
        for wait in (0.0, self._grace_seconds):  # the first tells of our own being here
            state = self._session.state(self._reader, state, wait)
            if not state.is_same_card(self._state):
                raise CardSlippedError

    def _let_go(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def close(self) -> None:
        self._let_go()

    def interrupt(self) -> None:
        """Break off whatever waits for pcscd, or for the reader."""
        self._session.interrupt()

    def drop(self) -> None:
        self._session.close()


def _is_page(answer: bytes) -> bool:
    return len(answer) == 18 and answer[-2:] == DONE


def _slip() -> Unreadable:
    raise CardSlippedError


def _unsupported() -> Unreadable:
    return Unreadable.UNSUPPORTED
