"""Whose a chip's read is does not depend on the order in which kiosks tell of it."""

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from presence.admission import CLOCK_TOLERANCE
from server.cards.models import ChipRead
from server.cards.reads import Claim, claim_late, claim_now
from tests.builders import NOW, presentation_id

MINUTE = timedelta(minutes=1)
CLAIMS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(-60, 60)),
    min_size=1,
    max_size=7,
    unique_by=lambda x: x[1],
).map(
    lambda found: [
        Claim("chip", counter, presentation_id(number), NOW + minutes * MINUTE)
        for number, (counter, minutes) in enumerate(found)
    ]
)
"""Of one chip, each by another presentation and at another minute."""


def database() -> sa.Engine:
    engine = sa.create_engine("sqlite://")
    ChipRead.metadata.create_all(engine, [ChipRead.metadata.tables[ChipRead.__tablename__]])
    return engine


def told(claims: Iterable[Claim]) -> tuple[bool, dict[int, str]]:
    """Whether nobody was accused, and whose each read is at the end."""
    engine = database()
    with engine.begin() as connection:
        believed = [claim_late(connection, one) for one in claims]
        rows = connection.execute(sa.select(ChipRead.counter, ChipRead.presentation)).all()
    engine.dispose()
    return all(believed), {row.counter: row.presentation for row in rows}


@given(st.data(), CLAIMS)
def test_a_read_belongs_to_the_earliest_tap_in_whatever_order_they_are_told(
    data: st.DataObject, claims: list[Claim]
) -> None:
    earliest: dict[int, str] = {}
    for one in sorted(claims, key=lambda one: one.at):
        earliest.setdefault(one.counter, one.presentation)
    assert told(data.draw(st.permutations(claims)))[1] == earliest


@given(st.data(), CLAIMS)
def test_somebody_is_accused_exactly_if_a_read_is_claimed_twice_or_numbers_fall(
    data: st.DataObject, claims: list[Claim]
) -> None:
    is_twice = len({one.counter for one in claims}) < len(claims)
    falls = any(
        earlier.counter > later.counter and later.at - earlier.at > CLOCK_TOLERANCE
        for earlier in claims
        for later in claims
    )
    assert told(data.draw(st.permutations(claims)))[0] == (not is_twice and not falls)


@given(CLAIMS, st.integers(0, 9))
def test_what_is_heard_live_must_have_a_higher_number_than_all_that_is_known(
    claims: list[Claim], counter: int
) -> None:
    engine = database()
    with engine.begin() as connection:
        for one in claims:
            claim_late(connection, one)
        live = Claim("chip", counter, presentation_id(99), NOW)
        other = Claim("another chip", counter, presentation_id(98), NOW)
        is_new = counter > max(one.counter for one in claims)
        assert claim_now(connection, live) == claim_now(connection, live) == is_new
        assert claim_now(connection, other)
    engine.dispose()
