"""From the card in the field to the reader's report, beside the bare driver; and what many cards
leave behind.

The floor is the driver by itself, on the same emulator with the same kind of card, in turns with
ours: nfcpy senses, activates and reads the NDEF message, without a pause; pyscard waits for pcscd,
connects and reads as many blocks as the message takes, by its own connection and by the raw calls
below it.
"""

import gc
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import nfc
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag
from smartcard import scard
from smartcard.System import readers

from kiosk.ports import Reader
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.pcsc import PcscReader
from kiosk.readers.polling import Pace
from tests.bench.blocks import Block, ratio, take_turns, typical
from tests.bench.figures import Figure, figure
from tests.bench.program import resident_megabytes
from tests.hardware_mocks.card_model import Card, card_with_text
from tests.hardware_mocks.pcsc_reader import EmulatedPcscReader
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import genuine_code
from tests.hardware_mocks.witness import Witness

NAME = "bench"
GOAL = 1.3
CARDS_A_BLOCK = 20
WARM_UP = 300
"""Presentations before the first count of what is held: caches fill, threads begin."""
PATIENCE = 20.0


HASTE = Pace(idle=0.0, near=0.0, looks_until_gone=1)
"""Where only what is left behind counts."""


class Antenna(Protocol):
    """An emulated reader that cards are held to."""

    def hold(self, card: Card) -> None: ...
    def lift(self) -> None: ...


class Scale(NamedTuple):
    rounds: int
    presentations: int
    """For the count of what is left behind."""


def measure(scale: Scale) -> list[Figure]:
    with EmulatedPn532() as pn532:
        own = _against(
            "PN532",
            scale,
            lambda: _presented(pn532, Pn532Reader(NAME, pn532.path)),
            lambda: _read_bare(pn532, _BareNfcpy(pn532.path)),
        )
        left = left_behind(pn532, lambda: Pn532Reader(NAME, pn532.path, HASTE), scale.presentations)
    with Pcscd() as pcscd:
        [reader] = pcscd.readers
        own += _against(
            "PC/SC",
            scale,
            lambda: _presented(reader, PcscReader(NAME, "")),
            lambda: _read_bare(reader, _BarePyscard(reader)),
            lambda: _read_bare(reader, _RawCalls(reader)),
        )
        others = left_behind(reader, lambda: PcscReader(NAME, "", HASTE), scale.presentations)
    return [
        *own,
        *_figures("PN532", scale.presentations, left),
        *_figures("PC/SC", scale.presentations, others),
    ]


def _against(
    name: str,
    scale: Scale,
    ours: Callable[[], Block],
    bare: Callable[[], Block],
    raw: Callable[[], Block] | None = None,
) -> list[Figure]:
    own, floor, *lower = take_turns(scale.rounds, ours, bare, *([raw] if raw else []))
    message = f"{name}: card in field to its message by the driver alone, p50"
    return [
        figure(f"{name}: card in field to Presented, p50", typical(own), "ms"),
        figure(message, typical(floor), "ms"),
        figure(f"{name}: Presented against the driver alone", ratio(own, floor), "×", GOAL),
        *(
            figure(f"{name}: Presented against its raw calls", ratio(own, one), "×")
            for one in lower
        ),
    ]


def _cards() -> Iterator[Card]:
    """Another card each time, all with codes of the same length."""
    code = genuine_code(1)
    for number in range(10**9):
        yield card_with_text(code, uid=b"\x04" + number.to_bytes(6, "big"))


# --- ours ------------------------------------------------------------------------------------


@contextmanager
def _watched(reader: Reader) -> Iterator[Witness]:
    witness = Witness()
    reader.start(witness.tell)
    try:
        witness.await_ready()
        yield witness
    finally:
        reader.stop()


def _presented(antenna: Antenna, reader: Reader) -> Block:
    with _watched(reader) as witness:
        return [
            _one(antenna, card, lambda: witness.next(1)) for card in islice(_cards(), CARDS_A_BLOCK)
        ]


def _one(antenna: Antenna, card: Card, told: Callable[[], object]) -> float:
    """Milliseconds from the card in the field until it was told; it is gone afterwards."""
    began = time.perf_counter()
    antenna.hold(card)
    told()
    took = time.perf_counter() - began
    antenna.lift()
    told()
    return took * 1e3


# --- the driver alone ------------------------------------------------------------------------


class _Bare(ABC):
    """A driver in a thread of its own: says once that a message was read, once that it is gone."""

    def __init__(self) -> None:
        self._signs = threading.Semaphore(0)
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="bare driver", daemon=True)
        self._thread.start()

    @abstractmethod
    def _look(self) -> bool:
        """Whether a card is there; a new one is read to its end."""

    @abstractmethod
    def _release(self) -> None: ...

    def told(self) -> None:
        if not self._signs.acquire(timeout=PATIENCE):
            raise TimeoutError("the driver said nothing")

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        self._release()

    def _run(self) -> None:
        self.is_here = False
        while not self._is_over:
            now = self._look()
            if now != self.is_here:
                self.is_here = now
                self._signs.release()


class _BareNfcpy(_Bare):
    def __init__(self, device: str) -> None:
        transport = nfc.clf.transport.TTY(device)
        self._frontend = nfc.ContactlessFrontend()
        self._frontend.device = nfc.clf.pn532.init(transport)
        super().__init__()

    def _look(self) -> bool:
        target = self._frontend.sense(nfc.clf.RemoteTarget("106A"))
        if target is not None and not self.is_here:
            tag = nfc.tag.activate(self._frontend, target)
            if tag is None or tag.ndef is None or not tag.ndef.octets:
                raise ValueError("the driver read no message")
        return target is not None

    def _release(self) -> None:
        self._frontend.close()


class _BarePyscard(_Bare):
    FIRST_PAGE, STEP = 3, 4

    def __init__(self, reader: EmulatedPcscReader) -> None:
        _, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _, names = scard.SCardListReaders(self._context, [])
        [self._name] = [name for name in names if name.startswith(reader.name)]
        self._state = scard.SCARD_STATE_UNAWARE
        super().__init__()

    def _look(self) -> bool:
        watched = [(self._name, self._state)]
        result, states = scard.SCardGetStatusChange(self._context, 250, watched)
        if result == scard.SCARD_S_SUCCESS:
            self._state = states[0][1]
        is_there = bool(self._state & scard.SCARD_STATE_PRESENT)
        if is_there and not self.is_here:
            self._read()
        return is_there

    def _read(self) -> None:
        """As pyscard's users do it."""
        connection = next(one for one in readers() if str(one) == self._name).createConnection()
        connection.connect()
        self._read_by(lambda apdu: list(connection.transmit(apdu)[0]))
        connection.disconnect()

    def _read_by(self, transmit: Callable[[list[int]], list[int]]) -> None:
        content: list[int] = []
        while len(content) < self._wanted(content):
            page = self.FIRST_PAGE + len(content) // self.STEP
            answer = transmit([0xFF, 0xB0, 0, page, 16])
            if len(answer) != 16:
                raise ValueError("the driver read no message")
            content += answer

    @staticmethod
    def _wanted(content: list[int]) -> int:
        """Bytes until the message's end: the container, and a block of less than 255 bytes."""
        return 6 + content[5] if len(content) > 5 else 16

    def _release(self) -> None:
        scard.SCardReleaseContext(self._context)


class _RawCalls(_BarePyscard):
    """pcsc-lite's own calls, by somebody who knows what kind of card it is."""

    def _read(self) -> None:
        result, card, protocol = scard.SCardConnect(
            self._context, self._name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY
        )
        if result != scard.SCARD_S_SUCCESS:
            raise ValueError("the driver cannot connect")
        self._read_by(lambda apdu: scard.SCardTransmit(card, protocol, apdu)[1][:-2])
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


def _read_bare(antenna: Antenna, bare: _Bare) -> Block:
    with closing(bare):
        return [_one(antenna, card, bare.told) for card in islice(_cards(), CARDS_A_BLOCK)]


# --- what is left behind ---------------------------------------------------------------------


class Held(NamedTuple):
    """What this process holds."""

    descriptors: int
    threads: int
    megabytes: float


def left_behind(antenna: Antenna, new_reader: Callable[[], Reader], presentations: int) -> Held:
    """How much more is held after so many cards than after the first few. Counted while no reader
    runs: one that is just being opened afresh holds less."""
    _present(antenna, new_reader(), WARM_UP)
    before = held()
    _present(antenna, new_reader(), presentations)
    after = held()
    return Held(
        after.descriptors - before.descriptors,
        after.threads - before.threads,
        after.megabytes - before.megabytes,
    )


def _present(antenna: Antenna, reader: Reader, times: int) -> None:
    with _watched(reader) as witness:
        for card in islice(_cards(), times):
            _one(antenna, card, lambda: witness.next(1))


def held() -> Held:
    gc.collect()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Held(descriptors, threading.active_count(), resident_megabytes(os.getpid()))


def _figures(name: str, presentations: int, left: Held) -> list[Figure]:
    after = f"left behind by {presentations:,} presentations"
    return [
        figure(f"{name}: descriptors {after}", left.descriptors, "", 0),
        figure(f"{name}: threads {after}", left.threads, "", 0),
        figure(f"{name}: memory {after}", left.megabytes, "MB", 1),
    ]
