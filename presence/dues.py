"""What is due from somebody who comes in: the fourth of a tap's questions (DOMAIN)."""

from datetime import datetime, timedelta

from presence.activity import Activity, DogPlace, DogTeam
from presence.briefing import is_due, is_outdated
from presence.facts import Facts
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
    found += [CourseDue(course.name, course.stops_on) for course in row.courses]
    return (*found, *_activities(facts, now))


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
    """Once a day."""
    card, today, latest = facts.card, facts.today(now), facts.here.latest
    if card is None:
        return []
    was_told = latest is not None and latest.at.astimezone(facts.zone).date() == today
    begins = card.valid_until - timedelta(days=facts.house.policy.renewal_notice_days)
    return [RenewalDue(card.valid_until)] if today >= begins and not was_told else []


def _activities(facts: Facts, now: datetime) -> list[Due]:
    """What this person may do at this home; nothing to choose where that is one thing."""
    row = facts.row
    if row is None:
        return []
    has_dog = Activity.DOG_VISIT in row.activities and row.dog is not None
    is_over = row.dog is not None and row.dog.until < facts.today(now)
    places = () if is_over or not facts.house.has_dogs else _inside(row.dog)
    offered = tuple(
        one for one in row.activities if one is not Activity.DOG_VISIT or (has_dog and places)
    )
    found: list[Due] = []
    if has_dog and is_over and row.dog is not None:
        found.append(DogLapsed(row.dog.until))
    if len(offered) > 1 or len(places) > 1:
        found.append(ActivityDue(offered, places if has_dog else ()))
    return found


def _inside(dog: DogTeam | None) -> tuple[DogPlace, ...]:
    """Where the dog may go at a nursing home; a private home is none."""
    if dog is None:
        return ()
    return tuple(place for place in dog.places if place is not DogPlace.HOME)
