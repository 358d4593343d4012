"""Questions come over the real broker and are answered from a real database."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from presence import admission, codec, topics
from presence.card import ChipUid
from presence.facts import Facts
from presence.ids import InstitutionId, KioskId
from presence.messages import Answer
from presence.reason import Reason
from presence.roster import CardState
from presence.topics import Leaf
from presence.verdict import Move, Saying, Tell, Verdict
from presence.visit import VisitState
from server.broker import Broker
from server.cards.services import report_lost
from server.db import reading, writing
from server.keys import Keys
from server.kiosks.roster import row_of
from server.notices.models import Alert, AlertKind
from tests.integration.server_stand import (
    CHAPTER,
    DOOR,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    WAIT,
    RawKiosk,
    SettableClock,
    arrived,
    card_id,
    code,
    correlation_of,
    entry,
    gateway,
    left,
    make_keys,
    question,
    volunteer,
)


def test_a_valid_card_is_welcomed_by_its_first_name(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        asked = question(code(keys, 0))
        answer = kiosk.ask(asked)
    assert answer.verdict.saying is Saying.WELCOME
    assert answer.presentation == asked.presentation
    assert answer.row is not None
    assert (answer.row.first_name, answer.row.initial) == ("Person0", "P")
    with reading(engine) as session:
        assert answer.row == row_of(session, SOLBAKKEN, volunteer(0), NOW)


def test_who_is_in_the_house_is_seen_out_and_then_welcomed_again(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    clock = SettableClock()
    with gateway(engine, keys, broker.port, clock), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(arrived(0), NOW - timedelta(hours=1)))
        assert kiosk.ask(question(code(keys, 0))).verdict.move is Move.OUT
        kiosk.tell(entry(left(0)))
        assert kiosk.ask(question(code(keys, 0))).verdict.move is Move.IN


def test_a_second_touch_within_a_minute_changes_nothing(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.tell(entry(arrived(0), NOW - timedelta(seconds=59)))
        verdict = kiosk.ask(question(code(keys, 0))).verdict
    assert (verdict.move, verdict.saying) == (Move.STAY, Saying.ALREADY_IN)
    assert verdict.visit is not None
    assert verdict.visit.state is VisitState.OPEN


def test_a_lost_card_is_refused_with_the_neutral_words_and_the_chapter_is_told_once(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with writing(engine) as session, session.begin():
        assert report_lost(session, NOW, card_id(0), "chapter")
    clock = SettableClock(NOW)
    with gateway(engine, keys, broker.port, clock), RawKiosk(broker.port) as kiosk:
        first = kiosk.ask(question(code(keys, 0)))
        clock.now = NOW + timedelta(minutes=14)
        kiosk.ask(question(code(keys, 0)))
        clock.now = NOW + timedelta(minutes=15)
        kiosk.ask(question(code(keys, 0)))
    assert first.verdict.saying is Saying.SEE_STAFF
    assert first.verdict.reason is Reason.CARD_BLOCKED
    assert first.row is not None
    assert first.row.cards[0].state is CardState.LOST
    with reading(engine) as session:
        told = session.execute(
            sa.select(Alert.at, Alert.told, Alert.kind, Alert.chapter_id).order_by(Alert.id)
        ).all()
    assert [tuple(row) for row in told] == [
        (NOW, Tell.CHAPTER, AlertKind.REFUSED, CHAPTER),
        (NOW + timedelta(minutes=15), Tell.CHAPTER, AlertKind.REFUSED, CHAPTER),
    ]


def test_what_is_no_card_of_ours_cannot_be_read(
    engine: sa.Engine, keys: Keys, broker: Broker, tmp_path: Path
) -> None:
    strangers = make_keys(tmp_path / "elsewhere")
    genuine = code(keys, 0)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        for text in (code(strangers, 0), genuine[:-1], "TS1:", "hello", genuine + "0"):
            assert kiosk.ask(question(text)).verdict.saying is Saying.CANNOT_READ
        asked = question(genuine)
        by_chip = type(asked)(
            kiosk=asked.kiosk,
            presentation=asked.presentation,
            evidence=ChipUid("04a1b2c3"),
            presented=asked.presented,
            uptime_ms=asked.uptime_ms,
        )
        assert kiosk.ask(by_chip).verdict.saying is Saying.CANNOT_READ


def test_a_genuine_card_that_nobody_knows_is_refused_and_told(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        answer = kiosk.ask(question(code(keys, 77)))
    assert answer.verdict.reason is Reason.UNKNOWN_CARD
    assert answer.row is None
    with reading(engine) as session:
        assert session.scalars(sa.select(Alert.reason)).all() == [Reason.UNKNOWN_CARD]


def test_the_same_question_again_gets_the_equal_answer_even_after_its_entry(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    clock = SettableClock()
    with gateway(engine, keys, broker.port, clock), RawKiosk(broker.port) as kiosk:
        asked = question(code(keys, 0))
        first = kiosk.ask(asked)
        kiosk.tell(entry(arrived(0)))
        clock.now = NOW + timedelta(hours=1)
        assert kiosk.ask(asked, b"again") == first


def test_each_home_answers_for_itself(engine: sa.Engine, keys: Keys, broker: Broker) -> None:
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port) as here,
        RawKiosk(broker.port, OTHER_DOOR) as there,
    ):
        here.tell(entry(arrived(0), NOW - timedelta(hours=1)))
        assert there.ask(question(code(keys, 0), OTHER_DOOR)).verdict.move is Move.IN
        assert here.ask(question(code(keys, 0))).verdict.move is Move.OUT


def test_the_rule_is_the_one_that_was_handed_in(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    seen: list[tuple[InstitutionId, datetime]] = []

    def decide(facts: Facts, now: datetime) -> Verdict:
        seen.append((facts.house.institution, now))
        return admission.decide(facts, now)

    with gateway(engine, keys, broker.port, decide=decide), RawKiosk(broker.port) as kiosk:
        kiosk.ask(question(code(keys, 0)))
    assert seen == [(SOLBAKKEN, NOW)]


def test_a_question_whose_time_is_over_is_not_answered_late(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    """The rule takes longer than the kiosk waits: that question stays unanswered, and the first
    answer is that to the next one. What may have waited behind it: `server.gateway.wire.Stall`."""
    never, is_decided = threading.Event(), threading.Event()

    def decide(facts: Facts, now: datetime) -> Verdict:
        if facts.row is not None and facts.row.volunteer == volunteer(0):
            never.wait(1.5)
            is_decided.set()
        return admission.decide(facts, now)

    topic = topics.topic(DOOR, Leaf.QUESTION)
    with gateway(engine, keys, broker.port, decide=decide), RawKiosk(broker.port) as kiosk:
        kiosk.send(topic, codec.encode(question(code(keys, 0))), b"slow", expiry=1)
        assert is_decided.wait(WAIT)
        kiosk.send(topic, codec.encode(question(code(keys, 2))), b"next")
        first = kiosk.next(Leaf.ANSWER)
    assert first is not None
    assert correlation_of(first) == b"next"


def test_a_kiosk_that_nobody_let_in_gets_no_answer(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = KioskId("unknown-1")
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port, stranger) as kiosk,
        RawKiosk(broker.port) as known,
    ):
        topic = topics.topic(stranger, Leaf.QUESTION)
        for _ in range(3):
            kiosk.send(topic, codec.encode(question(code(keys, 0), stranger)), b"x")
        known.ask(question(code(keys, 0)))
        assert kiosk.next(Leaf.ANSWER, seconds=0.2) is None
    assert [
        record.getMessage() for record in caplog.records if stranger in record.getMessage()
    ] == ["unknown-1: is no kiosk of ours; further ones are not logged"]


def test_nothing_personal_is_logged(
    engine: sa.Engine, keys: Keys, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.ask(question(code(keys, 0)))
        kiosk.tell(entry(arrived(0)))
    assert "Person0" not in caplog.text
    assert "TS1:" not in caplog.text


def test_an_answer_is_a_message_of_the_contract(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    topic = topics.topic(DOOR, Leaf.QUESTION)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.send(topic, codec.encode(question(code(keys, 0))))
        message = kiosk.next(Leaf.ANSWER)
    assert message is not None
    assert codec.decode(Answer, bytes(message.payload), topics.DOWN_LIMIT).at == NOW
    assert correlation_of(message) is None
