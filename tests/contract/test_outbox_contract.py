"""What the kiosk may rely on, whichever outbox it has."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.outbox import SqliteOutbox
from kiosk.ports import Outbox
from presence import codec
from presence.briefing import Acknowledgement
from presence.messages import Settlement
from presence.roster import NOTHING_UNSETTLED
from presence.visit import Arrival, Departure, Outing
from tests.fakes.facts import (
    CARD,
    NOON,
    OTHER_CARD,
    VISIT,
    acknowledged,
    arrived,
    came_back,
    left,
    reading,
    receipt,
    refused,
    seeded,
    went_out,
)
from tests.fakes.outbox import MemoryOutbox

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    if request.param == "memory":
        yield MemoryOutbox(seeded())
        return
    opened = SqliteOutbox(tmp_path / "outbox.db", seeded())
    yield opened
    opened.close()


def test_an_entry_says_what_happened_and_when_by_every_clock(outbox: Outbox) -> None:
    entry = outbox.record(arrived(), reading(timedelta(microseconds=123_456)))
    assert entry.what == arrived()
    assert entry.stamp.wall == NOON + timedelta(milliseconds=123)
    assert entry.stamp.boot_ms == 3_600_123
    assert (entry.stamp.boot, entry.stamp.trust) == (reading().boot, reading().trust)


def test_sequences_rise_and_event_ids_differ(outbox: Outbox) -> None:
    entries = [outbox.record(arrived(), reading()) for _ in range(3)]
    assert [entry.stamp.sequence for entry in entries] == [1, 2, 3]
    assert len({entry.event for entry in entries}) == 3


def test_what_waits_is_the_oldest_first_in_the_very_bytes_of_the_entry(outbox: Outbox) -> None:
    entries = [outbox.record(arrived(), reading(MINUTE * minute)) for minute in range(3)]
    assert outbox.waiting(2) == [(e.event, codec.encode_entry(e)) for e in entries[:2]]


@pytest.mark.parametrize("settlement", [Settlement.ACCEPTED, Settlement.DUPLICATE])
def test_a_receipt_ends_the_waiting(outbox: Outbox, settlement: Settlement) -> None:
    first, second = (outbox.record(arrived(), reading()) for _ in range(2))
    outbox.settle([receipt(first.event, settlement)])
    assert [event for event, _ in outbox.waiting(10)] == [second.event]


def test_a_rejected_entry_no_longer_stands_in_the_way(outbox: Outbox) -> None:
    first, second = (outbox.record(arrived(), reading()) for _ in range(2))
    outbox.settle([receipt(first.event, Settlement.REJECTED)])
    assert [event for event, _ in outbox.waiting(10)] == [second.event]


def test_a_receipt_of_something_unknown_changes_nothing(outbox: Outbox) -> None:
    entry = outbox.record(arrived(), reading())
    outbox.settle([receipt("0192b3c4-d5e6-7f70-8a90-ffffffffffff")])
    assert [event for event, _ in outbox.waiting(10)] == [entry.event]


def test_facts_without_a_receipt_are_unsettled_however_old(outbox: Outbox) -> None:
    came = outbox.record(arrived(), reading())
    went = outbox.record(left(is_doubtful=True), reading(100 * HOUR))
    assert outbox.unsettled([CARD]).facts == (
        Arrival(NOON, came.event, VISIT),
        Departure(NOON + 100 * HOUR, went.event, doubtful=True),
    )


def test_an_outing_and_the_way_back_are_facts_of_presence(outbox: Outbox) -> None:
    out = outbox.record(went_out(), reading())
    back = outbox.record(came_back(), reading(HOUR))
    assert outbox.unsettled([CARD]).facts == (
        Outing(NOON, out.event, is_out=True),
        Outing(NOON + HOUR, back.event, is_out=False),
    )


def test_who_sits_through_the_night_is_known_by_the_arrival(outbox: Outbox) -> None:
    came = outbox.record(arrived(is_vigil=True), reading())
    assert outbox.unsettled([CARD]).facts == (Arrival(NOON, came.event, VISIT, is_vigil=True),)


def test_of_all_kinds_of_facts_together_the_newest_20_are_told(outbox: Outbox) -> None:
    kinds = (arrived(), went_out(), came_back(), left())
    entries = [outbox.record(kinds[n % 4], reading(MINUTE * n)) for n in range(25)]
    facts = outbox.unsettled([CARD]).facts
    assert [fact.event for fact in facts] == [entry.event for entry in entries[5:]]


def test_a_settled_fact_is_still_told_for_48_hours_because_the_row_may_lag(outbox: Outbox) -> None:
    came = outbox.record(arrived(), reading())
    outbox.settle([receipt(came.event)])
    outbox.record(arrived(OTHER_CARD), reading(48 * HOUR))
    assert outbox.unsettled([CARD]).facts == (Arrival(NOON, came.event, VISIT),)
    outbox.record(arrived(OTHER_CARD), reading(48 * HOUR + MINUTE))
    assert outbox.unsettled([CARD]) == NOTHING_UNSETTLED


def test_only_the_holder_of_the_cards_is_told_of(outbox: Outbox) -> None:
    outbox.record(arrived(OTHER_CARD), reading())
    assert outbox.unsettled([CARD]) == NOTHING_UNSETTLED
    assert outbox.unsettled([]) == NOTHING_UNSETTLED


def test_facts_of_all_cards_of_one_person_stand_in_the_order_they_were_recorded(
    outbox: Outbox,
) -> None:
    came = outbox.record(arrived(CARD), reading())
    went = outbox.record(left(OTHER_CARD), reading(HOUR))
    again = outbox.record(arrived(CARD), reading(2 * HOUR))
    facts = outbox.unsettled([OTHER_CARD, CARD]).facts
    assert [fact.event for fact in facts] == [came.event, went.event, again.event]


def test_of_many_facts_the_newest_20_are_told(outbox: Outbox) -> None:
    entries = [outbox.record(arrived(), reading(MINUTE * n)) for n in range(25)]
    facts = outbox.unsettled([CARD]).facts
    assert [fact.event for fact in facts] == [entry.event for entry in entries[5:]]


def test_the_newest_acknowledgement_is_told(outbox: Outbox) -> None:
    outbox.record(acknowledged(major=4), reading())
    outbox.record(acknowledged(major=3), reading(MINUTE))
    assert outbox.unsettled([CARD]).acknowledged == Acknowledgement(4, NOON)


def test_a_refused_attempt_is_no_fact_of_presence(outbox: Outbox) -> None:
    outbox.record(refused(), reading())
    assert outbox.unsettled([CARD]) == NOTHING_UNSETTLED
