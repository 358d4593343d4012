"""What an NTAG 424 DNA says: the maker's own examples, every bit of a message, and what is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from presence.card import SunMessage
from server.cards import sun
from server.cards.sun import ChipKeys, Read
from tests.builders import sun_message

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "credentials.json").read_text(encoding="utf-8")
)
KEYS = ChipKeys(meta=bytes(range(16)), file=bytes(range(16, 32)), index=bytes(32))
UID = bytes.fromhex("04a1b2c3d4e5f6")
MESSAGE = sun_message(KEYS, UID, 41)
FLIPS = [
    pytest.param(SunMessage(picc, cmac), id=f"{name} bit {bit}")
    for name, size in (("picc", 16), ("cmac", 8))
    for bit in range(8 * size)
    for flipped in [f"{int(getattr(MESSAGE, name), 16) ^ 1 << bit:0{2 * size}x}"]
    for picc, cmac in [(flipped, MESSAGE.cmac) if name == "picc" else (MESSAGE.picc, flipped)]
]


@pytest.mark.parametrize("example", VECTORS["ntag424_sun_an12196"])
def test_the_makers_messages_are_read_and_their_macs_are_the_same(example: dict[str, Any]) -> None:
    key = bytes.fromhex(example["key"])
    read = sun.opened(bytes.fromhex(example["picc"]), key)
    assert read == Read(bytes.fromhex(example["uid"]), example["ctr"])
    mac = sun.mac_of(read, key, example["mac_input"].encode())
    assert mac == bytes.fromhex(example["cmac"])


def test_the_makers_diversified_key_is_the_same() -> None:
    example = VECTORS["an10922_aes128"]
    made = sun.diversified(bytes.fromhex(example["key"]), bytes.fromhex(example["div_input"]))
    assert made == bytes.fromhex(example["diversified"])


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=1, max_size=31))
def test_a_key_is_diversified_over_two_blocks_however_short_the_input(
    master: bytes, div_input: bytes
) -> None:
    """AN10922 in other words: CBC over 32 bytes, the last block masked with a subkey, which the MAC
    of nothing gives away."""
    message = b"\x01" + div_input
    padded = (message + b"\x80").ljust(32, b"\x00")[:32]
    if len(message) == 32:
        padded, mask = message, halved(subkey_of_padded(master))
    else:
        mask = subkey_of_padded(master)
    masked = padded[:16] + bytes(a ^ b for a, b in zip(padded[16:], mask, strict=True))
    encryptor = Cipher(AES128(master), modes.CBC(bytes(16))).encryptor()
    assert sun.diversified(master, div_input) == encryptor.update(masked)[16:]


def subkey_of_padded(master: bytes) -> bytes:
    """K2 of a CMAC, from the MAC of an empty message."""
    mac = CMAC(AES128(master))
    decryptor = Cipher(AES128(master), modes.CBC(bytes(16))).decryptor()
    block = decryptor.update(mac.finalize())
    return bytes([block[0] ^ 0x80]) + block[1:]


def halved(subkey: bytes) -> bytes:
    """K1 of K2."""
    number = int.from_bytes(subkey, "big")
    if number & 1:
        number ^= (1 << 128) | 0x87
    return (number >> 1).to_bytes(16, "big")


@pytest.mark.parametrize("size", [0, 32])
def test_no_key_is_made_of_nothing_or_of_too_much(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 31"):
        sun.diversified(bytes(16), bytes(size))


@given(st.binary(min_size=7, max_size=7), st.integers(0, 2**24 - 1))
def test_every_read_of_every_chip_of_ours_is_genuine(uid: bytes, counter: int) -> None:
    assert sun.genuine(sun_message(KEYS, uid, counter), KEYS) == Read(uid, counter)


def test_each_card_has_a_key_of_its_own() -> None:
    assert sun.card_key(KEYS.file, UID) != sun.card_key(KEYS.file, UID[:-1] + b"\x00")


@pytest.mark.parametrize("message", FLIPS)
def test_no_single_bit_of_a_message_can_be_flipped(message: SunMessage) -> None:
    assert sun.genuine(MESSAGE, KEYS) == Read(UID, 41)
    assert sun.genuine(message, KEYS) is None


@pytest.mark.parametrize("other", ["meta", "file"])
def test_a_chip_of_another_system_is_not_genuine(other: str) -> None:
    secrets = {"meta": KEYS.meta, "file": KEYS.file, "index": KEYS.index, other: b"\x55" * 16}
    assert sun.genuine(sun_message(ChipKeys(**secrets), UID, 41), KEYS) is None


@pytest.mark.parametrize("tag", [0x00, 0x47, 0x87, 0xC4, 0xCA, 0xFF])
def test_a_chip_that_does_not_tell_both_uid_and_counter_is_not_genuine(tag: int) -> None:
    encryptor = Cipher(AES128(KEYS.meta), modes.CBC(bytes(16))).encryptor()
    picc = encryptor.update((bytes([tag]) + UID + b"\x29\x00\x00").ljust(16, b"\x5a"))
    assert sun.genuine(SunMessage(picc.hex(), MESSAGE.cmac), KEYS) is None


@pytest.mark.parametrize(
    ("picc", "cmac"),
    [
        ("", ""),
        (MESSAGE.picc, ""),
        (MESSAGE.picc[:-2], MESSAGE.cmac),
        (MESSAGE.picc + "00", MESSAGE.cmac),
        (MESSAGE.picc, MESSAGE.cmac + "00"),
        (MESSAGE.picc + MESSAGE.picc[:16], MESSAGE.cmac),
        (" " + MESSAGE.picc[1:], MESSAGE.cmac),
        (MESSAGE.picc[:-1] + "g", MESSAGE.cmac),
        (MESSAGE.picc[:-1] + "\u0661", MESSAGE.cmac),
        (MESSAGE.picc, MESSAGE.cmac[:-2] + "\x00\x00"),
    ],
)
def test_what_is_no_message_of_a_chip_is_not_genuine(picc: str, cmac: str) -> None:
    assert sun.genuine(SunMessage(picc, cmac), KEYS) is None


@given(st.text(max_size=64), st.text(max_size=32))
def test_no_text_breaks_it(picc: str, cmac: str) -> None:
    assert sun.genuine(SunMessage(picc, cmac), KEYS) is None


def test_a_message_may_be_written_in_either_case() -> None:
    lower = SunMessage(MESSAGE.picc.lower(), MESSAGE.cmac.lower())
    assert sun.genuine(lower, KEYS) == sun.genuine(MESSAGE, KEYS) == Read(UID, 41)


def test_neither_uid_nor_secret_is_ever_printed() -> None:
    shown = repr(Read(UID, 41)) + repr(KEYS) + repr(MESSAGE)
    assert UID.hex() not in shown.lower()
    assert repr(UID) not in shown
    assert repr(KEYS.meta) not in shown
