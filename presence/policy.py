"""A society's policy as data: validity and times are its decision, not ours."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from enum import StrEnum

from msgspec import Struct

from presence.activity import Activity
from presence.card import Assurance
from presence.reason import Reason


class Emergency(StrEnum):
    """What an emergency number is for."""

    FIRE = "fire"
    POLICE = "police"
    AMBULANCE = "ambulance"
    ALL = "all_emergencies"


class EmergencyNumber(Struct, frozen=True):
    number: str
    what: Emergency


class Policy(Struct, frozen=True):
    """The rules of one society. The defaults are the Norwegian ones (DOMAIN, "The card").

    Lengths carry their unit in their name. Every key, its source and what each society chose stand
    in docs/policies.md.
    """

    society: str = "NO"
    version: date | None = None
    """First day of this version; None: it was never published."""
    adult_years: int = 18
    """No card is valid before the birthday on which its holder turns this old."""

    lowest_assurance: Assurance = Assurance.A1
    """What a card must prove at least to be accepted."""
    uid_only_until: date | None = None
    """Last day on which cards that have nothing but their identifier are accepted; None: never."""
    validity_months: int = 36
    renewal_needs_conversation: bool = True
    """A card is renewed only after an evaluation conversation."""
    conversation_max_age_days: int = 90
    prints_expiry: bool = False
    """The last day is printed on the card, so a renewal needs a new card."""
    renewal_notice_days: int = 60
    """So long before its last day a card's renewal is due."""
    reminder_days: tuple[int, ...] = (60, 30, 7)
    """So many days before its last day the holder is reminded."""

    return_reminder_days: int = 7
    """After the end of service without the card handed in; so are the two below."""
    return_list_days: int = 14
    return_escalation_days: int = 30

    briefing_max_age_months: int = 12
    same_tap_seconds: int = 60
    """A second tap this soon after an arrival changes nothing."""
    two_doors_minutes: int = 15
    """An arrival this soon after the last one belongs to the same visit."""
    fastest_kmh: int = 90
    """Whoever is at two homes must not have travelled faster between them."""
    let_in: tuple[Reason, ...] = (
        Reason.TOO_WEAK,
        Reason.EXPIRED,
        Reason.COURSE_MISSING,
        Reason.NO_CONTACT,
    )
    """What staff may let somebody in for all the same."""

    refusal_counts_minutes: int = 120
    """So long a refused person counts as possibly on site, unless staff answer."""
    alert_every_minutes: int = 15
    """Of one card at most one message is sent in this time."""
    long_visit_minutes: int = 240
    """After this staff are asked whether the leaving was forgotten."""
    night_question: time = time(22, 0)
    """At this hour, home's time, staff are asked who is still there."""
    night_ends: time = time(3, 0)
    """A visit still open at this hour, home's time, no longer counts as surely on site."""
    footnote_after_hours: int = 24
    """So long after that a person stays possibly on site; then a footnote is left."""

    tell_of_silence_hours: int = 24
    """A kiosk without contact for so long: its home and chapter are told once."""
    forget_names_days: int = 14
    """A kiosk without contact for so long forgets all names."""
    ask_staff_after_days: int = 30
    """Without contact for longer than this, a kiosk no longer decides alone."""

    visits_kept_months: int = 13
    """So long a visit is kept with its person; then as a count."""
    refused_kept_days: int = 90
    statistics_min_visits: int = 5
    """A national figure from fewer visits, or fewer volunteers, is not shown."""
    statistics_min_volunteers: int = 3

    activities: tuple[Activity, ...] = tuple(Activity)
    """What its volunteers come for."""
    emergency_numbers: tuple[EmergencyNumber, ...] = (
        EmergencyNumber("110", Emergency.FIRE),
        EmergencyNumber("112", Emergency.POLICE),
        EmergencyNumber("113", Emergency.AMBULANCE),
    )

    @property
    def same_tap(self) -> timedelta:
        return timedelta(seconds=self.same_tap_seconds)

    @property
    def two_doors(self) -> timedelta:
        return timedelta(minutes=self.two_doors_minutes)

    @property
    def refusal_counts(self) -> timedelta:
        return timedelta(minutes=self.refusal_counts_minutes)

    @property
    def alert_every(self) -> timedelta:
        return timedelta(minutes=self.alert_every_minutes)

    @property
    def long_visit(self) -> timedelta:
        return timedelta(minutes=self.long_visit_minutes)

    @property
    def footnote_after(self) -> timedelta:
        return timedelta(hours=self.footnote_after_hours)

    @property
    def forget_names(self) -> timedelta:
        return timedelta(days=self.forget_names_days)

    @property
    def ask_staff_after(self) -> timedelta:
        return timedelta(days=self.ask_staff_after_days)


def in_force(versions: Sequence[Policy], day: date) -> Policy:
    """The version that holds on `day` where a card is used. `versions` are a society's own, oldest
    first and at least one; a day before the first one is under the first."""
    begun = (one for one in reversed(versions) if one.version is None or one.version <= day)
    return next(begun, versions[0])


def following(versions: Sequence[Policy], day: date) -> Policy | None:
    """The version that takes effect next after `day`, if one is known."""
    return next((one for one in versions if one.version and one.version > day), None)
