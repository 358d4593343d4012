"""Base45 (RFC 9285), strict: any text that is not what `encode` would give is an error."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}


def encode(raw: bytes) -> str:
    """Bytes as base45 text: three characters for two bytes, two for a last single one."""
    out: list[str] = []
    for start in range(0, len(raw) - 1, 2):
        high, rest = divmod(raw[start] * 256 + raw[start + 1], 45 * 45)
        middle, low = divmod(rest, 45)
        out += _ALPHABET[low], _ALPHABET[middle], _ALPHABET[high]
    if len(raw) % 2:
        middle, low = divmod(raw[-1], 45)
        out += _ALPHABET[low], _ALPHABET[middle]
    return "".join(out)


def decode(text: str) -> bytes:
    """The bytes of a base45 text.

    Raises ValueError on a character outside the alphabet, an impossible length, or a group whose
    value is too large (RFC 9285, section 4.3 and 6).
    """
    if len(text) % 3 == 1:
        raise ValueError("base45 text cannot have this length")
    try:
        digits = [_VALUE[character] for character in text]
    except KeyError as error:
        raise ValueError("base45 text has a character outside the alphabet") from error
    out = bytearray()
    for start in range(0, len(digits), 3):
        group = digits[start : start + 3]
        value = sum(digit * 45**place for place, digit in enumerate(group))
        size = len(group) - 1
        if value >= 256**size:
            raise ValueError("base45 text has a group that is too large")
        out += value.to_bytes(size, "big")
    return bytes(out)
