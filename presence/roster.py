"""One person as a home may see them: the row that an answer and a roster carry alike."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from presence.activity import Activity, DogTeam
from presence.briefing import Acknowledgement, BriefingVersion
from presence.card import Assurance, CardRef
from presence.dates import check_utc
from presence.ids import InstitutionId, VolunteerId
from presence.policy import Policy
from presence.visit import NOT_HERE, Fact, Here, StayRules

MAX_UNSETTLED = 20
"""Facts that travel with a question at most: the latest ones."""


class CardState(StrEnum):
    """What is stored about a card. "Expired" and "renewal due" are derived from dates."""

    ORDERED = "ordered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LOST = "lost"
    TO_BE_RETURNED = "to_be_returned"
    RETURNED = "returned"
    DESTROYED = "destroyed"
    REPLACED = "replaced"
    EXCLUDED = "excluded"


class HeldCard(Struct, frozen=True):
    """A card of this person. Both days belong to its validity, at the home's own calendar.

    `valid_from` already counts the day on which the person is old enough, so that the birth date
    stays on the server.
    """

    ref: CardRef
    state: CardState
    valid_from: date
    valid_until: date


class Contact(Struct, frozen=True):
    """Whom to call."""

    name: str
    phone: str


class MissingCourse(Struct, frozen=True, omit_defaults=True):
    """A mandatory course not yet taken, or taken and about to run out, and the first day on which
    that stops its volunteer."""

    name: str
    stops_on: date
    is_held: bool = False
    """It was taken and holds until the day before; told only when that day is near."""


class Elsewhere(Struct, frozen=True):
    """The person was last seen at another home; which one, no kiosk needs to know."""

    at: datetime
    reachable: datetime
    """Nobody who was there can be here before this."""

    def __post_init__(self) -> None:
        check_utc(self.at, "at")
        check_utc(self.reachable, "reachable")


class RosterRow(Struct, frozen=True, omit_defaults=True):
    """All that `decide` needs to know of one volunteer at one home. First name only."""

    volunteer: VolunteerId
    version: int
    """Rises with every change; of two rows of one volunteer the higher one is the truth."""
    first_name: str
    initial: str
    language: str
    cards: tuple[HeldCard, ...]
    leader: Contact | None = None
    courses: tuple[MissingCourse, ...] = ()
    is_paused: bool = False
    activities: tuple[Activity, ...] = ()
    """What this person comes to this home for."""
    dog: DogTeam | None = None
    acknowledged: Acknowledgement | None = None
    here: Here = NOT_HERE
    elsewhere: Elsewhere | None = None

    def __repr__(self) -> str:
        return f"RosterRow(volunteer={self.volunteer}, version={self.version})"

    @property
    def keeps_vigil(self) -> bool:
        """May sit through the night."""
        return Activity.VIGIL in self.activities

    def card(self, ref: CardRef) -> HeldCard | None:
        return next((card for card in self.cards if card.ref == ref), None)


class Unsettled(Struct, frozen=True, omit_defaults=True):
    """What a kiosk recorded of one person itself and a row may not contain yet."""

    facts: Annotated[tuple[Fact, ...], Meta(max_length=MAX_UNSETTLED)] = ()
    acknowledged: Acknowledgement | None = None


NOTHING_UNSETTLED = Unsettled()


class House(Struct, frozen=True, omit_defaults=True):
    """The home itself, as far as the rule needs it."""

    institution: InstitutionId
    name: str
    zone: str
    """IANA name of its time zone."""
    policy: Policy
    briefing: BriefingVersion | None = None
    lowest_assurance: Assurance = Assurance.A0
    """What this home asks of a card beyond what the policy asks."""
    has_dogs: bool = True
    """Dogs may come along."""

    def asked_for(self, today: date) -> Assurance:
        """What a card must prove to be accepted here on `today`, the home's own day. An identifier
        alone does only until the society's last day for such cards."""
        last, asked = self.policy.uid_only_until, self.policy.lowest_assurance
        if asked <= Assurance.A1:
            is_enough = last is not None and today <= last
            asked = Assurance.A0 if is_enough else Assurance.A1
        return max(asked, self.lowest_assurance)

    def stay_rules(self, zone: tzinfo) -> StayRules:
        """The rules of stays here; `zone` is the one that `self.zone` names."""
        policy = self.policy
        return StayRules(zone, policy.two_doors, policy.night_ends, policy.footnote_after)


def digest(house: House | None, rows: Iterable[RosterRow]) -> str:
    """What two machines compare to learn whether they hold the same roster (hexadecimal)."""
    total = sha256(msgspec.json.encode(house))
    for row in sorted(rows, key=lambda row: row.volunteer):
        total.update(msgspec.json.encode(_as_received(row)))
    return total.hexdigest()


def _as_received(row: RosterRow) -> RosterRow:
    """The row with its absent presence left out, as it would come over the wire: only the default
    itself is left out there, not one that merely equals it."""
    return msgspec.structs.replace(row, here=NOT_HERE) if row.here == NOT_HERE else row
