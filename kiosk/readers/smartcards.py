"""pcscd, the readers it serves and the cards on them, by pyscard: the only module that knows it.

Theory of operation. pyscard's monitors are not used: they end for good when pcscd is restarted
(HARDWARE, "PC/SC"). Here a `Session` is one connection to pcscd, and a new one is opened after any
fault. pcscd's library waits for pcscd without end, so that a call can only be broken off from
outside: by shutting down the socket under it. The library does not tell which socket that is; it is
the one to pcscd that was not there before.
"""

import contextlib
import os
import re
import socket
import stat
import threading
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from smartcard import scard

from kiosk.readers.polling import CardSlippedError

PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
UNUSABLE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE
UID_BYTES = 10
GET_UID = bytes.fromhex("ffca000000")
DONE = b"\x90\x00"
CARD_FAILED = (b"\x63", b"\x64")
"""Begin the status of a command that the reader could not carry out with the card."""
PLACE_VARIABLE, USUAL_PLACE = "PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm"
IS_STOPPED = "pcscd is not running: sudo systemctl start pcscd.socket"
WHY = {
    scard.SCARD_E_NO_SERVICE: IS_STOPPED,
    scard.SCARD_E_SERVICE_STOPPED: IS_STOPPED,
    scard.SCARD_F_COMM_ERROR: "the connection to pcscd broke off",
    scard.SCARD_W_SECURITY_VIOLATION: "pcscd refuses this user: polkit needs a rule for it",
    scard.SCARD_E_SHARING_VIOLATION: "another program holds the reader",
    scard.SCARD_E_UNKNOWN_READER: "the reader is unplugged",
    scard.SCARD_E_READER_UNAVAILABLE: "the reader does not answer",
    scard.SCARD_E_INVALID_HANDLE: "pcscd was restarted",
}
"""What results mean that are not about the card."""


class ReaderGoneError(OSError):
    """The reader or pcscd cannot be used. Says why, and what to do where that is known."""


class Kind(Enum):
    """What a card is spoken to with."""

    TYPE2 = "type2"
    """Pages of four bytes."""
    TYPE4 = "type4"
    """APDUs."""
    SERIAL = "serial"
    """Its serial number is all that it gives away (MIFARE Classic and others)."""
    OTHER = "other"
    """Not contactless, or mute."""


STORAGE = bytes.fromhex("804f0ca000000306")
TYPE2_NAMES = {b"\x00\x00", b"\x00\x03", b"\x00\x3a"}
"""No name given, Ultralight (all NTAG 21x say so), Ultralight C."""


def kind_of(atr: bytes) -> Kind:
    """From the answer to reset that a contactless reader makes up (PC/SC part 3, 3.1.3.2.3)."""
    if len(atr) < 5 or atr[0] != 0x3B or atr[1] >> 4 != 0x8 or atr[2:4] != b"\x80\x01":
        return Kind.OTHER
    historical = atr[4:-1]
    if not historical.startswith(STORAGE):
        return Kind.TYPE4
    return Kind.TYPE2 if historical[9:11] in TYPE2_NAMES else Kind.SERIAL


ANTENNA = re.compile(r"\bPICC\b|CL\b|\bContactless\b", re.IGNORECASE)
INSIDE = re.compile(r"\bSAM\b")


def choose(names: Sequence[str], device: str) -> str:
    """The reader whose name contains `device`; the only one, if that is empty.

    A reader with several slots has a name for each. What is held to it is in the one called PICC,
    CL or Contactless; the one called SAM is inside it. Raises ReaderGoneError unless it is clear.
    """
    meant = [name for name in names if device.lower() in name.lower()]
    if len({_model(name) for name in meant}) == 1:
        meant = [name for name in meant if not INSIDE.search(name)] or meant
        meant = [name for name in meant if ANTENNA.search(name)] or meant
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ReaderGoneError(f"several readers, configure which: {'; '.join(meant)}")
    if names:
        raise ReaderGoneError(f"no reader named {device!r}, but: {'; '.join(names)}")
    raise ReaderGoneError("no reader is plugged in")


def _model(name: str) -> tuple[str, ...]:
    """Maker and model, which begin every name."""
    return tuple(name.split()[:2])


class State(NamedTuple):
    """What pcscd says of a reader."""

    word: int
    """Flags, and the moves in the upper half."""
    atr: bytes

    @property
    def has_card(self) -> bool:
        return bool(self.word & scard.SCARD_STATE_PRESENT)

    @property
    def is_mute(self) -> bool:
        return bool(self.word & scard.SCARD_STATE_MUTE)

    @property
    def moves(self) -> int:
        """How often cards have come and gone."""
        return self.word >> 16

    def is_same_card(self, before: "State") -> bool:
        """Has no card come or gone since `before`? pcscd shows a card first and counts it a moment
        later: one move more is that. Going and coming are two."""
        moves = (self.moves - before.moves) & 0xFFFF
        return self.has_card == before.has_card and moves <= 1


UNAWARE = State(scard.SCARD_STATE_UNAWARE, b"")
_opening = threading.Lock()
_known: set[int] = set()
"""The sockets of all sessions that are open, by inode."""


class Session:
    """One connection to pcscd, used by one thread; `interrupt` comes from others."""

    def __init__(self) -> None:
        self._context: Any = None
        self._socket: socket.socket | None = None
        self._inode = -1
        self._is_opening = False

    def open(self) -> None:
        """Raises ReaderGoneError when pcscd cannot be reached."""
        self._is_opening = True
        try:
            with _opening:
                before = _calls_to_pcscd()
                result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
                if result == scard.SCARD_E_NO_SERVICE and _somebody_listens():
                    result = scard.SCARD_W_SECURITY_VIOLATION  # it hung up at once
                _check(result)
                self._context = context
                calls = _calls_to_pcscd()
                self._hold([calls[inode] for inode in calls.keys() - before.keys()])
        finally:
            self._is_opening = False

    def _hold(self, descriptors: list[int]) -> None:
        """Keep a descriptor of one's own of the library's socket, if it is clear which it is."""
        if len(descriptors) == 1:
            with contextlib.suppress(OSError):  # pcscd is gone already
                self._socket = socket.socket(fileno=os.dup(descriptors[0]))
                self._inode = os.fstat(descriptors[0]).st_ino
                _known.add(self._inode)

    def close(self) -> None:
        """Let go, without waiting for pcscd. May be called twice."""
        context, self._context = self._context, None
        end, self._socket = self._socket, None
        if end is not None:
            _known.discard(self._inode)
            _shut(end)
        if context is not None:
            scard.SCardReleaseContext(context)

    def interrupt(self) -> None:
        """Break off the call that waits for pcscd; it raises ReaderGoneError then."""
        end = self._socket
        if end is not None:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        elif self._is_opening:
            for inode, descriptor in _calls_to_pcscd().items():
                if inode not in _known:
                    with contextlib.suppress(OSError):
                        _shut(socket.socket(fileno=os.dup(descriptor)))

    def readers(self) -> list[str]:
        """The names of all readers that are plugged in."""
        result, names = scard.SCardListReaders(self._context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _check(result)
        return list(names)

    def state(self, reader: str, known: State, seconds: float) -> State:
        """The state, at once if it is another than `known`, or after so many seconds."""
        word = known.word & ~scard.SCARD_STATE_CHANGED
        result, states = scard.SCardGetStatusChange(
            self._context, int(seconds * 1000), [(reader, word)]
        )
        if result != scard.SCARD_E_TIMEOUT:
            _check(result)
        _, word, atr = states[0]
        if word & UNUSABLE:
            _check(scard.SCARD_E_READER_UNAVAILABLE)
        return State(word, bytes(atr))

    def connect(self, reader: str) -> "CardLink":
        """The card on the reader, for this program alone: selecting a file on a card is for
        whoever reads it next. Raises CardSlippedError when there is none any more."""
        result, handle, protocol = scard.SCardConnect(
            self._context, reader, scard.SCARD_SHARE_EXCLUSIVE, PROTOCOLS
        )
        _check(result, is_card_asked=True)
        return CardLink(handle, protocol)


def reader_names() -> list[str]:
    """All readers that are plugged in. Raises ReaderGoneError when pcscd cannot be reached."""
    session = Session()
    try:
        session.open()
        return session.readers()
    finally:
        session.close()


class CardLink:
    """A card that can be spoken to."""

    def __init__(self, handle: Any, protocol: int) -> None:
        self._handle = handle
        is_t0 = protocol == scard.SCARD_PROTOCOL_T0
        self._header = scard.SCARD_PCI_T0 if is_t0 else scard.SCARD_PCI_T1

    def transmit(self, apdu: bytes) -> bytes:
        """The answer: data, and two bytes of status. Raises CardSlippedError when the card does not
        answer, ReaderGoneError when the reader does not."""
        result, answer = scard.SCardTransmit(self._handle, self._header, list(apdu))
        _check(result, is_card_asked=True)
        return bytes(answer)

    def uid(self) -> bytes:
        """The serial number; nothing: the card has none, or the reader does not tell."""
        answer = self.transmit(GET_UID)
        if answer[-2:-1] in CARD_FAILED:
            raise CardSlippedError
        return answer[:-2] if answer[-2:] == DONE and len(answer) <= UID_BYTES + 2 else b""

    def close(self) -> None:
        """Leave the card as it is."""
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)


def _check(result: int, *, is_card_asked: bool = False) -> None:
    if result == scard.SCARD_S_SUCCESS:
        return
    if is_card_asked and result not in WHY:
        raise CardSlippedError
    raise ReaderGoneError(WHY.get(result) or f"pcscd: {scard.SCardGetErrorMessage(result)}")


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _calls_to_pcscd() -> dict[int, int]:
    """A descriptor of each of this process's connections to pcscd, by inode."""
    found: dict[int, int] = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile, or none that can be looked at
            about = entry.stat()
            if not stat.S_ISSOCK(about.st_mode) or about.st_ino in found:
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as end:
                if _leads_to_pcscd(end):
                    found[about.st_ino] = int(entry.name)
    return found


def _leads_to_pcscd(end: socket.socket) -> bool:
    if end.family != socket.AF_UNIX:
        return False
    try:
        return str(end.getpeername()) == _place()
    except OSError:  # it listens, or its other end is gone
        return False


def _somebody_listens() -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(_place())
        except OSError:
            return False
    return True


def _place() -> str:
    """Where pcscd listens (pcsc-lite, PCSCLITE_CSOCK_NAME)."""
    return os.environ.get(PLACE_VARIABLE, USUAL_PLACE)
