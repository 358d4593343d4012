"""The on-site board: who is shown as in the house, who as possibly, and how sure we are.

Pure: facts in, board out. Who is in doubt, and why, is for `presence.onsite` to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from presence.briefing import Acknowledgement, is_due
from presence.ids import EventId, VolunteerId
from presence.onsite import (
    Attempt,
    Presence,
    Stay,
    evening,
    is_asked_for,
    is_long,
    on_site,
)
from presence.reason import Reason
from presence.roster import House
from presence.visit import Doubt, Visit

KIOSK_IS_QUIET = timedelta(minutes=3)
"""A kiosk says that it is alive every minute."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the board says of a volunteer beside the visit."""

    name: str
    """First name and initial."""
    acknowledged: Acknowledgement | None


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
    people: Mapping[VolunteerId, Known]
    refusals: Mapping[EventId, Reason]
    """Why the attempts were refused."""
    kiosks: Sequence[KioskContact]


@dataclass(frozen=True, slots=True)
class Guest:
    """One line of the board. `is_long`: has the leaving been forgotten?"""

    name: str | None
    """None: a card that nobody knows."""
    since: datetime | None
    is_briefed: bool
    """True, too, where the home has no briefing yet: then none is pending."""
    is_long: bool = False
    is_asked: bool = False
    """Staff are asked whether the person is still there: a long visit, or it is late."""
    doubt: Doubt | None = None
    volunteer: VolunteerId | None = None
    attempt: EventId | None = None
    """The refused attempt that staff may answer."""
    can_be_let_in: bool = False
    """The society leaves that to staff."""


@dataclass(frozen=True, slots=True)
class Board:
    """One home at one moment."""

    facts: HouseFacts
    now: datetime
    on_site: tuple[Guest, ...]
    possible: tuple[Guest, ...]
    out: tuple[Guest, ...]
    """Out with residents: in a fire nobody searches the house for them."""
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
    rules = facts.house.stay_rules(facts.zone)
    counts = facts.house.policy.refusal_counts
    found = on_site(facts.stays, facts.attempts, now, rules, counts)
    inside, possible, out = (
        tuple(_guest(one, facts, now) for one in people)
        for people in (found.inside, found.possible, found.out)
    )
    return Board(facts, now, inside, possible, out, found.footnotes)


def _guest(present: Presence, facts: HouseFacts, now: datetime) -> Guest:
    known = None if present.volunteer is None else facts.people[present.volunteer]
    visit, policy = present.visit, facts.house.policy
    is_overdue = visit is not None and is_long(visit, now, policy.long_visit)
    return Guest(
        name=known.name if known else None,
        since=present.since,
        is_briefed=visit is not None and known is not None and _is_briefed(known, facts, now),
        is_long=is_overdue,
        is_asked=is_overdue or (visit is not None and _is_late(visit, facts, now)),
        doubt=present.doubt,
        volunteer=present.volunteer,
        attempt=present.attempt,
        can_be_let_in=known is not None and _may_let_in(present, facts),
    )


def _is_late(visit: Visit, facts: HouseFacts, now: datetime) -> bool:
    """The evening's question stands, and is about this visit too."""
    policy, zone = facts.house.policy, facts.zone
    day = evening(now.astimezone(zone), policy.night_question, policy.night_ends)
    if day is None:
        return False
    return is_asked_for(visit, datetime.combine(day, policy.night_question, zone))


def _may_let_in(present: Presence, facts: HouseFacts) -> bool:
    reason = facts.refusals.get(present.attempt) if present.attempt else None
    return reason in facts.house.policy.let_in


def _is_briefed(known: Known, facts: HouseFacts, now: datetime) -> bool:
    house = facts.house
    months = house.policy.briefing_max_age_months
    return house.briefing is None or not is_due(
        known.acknowledged, house.briefing, now, facts.zone, months
    )
