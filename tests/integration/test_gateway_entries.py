"""Entries are stored once each, receipted after their commit, and never lost or doubled."""

from datetime import timedelta

import msgspec
import sqlalchemy as sa

from presence.card import CardRef
from presence.ids import PresentationId, VisitId
from presence.messages import (
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    ClockTrust,
    Receipt,
    Settlement,
)
from presence.reason import Reason
from presence.topics import Leaf
from presence.verdict import Basis, Outcome, Tell
from presence.visit import VisitState
from server.briefings.models import AcknowledgementRecord
from server.broker import Broker
from server.cards.services import report_lost
from server.db import reading, writing
from server.keys import Keys
from server.kiosks.models import Kiosk
from server.notices.models import Alert, AlertKind
from server.visits.models import EventRow, RefusedAttempt, VisitRow
from tests.integration.server_stand import (
    BOOT,
    DOOR,
    NOW,
    OTHER_DOOR,
    RawKiosk,
    arrived,
    card_id,
    entry,
    fresh,
    gateway,
    left,
    place,
    told,
    volunteer,
)

ACCEPTED, DUPLICATE, REJECTED = Settlement.ACCEPTED, Settlement.DUPLICATE, Settlement.REJECTED


def stored(engine: sa.Engine) -> list[str]:
    with reading(engine) as session:
        return sorted(session.scalars(sa.select(EventRow.id)))


def visits(engine: sa.Engine) -> list[tuple[object, ...]]:
    with reading(engine) as session:
        rows = session.execute(
            sa.select(
                VisitRow.volunteer_id, VisitRow.state, VisitRow.arrived, VisitRow.left
            ).order_by(VisitRow.volunteer_id, VisitRow.began)
        )
        return [tuple(row) for row in rows]


def test_a_visit_is_stored_and_receipted(engine: sa.Engine, keys: Keys, broker: Broker) -> None:
    coming, going = entry(arrived(0), NOW - timedelta(hours=1)), entry(left(0))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        receipts = kiosk.tell(coming, going)
    assert receipts.receipts == (
        Receipt(coming.event, ACCEPTED),
        Receipt(going.event, ACCEPTED),
    )
    assert receipts.at == NOW
    assert visits(engine) == [(volunteer(0), VisitState.CLOSED, NOW - timedelta(hours=1), NOW)]


def test_what_was_stored_before_is_a_duplicate_and_changes_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    coming = entry(arrived(0))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(coming)
        twice = kiosk.tell(coming, coming)
    assert [one.settlement for one in twice.receipts] == [DUPLICATE, DUPLICATE]
    assert stored(engine) == [coming.event]
    assert visits(engine) == [(volunteer(0), VisitState.OPEN, NOW, None)]


def test_the_same_entry_twice_in_one_message_is_stored_once(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    coming = entry(arrived(0))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        receipts = kiosk.tell(coming, coming)
    assert [one.settlement for one in receipts.receipts] == [ACCEPTED, DUPLICATE]
    assert stored(engine) == [coming.event]


def test_a_departure_that_arrives_before_its_arrival_closes_the_visit_all_the_same(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    start = NOW - timedelta(hours=2)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(left(0)))
        assert visits(engine) == [(volunteer(0), VisitState.CLOSED, None, NOW)]
        kiosk.tell(entry(arrived(0), start))
    assert visits(engine) == [(volunteer(0), VisitState.CLOSED, start, NOW)]


def test_a_poisoned_entry_spoils_none_of_its_neighbours(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    before, after = entry(arrived(0)), entry(arrived(1))
    poisoned = fresh()
    bad = msgspec.json.encode({"event": poisoned, "stamp": "yesterday", "what": {}})
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        receipts = kiosk.tell(before, bad, b'{"event":"x"}', b"17", after)
    settled = {one.event: one.settlement for one in receipts.receipts}
    assert settled == {before.event: ACCEPTED, poisoned: REJECTED, after.event: ACCEPTED}
    (rejected,) = (one for one in receipts.receipts if one.settlement is REJECTED)
    assert rejected.reason is not None
    assert "yesterday" not in rejected.reason
    assert stored(engine) == sorted([before.event, after.event])


def test_an_entry_of_an_unknown_card_is_kept_and_belongs_to_nobody(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    nobody = Arrived(
        CardRef(9, 9),
        VisitId(fresh()),
        PresentationId(fresh()),
        Basis.ROSTER,
        Outcome.UNCONFIRMED,
    )
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        receipts = kiosk.tell(entry(nobody))
    assert [one.settlement for one in receipts.receipts] == [ACCEPTED]
    with reading(engine) as session:
        assert session.scalars(sa.select(EventRow.volunteer_id)).all() == [None]
        assert session.scalars(sa.select(Alert.reason)).all() == [Reason.UNKNOWN_CARD]
    assert visits(engine) == []


def test_a_refused_attempt_is_kept_and_told_by_whoever_was_asked(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    refused = AttemptRefused(place(0), PresentationId(fresh()), Basis.ROSTER, Reason.PAUSED)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(refused))
    with reading(engine) as session:
        assert session.scalars(sa.select(RefusedAttempt.volunteer_id)).all() == [volunteer(0)]
        told = session.scalars(sa.select(Alert.told).order_by(Alert.id)).all()
    assert told == [Tell.INSTITUTION, Tell.CHAPTER]


def test_an_acknowledgement_is_kept_as_evidence(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    read = BriefingAcknowledged(place(0), major=3, minor=1, language="nb", seconds=80)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(read))
    with reading(engine) as session:
        row = session.scalars(sa.select(AcknowledgementRecord)).one()
        assert (row.volunteer_id, row.major, row.minor) == (volunteer(0), 3, 1)
        assert (row.language, row.seconds, row.at) == ("nb", 80, NOW)


def test_the_chapter_is_told_of_a_lost_card_that_was_accepted_offline(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with writing(engine) as session, session.begin():
        report_lost(session, NOW - timedelta(minutes=30), card_id(0), "chapter")
    before = entry(arrived(0, Basis.ROSTER), NOW - timedelta(hours=1))
    after = entry(arrived(0, Basis.ROSTER), NOW - timedelta(minutes=10))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(before)
        with reading(engine) as session:
            assert session.scalars(sa.select(Alert.id)).all() == []
        kiosk.tell(after)
    with reading(engine) as session:
        alert = session.scalars(sa.select(Alert)).one()
        assert (alert.kind, alert.told) == (AlertKind.ACCEPTED_OFFLINE, Tell.CHAPTER)
        assert (alert.volunteer_id, alert.kiosk_id) == (volunteer(0), DOOR)


def test_the_time_of_a_fact_is_bounded_and_its_doubt_is_kept(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    facts = [
        entry(arrived(0), NOW + timedelta(days=400)),
        entry(left(0), NOW - timedelta(hours=1), ClockTrust.RTC),
        entry(arrived(1), NOW - timedelta(days=900), ClockTrust.FLOOR),
    ]
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(*facts)
    with reading(engine) as session:
        rows = session.execute(
            sa.select(EventRow.id, EventRow.at, EventRow.is_uncertain, EventRow.wall)
        ).all()
    assert {row.id: (row.at, row.is_uncertain) for row in rows} == {
        facts[0].event: (NOW + timedelta(minutes=5), True),
        facts[1].event: (NOW - timedelta(hours=1), False),
        facts[2].event: (NOW - timedelta(days=900), True),
    }
    assert {row.id: row.wall for row in rows} == {one.event: one.stamp.wall for one in facts}


def test_many_kiosks_at_once_lose_and_double_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    told_here = [entry(arrived(number % 3)) for number in range(60)]
    told_there = [entry(left(number % 3)) for number in range(60)]
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port) as here,
        RawKiosk(broker.port, OTHER_DOOR) as there,
    ):
        for start in range(0, 60, 10):
            here.say(Leaf.ENTRIES, told(DOOR, *told_here[start : start + 10]))
            there.say(Leaf.ENTRIES, told(OTHER_DOOR, *told_there[start : start + 10]))
        receipts = [
            one for kiosk in (here, there) for _ in range(6) for one in kiosk.receipts().receipts
        ]
    assert {one.settlement for one in receipts} == {ACCEPTED}
    assert sorted(one.event for one in receipts) == stored(engine)
    assert len(stored(engine)) == 120


def test_a_kiosk_that_told_something_has_been_seen(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(arrived(0)))
    with reading(engine) as session:
        seen = session.get(Kiosk, DOOR)
        assert seen is not None
        assert seen.last_seen == NOW


def test_the_very_bytes_and_every_clock_of_an_entry_are_kept(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    coming = entry(arrived(0))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(coming)
    with reading(engine) as session:
        row = session.get(EventRow, coming.event)
        assert row is not None
        assert row.raw == msgspec.json.encode(coming)
        assert (row.sequence, row.boot, row.boot_ms) == (1, BOOT, 1000)
        assert (row.kiosk_id, row.received_at) == (DOOR, NOW)
