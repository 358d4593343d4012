"""The cards on the desk: those of the sample's cast, and things that are none of ours."""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.desk import Person
from tests.hardware_mocks.card_isodep import BankCard
from tests.hardware_mocks.card_model import Card, blank_card, card_with_text

_NOTES = {
    "astrid": "Never been here: reads the briefing",
    "bjorn": "Knows the house",
    "carin": "Knows the house; report her card lost",
    "eli": "Has read an older briefing",
    "frode": "Must renew within 30 days",
    "gunn": "Expired yesterday",
    "hassan": "Reported lost three days ago",
    "jon": "Reads English",
}
_WEB_ADDRESS = "https://example.org/visiting-friends"


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


def tray(cast: Mapping[str, Person]) -> list[OnTray]:
    """Everything that lies on the desk. A genuine code with one letter changed is the forgery."""
    ours = [
        _card(cast[key], key, note, _uid(number))
        for number, (key, note) in enumerate(_NOTES.items())
    ]
    forged = _forged(cast["bjorn"].code)
    return [
        *ours,
        OnTray("forged", "Forgery", "One letter changed", card_with_text(forged), forged, "odd"),
        OnTray("blank", "Empty card", "A new tag, nothing on it", blank_card(), None, "odd"),
        OnTray("bank", "Bank card", "Held up by mistake", BankCard(), None, "odd"),
        OnTray("leaflet", "Leaflet", "Its code is a web address", None, _WEB_ADDRESS, "odd"),
    ]


def _card(person: Person, key: str, note: str, uid: bytes) -> OnTray:
    return OnTray(key, person.first_name, note, card_with_text(person.code, uid=uid), person.code)


def _uid(number: int) -> bytes:
    return b"\x04\x5a\x11\xee\x00\x00" + bytes([number])


def _forged(code: str) -> str:
    other = "0" if code[-1] != "0" else "1"
    return code[:-1] + other
