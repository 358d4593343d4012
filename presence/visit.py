"""Visits from facts. What people did at a door is a fact; a visit is computed from them.

All facts here are of one person at one home. Any order and any duplication of the same facts
gives the same visits, because they are sorted and repeated ones dropped before anything is
computed (DOMAIN, "Visits from facts"). Nothing else changes a visit but the passing of a night.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from presence.dates import check_utc
from presence.ids import EventId, VisitId, WireEventId, WireVisitId


class Moment(Struct, frozen=True, order=True, array_like=True):
    """A place in the order of a person's facts: by time, ties by event id."""

    at: datetime
    event: EventId

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


class _Recorded(Struct, frozen=True, omit_defaults=True):
    """Root of all facts. `event` is the one that told of it."""

    at: datetime
    event: WireEventId

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


class Arrival(_Recorded, frozen=True, tag="arrival"):
    """The person was told "welcome". `visit` is the visit it opens, if it opens one; `is_vigil`:
    may sit through the night."""

    visit: WireVisitId
    is_vigil: bool = False
    heard: datetime | None = None
    """When the server heard of it, where the kiosk's clock may have been long behind: the person
    may have come as late as that."""


class Departure(_Recorded, frozen=True, tag="departure"):
    """The person was told "goodbye". `doubtful`: it may not have been the card's owner."""

    doubtful: bool = False


class Outing(_Recorded, frozen=True, tag="outing"):
    """Went out with residents, or came back from there: the shift goes on meanwhile."""

    is_out: bool


class SeenElsewhere(_Recorded, frozen=True, tag="seen_elsewhere"):
    """The same person arrived at another home. `event` is that arrival's."""


class StaffWord(_Recorded, frozen=True, tag="staff_word"):
    """Staff said whether the person is in the house."""

    is_here: bool


Fact = Arrival | Departure | Outing | SeenElsewhere | StaffWord


class VisitState(StrEnum):
    OPEN = "open"
    """On site."""
    POSSIBLE = "possible"
    """Possibly on site: closed by nobody who surely is the visitor."""
    CLOSED = "closed"
    LEFT_UNKNOWN = "left_unknown"
    """Over, and nobody knows since when."""


class Doubt(StrEnum):
    """Why somebody is only possibly in the house, in words that hurt nobody."""

    SENT_TO_STAFF = "sent_to_staff"
    """Was asked at the door to speak to the staff."""
    CARD_UNCLEAR = "card_unclear"
    """Left with a card that may not have been in its owner's hand."""
    FORGOTTEN = "forgotten"
    """Came on an earlier day and never checked out."""
    ELSEWHERE = "elsewhere"
    """Has arrived at another home since."""


class Visit(Struct, frozen=True, omit_defaults=True):
    """One stay at one home. A time that nobody knows is None and is never invented."""

    id: VisitId
    state: VisitState
    arrived: datetime | None
    last_arrival: datetime | None
    """The latest tap that belongs to this arrival: a second door, a second touch."""
    left: datetime | None = None
    doubt: Doubt | None = None
    """Why the person is only possibly there, or was to the end."""
    doubted: datetime | None = None
    """Since when."""
    confirmed: datetime | None = None
    """When staff last said that the person is there, or the server heard of an arrival whose own
    time is not to be relied on."""
    is_vigil: bool = False
    is_out: bool = False
    """Out with residents: the visit goes on, and nobody searches the house for the person."""

    def __post_init__(self) -> None:
        for name in ("arrived", "last_arrival", "left", "doubted", "confirmed"):
            moment = getattr(self, name)
            if moment is not None:
                check_utc(moment, name)

    @property
    def is_current(self) -> bool:
        """The person is, or may be, in the house."""
        return self.state in (VisitState.OPEN, VisitState.POSSIBLE)

    @property
    def last_sure(self) -> datetime | None:
        """When the person was last surely there: by a tap, or by staff's word."""
        if self.confirmed is None or self.last_arrival is None:
            return self.confirmed or self.last_arrival
        return max(self.confirmed, self.last_arrival)


class Here(Struct, frozen=True):
    """One person's presence at one home: the current visit, if any, and the last fact of this home
    that is part of this knowledge. What time has done since then, `settled` tells."""

    visit: Visit | None = None
    latest: Moment | None = None


NOT_HERE = Here()


@dataclass(frozen=True, slots=True)
class StayRules:
    """What the home and its society say about stays (DOMAIN, "Forgotten departure")."""

    zone: tzinfo
    two_doors: timedelta
    """An arrival this soon after the last one belongs to the same visit."""
    night_ends: time
    """A visit still open at this hour, home's time, was forgotten to be closed."""
    footnote_after: timedelta
    """So long the person then stays possibly on site."""

    def forgotten_at(self, last_sure: datetime, *, is_vigil: bool) -> datetime:
        """When an open visit stops being sure: at the end of the night. Who keeps vigil sits
        through one night; nobody sits through two."""
        end = self._night_end(last_sure + self.two_doors)
        return self._night_end(end + timedelta(hours=1)) if is_vigil else end

    def _night_end(self, earliest: datetime) -> datetime:
        """The first end of a night that is not before `earliest`."""
        day = earliest.astimezone(self.zone).date()
        end = datetime.combine(day, self.night_ends, self.zone).astimezone(UTC)
        if end >= earliest:
            return end
        following = datetime.combine(day + timedelta(days=1), self.night_ends, self.zone)
        return following.astimezone(UTC)


def moment(fact: Fact) -> Moment:
    return Moment(fact.at, fact.event)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Each event once, in time order. Two facts that claim one event id count as the first."""
    first: dict[EventId, Fact] = {}
    for fact in facts:
        known = first.setdefault(fact.event, fact)
        if known is not fact and _whole(fact) < _whole(known):
            first[fact.event] = fact
    return sorted(first.values(), key=lambda fact: (fact.at, fact.event))


def visits(facts: Iterable[Fact], rules: StayRules) -> tuple[Visit, ...]:
    """The visits of one person at one home, in order, as the last fact left them. At most the
    last one is current."""
    done: list[Visit] = []
    current: Visit | None = None
    for fact in in_order(facts):
        finished, current = _step(current, fact, rules)
        done += finished
    if current is not None:
        done.append(current)
    return tuple(done)


def here_after(here: Here, facts: Iterable[Fact], rules: StayRules) -> Here:
    """What is known after facts that `here` may or may not contain already.

    Facts up to `here.latest` are taken as contained. So a kiosk can lay its own unsettled facts
    over a roster row, and the server over its own knowledge, without counting one twice.
    """
    current, latest = here.visit, here.latest
    for fact in in_order(facts):
        if latest is not None and moment(fact) <= latest:
            continue
        _, current = _step(current, fact, rules)
        if not isinstance(fact, SeenElsewhere):
            latest = moment(fact)
    return Here(current, latest)


def settled(visit: Visit | None, now: datetime, rules: StayRules) -> Visit | None:
    """The visit as it stands at `now`, when nothing has been recorded of it since.

    At the end of the night an open visit becomes possible; a possible one is over a day later.
    The time of leaving stays unknown.
    """
    if visit is None:
        return None
    if visit.state is VisitState.OPEN:
        visit = _forgotten(visit, now, rules)
    if visit.state is not VisitState.POSSIBLE or visit.doubted is None:
        return visit
    is_over = now - visit.doubted >= rules.footnote_after
    return replace(visit, state=VisitState.LEFT_UNKNOWN) if is_over else visit


def _forgotten(visit: Visit, now: datetime, rules: StayRules) -> Visit:
    sure = visit.last_sure
    if sure is None or now - sure < rules.two_doors:
        return visit  # spares the calendar for what has just happened
    since = rules.forgotten_at(sure, is_vigil=visit.is_vigil)
    return _doubted(visit, Doubt.FORGOTTEN, since) if now >= since else visit


_Step = tuple[Sequence[Visit], Visit | None]
"""The visits that a fact ends, and the one that is current after it."""


def _step(current: Visit | None, fact: Fact, rules: StayRules) -> _Step:
    """One fact further, through the nights that have passed before it."""
    before = settled(current, fact.at, rules)
    if before is not None and not before.is_current:
        done, after = _told(None, fact, rules)
        return (before, *done), after
    return _told(before, fact, rules)


def _told(current: Visit | None, fact: Fact, rules: StayRules) -> _Step:
    match fact:
        case Arrival():
            return _arrive(current, fact, rules)
        case Departure():
            return _depart(current, fact)
        case Outing(is_out=True):
            return (), current and replace(current, is_out=current.state is VisitState.OPEN)
        case Outing():
            return _come_back(current, fact)
        case SeenElsewhere():
            return _go_elsewhere(current, fact)
        case StaffWord(is_here=True):
            return (), current and _sure_again(current, fact.at)
        case StaffWord():
            return _over(current), None


def _arrive(current: Visit | None, fact: Arrival, rules: StayRules) -> _Step:
    if current is not None and _is_same_arrival(current, fact.at, rules):
        is_vigil = current.is_vigil or fact.is_vigil
        again = replace(current, last_arrival=fact.at, is_vigil=is_vigil, is_out=False)
        return (), again if fact.heard is None else replace(again, confirmed=fact.heard)
    opened = _opened(fact.visit, fact.at, is_vigil=fact.is_vigil)
    return _over(current), replace(opened, confirmed=fact.heard)


def _opened(visit: VisitId, at: datetime, *, is_vigil: bool) -> Visit:
    return Visit(visit, VisitState.OPEN, at, at, is_vigil=is_vigil)


def _is_same_arrival(current: Visit, at: datetime, rules: StayRules) -> bool:
    return (
        current.state is VisitState.OPEN
        and current.last_arrival is not None
        and at - current.last_arrival <= rules.two_doors
    )


def _depart(current: Visit | None, fact: Departure) -> _Step:
    if fact.doubtful:
        return (), current and _doubted(current, Doubt.CARD_UNCLEAR, fact.at)
    if current is None:
        unknown = Visit(VisitId(fact.event), VisitState.CLOSED, None, None, left=fact.at)
        return (unknown,), None
    left = replace(
        current, state=VisitState.CLOSED, left=fact.at, doubt=None, doubted=None, is_out=False
    )
    return (left,), None


def _come_back(current: Visit | None, fact: Outing) -> _Step:
    """Who was told "welcome back" is here, whatever was known before."""
    if current is not None and current.state is VisitState.OPEN:
        return (), replace(current, is_out=False, last_arrival=fact.at)
    is_vigil = current is not None and current.is_vigil
    return _over(current), _opened(VisitId(fact.event), fact.at, is_vigil=is_vigil)


def _go_elsewhere(current: Visit | None, fact: SeenElsewhere) -> _Step:
    if current is not None and current.doubt is Doubt.FORGOTTEN:
        return _over(current), None
    return (), current and _doubted(current, Doubt.ELSEWHERE, fact.at)


def _doubted(current: Visit, doubt: Doubt, since: datetime) -> Visit:
    """The first doubt stays the reason."""
    if current.state is VisitState.POSSIBLE:
        return current
    return replace(current, state=VisitState.POSSIBLE, doubt=doubt, doubted=since, is_out=False)


def _sure_again(current: Visit, at: datetime) -> Visit:
    return replace(
        current, state=VisitState.OPEN, doubt=None, doubted=None, confirmed=at, is_out=False
    )


def _over(current: Visit | None) -> Sequence[Visit]:
    """Ended at a time that nobody knows."""
    if current is None:
        return ()
    return (replace(current, state=VisitState.LEFT_UNKNOWN, is_out=False),)


def _whole(fact: Fact) -> tuple[datetime, bytes]:
    return fact.at, msgspec.json.encode(fact)
