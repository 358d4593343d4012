"""What is due from somebody who comes in: the fourth of a tap's questions (DOMAIN)."""

from datetime import datetime, timedelta

from presence.activity import Activity, DogPlace
from presence.briefing import is_due, is_outdated
from presence.facts import Facts
from presence.roster import RosterRow
from presence.verdict import (
    ActivityDue,
    BriefingDue,
    CourseDue,
    DogLapsed,
    Due,
    LeavingDue,
    RenewalDue,
)


def due(facts: Facts, now: datetime) -> tuple[Due, ...]:
    """All that applies, in the order in which it is told."""
    row = facts.row
    found = [*_briefing(facts, now), *_leaving(facts, now)]
    if row is None:
        return tuple(found)
    found += _renewal(facts, now)
    found += _courses(row, facts, now)
    return (*found, *_activities(row, facts, now))


def _briefing(facts: Facts, now: datetime) -> list[Due]:
    version, known = facts.house.briefing, facts.acknowledged
    months = facts.house.policy.briefing_max_age_months
    if version is None or not is_due(known, version, now, facts.zone, months):
        return []
    if known is None or is_outdated(known, now, facts.zone, months):
        return [BriefingDue(version)]
    return [BriefingDue(version, known.major)]


def _leaving(facts: Facts, now: datetime) -> list[Due]:
    """The visit before this one was never closed."""
    before = facts.visit(now)
    return [] if before is None else [LeavingDue(before.arrived)]


def _renewal(facts: Facts, now: datetime) -> list[Due]:
    """Once a day: not on a day on which something was recorded here of this person already."""
    card, today, latest = facts.card, facts.today(now), facts.here.latest
    if card is None:
        return []
    was_told = latest is not None and latest.at.astimezone(facts.zone).date() == today
    begins = card.valid_until - timedelta(days=facts.house.policy.renewal_notice_days)
    return [RenewalDue(card.valid_until)] if today >= begins and not was_told else []


def _courses(row: RosterRow, facts: Facts, now: datetime) -> list[Due]:
    """A course that runs out is told in the same time before as a renewal."""
    near = facts.today(now) + timedelta(days=facts.house.policy.renewal_notice_days)
    return [
        CourseDue(course.name, course.stops_on)
        for course in row.courses
        if not course.is_held or course.stops_on <= near
    ]


def _activities(row: RosterRow, facts: Facts, now: datetime) -> list[Due]:
    """What this person may do at this home; nothing to choose where that is one thing."""
    found: list[Due] = []
    places: tuple[DogPlace, ...] = ()
    dog = row.dog if facts.house.has_dogs and Activity.DOG_VISIT in row.activities else None
    if dog is not None:
        last_days = {place: dog.last_day(place) for place in dog.places if place in _AT_A_HOME}
        places = tuple(place for place, last in last_days.items() if facts.today(now) <= last)
        if last_days and not places:
            found.append(DogLapsed(max(last_days.values())))
    offered = tuple(one for one in row.activities if places or one is not Activity.DOG_VISIT)
    if len(offered) > 1 or len(places) > 1:
        found.append(ActivityDue(offered, places))
    return found


_AT_A_HOME = frozenset(DogPlace) - {DogPlace.HOME}
"""Where a dog may go at a nursing home; the last is a private home."""
