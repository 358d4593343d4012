"""The cards on the desk: those of the sample's cast, and things that are none of ours."""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.desk import Person
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import Card, UidOnlyCard, blank_card, card_with_text
from tests.hardware_mocks.card_ntag424 import Ntag424Card
from tests.hardware_mocks.card_type4 import message_on, replay

_NOTES = {
    "astrid": "Never been here: reads the briefing",
    "bjorn": "Knows the house",
    "carin": "Knows the house; report her card lost",
    "dog": "Comes with her dog",
    "eli": "Has read an older briefing",
    "frode": "Must renew within 30 days",
    "gunn": "Expired yesterday",
    "hassan": "Reported lost three days ago",
    "jon": "Reads English",
}
_WEB_ADDRESS = "https://example.org/visiting-friends"
_TAG, _CHIP, _OLD_CHIP = "code on a tag", "chip: new at each tap", "old chip: a number only"


@dataclass(frozen=True, slots=True)
class OnTray:
    """One thing to hold to the reader or to show to the camera, and what the page says of it."""

    key: str
    title: str
    note: str
    card: Card | None
    """For the antenna; None: a thing with nothing but its code."""
    code: str | None
    """For the camera; None: a thing without a code."""
    kind: str = "ours"
    inside: str = ""
    """What is in it, in a few words; nothing where the note says it."""


def tray(cast: Mapping[str, Person]) -> list[OnTray]:
    """Everything that lies on the desk. A genuine code with one letter changed is the forgery."""
    ours = [
        _card(cast[key], key, note, _uid(number))
        for number, (key, note) in enumerate(_NOTES.items())
    ]
    return [*ours, *_copies(cast["bjorn"]), *_mistakes()]


def _copies(bjorn: Person) -> list[OnTray]:
    forged = _forged(bjorn.code)
    odd = [OnTray("forged", "Forgery", "One letter changed", card_with_text(forged), forged, "odd")]
    if isinstance(bjorn.chip, Ntag424Card):
        copy = replay(message_on(bjorn.chip))
        note = "What his chip said once: refused after he has used his own"
        odd.append(OnTray("copy", f"{bjorn.first_name}, copied", note, copy, None, "odd"))
    return odd


def _mistakes() -> list[OnTray]:
    return [
        OnTray("blank", "Empty card", "A new tag, nothing on it", blank_card(), None, "odd"),
        OnTray("bank", "Bank card", "Held up by mistake", BankCard(), None, "odd"),
        OnTray("phone", "Telephone", "Would like to pay", PhoneWallet(), None, "odd"),
        OnTray("travel", "Travel card", "Held up by mistake", DesfireCard(), None, "odd"),
        OnTray("leaflet", "Leaflet", "Its code is a web address", None, _WEB_ADDRESS, "odd"),
    ]


def _card(person: Person, key: str, note: str, uid: bytes) -> OnTray:
    """Each plain tag has a serial number of its own, as real ones do."""
    card = card_with_text(person.code, uid=uid) if person.chip is None else person.chip
    return OnTray(key, person.first_name, note, card, person.code, inside=_inside(card))


def _inside(card: Card) -> str:
    match card:
        case Ntag424Card():
            return _CHIP
        case UidOnlyCard():
            return _OLD_CHIP
        case _:
            return _TAG


def _uid(number: int) -> bytes:
    return b"\x04\x5a\x11\xee\x00\x00" + bytes([number])


def _forged(code: str) -> str:
    other = "0" if code[-1] != "0" else "1"
    return code[:-1] + other
