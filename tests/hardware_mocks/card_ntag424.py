"""NTAG 424 DNA: a Type 4 tag that adds a message of its own making to its NDEF file at each read.

Sources: NXP data sheet NTAG 424 DNA, section 9.3 (Secure Dynamic Messaging), and application note
AN12196, section 3.4; AN10922, section 2.2, for keys that belong to one card. The code here shares
nothing with the server's.
"""

from dataclasses import dataclass, field
from random import Random

import ndef
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

from tests.hardware_mocks.card_model import SAMPLE_UID, Anticollision
from tests.hardware_mocks.card_type4 import LENGTH, NDEF_FILE, Type4Card, encoded

BLOCK = 16
SUN_PREFIX = "TSS1:"
PLACEHOLDER = "0" * 48
SYSTEM = b"TILSTEDE"
"""Follows the serial number in the input of AN10922's function."""
UID_AND_COUNTER = 0xC7
"""PICCDataTag: serial number and counter are mirrored, and the serial number has 7 bytes."""


def card_key(master: bytes, uid: bytes) -> bytes:
    """The key of this card alone, made of a master key (AN10922)."""
    return diversified(master, uid + SYSTEM)


def diversified(master: bytes, div_input: bytes) -> bytes:
    """AN10922, section 2.2: a CMAC over 0x01 and the input, always two blocks long.

    A shorter input is filled up to 32 bytes before, where CMAC itself would fill one block only.
    """
    filled = b"\x01" + div_input
    subkey = _doubled(_encrypted(master, bytes(BLOCK)))
    if len(filled) < 2 * BLOCK:
        filled = (filled + b"\x80").ljust(2 * BLOCK, b"\x00")
        subkey = _doubled(subkey)
    last = bytes(a ^ b for a, b in zip(filled[BLOCK:], subkey, strict=True))
    return _chained(master, filled[:BLOCK] + last)[BLOCK:]


def picc_data(meta_key: bytes, uid: bytes, counter: int, padding: bytes) -> bytes:
    """Serial number and counter, encrypted (AN12196, section 3.4.2)."""
    return _chained(
        meta_key, bytes([UID_AND_COUNTER]) + uid + counter.to_bytes(3, "little") + padding
    )


def sun_mac(file_key: bytes, uid: bytes, counter: int, covered: bytes = b"") -> bytes:
    """The message's MAC: every second byte of a CMAC by this reading's key (AN12196, 3.4.4)."""
    vector = bytes.fromhex("3cc300010080") + uid + counter.to_bytes(3, "little")
    return _cmac(_cmac(file_key, vector), covered)[1::2]


def reading(card: "Ntag424Card", picc: bytes, mac: bytes) -> int | None:
    """The number of the card's reading that gave these; None: they are none of this card's."""
    decryptor = Cipher(AES(card.meta_key), CBC(bytes(BLOCK))).decryptor()
    plain = decryptor.update(picc) + decryptor.finalize()
    counter = int.from_bytes(plain[8:11], "little")
    is_ours = plain[:8] == bytes([UID_AND_COUNTER]) + card.uid
    return counter if is_ours and mac == sun_mac(card.file_key, card.uid, counter) else None


def _cmac(key: bytes, content: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(content)
    return mac.finalize()


def _chained(key: bytes, content: bytes) -> bytes:
    encryptor = Cipher(AES(key), CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(content) + encryptor.finalize()


def _encrypted(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(AES(key), ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def _doubled(block: bytes) -> bytes:
    """Multiplied by x in CMAC's field (RFC 4493, section 2.3)."""
    number = int.from_bytes(block) << 1
    if number >> 128:
        number = number & (1 << 128) - 1 ^ 0x87
    return number.to_bytes(BLOCK)


@dataclass
class Ntag424Card(Type4Card):
    """A personalised card: the signed code, and beside it a text made anew at each read.

    A reading is from selecting the NDEF file to the next selecting or to the loss of power; the
    counter goes up at its first READ BINARY, and only then.
    """

    ats: bytes = bytes.fromhex("067777710280")
    is_writable: bool = False
    most_read: int = 0x0100
    most_written: int = 0x00FF
    code: str | None = None
    meta_key: bytes = bytes(BLOCK)
    """Encrypts serial number and counter; the same on every card."""
    file_key: bytes = bytes(BLOCK)
    """Makes the MAC; this card's alone."""
    counter: int = 0
    """Readings so far."""
    has_random_uid: bool = False
    """Found by another serial number each time; its own is in the encrypted data only."""
    padding: Random = field(default_factory=lambda: Random(424))
    """Fills the encrypted data up."""
    names: Random = field(default_factory=lambda: Random(8))
    _fresh: bool = False

    def __post_init__(self) -> None:
        texts = [text for text in (self.code, SUN_PREFIX + PLACEHOLDER) if text is not None]
        self.message = self.message or encoded(ndef.TextRecord(text, "nb") for text in texts)
        super().__post_init__()

    def select(self) -> Anticollision:
        found = super().select()
        if not self.has_random_uid:
            return found
        return Anticollision(b"\x08" + self.names.randbytes(3), found.sens_res, found.sel_res)

    def opened(self, file: bytes) -> None:
        self._fresh = file == NDEF_FILE

    def content(self, file: bytes) -> bytes:
        if file == NDEF_FILE and self._fresh:
            self._fresh = False
            self._mirror()
        return super().content(file)

    def sound_container(self) -> bytes:
        """With the chip's second file, which is none of NDEF (data sheet, section 8.2.3)."""
        plain = super().sound_container()
        return b"\x00\x17" + plain[2:] + bytes.fromhex("0506e10500808283")

    def _mirror(self) -> None:
        at = self.file.find(SUN_PREFIX.encode(), LENGTH)
        if at < 0:
            return  # overwritten by somebody
        self.counter += 1
        picc = picc_data(self.meta_key, self.uid, self.counter, self.padding.randbytes(5))
        mac = sun_mac(self.file_key, self.uid, self.counter)
        text = (picc + mac).hex().upper().encode()
        start = at + len(SUN_PREFIX)
        self.file[start : start + len(text)] = text


def ntag424(
    code: str | None, meta_key: bytes, master: bytes, *, uid: bytes = SAMPLE_UID, counter: int = 0
) -> Ntag424Card:
    """A card as the organisation's issuing office makes it, with the key of its serial number."""
    return Ntag424Card(
        uid=uid, code=code, meta_key=meta_key, file_key=card_key(master, uid), counter=counter
    )
