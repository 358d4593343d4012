"""Which texts are ours, wherever they were read: on a tag, in a QR, by a scanner."""

import re

from presence.card import (
    MAX_CODE_CHARACTERS,
    SUN_PREFIX,
    SignedCode,
    SunMessage,
    Unreadable,
)
from presence.credential import PREFIX

_SUN = re.compile(re.escape(SUN_PREFIX) + "([0-9A-Fa-f]{32})([0-9A-Fa-f]{16})")


def our_code(text: str) -> SignedCode | Unreadable | None:
    """The evidence in a text; None: the text says nothing to us. Whether the code is genuine is
    for whoever has the trust list."""
    if not text.startswith(PREFIX):
        return None
    return SignedCode(text) if len(text) <= MAX_CODE_CHARACTERS else Unreadable.TOO_LONG


def sun_message(text: str) -> SunMessage | None:
    """What a chip made at this read; None: the text is none of these. Only a chip makes them, so
    only what was read off a chip is asked for them. Whether it is genuine only the server knows."""
    found = _SUN.fullmatch(text)
    return SunMessage(found[1].upper(), found[2].upper()) if found else None
