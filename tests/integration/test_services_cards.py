"""Cards are issued to adults only, can be signed again, and are blocked at once when lost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.credential import verify_code
from presence.ids import VolunteerId
from presence.policy import Policy
from presence.roster import CardState
from server.audit import AuditRow
from server.cards.services import (
    CardError,
    NewCard,
    cards_of,
    code_of,
    history,
    issue_card,
    report_lost,
    set_state,
)
from server.changes import Change, ChangeKind, newest
from server.db import writing
from server.kiosks.roster import row_of
from server.people.models import Volunteer
from server.people.services import add_volunteer, adult_from
from tests.integration.server_stand import (
    CHAPTER,
    NOW,
    SOLBAKKEN,
    card_id,
    card_of,
    code,
    make_keys,
    place,
    volunteer,
)

YOUNG = VolunteerId("young")


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def new_card(valid_from: date) -> NewCard:
    return NewCard("young-card", YOUNG, CHAPTER, CardRef(2, 7), b"12345678", valid_from)


@pytest.mark.parametrize(
    ("born", "adult"),
    [
        (date(2008, 11, 25), date(2026, 11, 25)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2008, 2, 28), date(2026, 2, 28)),
        (date(2008, 12, 31), date(2026, 12, 31)),
    ],
)
def test_who_is_born_on_a_day_is_an_adult_on(born: date, adult: date) -> None:
    assert adult_from(born, 18) == adult


def test_a_card_cannot_be_valid_before_the_18th_birthday(session: Session) -> None:
    born = date(2008, 11, 25)
    person = Volunteer(id=YOUNG, first_name="Una", last_name="Prøve", birth_date=born)
    add_volunteer(session, NOW, person, CHAPTER)
    with pytest.raises(CardError, match="before its holder is 18 years old"):
        issue_card(session, NOW, new_card(date(2026, 11, 24)), Policy(), "chapter")
    card = issue_card(session, NOW, new_card(date(2026, 11, 25)), Policy(), "chapter")
    assert (card.valid_from, card.valid_until) == (date(2026, 11, 25), date(2029, 11, 25))
    assert card.state is CardState.ACTIVE


def test_a_society_decides_from_what_age_on_a_card_is_valid(session: Session) -> None:
    born = date(2008, 11, 25)
    person = Volunteer(id=YOUNG, first_name="Una", last_name="Prøve", birth_date=born)
    add_volunteer(session, NOW, person, CHAPTER)
    with pytest.raises(CardError, match="before its holder is 21 years old"):
        issue_card(session, NOW, new_card(date(2029, 11, 24)), Policy(adult_years=21), "chapter")


def test_a_row_tells_the_18th_birthday_and_not_the_birth_date(session: Session) -> None:
    person = session.get(Volunteer, volunteer(0))
    assert person is not None
    person.birth_date = date(2008, 12, 24)
    session.flush()
    row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert row is not None
    assert row.cards[0].valid_from == date(2026, 12, 24)


def test_a_card_for_nobody_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError):
        issue_card(session, NOW, new_card(date(2026, 11, 25)), Policy(), "chapter")


def test_the_text_on_a_card_can_be_signed_again_and_is_genuine(
    session: Session, tmp_path: Path
) -> None:
    keys = make_keys(tmp_path)
    card = card_of(session, 0)
    text = code_of(card, keys.card)
    assert text == code_of(card, keys.card) == code(keys, 0)
    credential = verify_code(text, keys.trust)
    assert credential.card == place(0)
    assert credential.expires == datetime(2036, 1, 28, tzinfo=UTC)


def test_a_loss_keeps_when_it_was_reported_and_by_whom(session: Session) -> None:
    before = newest(session)
    assert report_lost(session, NOW + timedelta(hours=1), card_id(0), "institution")
    session.flush()
    card = card_of(session, 0)
    assert (card.state, card.state_changed_at) == (CardState.LOST, NOW + timedelta(hours=1))
    event = history(session, card.id)[0]
    assert (event.state_before, event.state_after) == (CardState.ACTIVE, CardState.LOST)
    assert (event.at, event.effective_at, event.actor) == (
        NOW + timedelta(hours=1),
        NOW + timedelta(hours=1),
        "institution",
    )
    change = session.scalars(sa.select(Change).where(Change.id > before)).one()
    assert (change.kind, change.volunteer_id) == (ChangeKind.CARD, volunteer(0))
    audit = session.scalars(sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
    assert (audit.actor, audit.act, audit.record) == (
        "institution",
        "report_lost",
        f"card/{card_id(0)}",
    )


def test_a_card_that_is_lost_already_is_not_lost_again(session: Session) -> None:
    assert report_lost(session, NOW, card_id(0), "chapter")
    session.flush()
    before = len(history(session, card_id(0)))
    assert not report_lost(session, NOW + timedelta(days=1), card_id(0), "chapter")
    assert card_of(session, 0).state_changed_at == NOW
    assert len(history(session, card_id(0))) == before


@pytest.mark.parametrize("state", [CardState.EXCLUDED, CardState.REPLACED, CardState.DESTROYED])
def test_reporting_a_loss_never_undoes_a_final_state(session: Session, state: CardState) -> None:
    set_state(session, NOW, card_id(0), state, "chapter")
    assert not report_lost(session, NOW, card_id(0), "volunteer")
    assert card_of(session, 0).state is state


def test_a_loss_of_an_unknown_card_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError):
        report_lost(session, NOW, "no-such-card", "chapter")


def test_every_change_of_a_card_raises_the_version_of_its_row(session: Session) -> None:
    versions = []
    for state in (CardState.SUSPENDED, CardState.ACTIVE, CardState.LOST):
        set_state(session, NOW, card_id(0), state, "chapter")
        session.flush()
        row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
        assert row is not None
        versions.append(row.version)
    assert versions == sorted(set(versions))


def test_a_persons_cards_are_listed(session: Session) -> None:
    assert [card.id for card in cards_of(session, volunteer(1))] == [card_id(1)]
