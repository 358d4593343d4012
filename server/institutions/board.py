"""The on-site board: who is shown as in the house, who as possibly, and how sure we are.

Pure: facts in, board out. Who is in doubt, and why, is for `presence.onsite` to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from presence.briefing import Acknowledgement, is_due
from presence.ids import VolunteerId
from presence.onsite import Doubt, doubt, is_footnote, is_long
from presence.roster import House
from presence.visit import VisitState

KIOSK_IS_QUIET = timedelta(minutes=3)
"""A kiosk says that it is alive every minute."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A card that was not accepted. `name` is None for a card that nobody knows."""

    at: datetime
    name: str | None
    volunteer: VolunteerId | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A current visit, as the home's standing of that volunteer has it."""

    volunteer: VolunteerId
    name: str
    """First name and initial."""
    state: VisitState
    arrived: datetime | None
    acknowledged: Acknowledgement | None
    sits_through_night: bool


@dataclass(frozen=True, slots=True)
class KioskContact:
    name: str
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """All that the board of one home is made of."""

    house: House
    zone: ZoneInfo
    """The one that `house.zone` names."""
    stays: Sequence[Stay]
    attempts: Sequence[Attempt]
    kiosks: Sequence[KioskContact]


@dataclass(frozen=True, slots=True)
class Guest:
    """One line of the board. `is_long`: has the leaving been forgotten?"""

    name: str | None
    since: datetime | None
    is_briefed: bool
    """True, too, where the home has no briefing yet: then none is pending."""
    is_long: bool = False
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """One home at one moment."""

    facts: HouseFacts
    now: datetime
    on_site: tuple[Guest, ...]
    possible: tuple[Guest, ...]
    footnotes: int
    """Visits never closed, so old that nobody looks for the person any more."""

    def is_quiet(self, kiosk: KioskContact) -> bool:
        """Not heard for too long: what was recorded there since is not on the board yet."""
        return kiosk.last_seen is None or self.now - kiosk.last_seen > KIOSK_IS_QUIET

    @property
    def is_complete(self) -> bool:
        kiosks = self.facts.kiosks
        return bool(kiosks) and not any(self.is_quiet(kiosk) for kiosk in kiosks)

    @property
    def oldest_contact(self) -> datetime | None:
        """Last contact of the kiosk that has been silent longest; None: one was never heard."""
        seen = [kiosk.last_seen for kiosk in self.facts.kiosks]
        known = [moment for moment in seen if moment is not None]
        return min(known) if known and len(known) == len(seen) else None


def make_board(facts: HouseFacts, now: datetime) -> Board:
    """The board of one home at `now`, newest arrival first."""
    on_site: list[Guest] = []
    possible: list[Guest] = []
    footnotes = 0
    for stay in facts.stays:
        guest = _guest(stay, facts, now)
        if guest.doubt is None:
            on_site.append(guest)
        elif is_footnote(stay.arrived, now, facts.zone):
            footnotes += 1
        else:
            possible.append(guest)
    possible += [
        Guest(attempt.name, attempt.at, is_briefed=False, doubt=Doubt.SENT_TO_STAFF)
        for attempt in facts.attempts
        if now - attempt.at < facts.house.policy.refusal_counts
    ]
    return Board(facts, now, _newest_first(on_site), _newest_first(possible), footnotes)


def _guest(stay: Stay, facts: HouseFacts, now: datetime) -> Guest:
    house, vigil = facts.house, stay.sits_through_night
    is_briefed = house.briefing is None or not is_due(
        stay.acknowledged, house.briefing, now, facts.zone, house.policy.briefing_max_age_months
    )
    return Guest(
        stay.name,
        stay.arrived,
        is_briefed,
        is_long(stay.arrived, now, keeps_vigil=vigil),
        doubt(stay.state, stay.arrived, now, facts.zone, keeps_vigil=vigil),
    )


def _newest_first(guests: list[Guest]) -> tuple[Guest, ...]:
    """Those whose arrival nobody knows come last."""
    return tuple(
        sorted(guests, key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
    )
