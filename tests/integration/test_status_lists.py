"""What stands in a status list, and when it is issued anew: against a real database."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from presence.card import CardRef
from presence.policy import Policy
from presence.roster import CardState
from presence.statuslist import ENTRIES, Status, open_list
from server import leases
from server.cards import statuslists
from server.cards.models import Card, PublishedList
from server.cards.services import CardError, NewCard, issue_card, report_lost, set_state
from server.cards.statuslists import NewList
from server.db import reading, writing
from server.institutions.models import Institution
from server.keys import Keys, open_keys
from tests.integration.server_stand import CHAPTER, NORDSTRAND, NOW, card_id, place, volunteer

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LAST_DAY = date(2029, 1, 1)
"""Of the cards that the stand issues; the renewal is due 60 days before."""


def at(day: date, hour: int = 12) -> datetime:
    return NOW.replace(year=day.year, month=day.month, day=day.day, hour=hour)


def said(engine: sa.Engine, number: int = 0, now: datetime = NOW) -> Status:
    """Of the card of that volunteer."""
    with reading(engine) as session:
        marks = statuslists.marks(session, now)
    ref = place(number)
    return marks[ref.list].get(ref.index, Status.VALID)


def change(engine: sa.Engine, **values: object) -> None:
    """Of the card of volunteer 0, whatever the rules would say of it."""
    with writing(engine) as session, session.begin():
        card = session.get(Card, card_id(0))
        assert card is not None
        for name, value in values.items():
            setattr(card, name, value)


def issue(engine: sa.Engine, keys: Keys, now: datetime = NOW) -> list[NewList]:
    """What is due, issued."""
    with reading(engine) as session:
        new = statuslists.due(session, now, keys.status_list, keys.trust)
    with writing(engine) as session, session.begin():
        assert all(statuslists.keep(session, one) for one in new)
    return list(new)


def current(engine: sa.Engine) -> Mapping[int, PublishedList]:
    with reading(engine) as session:
        return {one.list: one for one in statuslists.current(session)}


# --- what is said of a card ------------------------------------------------------------------

SAID = {
    CardState.ORDERED: Status.INVALID,
    CardState.ACTIVE: Status.VALID,
    CardState.SUSPENDED: Status.SUSPENDED,
    CardState.LOST: Status.INVALID,
    CardState.TO_BE_RETURNED: Status.INVALID,
    CardState.RETURNED: Status.INVALID,
    CardState.DESTROYED: Status.INVALID,
    CardState.REPLACED: Status.INVALID,
    CardState.EXCLUDED: Status.INVALID,
}


def test_each_state_has_its_status_and_gives_no_other_reason(engine: sa.Engine) -> None:
    assert set(SAID) == set(CardState)
    found = {}
    for state in CardState:
        change(engine, state=state)
        found[state] = said(engine)
    assert found == SAID
    assert said(engine, 1) is Status.VALID


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(date(2028, 11, 1)), Status.VALID),
        (at(date(2028, 11, 1), hour=22), Status.VALID),
        (at(date(2028, 11, 1), hour=23), Status.RENEWAL_DUE),  # midnight in Oslo
        (at(date(2028, 11, 2)), Status.RENEWAL_DUE),
        (at(LAST_DAY), Status.RENEWAL_DUE),
        (at(LAST_DAY + DAY), Status.RENEWAL_DUE),
        (at(LAST_DAY + 365 * DAY), Status.RENEWAL_DUE),
    ],
)
def test_a_card_is_due_for_renewal_from_the_first_day_of_its_notice_on(
    engine: sa.Engine, now: datetime, expected: Status
) -> None:
    assert said(engine, now=now) is expected


def test_what_blocks_a_card_outweighs_its_date(engine: sa.Engine) -> None:
    now = at(LAST_DAY)
    change(engine, state=CardState.SUSPENDED)
    assert said(engine, now=now) is Status.SUSPENDED
    change(engine, state=CardState.LOST)
    assert said(engine, now=now) is Status.INVALID


def test_the_day_begins_where_it_begins_first(engine: sa.Engine) -> None:
    evening = at(date(2028, 11, 1), hour=21)
    assert said(engine, now=evening) is Status.VALID
    with writing(engine) as session, session.begin():
        first = sa.update(Institution).where(Institution.id == NORDSTRAND)
        session.execute(first.values(zone="Europe/Helsinki"))
    assert said(engine, now=evening + timedelta(hours=1)) is Status.RENEWAL_DUE


def test_nothing_is_said_of_places_that_no_card_has(engine: sa.Engine, keys: Keys) -> None:
    """A list with three cards looks like a list with a hundred thousand."""
    (new,) = issue(engine, keys)
    table = open_list(new.token, 1, keys.trust).table
    assert len(table) == ENTRIES
    assert table.packed == bytes(ENTRIES // 4)


def test_cards_stand_in_the_list_that_they_name(engine: sa.Engine, keys: Keys) -> None:
    issued = NewCard(
        "far-card", volunteer(0), CHAPTER, CardRef(7, ENTRIES - 1), b"87654321", NOW.date()
    )
    with writing(engine) as session, session.begin():
        issue_card(session, NOW, issued, Policy(), "test")
        report_lost(session, NOW, "far-card", "test")
    assert [new.number for new in issue(engine, keys)] == [1, 7]
    far = open_list(current(engine)[7].token, 7, keys.trust)
    assert far.listed(ENTRIES - 1).status is Status.INVALID
    assert open_list(current(engine)[1].token, 1, keys.trust).table.packed == bytes(ENTRIES // 4)


def test_no_card_is_issued_outside_the_lists_and_one_that_is_spoils_none(
    engine: sa.Engine, keys: Keys
) -> None:
    beyond = CardRef(1, ENTRIES)
    new = NewCard("beyond", volunteer(0), CHAPTER, beyond, b"87654321", NOW.date())
    with (
        writing(engine) as session,
        session.begin(),
        pytest.raises(CardError, match="outside its status list"),
    ):
        issue_card(session, NOW, new, Policy(), "test")
    change(engine, index=ENTRIES, state=CardState.LOST)
    assert len(issue(engine, keys)) == 1


# --- when it is issued -----------------------------------------------------------------------


def test_a_list_is_issued_when_something_is_new_and_else_once_a_day(
    engine: sa.Engine, keys: Keys
) -> None:
    assert [new.issued for new in issue(engine, keys)] == [NOW]
    assert issue(engine, keys, NOW + DAY - SECOND) == []
    assert [new.issued for new in issue(engine, keys, NOW + DAY)] == [NOW + DAY]
    with writing(engine) as session, session.begin():
        report_lost(session, NOW, card_id(1), "chapter")
    (new,) = issue(engine, keys, NOW + DAY + SECOND)
    held = open_list(new.token, 1, keys.trust)
    assert held.issued == NOW + DAY + SECOND
    assert held.listed(place(1).index).status is Status.INVALID
    assert held.listed(place(0).index).status is Status.VALID


def test_what_only_the_date_has_changed_is_new_as_well(engine: sa.Engine, keys: Keys) -> None:
    issue(engine, keys, at(date(2028, 11, 1), hour=22))
    (new,) = issue(engine, keys, at(date(2028, 11, 1), hour=23))
    assert open_list(new.token, 1, keys.trust).listed(1000).status is Status.RENEWAL_DUE


def test_time_never_goes_back_though_the_clock_does(engine: sa.Engine, keys: Keys) -> None:
    issued = []
    for days, state in enumerate([CardState.LOST, CardState.ACTIVE, CardState.SUSPENDED]):
        with writing(engine) as session, session.begin():
            set_state(session, NOW, card_id(0), state, "test")
        (new,) = issue(engine, keys, NOW - days * 400 * DAY)
        issued.append(new.issued)
    assert issued == [NOW, NOW + SECOND, NOW + 2 * SECOND]


def test_two_changes_in_one_second_are_told_apart(engine: sa.Engine, keys: Keys) -> None:
    first = issue(engine, keys)[0]
    change(engine, state=CardState.LOST)
    second = issue(engine, keys, NOW + timedelta(milliseconds=3))[0]
    assert (first.issued, second.issued) == (NOW, NOW + SECOND)
    assert second.before == first.issued


def test_whoever_is_too_late_looks_again(engine: sa.Engine, keys: Keys) -> None:
    """Two processes have seen the same list; what the slower one makes is not kept."""
    issue(engine, keys)
    with reading(engine) as session:
        (slow,) = statuslists.due(session, NOW + DAY, keys.status_list, keys.trust)
    change(engine, state=CardState.LOST)
    issue(engine, keys, NOW + DAY)
    with writing(engine) as session, session.begin():
        assert not statuslists.keep(session, slow)
    held = open_list(current(engine)[1].token, 1, keys.trust)
    assert held.listed(place(0).index).status is Status.INVALID


def test_with_a_new_key_every_list_is_signed_anew(
    engine: sa.Engine, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> None:
    issue(engine, keys)
    other = open_keys(tmp_path_factory.mktemp("other"), NOW - DAY)
    (new,) = issue(engine, other, NOW + SECOND)
    assert open_list(new.token, 1, other.trust).issued == NOW + SECOND


def test_a_list_stays_when_its_last_card_is_gone(engine: sa.Engine, keys: Keys) -> None:
    issue(engine, keys)
    change(engine, list=9)
    with writing(engine) as session, session.begin():
        session.execute(sa.update(Card).where(Card.id != card_id(0)).values(list=9))
    issue(engine, keys, NOW + 2 * DAY)
    assert {number: one.issued_at for number, one in current(engine).items()} == {
        1: NOW + 2 * DAY,
        9: NOW + 2 * DAY,
    }


# --- leases ----------------------------------------------------------------------------------


def took(engine: sa.Engine, holder: str, seconds: int) -> bool:
    now = NOW + seconds * SECOND
    with writing(engine) as session, session.begin():
        return leases.take(session, "work", holder, now, now + 30 * SECOND)


def test_a_lease_has_one_holder_until_it_ends(engine: sa.Engine) -> None:
    assert took(engine, "a", 0)
    assert not took(engine, "b", 29)
    assert took(engine, "a", 29)
    assert not took(engine, "b", 58)
    assert took(engine, "b", 59)
    assert not took(engine, "a", 60)


def test_a_lease_that_was_given_back_is_free_at_once(engine: sa.Engine) -> None:
    assert took(engine, "a", 0)
    with writing(engine) as session, session.begin():
        leases.give_back(session, "work", "b")
    assert not took(engine, "b", 1)
    with writing(engine) as session, session.begin():
        leases.give_back(session, "work", "a")
    assert took(engine, "b", 1)


def test_leases_of_different_work_do_not_touch(engine: sa.Engine) -> None:
    assert took(engine, "a", 0)
    with writing(engine) as session, session.begin():
        assert leases.take(session, "other work", "b", NOW, NOW + SECOND)
