"""What every step of loading the sample works with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from demo.sample.homes import Home
from demo.sample.people import Plan
from demo.sample.visiting import KioskPen
from presence.card import CardRef
from presence.ids import RANDOM_BYTES, InstitutionId, VolunteerId, uuid7
from server.cards.models import Card

ACTOR = "chapter"


@dataclass(frozen=True, slots=True)
class Made:
    """A volunteer who has been written, with the card, where there is one."""

    plan: Plan
    volunteer: VolunteerId
    own_card: Card | None

    @property
    def card(self) -> Card:
        if self.own_card is None:
            raise LookupError("this volunteer has no card yet")
        return self.own_card


@dataclass(slots=True)
class Desk:
    session: Session
    random: Random
    now: datetime
    today: date
    homes: tuple[Home, ...]
    pens: Mapping[InstitutionId, KioskPen]
    places: Iterator[CardRef]
    """Where cards stand in the status lists: each once."""
    made: list[Made] = field(default_factory=list)

    def new_id(self, at: datetime) -> str:
        return uuid7(at, self.random.randbytes(RANDOM_BYTES))

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)
