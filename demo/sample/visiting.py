"""What kiosks told in a year: arrivals, departures, briefings read, cards not accepted.

Pure: entries as a kiosk makes them, for the server to keep as it keeps any other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from demo.sample.homes import Home
from presence import codec
from presence.activity import Activity
from presence.card import CardRef
from presence.ids import RANDOM_BYTES, BootId, EventId, PresentationId, VisitId, uuid7
from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    ClockTrust,
    Entry,
    Left,
    Stamp,
    WentOut,
    What,
)
from presence.reason import Reason
from presence.verdict import Basis, Outcome
from server.visits.store import Told

ZONE = ZoneInfo("Europe/Oslo")
_FORGOTTEN = 0.04
"""Of all visits, those whose departure nobody told the kiosk."""
_UNREAD = 0.03
"""Of all briefings, those left unread at the visit where they were due."""


@dataclass(frozen=True, slots=True)
class Stay:
    arrived: datetime
    left: datetime | None


class KioskPen:
    """Writes the entries of one home's kiosk, numbered as a kiosk would."""

    def __init__(self, random: Random, home: Home, booted: datetime) -> None:
        self._random = random
        self._home = home
        self._booted = booted
        self._boot = BootId(self._id(booted))
        self._sequence = 0

    def arrived(self, card: CardRef, at: datetime) -> Told:
        visit = VisitId(self._id(at))
        presentation = PresentationId(self._id(at))
        return self._told(at, Arrived(card, visit, presentation, Basis.LIVE, Outcome.CONFIRMED))

    def left(self, card: CardRef, at: datetime) -> Told:
        return self._told(at, Left(card, PresentationId(self._id(at)), Basis.LIVE))

    def went_out(self, card: CardRef, at: datetime) -> Told:
        return self._told(at, WentOut(card, PresentationId(self._id(at)), Basis.LIVE))

    def read(self, card: CardRef, at: datetime, major: int, language: str) -> Told:
        seconds = self._random.randint(45, 180)
        return self._told(at, BriefingAcknowledged(card, major, 0, language, seconds))

    def refused(self, card: CardRef, at: datetime, reason: Reason) -> Told:
        presentation = PresentationId(self._id(at))
        return self._told(at, AttemptRefused(card, presentation, Basis.LIVE, reason))

    def _told(self, at: datetime, what: What) -> Told:
        self._sequence += 1
        since_boot = max(0, (at - self._booted) // timedelta(milliseconds=1))
        stamp = Stamp(self._sequence, self._boot, since_boot, at, ClockTrust.SYNCED)
        entry = Entry(EventId(self._id(at)), stamp, what)
        return Told(self._home.kiosk, self._home.id, entry, codec.encode_entry(entry))

    def _id(self, at: datetime) -> str:
        return uuid7(at, self._random.randbytes(RANDOM_BYTES))


def stays(
    random: Random, activity: Activity, visits: int, first: date, last: date
) -> Iterator[Stay]:
    """About `visits` visits a year between two days, one on a day, in order."""
    days = (last - first).days
    count = min(days, round(visits * days / 365))
    for offset in sorted(random.sample(range(days), count)) if count > 0 else ():
        yield _stay(random, activity, first + timedelta(days=offset))


def told_by(
    pen: KioskPen,
    random: Random,
    card: CardRef,
    language: str,
    visits: Sequence[Stay],
    versions: Sequence[tuple[datetime, int]],
) -> Iterator[Told]:
    """The entries of one person's visits at one home. `versions` says from when which major
    version of the briefing was in force there."""
    read = 0
    for stay in visits:
        yield pen.arrived(card, stay.arrived)
        major = max((major for since, major in versions if since <= stay.arrived), default=0)
        if major > read and random.random() > _UNREAD:
            read = major
            yield pen.read(card, stay.arrived + timedelta(minutes=3), major, language)
        if stay.left is not None:
            yield pen.left(card, stay.left)


def _stay(random: Random, activity: Activity, day: date) -> Stay:
    hour = 20 if activity is Activity.VIGIL else random.choice((10, 11, 11, 13, 14, 16, 17, 18))
    start = datetime.combine(day, time(hour), ZONE) + timedelta(minutes=random.randint(0, 59))
    arrived = start.astimezone(UTC) + timedelta(seconds=random.randint(0, 59))
    minutes = random.randint(300, 540) if activity is Activity.VIGIL else random.randint(40, 150)
    is_forgotten = random.random() < _FORGOTTEN
    return Stay(arrived, None if is_forgotten else arrived + timedelta(minutes=minutes))
