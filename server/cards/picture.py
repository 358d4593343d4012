"""A card's code as a picture."""

from collections.abc import Iterator

import qrcode
from qrcode.constants import ERROR_CORRECT_M

_QUIET = 4
"""Empty modules around the code (ISO/IEC 18004)."""
_LABEL = 7
"""Height of the line of text below it, in modules."""


def card_picture(code: str, label: str | None = None) -> str:
    """The QR of a card's text as SVG, with a word below it. The text is upper case, so it is held
    in the alphanumeric mode (CREDENTIALS: version 7 at level M)."""
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    symbol.add_data(code)
    symbol.make(fit=True)
    rows = symbol.get_matrix()
    size = len(rows) + 2 * _QUIET
    height = size + (_LABEL if label else 0)
    word = _word(label, size) if label else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {height}">'
        f'<rect width="{size}" height="{height}" fill="#fff"/>'
        f'<path d="{"".join(_bars(rows))}" fill="#000"/>{word}</svg>'
    )


def _bars(rows: list[list[bool]]) -> Iterator[str]:
    """Each row's dark modules, neighbours as one bar."""
    for y, row in enumerate(rows):
        start = None
        for x, is_dark in enumerate([*row, False]):
            if is_dark and start is None:
                start = x
            elif not is_dark and start is not None:
                yield f"M{start + _QUIET} {y + _QUIET}h{x - start}v1h-{x - start}z"
                start = None


def _word(label: str, size: int) -> str:
    """`label` is one of our own words, not what somebody typed."""
    return (
        f'<text x="{size / 2}" y="{size + _LABEL - 3}" text-anchor="middle" font-size="{_LABEL}"'
        f' font-family="sans-serif" font-weight="bold" letter-spacing="1">{label}</text>'
    )
