"""A society's policy as data: validity and times are its decision, not ours."""

from datetime import timedelta

from msgspec import Struct

from presence.card import Assurance


class Policy(Struct, frozen=True):
    """The rules of one society. The defaults are the Norwegian ones (DOMAIN, "The card").

    Lengths carry their unit in their name.
    """

    society: str = "NO"
    lowest_assurance: Assurance = Assurance.A1
    """What a card must prove at least to be accepted."""
    validity_months: int = 36
    renewal_notice_days: int = 60
    briefing_max_age_months: int = 12
    same_tap_seconds: int = 60
    """A second tap this soon after an arrival changes nothing."""
    two_doors_minutes: int = 15
    """An arrival this soon after the last one belongs to the same visit."""
    refusal_counts_minutes: int = 120
    """So long a refused person counts as possibly on site, unless staff answer."""
    ask_staff_after_days: int = 30
    """Without contact for longer than this, a kiosk no longer decides alone."""

    @property
    def same_tap(self) -> timedelta:
        return timedelta(seconds=self.same_tap_seconds)

    @property
    def two_doors(self) -> timedelta:
        return timedelta(minutes=self.two_doors_minutes)

    @property
    def refusal_counts(self) -> timedelta:
        return timedelta(minutes=self.refusal_counts_minutes)
