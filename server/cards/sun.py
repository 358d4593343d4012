"""What an NTAG 424 DNA says at a read (SUN), opened and checked (CREDENTIALS, "NTAG 424 DNA").

AES-128 throughout: the data sheet of the chip (section 9.3, "Secure Dynamic Messaging") and AN12196
for the message, AN10922 for the keys. Pure: whether a counter was used before is asked elsewhere.
"""

from dataclasses import dataclass, field
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC

from presence.card import SunMessage

BLOCK = 16
MAC_BYTES = 8
UID_BYTES = 7
SYSTEM = b"TILSTEDE"
"""Follows the UID in what a card's key is derived from, so that no other system's is the same."""
_UID_AND_COUNTER = 0xC7
"""PICCDataTag: both are mirrored, and the UID has seven bytes."""
_COUNTER_BYTES = 3
_SV2 = bytes.fromhex("3CC300010080")
_DIVERSIFIED_AES128 = b"\x01"
_LONGEST_INPUT = 2 * BLOCK - 1


@dataclass(frozen=True, slots=True)
class ChipKeys:
    """What only the server has. 16 bytes each, but for the last one."""

    meta: bytes = field(repr=False)
    """The same on every card: it opens what says which card it is."""
    file: bytes = field(repr=False)
    """Each card's own key is derived from it."""
    index: bytes = field(repr=False)
    """Under it a UID becomes the name by which the register of chips knows it."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read of a genuine chip: each has a higher counter than the one before."""

    uid: bytes = field(repr=False)
    counter: int


def genuine(message: SunMessage, keys: ChipKeys) -> Read | None:
    """The read that a message tells of; None: no chip of ours has made it. The code beside it is
    not looked at."""
    picc, mac = _from_hex(message.picc, BLOCK), _from_hex(message.cmac, MAC_BYTES)
    if picc is None or mac is None:
        return None
    read = opened(picc, keys.meta)
    if read is None or not compare_digest(mac, mac_of(read, card_key(keys.file, read.uid))):
        return None
    return read


def opened(picc: bytes, meta_key: bytes) -> Read | None:
    """The UID and counter in 16 bytes of encrypted PICC data; None: they are not in there. Nothing
    is believed before the MAC."""
    decryptor = Cipher(AES128(meta_key), modes.CBC(bytes(BLOCK))).decryptor()
    data = decryptor.update(picc) + decryptor.finalize()
    if data[0] != _UID_AND_COUNTER:
        return None
    end = 1 + UID_BYTES
    return Read(data[1:end], int.from_bytes(data[end : end + _COUNTER_BYTES], "little"))


def mac_of(read: Read, file_key: bytes, mac_input: bytes = b"") -> bytes:
    """The eight bytes that the chip sends of its MAC: every second one. On our cards nothing
    but UID and counter; `mac_input` is what it covers elsewhere."""
    vector = _SV2 + read.uid + read.counter.to_bytes(_COUNTER_BYTES, "little")
    return _cmac(_cmac(file_key, vector), mac_input)[1::2]


def card_key(file_master: bytes, uid: bytes) -> bytes:
    """The SDM file-read key of one card."""
    return diversified(file_master, uid + SYSTEM)


def diversified(master: bytes, div_input: bytes) -> bytes:
    """An AES-128 key made from another one and 1 to 31 bytes (AN10922).

    Always over two blocks. A CMAC by itself would take 15 bytes or fewer as one, so what is that
    short is padded here, and what a CMAC does with its last block is done by hand.
    """
    if not 1 <= len(div_input) <= _LONGEST_INPUT:
        raise ValueError("a key is diversified by 1 to 31 bytes")
    message = _DIVERSIFIED_AES128 + div_input
    if len(message) > BLOCK:
        return _cmac(master, message)
    padded = (message + b"\x80").ljust(2 * BLOCK, b"\x00")
    subkey = _doubled(_doubled(_encrypted(master, bytes(BLOCK))))
    last = _xor(_xor(padded[BLOCK:], subkey), _encrypted(master, padded[:BLOCK]))
    return _encrypted(master, last)


def _cmac(key: bytes, message: bytes) -> bytes:
    made = CMAC(AES128(key))
    made.update(message)
    return made.finalize()


def _encrypted(key: bytes, block: bytes) -> bytes:
    # One block at a time, so there is no pattern that ECB would show.
    encryptor = Cipher(AES128(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()


def _doubled(block: bytes) -> bytes:
    """In GF(2^128), as the subkeys of a CMAC are (RFC 4493, section 2.3)."""
    number = int.from_bytes(block, "big") << 1
    if number >> (8 * BLOCK):
        number ^= (1 << (8 * BLOCK)) | 0x87
    return number.to_bytes(BLOCK, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _from_hex(text: str, size: int) -> bytes | None:
    """None: not so many bytes in hexadecimal digits and nothing between them."""
    if len(text) != 2 * size or not text.isascii() or not text.isalnum():
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
