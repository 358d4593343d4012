"""One person as a home may see them, and how two machines find out that they differ."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.card import CardRef
from presence.ids import VolunteerId
from presence.roster import (
    MAX_UNSETTLED,
    CardState,
    House,
    MissingCourse,
    RosterRow,
    Unsettled,
    digest,
)
from presence.visit import NOT_HERE, Here
from tests.builders import (
    CARD,
    NOW,
    arrival,
    facts,
    held_card,
    here,
    house,
    roster_row,
)
from tests.strategies import values_of


def named(volunteer: str, **changes: Any) -> RosterRow:
    return roster_row(volunteer=VolunteerId(volunteer), **changes)


ROWS = [named("v-1"), named("v-2"), named("v-3")]


def as_received(row: RosterRow) -> RosterRow:
    return msgspec.json.decode(msgspec.json.encode(row), type=RosterRow)


def test_a_card_is_found_by_its_place_in_the_lists() -> None:
    old = held_card(ref=CardRef(3, 1), state=CardState.REPLACED)
    row = roster_row(cards=(old, held_card()))
    assert row.card(CARD) == held_card()
    assert row.card(CardRef(3, 1)) == old
    assert row.card(CardRef(4, 1)) is None


def test_nothing_personal_is_shown_when_a_row_is_printed() -> None:
    row = roster_row(first_name="Kari", initial="N")
    assert repr(row) == "RosterRow(volunteer=v-0001, version=7)"
    assert "Kari" not in repr(replace(facts(), row=row))


def test_the_order_in_which_rows_came_does_not_matter() -> None:
    assert digest(house(), ROWS) == digest(house(), reversed(ROWS))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        ROWS[:2],
        [*ROWS, named("v-4")],
        [named("v-1", version=8), *ROWS[1:]],
        [named("v-1", is_paused=True), *ROWS[1:]],
        [named("v-1", here=here(arrival(NOW, 1))), *ROWS[1:]],
        [named("v-1", courses=(MissingCourse("Grunnkurs", date(2027, 1, 1)),)), *ROWS[1:]],
        [named("v-1", acknowledged=None), *ROWS[1:]],
        [named("v-1", cards=()), *ROWS[1:]],
    ],
)
def test_any_difference_in_the_rows_shows(rows: list[RosterRow]) -> None:
    assert digest(house(), rows) != digest(house(), ROWS)


def test_any_difference_in_the_house_shows() -> None:
    assert len({digest(one, ROWS) for one in (None, house(), house(briefing=None))}) == 3


def test_an_empty_presence_counts_the_same_however_it_was_made() -> None:
    assert digest(None, [named("v-1", here=Here())]) == digest(None, [named("v-1", here=NOT_HERE)])


@given(st.none() | values_of(House), st.lists(values_of(RosterRow), max_size=3))
def test_a_roster_that_went_over_the_wire_has_the_digest_of_the_one_sent(
    home: House | None, rows: list[RosterRow]
) -> None:
    arrived = None if home is None else msgspec.json.decode(msgspec.json.encode(home), type=House)
    assert [as_received(row) for row in rows] == rows
    assert digest(arrived, map(as_received, rows)) == digest(home, rows)


def test_no_more_unsettled_facts_travel_than_the_contract_allows() -> None:
    most = Unsettled(tuple(arrival(NOW, n) for n in range(MAX_UNSETTLED)))
    raw = msgspec.json.encode(most)
    assert msgspec.json.decode(raw, type=Unsettled) == most
    more = Unsettled(tuple(arrival(NOW, n) for n in range(MAX_UNSETTLED + 1)))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(more), type=Unsettled)
