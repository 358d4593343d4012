"""Which texts are ours, wherever they were read: on a tag, in a QR."""

from presence.card import MAX_CODE_CHARACTERS, SignedCode, Unreadable
from presence.credential import PREFIX


def our_code(text: str) -> SignedCode | Unreadable | None:
    """The evidence in a text; None: the text says nothing to us. Whether the code is genuine is
    for whoever has the trust list."""
    if not text.startswith(PREFIX):
        return None
    return SignedCode(text) if len(text) <= MAX_CODE_CHARACTERS else Unreadable.TOO_LONG
