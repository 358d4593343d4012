"""The signed status lists: made from the cards, numbered in time, and kept until the next ones.

A list says that a card is not to be believed, and never why. Places that no card has say VALID: if
they said anything else, whoever has a list could count the cards.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.errors import SignatureError, StatusListError
from presence.roster import CardState
from presence.statuslist import ENTRIES, Status, StatusTable, open_list, sign_list, table_of
from presence.trust import SigningKey, TrustList
from server.cards.models import Card, PublishedList
from server.institutions.models import Chapter, Institution, Society
from server.institutions.services import zone_of
from server.policies.models import KeptPolicy
from server.policies.services import policy_on

ISSUE_EVERY = timedelta(hours=24)
"""A list is issued again after so long, though nothing in it has changed."""
_SECOND = timedelta(seconds=1)

Marks = Mapping[int, Status]
"""By index: every card of one list that is not VALID."""


@dataclass(frozen=True, slots=True)
class NewList:
    """A list that is to take the place of the one issued at `before` (None: the first one)."""

    number: int
    issued: datetime
    token: bytes
    before: datetime | None


def due(session: Session, now: datetime, key: SigningKey, trust: TrustList) -> Sequence[NewList]:
    """The lists that say something new, or that are a day old, signed anew.

    Time never goes back: not over restarts, nor with several processes, nor with the clock.
    """
    # Before the cards: what somebody else issues from here on is found out by `keep`.
    known = {one.list: one for one in session.scalars(sa.select(PublishedList))}
    wanted = marks(session, now)
    found = []
    for number in sorted({*wanted, *known}):
        table = table_of(wanted.get(number, {}))
        last = known.get(number)
        if last is None or _is_outdated(last, table, now, trust):
            issued = now.replace(microsecond=0)
            if last is not None:
                issued = max(issued, last.issued_at + _SECOND)
            token = sign_list(number, table, key, issued)
            found.append(NewList(number, issued, token, last.issued_at if last else None))
    return found


def keep(session: Session, new: NewList) -> bool:
    """Make it the current one. False: somebody else has issued one meanwhile; look again.

    Raises sqlalchemy.exc.IntegrityError when that was the very first one.
    """
    if new.before is None:
        session.add(PublishedList(list=new.number, issued_at=new.issued, token=new.token))
        session.flush()
        return True
    kept = session.execute(
        sa.update(PublishedList)
        .where(PublishedList.list == new.number, PublishedList.issued_at == new.before)
        .values(issued_at=new.issued, token=new.token)
        .returning(PublishedList.list)
        .execution_options(synchronize_session=False)
    )
    return kept.one_or_none() is not None


def current(session: Session) -> Sequence[PublishedList]:
    """The newest list of each number."""
    return session.scalars(sa.select(PublishedList).order_by(PublishedList.list)).all()


def times_of_issue(session: Session) -> Mapping[int, datetime]:
    """When the current list of each number was issued."""
    rows = session.execute(sa.select(PublishedList.list, PublishedList.issued_at))
    return {row.list: row.issued_at for row in rows}


def marks(session: Session, now: datetime) -> Mapping[int, Marks]:
    """What each list says; every list in which any card stands is there."""
    found: dict[int, dict[int, Status]] = {number: {} for number in session.scalars(_numbers)}
    last_days = dict(_last_days(session, now))
    asked = {"latest": max(last_days.values(), default=now.date())}
    for number, index, state, valid_until, society in session.execute(_not_plain, asked):
        found[number][index] = _status(state, valid_until, last_days[society])
    return found


def _status(state: CardState, valid_until: date, last_day: date) -> Status:
    """A card whose last day is over is not INVALID: it is nobody's but its holder's, and whoever
    knows the date, as the home's roster does, refuses it with the date and whom to call."""
    if state is CardState.SUSPENDED:
        return Status.SUSPENDED
    if state is not CardState.ACTIVE:
        return Status.INVALID
    return Status.RENEWAL_DUE if valid_until <= last_day else Status.VALID


def _last_days(session: Session, now: datetime) -> Iterator[tuple[str, date]]:
    """For each society the last day of validity up to which a card's renewal is due already, by
    the calendar of the home where today began first."""
    zones = (zone_of(name) for name in session.scalars(_zones))
    today = max((now.astimezone(zone).date() for zone in zones), default=now.astimezone(UTC).date())
    for society, versions in session.execute(_policies):
        notice = timedelta(days=policy_on(versions, today).renewal_notice_days)
        yield society, today + notice


def _is_outdated(last: PublishedList, table: StatusTable, now: datetime, trust: TrustList) -> bool:
    if now - last.issued_at >= ISSUE_EVERY:
        return True
    try:
        return open_list(last.token, last.list, trust).table != table
    except (SignatureError, StatusListError):  # signed with a key that is no longer trusted
        return True


_numbers = sa.select(Card.list).distinct()
_zones = sa.select(Institution.zone).distinct()
_policies = sa.select(Society.id, KeptPolicy.versions).join_from(
    Society, KeptPolicy, KeptPolicy.id == Society.policy_id
)
_not_plain = (
    sa.select(Card.list, Card.index, Card.state, Card.valid_until, Chapter.society_id)
    .join_from(Card, Chapter, Chapter.id == Card.chapter_id)
    .where(
        sa.or_(Card.state != CardState.ACTIVE, Card.valid_until <= sa.bindparam("latest")),
        Card.index < ENTRIES,
    )
)
