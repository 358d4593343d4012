"""Writes what happened until today, as entries that the server keeps like any kiosk's."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from demo.sample import briefings
from demo.sample.desk import Desk, Made
from demo.sample.homes import SOLBAKKEN, Home
from demo.sample.register import VERSION_AGES
from demo.sample.visiting import ZONE, stays, told_by
from presence.reason import Reason
from presence.roster import CardState
from server.kiosks.services import seen
from server.visits.services import keep_entries
from server.visits.store import Told

_YEAR = timedelta(days=365)
_READ_AGES = {1: 30, 2: 150, 3: 20}
"""Days ago on which the cast read a version."""
_QUIET = 11
"""Which home's kiosk has lost its network."""


def add_first_readings(desk: Desk) -> None:
    """One visit of each of the cast, at which the briefing was read."""
    told: list[Told] = []
    for made in desk.made:
        major = made.plan.briefed
        if major is None:
            continue
        at, pen, card = desk.ago(_READ_AGES[major]), desk.pens[made.plan.homes[0].id], made.card.ref
        told += [
            pen.arrived(card, at),
            pen.read(card, at + timedelta(minutes=2), major, made.plan.language),
            pen.left(card, at + timedelta(minutes=70)),
        ]
    _keep(desk, told)


def add_year(desk: Desk, home: Home) -> None:
    """A year of visits at one home, by everyone but the cast, until yesterday."""
    versions = [
        (desk.ago(VERSION_AGES[major]), major) for major in range(1, briefings.major(home) + 1)
    ]
    told: list[Told] = []
    for made in _crowd(desk):
        plan = made.plan
        if home not in plan.homes:
            continue
        last = min(desk.today, made.card.valid_until)
        if plan.state is not CardState.ACTIVE:
            last = min(last, desk.ago(plan.blocked_days).date())
        first = max(plan.valid_from, desk.today - _YEAR)
        share = plan.visits_a_year // len(plan.homes)
        visits = list(stays(desk.random, plan.activity, share, first, last))
        if visits and visits[-1].left is None:  # else the person would still be in the house
            visits.pop()
        pen, language = desk.pens[home.id], plan.language
        told += told_by(pen, desk.random, made.card.ref, language, visits, versions)
    _keep(desk, told)


def add_today(desk: Desk) -> None:
    """Who is in the houses now, who stays long, who has forgotten to check out."""
    able = [one for one in _crowd(desk) if _is_able(desk, one)]
    for number, home in enumerate(desk.homes):
        theirs = [one for one in able if one.plan.homes[0] == home]
        chosen = theirs[: 5 if home == SOLBAKKEN else (3, 1, 0, 2)[number % 4]]
        pen = desk.pens[home.id]
        if home == SOLBAKKEN:  # somebody from elsewhere, who has not read its briefing yet
            chosen.append(next(one for one in able if SOLBAKKEN not in one.plan.homes))
        _keep(desk, [pen.arrived(one.card.ref, _lately(desk)) for one in chosen])
        if number % 5 == 1 and len(theirs) > 6:
            _keep(desk, [pen.arrived(theirs[5].card.ref, desk.ago(0.2))])
            _keep(desk, [pen.arrived(theirs[6].card.ref, desk.ago(1.1))])
        seen(
            desk.session,
            desk.ago(0.1) if number == _QUIET else desk.now - timedelta(seconds=5 + 3 * number),
            home.kiosk,
        )


def add_refusals(desk: Desk) -> None:
    """Cards held up that were blocked or expired; one of them at Solbakken a moment ago."""
    stopped = [one for one in _crowd(desk) if not _is_able(desk, one)]
    attempts = [
        (_daytime(desk, desk.random.randint(1, _stopped_for(desk, made))), made)
        for made in stopped[:-1]
    ]
    for at, made in sorted(attempts, key=lambda attempt: attempt[0]):
        _refuse(desk, made, made.plan.homes[0], at)
    _refuse(desk, stopped[-1], SOLBAKKEN, desk.now - timedelta(minutes=18))


def _daytime(desk: Desk, days_ago: int) -> datetime:
    day = desk.today - timedelta(days=days_ago)
    minutes = timedelta(minutes=desk.random.randint(10 * 60, 19 * 60))
    return (datetime.combine(day, time.min, ZONE) + minutes).astimezone(UTC)


def _stopped_for(desk: Desk, made: Made) -> int:
    """Days since the card was blocked or has expired."""
    return made.plan.blocked_days or (desk.today - made.card.valid_until).days


def _refuse(desk: Desk, made: Made, home: Home, at: datetime) -> None:
    is_blocked = made.plan.state is not CardState.ACTIVE
    reason = Reason.CARD_BLOCKED if is_blocked else Reason.EXPIRED
    keep_entries(desk.session, at, [desk.pens[home.id].refused(made.card.ref, at, reason)])


def _crowd(desk: Desk) -> Iterator[Made]:
    return (made for made in desk.made if made.plan.key is None)


def _is_able(desk: Desk, made: Made) -> bool:
    return made.plan.state is CardState.ACTIVE and made.card.valid_until >= desk.today


def _lately(desk: Desk) -> datetime:
    return desk.now - timedelta(seconds=desk.random.randint(240, 9000))


def _keep(desk: Desk, told: Iterable[Told]) -> None:
    keep_entries(desk.session, desk.now, list(told))
