"""Visits from facts. Arrivals and departures are facts; a visit is computed from them.

All facts here are of one person at one home. Any order and any duplication of the same facts
gives the same visits, because they are sorted and repeated ones dropped before anything is
computed (DOMAIN, "Visits from facts").
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from presence.dates import check_utc
from presence.ids import EventId, VisitId, WireEventId, WireVisitId

TWO_DOORS = timedelta(minutes=15)


class Moment(Struct, frozen=True, order=True, array_like=True):
    """A place in the order of a person's facts: by time, ties by event id."""

    at: datetime
    event: EventId

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


class Arrival(Struct, frozen=True, tag="arrival"):
    """The person was told "welcome". `visit` is the visit it opens, if it opens one."""

    at: datetime
    event: WireEventId
    visit: WireVisitId

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


class Departure(Struct, frozen=True, tag="departure"):
    """The person was told "goodbye". `doubtful`: it may not have been the card's owner."""

    at: datetime
    event: WireEventId
    doubtful: bool = False

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


Fact = Arrival | Departure


class VisitState(StrEnum):
    OPEN = "open"
    """On site."""
    POSSIBLE = "possible"
    """Possibly on site: closed by nobody who surely is the visitor."""
    CLOSED = "closed"
    LEFT_UNKNOWN = "left_unknown"
    """Over, and nobody knows since when."""


class Visit(Struct, frozen=True):
    """One stay at one home. A time that nobody knows is None and is never invented."""

    id: VisitId
    state: VisitState
    arrived: datetime | None
    last_arrival: datetime | None
    """The latest tap that belongs to this arrival: a second door, a second touch."""
    left: datetime | None = None

    def __post_init__(self) -> None:
        for name, time in (("arrived", self.arrived), ("left", self.left)):
            if time is not None:
                check_utc(time, name)

    @property
    def is_current(self) -> bool:
        """The person is, or may be, in the house."""
        return self.state in (VisitState.OPEN, VisitState.POSSIBLE)


class Here(Struct, frozen=True):
    """One person's presence at one home: the current visit, if any, and the last fact that is
    part of this knowledge."""

    visit: Visit | None = None
    latest: Moment | None = None


NOT_HERE = Here()


def moment(fact: Fact) -> Moment:
    return Moment(fact.at, fact.event)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Each event once, in time order. Two facts that claim one event id count as the first."""
    first: dict[EventId, Fact] = {}
    for fact in sorted(facts, key=_sort_key):
        first.setdefault(fact.event, fact)
    return list(first.values())


def visits(facts: Iterable[Fact], two_doors: timedelta = TWO_DOORS) -> tuple[Visit, ...]:
    """The visits of one person at one home, in order. At most the last one is current."""
    done: list[Visit] = []
    current: Visit | None = None
    for fact in in_order(facts):
        finished, current = _step(current, fact, two_doors)
        if finished is not None:
            done.append(finished)
    if current is not None:
        done.append(current)
    return tuple(done)


def here_after(here: Here, facts: Iterable[Fact], two_doors: timedelta = TWO_DOORS) -> Here:
    """What is known after facts that `here` may or may not contain already.

    Facts up to `here.latest` are taken as contained. So a kiosk can lay its own unsettled facts
    over a roster row, and the server over its own knowledge, without counting one twice.
    """
    current, latest = here.visit, here.latest
    for fact in in_order(facts):
        if latest is not None and moment(fact) <= latest:
            continue
        _, current = _step(current, fact, two_doors)
        latest = moment(fact)
    return Here(current, latest)


def _step(
    current: Visit | None, fact: Fact, two_doors: timedelta
) -> tuple[Visit | None, Visit | None]:
    """One fact further: the visit that it ends, if any, and the one that is current after it."""
    if isinstance(fact, Departure):
        return _depart(current, fact)
    if current is None:
        return None, _opened(fact)
    if (
        current.state is VisitState.OPEN
        and current.last_arrival is not None
        and fact.at - current.last_arrival <= two_doors
    ):
        return None, msgspec.structs.replace(current, last_arrival=fact.at)
    return msgspec.structs.replace(current, state=VisitState.LEFT_UNKNOWN), _opened(fact)


def _opened(fact: Arrival) -> Visit:
    return Visit(fact.visit, VisitState.OPEN, arrived=fact.at, last_arrival=fact.at)


def _depart(current: Visit | None, fact: Departure) -> tuple[Visit | None, Visit | None]:
    if fact.doubtful:
        if current is None:
            return None, None
        return None, msgspec.structs.replace(current, state=VisitState.POSSIBLE)
    if current is None:
        unknown = Visit(VisitId(fact.event), VisitState.CLOSED, None, None, left=fact.at)
        return unknown, None
    return msgspec.structs.replace(current, state=VisitState.CLOSED, left=fact.at), None


def _sort_key(fact: Fact) -> tuple[datetime, EventId, bytes]:
    return fact.at, fact.event, msgspec.json.encode(fact)
