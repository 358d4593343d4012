"""Fills an empty database with the sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from sqlalchemy.orm import Session

from demo.sample.desk import Desk, Made
from demo.sample.history import add_first_readings, add_refusals, add_today, add_year
from demo.sample.homes import HOMES, NORDSTRAND, SOLBAKKEN, Home
from demo.sample.people import cast, crowd
from demo.sample.register import add_chapters, add_home, add_person
from demo.sample.visiting import ZONE, KioskPen
from presence.card import CardRef
from presence.ids import VolunteerId
from presence.trust import SigningKey
from server.cards.services import code_of

SEED = 20_261_125
CROWD = 285
"""With the cast of fifteen, 300 volunteers."""
_LIST_SIZE = 2**17
"""A status list says nothing about how many cards there are (CREDENTIALS)."""

_OLDEST_CARD = timedelta(days=5 * 365)

Size = Literal["city", "story"]


@dataclass(frozen=True, slots=True)
class Person:
    """A volunteer with the card in the pocket; without one, both of its texts are empty."""

    volunteer_id: VolunteerId
    first_name: str
    card_id: str
    code_text: str

    def __repr__(self) -> str:
        return f"Person(volunteer_id={self.volunteer_id})"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was loaded."""

    homes: tuple[Home, ...]
    people: tuple[Person, ...]
    """Everyone who has a card."""
    cast: Mapping[str, Person]
    """The people of the stories by key: a lower-case name (astrid, bjorn, …), or what there is to
    know of them: expired, thirty_days, seventeen, grace_course, dog (`demo.sample.people.cast`)."""


def keys_from(now: datetime) -> datetime:
    """From when on the card key must be believed: the sample's oldest card was signed after that.
    Make the keys (`server.keys.open_keys`) with it, or its cards are not genuine."""
    return now - _OLDEST_CARD


def load(session: Session, now: datetime, card_key: SigningKey, size: Size = "city") -> Sample:
    """Fill an empty database. The caller commits. The same `now`, key and size give the same.

    "city" is a city branch: 300 volunteers, 12 homes and a year of visits up to `now`. "story" is
    its cast alone, at two homes where nobody is on site.
    """
    random = Random(SEED)
    homes = HOMES if size == "city" else (SOLBAKKEN, NORDSTRAND)
    desk = Desk(
        session,
        random,
        now,
        now.astimezone(ZONE).date(),
        homes,
        {home.id: KioskPen(random, home, now - timedelta(days=399)) for home in homes},
        (CardRef(0, index) for index in random.sample(range(_LIST_SIZE), CROWD + 15)),
    )
    add_chapters(desk)
    for home in homes:
        add_home(desk, home)
    plans = [*cast(desk.today), *(crowd(random, desk.today, CROWD) if size == "city" else ())]
    for plan in plans:
        add_person(desk, plan)
    add_first_readings(desk)
    if size == "city":
        for home in homes:
            add_year(desk, home)
        add_today(desk)
        add_refusals(desk)
    session.flush()
    return _sample(desk, card_key)


def _sample(desk: Desk, card_key: SigningKey) -> Sample:
    everyone = [_person(made, card_key) for made in desk.made]
    cast = {
        made.plan.key: person
        for made, person in zip(desk.made, everyone, strict=True)
        if made.plan.key is not None
    }
    return Sample(desk.homes, tuple(one for one in everyone if one.card_id), cast)


def _person(made: Made, card_key: SigningKey) -> Person:
    card, name = made.own_card, made.plan.first_name
    if card is None:
        return Person(made.volunteer, name, "", "")
    return Person(made.volunteer, name, card.id, code_of(card, card_key))
