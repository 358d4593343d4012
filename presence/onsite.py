"""Who is in the house, who possibly, and who was at any past moment (DOMAIN, "Roll call").

False absence is worse than false presence, so whoever is in doubt stays on the list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from presence.ids import EventId, VolunteerId
from presence.visit import Doubt, Fact, StayRules, Visit, VisitState, settled, visit_at


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody's latest known visit at this home, current or not."""

    volunteer: VolunteerId
    visit: Visit


@dataclass(frozen=True, slots=True)
class Attempt:
    """A genuine card was not accepted. `volunteer` is None for a card that nobody knows."""

    event: EventId
    at: datetime
    volunteer: VolunteerId | None
    answered: datetime | None = None
    """When staff said what became of it, or something later was recorded of the person."""


@dataclass(frozen=True, slots=True)
class Presence:
    """One person of the on-site set."""

    volunteer: VolunteerId | None
    since: datetime | None
    """None: nobody knows."""
    doubt: Doubt | None = None
    visit: Visit | None = None
    """None: was not let in."""
    attempt: EventId | None = None


@dataclass(frozen=True, slots=True)
class OnSite:
    """The people of one home at one moment, each once, newest arrival first."""

    inside: tuple[Presence, ...]
    possible: tuple[Presence, ...]
    out: tuple[Presence, ...]
    """Out with residents: nobody searches the house for them."""
    footnotes: int = 0
    """Visits never closed, so old that nobody looks for the person any more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything recorded of one person at one home."""

    volunteer: VolunteerId
    facts: Sequence[Fact]


def on_site(
    stays: Iterable[Stay],
    attempts: Iterable[Attempt],
    now: datetime,
    rules: StayRules,
    refusal_counts: timedelta,
) -> OnSite:
    """The on-site set at `now`. Who was refused counts for `refusal_counts` at most, and not at
    all while a visit of the same person is current."""
    inside: list[Presence] = []
    possible: list[Presence] = []
    out: list[Presence] = []
    footnotes = 0
    for stay in stays:
        visit = settled(stay.visit, now, rules)
        if visit is None or not visit.is_current:
            footnotes += visit is not None and visit.state is VisitState.LEFT_UNKNOWN
            continue
        present = Presence(stay.volunteer, visit.arrived, visit.doubt, visit)
        (possible if visit.doubt else out if visit.is_out else inside).append(present)
    known = {one.volunteer for one in (*inside, *possible, *out)}
    possible += _sent_to_staff(attempts, known, now, refusal_counts)
    return OnSite(_newest_first(inside), _newest_first(possible), _newest_first(out), footnotes)


def on_site_at(
    people: Iterable[Recorded],
    attempts: Iterable[Attempt],
    at: datetime,
    rules: StayRules,
    refusal_counts: timedelta,
) -> OnSite:
    """The on-site set at a past moment, by all that is known now of what happened until then."""
    then = [(one.volunteer, visit_at(one.facts, at, rules)) for one in people]
    stays = [Stay(volunteer, visit) for volunteer, visit in then if visit is not None]
    return on_site(stays, attempts, at, rules, refusal_counts)


def is_long(visit: Visit, now: datetime, long_visit: timedelta) -> bool:
    """Staff are asked whether the leaving was forgotten (DOMAIN: after 4 hours)."""
    if visit.is_vigil or visit.state is not VisitState.OPEN:
        return False
    sure = max(filter(None, (visit.last_arrival, visit.confirmed)), default=None)
    return sure is not None and now - sure > long_visit


def _sent_to_staff(
    attempts: Iterable[Attempt],
    known: set[VolunteerId | None],
    now: datetime,
    refusal_counts: timedelta,
) -> list[Presence]:
    """Of each person the newest attempt; of cards that nobody knows every one."""
    found: dict[VolunteerId | EventId, Presence] = {}
    for one in sorted(attempts, key=lambda attempt: (attempt.at, attempt.event)):
        is_over = one.answered is not None and one.answered <= now
        is_known = one.volunteer is not None and one.volunteer in known
        if is_over or is_known or not timedelta() <= now - one.at < refusal_counts:
            continue
        found[one.volunteer or one.event] = Presence(
            one.volunteer, one.at, Doubt.SENT_TO_STAFF, attempt=one.event
        )
    return list(found.values())


def _newest_first(people: list[Presence]) -> tuple[Presence, ...]:
    """Those whose arrival nobody knows come last."""
    return tuple(
        sorted(people, key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
    )
