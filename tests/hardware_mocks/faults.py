"""What can go wrong between a host and its reader, as a script."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What can go wrong between a host and its reader."""

    DROP_ACK = "the chip does not hear the command"
    DROP = "the answer is lost"
    GARBLE = "the answer arrives changed"
    DELAY = "the answer is late"
    ERROR_FRAME = "the chip calls the command malformed"
    RF_ERROR = "the card's answer arrives with a wrong checksum"
    LIFT = "the card is pulled away just before the command reaches it"
    UNPLUG = "the cable is pulled"
    HANG = "the chip stops until it is power-cycled"
    STALL = "the chip's adapter takes nothing more until it is power-cycled"


def flip_a_bit(sent: bytes) -> bytes:
    """`sent` with one bit of its content turned over."""
    middle = len(sent) - 3
    return sent[:middle] + bytes([sent[middle] ^ 0x10]) + sent[middle + 1 :]


@dataclass(slots=True)
class Fault:
    """One trouble, waiting for its moment."""

    trouble: Trouble
    on: int | None = None
    """Only with this command; any, if not given."""
    skip: int = 0
    """How many of those pass unharmed first."""
    seconds: float = 0.0
    garble: Callable[[bytes], bytes] = flip_a_bit


def striking(script: deque[Fault], code: int | None = None) -> Fault | None:
    """The fault that strikes this command, if any; it is taken off the script. They strike in
    order, each once."""
    if not script or script[0].on not in (None, code):
        return None
    if script[0].skip > 0:
        script[0].skip -= 1
        return None
    return script.popleft()
