"""A card is renewed after a conversation that is fresh, and not otherwise (DOMAIN, scenario 5)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from presence.dates import add_months
from presence.policy import Policy
from presence.roster import CardState
from server import changes
from server.audit import AuditRow
from server.cards.renewal import ConversationMissingError, Renewal, renew
from server.cards.services import CardError, history, set_state
from server.changes import ChangeKind
from server.db import writing
from server.kiosks.roster import row_of
from server.people.models import Conversation, HeldBy
from server.people.services import PersonError, keep_conversation, last_conversation
from tests.integration.server_stand import NOW, SOLBAKKEN, card_id, card_of, volunteer

TODAY = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 23)
EARLIEST = date(2026, 8, 26)
DAY = timedelta(days=1)
NORWAY = Policy()
SWEDEN = Policy(validity_months=12, renewal_needs_conversation=False, prints_expiry=True)


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def expires(session: Session, last: date) -> None:
    card_of(session, 0).valid_until = last
    session.flush()


def talked(session: Session, day: date, today: date = TODAY) -> None:
    held = Conversation(volunteer_id=volunteer(0), day=day, held_by=HeldBy.ACTIVITY_LEADER)
    keep_conversation(session, NOW, today, held, "chapter")


def renewed(session: Session, today: date = TODAY, policy: Policy = NORWAY) -> Renewal:
    return renew(session, NOW, today, card_id(0), policy, "chapter")


def test_it_stays_closed_until_a_conversation_at_most_90_days_old_is_known(
    session: Session,
) -> None:
    expires(session, YESTERDAY)
    with pytest.raises(ConversationMissingError, match="none is known") as never:
        renewed(session)
    assert (never.value.last, never.value.earliest) == (None, EARLIEST)
    talked(session, date(2023, 11, 20))
    with pytest.raises(
        ConversationMissingError,
        match="since 2026-08-26 is missing; the last one was on 2023-11-20",
    ):
        renewed(session)
    talked(session, EARLIEST - DAY)
    with pytest.raises(ConversationMissingError) as old:
        renewed(session)
    assert old.value.last == date(2026, 8, 25)
    assert card_of(session, 0).valid_until == YESTERDAY
    talked(session, EARLIEST)
    assert renewed(session) == Renewal(date(2029, 11, 24), needs_replacement=False)


def test_a_conversation_of_tomorrow_cannot_be_written_down(session: Session) -> None:
    with pytest.raises(PersonError, match="in the future"):
        talked(session, TODAY + DAY)
    assert last_conversation(session, volunteer(0), TODAY) is None


def test_one_that_lies_in_the_future_of_this_day_does_not_count(session: Session) -> None:
    expires(session, YESTERDAY)
    talked(session, TODAY + DAY, today=TODAY + DAY)
    with pytest.raises(ConversationMissingError):
        renewed(session)


def test_a_conversation_with_nobody_is_an_error(session: Session) -> None:
    held = Conversation(volunteer_id="nobody", day=TODAY, held_by=HeldBy.CHAPTER_ADMIN)
    with pytest.raises(LookupError):
        keep_conversation(session, NOW, TODAY, held, "chapter")


def test_of_a_conversation_only_day_and_role_are_kept(session: Session) -> None:
    columns = {column.name for column in sa.inspect(Conversation).columns}
    assert columns == {"id", "volunteer_id", "day", "held_by"}
    talked(session, TODAY)
    found = last_conversation(session, volunteer(0), TODAY)
    assert found is not None
    assert (found.day, found.held_by) == (TODAY, HeldBy.ACTIVITY_LEADER)


def test_who_comes_in_time_loses_no_days(session: Session) -> None:
    talked(session, TODAY)
    expires(session, date(2026, 12, 24))
    assert renewed(session).valid_until == date(2029, 12, 24)


def test_it_is_not_renewed_before_the_time_of_notice_nor_twice(session: Session) -> None:
    talked(session, TODAY)
    expires(session, TODAY + 61 * DAY)
    with pytest.raises(CardError, match="not due before 2026-11-25"):
        renewed(session)
    expires(session, TODAY + 60 * DAY)
    renewed(session)
    with pytest.raises(CardError, match="not due before"):
        renewed(session)


def test_a_society_that_asks_for_no_conversation_renews_without_one(session: Session) -> None:
    expires(session, YESTERDAY)
    assert renewed(session, policy=SWEDEN) == Renewal(date(2027, 11, 24), needs_replacement=True)


@pytest.mark.parametrize("state", [one for one in CardState if one is not CardState.ACTIVE])
def test_only_a_card_in_use_is_renewed(session: Session, state: CardState) -> None:
    talked(session, TODAY)
    expires(session, YESTERDAY)
    set_state(session, NOW, card_id(0), state, "chapter")
    with pytest.raises(CardError, match=f"that is {state} cannot be renewed"):
        renewed(session)
    assert card_of(session, 0).valid_until == YESTERDAY


def test_a_card_is_not_valid_longer_than_the_code_on_it(session: Session) -> None:
    talked(session, TODAY)
    expires(session, YESTERDAY)
    card_of(session, 0).expires_at = datetime(2029, 11, 24, tzinfo=UTC)
    with pytest.raises(CardError, match="holds until 2029-11-23 only; issue a new card"):
        renewed(session)
    card_of(session, 0).expires_at = datetime(2029, 11, 25, tzinfo=UTC)
    assert renewed(session).valid_until == date(2029, 11, 24)


def test_a_card_that_there_is_not_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError):
        renew(session, NOW, TODAY, "no-such-card", NORWAY, "chapter")


def test_the_homes_are_told_and_who_did_it_is_kept(session: Session) -> None:
    talked(session, TODAY)
    expires(session, YESTERDAY)
    newest = changes.newest(session)
    renewed(session)
    session.flush()
    told = changes.after(session, newest)
    assert [(one.kind, one.volunteer_id) for one in told] == [(ChangeKind.CARD, volunteer(0))]
    row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert row is not None
    assert (row.version, row.cards[0].valid_until) == (told[0].id, date(2029, 11, 24))
    event = history(session, card_id(0))[0]
    assert (event.state_before, event.state_after) == (CardState.ACTIVE, CardState.ACTIVE)
    assert (event.valid_until, event.actor) == (date(2029, 11, 24), "chapter")
    audit = session.scalars(sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
    assert (audit.act, audit.record) == ("renew_card", f"card/{card_id(0)}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    today=st.dates(date(2026, 2, 1), date(2030, 12, 31)),
    left=st.integers(-800, 60),
    age=st.integers(-10, 200),
    policy=st.builds(
        Policy,
        validity_months=st.integers(1, 36),
        renewal_needs_conversation=st.booleans(),
        conversation_max_age_days=st.integers(1, 180),
    ),
)
def test_it_is_renewed_exactly_when_the_conversation_is_fresh_and_never_shortened(
    session: Session, today: date, left: int, age: int, policy: Policy
) -> None:
    last = today + left * DAY
    with session.begin_nested() as savepoint:
        expires(session, last)
        talked(session, today - age * DAY, today=today + 10 * DAY)
        is_fresh = 0 <= age <= policy.conversation_max_age_days
        if is_fresh or not policy.renewal_needs_conversation:
            found = renewed(session, today, policy).valid_until
            assert found == add_months(max(last, today), policy.validity_months)
            assert found > max(last, today)
        else:
            with pytest.raises(ConversationMissingError):
                renewed(session, today, policy)
            assert card_of(session, 0).valid_until == last
        savepoint.rollback()
    session.expire_all()
