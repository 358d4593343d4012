"""What is to be done with a card, by what was found on it."""

from collections.abc import Mapping
from enum import Enum, auto

from msgspec import Struct

from kiosk.encoding.batch import Batch, BatchCard
from kiosk.encoding.found import MAKES_MESSAGES, Content, Found
from presence.card import SignedCode, SunMessage


class Act(Enum):
    WRITE = auto()
    KEEP = auto()
    """It carries the code already."""
    ASK = auto()
    """It carries something, and `words` say what."""
    REFUSE = auto()
    """It cannot be written, and `words` say why."""


class Choice(Struct, frozen=True):
    act: Act
    words: str = ""


QUESTIONS: Mapping[Content, str] = {
    Content.FOREIGN: "This card carries a message of somebody else's, such as a web address.",
    Content.GARBLED: "This card carries a message that cannot be read.",
    Content.UNFORMATTED: (
        "This card was never made ready for messages. Doing so cannot be undone, and what another"
        " program keeps on it is lost."
    ),
}
SOMEBODYS = "This card belongs to somebody: it carries a code that is not in this batch."


def choose(found: Found, due: BatchCard, batch: Batch) -> Choice:
    """Whether to write `due` to a card on which this was found."""
    content = found.content
    if code_in(found) == due.code:
        return Choice(Act.KEEP)
    if found.hindrance:
        return Choice(Act.REFUSE, found.hindrance)
    if isinstance(content, SunMessage):
        return Choice(Act.REFUSE, MAKES_MESSAGES)
    if content is Content.NOTHING:
        return Choice(Act.WRITE)
    if isinstance(content, SignedCode):
        other = owner(found, batch)
        return Choice(Act.ASK, f"This is card {other.card} of this batch." if other else SOMEBODYS)
    return Choice(Act.ASK, QUESTIONS[content])


def owner(found: Found, batch: Batch) -> BatchCard | None:
    """The card of the batch whose code was found."""
    code = code_in(found)
    return next((due for due in batch if due.code == code), None)


def code_in(found: Found) -> str | None:
    match found.content:
        case SignedCode(text=code) | SunMessage(code=code):
            return code
        case _:
            return None
