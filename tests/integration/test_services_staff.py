"""What staff say of somebody in their house, and who was there at any past moment."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec
from presence.ids import EventId, PresentationId, uuid7
from presence.messages import AttemptRefused, Entry, WentOut
from presence.onsite import OnSite
from presence.reason import Reason
from presence.verdict import Basis
from presence.visit import Doubt, VisitState
from server.audit import AuditRow
from server.db import writing
from server.institutions.queries import board
from server.kiosks.roster import row_of
from server.visits.membership import members_at
from server.visits.models import EventRow, LetInReason, RefusedAttempt, VisitRow
from server.visits.projection import Whose
from server.visits.services import keep_entries
from server.visits.staff import StaffWordError, dismiss, let_in, say
from server.visits.store import Told
from tests.integration.server_stand import (
    DOOR,
    NOW,
    SOLBAKKEN,
    arrived,
    entry,
    fresh,
    left,
    place,
    volunteer,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KARI = Whose(SOLBAKKEN, volunteer(0))


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def keep(session: Session, *entries: Entry) -> None:
    told = [Told(DOOR, SOLBAKKEN, one, codec.encode_entry(one)) for one in entries]
    keep_entries(session, NOW, told)
    session.flush()


def event(at: datetime = NOW) -> EventId:
    return EventId(uuid7(at, os.urandom(10)))


def refused(
    number: int = 0, reason: Reason = Reason.EXPIRED, at: datetime = NOW - 10 * MINUTE
) -> Entry:
    what = AttemptRefused(place(number), PresentationId(fresh()), Basis.LIVE, reason)
    return entry(what, at)


def visits(session: Session) -> list[tuple[VisitState, datetime | None, datetime | None]]:
    rows = session.scalars(sa.select(VisitRow).order_by(VisitRow.id))
    return [(row.state, row.arrived, row.left) for row in rows]


def on_board(session: Session, now: datetime = NOW) -> tuple[int, list[Doubt | None]]:
    found = board(session, SOLBAKKEN, now)
    assert found is not None
    return len(found.on_site), [guest.doubt for guest in found.possible]


def test_staff_say_that_somebody_in_doubt_is_here(session: Session) -> None:
    keep(session, entry(arrived(0), NOW - 2 * HOUR), entry(left(0, is_doubtful=True), NOW - HOUR))
    assert on_board(session) == (0, [Doubt.CARD_UNCLEAR])
    say(session, NOW, event(), KARI, "institution", is_here=True)
    assert on_board(session) == (1, [])
    row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert row is not None
    assert row.here.visit is not None
    assert (row.here.visit.state, row.here.visit.confirmed) == (VisitState.OPEN, NOW)


def test_staff_say_that_somebody_has_left_and_no_time_is_invented(session: Session) -> None:
    keep(session, entry(arrived(0), NOW - 20 * HOUR))
    assert on_board(session) == (0, [Doubt.FORGOTTEN])
    say(session, NOW, event(), KARI, "institution", is_here=False)
    assert on_board(session) == (0, [])
    assert visits(session) == [(VisitState.LEFT_UNKNOWN, NOW - 20 * HOUR, None)]


def test_a_word_about_somebody_who_is_not_there_changes_no_visit(session: Session) -> None:
    say(session, NOW, event(), KARI, "institution", is_here=True)
    assert visits(session) == []


def test_a_word_of_staff_is_kept_and_audited_like_any_fact(session: Session) -> None:
    keep(session, entry(arrived(0), NOW - HOUR))
    said = event()
    say(session, NOW, said, KARI, "institution", is_here=False)
    kept = session.get_one(EventRow, said)
    assert (kept.kiosk_id, kept.actor, kept.at) == (None, "institution", NOW)
    acts = session.scalars(sa.select(AuditRow.act).where(AuditRow.act.like("staff_%"))).all()
    assert acts == ["staff_said_gone"]


def test_staff_let_in_somebody_whose_card_has_expired(session: Session) -> None:
    attempt = refused()
    keep(session, attempt)
    assert on_board(session) == (0, [Doubt.SENT_TO_STAFF])
    let_in(session, NOW, event(), attempt.event, LetInReason.LEADER_AGREED, "institution")
    assert on_board(session) == (1, [])
    assert visits(session) == [(VisitState.OPEN, NOW, None)]
    kept = session.scalars(sa.select(EventRow.reason).where(EventRow.reason.is_not(None))).all()
    assert kept == [LetInReason.LEADER_AGREED]


def test_two_of_the_staff_who_let_somebody_in_do_it_once(session: Session) -> None:
    attempt = refused()
    keep(session, attempt)
    for minutes in (0, 20):
        at = NOW + minutes * MINUTE
        let_in(session, at, event(at), attempt.event, LetInReason.KNOWN_TO_US, "institution")
    assert visits(session) == [(VisitState.OPEN, NOW, None)]


def test_who_was_let_in_leaves_by_the_card_all_the_same(session: Session) -> None:
    attempt = refused()
    keep(session, attempt)
    let_in(session, NOW, event(), attempt.event, LetInReason.KNOWN_TO_US, "institution")
    keep(session, entry(left(0), NOW + MINUTE))
    assert visits(session) == [(VisitState.CLOSED, NOW, NOW + MINUTE)]


@pytest.mark.parametrize("reason", [Reason.CARD_BLOCKED, Reason.PAUSED, Reason.NOT_YET_VALID])
def test_where_the_policy_leaves_no_choice_staff_cannot_let_anybody_in(
    session: Session, reason: Reason
) -> None:
    attempt = refused(reason=reason)
    keep(session, attempt)
    with pytest.raises(StaffWordError, match="leave no choice"):
        let_in(session, NOW, event(), attempt.event, LetInReason.KNOWN_TO_US, "institution")
    assert visits(session) == []
    assert on_board(session) == (0, [Doubt.SENT_TO_STAFF])


def test_nobody_is_let_in_by_a_card_that_nobody_knows(session: Session) -> None:
    attempt = refused(number=99, reason=Reason.TOO_WEAK)
    keep(session, attempt)
    with pytest.raises(StaffWordError, match="nobody knows"):
        let_in(session, NOW, event(), attempt.event, LetInReason.KNOWN_TO_US, "institution")


def test_an_attempt_that_there_is_not_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError, match="no such attempt"):
        let_in(session, NOW, event(), event(), LetInReason.KNOWN_TO_US, "institution")
    with pytest.raises(LookupError, match="no such attempt"):
        dismiss(session, NOW, event(), "institution")


def test_staff_say_that_whoever_was_refused_has_gone_again(session: Session) -> None:
    known, unknown = refused(), refused(number=99, reason=Reason.UNKNOWN_CARD)
    keep(session, known, unknown)
    dismiss(session, NOW, known.event, "institution")
    assert on_board(session) == (0, [Doubt.SENT_TO_STAFF])
    dismiss(session, NOW, unknown.event, "institution")
    dismiss(session, NOW + MINUTE, unknown.event, "institution")
    assert on_board(session) == (0, [])
    answered = session.scalars(sa.select(RefusedAttempt.answered_at)).all()
    assert answered == [NOW, NOW], "the first answer counts"


# --- at any past moment ----------------------------------------------------------------------


def names(found: OnSite) -> tuple[list[str | None], list[str | None], list[str | None]]:
    return (
        [one.volunteer for one in found.inside],
        [one.volunteer for one in found.possible],
        [one.volunteer for one in found.out],
    )


def test_who_was_in_the_house_at_a_past_moment(session: Session) -> None:
    keep(
        session,
        entry(arrived(0), NOW - 5 * HOUR),
        entry(left(0), NOW - 3 * HOUR),
        entry(arrived(1), NOW - 4 * HOUR),
        entry(WentOut(place(1), PresentationId(fresh()), Basis.LIVE), NOW - 2 * HOUR),
        refused(2, at=NOW - 4 * HOUR),
    )
    zero, one, two = (volunteer(number) for number in range(3))
    seen = {
        hours: names(members_at(session, SOLBAKKEN, NOW - timedelta(hours=hours), NOW))
        for hours in (6, 4.5, 3.5, 2.5, 1)
    }
    assert seen == {
        6: ([], [], []),
        4.5: ([zero], [], []),
        3.5: ([one, zero], [two], []),
        2.5: ([one], [two], []),
        1: ([], [], [one]),
    }


def test_a_fact_that_comes_late_changes_what_is_known_of_the_past(session: Session) -> None:
    assert names(members_at(session, SOLBAKKEN, NOW - HOUR, NOW)) == ([], [], [])
    keep(session, entry(arrived(0), NOW - 2 * HOUR))
    assert names(members_at(session, SOLBAKKEN, NOW - HOUR, NOW)) == ([volunteer(0)], [], [])


def test_who_came_in_after_a_refusal_counts_once_at_every_moment(session: Session) -> None:
    attempt = refused(at=NOW - 30 * MINUTE)
    keep(session, attempt)
    let_in(session, NOW - 20 * MINUTE, event(), attempt.event, LetInReason.KNOWN_TO_US, "staff")
    before = members_at(session, SOLBAKKEN, NOW - 25 * MINUTE, NOW)
    after = members_at(session, SOLBAKKEN, NOW - 15 * MINUTE, NOW)
    assert names(before) == ([], [volunteer(0)], [])
    assert names(after) == ([volunteer(0)], [], [])


def test_the_past_of_a_home_that_there_is_not_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError, match="no such institution"):
        members_at(session, type(SOLBAKKEN)("nowhere"), NOW, NOW)
