"""Who is in the house, who possibly, and who was at any past moment (DOMAIN, "Roll call").

False absence is worse than false presence, so whoever is in doubt stays on the list.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from presence.ids import EventId, VolunteerId
from presence.visit import (
    NOT_HERE,
    Doubt,
    Fact,
    StayRules,
    Visit,
    VisitState,
    here_after,
    settled,
)


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
    all while a visit of the same person is current; who is out with residents and was refused has
    come back."""
    then = [(stay, settled(stay.visit, now, rules)) for stay in stays]
    current = [
        Presence(stay.volunteer, visit.arrived, visit.doubt, visit)
        for stay, visit in then
        if visit is not None and visit.is_current
    ]
    possible = [one for one in current if one.doubt is not None]
    inside = [one for one in current if one.doubt is None and not _is_out(one)]
    known = {one.volunteer for one in (*possible, *inside)}
    refused = _sent_to_staff(attempts, known, now, refusal_counts)
    back = {one.volunteer for one in refused}
    out = [one for one in current if _is_out(one) and one.volunteer not in back]
    return OnSite(
        _newest_first(inside),
        _newest_first([*possible, *refused]),
        _newest_first(out),
        footnotes=sum(_has_run_out(stay.visit, visit) for stay, visit in then),
    )


def on_site_at(
    people: Iterable[Recorded],
    attempts: Iterable[Attempt],
    at: datetime,
    rules: StayRules,
    refusal_counts: timedelta,
) -> OnSite:
    """The on-site set at a past moment, by all that is known now of what happened until then."""
    stays: list[Stay] = []
    for one in people:
        until_then = (fact for fact in one.facts if fact.at <= at)
        visit = here_after(NOT_HERE, until_then, rules).visit
        if visit is not None:
            stays.append(Stay(one.volunteer, visit))
    made = [one for one in attempts if one.at <= at]
    return on_site(stays, made, at, rules, refusal_counts)


def is_long(visit: Visit, now: datetime, long_visit: timedelta) -> bool:
    """Staff are asked whether the leaving was forgotten (DOMAIN: after 4 hours)."""
    if visit.is_vigil or visit.state is not VisitState.OPEN:
        return False
    return visit.last_sure is not None and now - visit.last_sure > long_visit


def _is_out(present: Presence) -> bool:
    return present.doubt is None and present.visit is not None and present.visit.is_out


def _has_run_out(recorded: Visit, now: Visit | None) -> bool:
    """Nothing but time has ended it."""
    return recorded.is_current and now is not None and not now.is_current


def evening(local: datetime, asked_at: time, ends: time) -> date | None:
    """The evening whose question may be asked at that moment of the home's clock; None by day.
    `ends` may lie after midnight (DOMAIN, "Forgotten departure")."""
    now, today = local.time(), local.date()
    if asked_at < ends:
        return today if asked_at <= now < ends else None
    if now >= asked_at:
        return today
    return today - timedelta(days=1) if now < ends else None


def is_asked_for(visit: Visit, asked_at: datetime) -> bool:
    """Is the evening's question about this visit too? It came before, or was said before to be
    there, and keeps no vigil."""
    if visit.state is not VisitState.OPEN or visit.is_vigil:
        return False
    return visit.last_sure is not None and visit.last_sure < asked_at


def _sent_to_staff(
    attempts: Iterable[Attempt],
    known: Container[VolunteerId | None],
    now: datetime,
    refusal_counts: timedelta,
) -> list[Presence]:
    """Of each person the newest attempt; of cards that nobody knows every one. A kiosk's clock may
    be ahead, so an attempt that seems to come counts as well."""
    found: dict[VolunteerId | EventId, Presence] = {}
    for one in sorted(attempts, key=lambda attempt: (attempt.at, attempt.event)):
        is_over = one.answered is not None and one.answered <= now
        is_known = one.volunteer is not None and one.volunteer in known
        if is_over or is_known or now - one.at >= refusal_counts:
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
