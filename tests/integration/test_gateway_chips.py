"""Chips at the gateway: what each proves, and that a message is good for one presentation.

Most of it without a broker between; what a kiosk on the wire gets stands first.
"""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import FunctionType, ModuleType

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from presence import admission, codec, topics
from presence.card import Assurance, ChipUid, SignedCode, SunMessage
from presence.facts import Facts
from presence.messages import (
    Answer,
    Question,
)
from presence.reason import Reason
from presence.topics import Leaf
from presence.verdict import Move, Outcome, Saying, Verdict
from server.broker import Broker
from server.cards.services import report_lost
from server.db import Base, writing
from server.gateway.answers import Answers
from server.gateway.gateway import Gateway
from server.gateway.wire import mqtt
from server.institutions.models import Institution
from server.keys import Keys
from server.notices.models import AlertKind
from tests.builders import sun_message
from tests.integration.chips_stand import (
    CALCULATES,
    LEGACY,
    MINUTE,
    STRANGE,
    Desk,
    alerts,
    asked,
    claimed,
    read,
    register_chips,
    told_of,
)
from tests.integration.server_stand import (
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    RawKiosk,
    SettableClock,
    arrived,
    card_id,
    code,
    entry,
    gateway,
    left,
    make_keys,
    place,
)

_END_ALL_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def chips(engine: sa.Engine, keys: Keys) -> None:
    register_chips(engine, keys)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def desk(engine: sa.Engine, keys: Keys, clock: SettableClock) -> Iterator[Desk]:
    made = Desk(engine, keys, clock)
    yield made
    made.answers.close()


# --- what each proves ------------------------------------------------------------------------


@pytest.mark.parametrize("has_code", [True, False])
def test_a_chips_message_is_welcomed_and_says_which_card_it_was_where_no_code_does(
    desk: Desk, keys: Keys, *, has_code: bool
) -> None:
    answer = desk.ask(asked(read(keys, 1, code(keys, 0) if has_code else None)))
    assert (answer.verdict.move, answer.verdict.assurance) == (Move.IN, Assurance.A2)
    assert answer.row is not None
    assert answer.row.first_name == "Person0"
    assert answer.card == (None if has_code else place(0))


def test_a_code_alone_says_itself_which_card_it_is(desk: Desk, keys: Keys) -> None:
    answer = desk.ask(asked(SignedCode(code(keys, 0))))
    assert (answer.verdict.assurance, answer.card) == (Assurance.A1, None)


def test_a_message_that_no_chip_of_ours_made_is_worth_nothing_even_beside_a_good_code(
    engine: sa.Engine, desk: Desk, keys: Keys, tmp_path: Path
) -> None:
    mine, theirs = read(keys, 1), sun_message(make_keys(tmp_path / "x").chips, CALCULATES, 1)
    for text in (None, code(keys, 0)):
        for message in (
            msgspec.structs.replace(theirs, code=text),
            SunMessage(mine.picc, f"{int(mine.cmac, 16) ^ 1:016X}", text),
            SunMessage(mine.picc, theirs.cmac, text),
            SunMessage("", "", text),
        ):
            assert desk.ask(asked(message)).verdict.saying is Saying.CANNOT_READ
    assert (claimed(engine), alerts(engine)) == ([], [])


def test_a_code_beside_the_message_must_be_good_and_of_the_same_card(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    for text in (code(keys, 2), code(keys, 0)[:-1], ""):
        verdict = desk.ask(asked(read(keys, 1, text))).verdict
        assert verdict.saying is Saying.CANNOT_READ
    assert (claimed(engine), alerts(engine)) == ([], [])


def test_a_chip_that_nobody_registered_adds_nothing_to_its_code(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    by_code = desk.ask(asked(sun_message(keys.chips, STRANGE, 1, code(keys, 2))))
    assert (by_code.verdict.move, by_code.verdict.assurance) == (Move.IN, Assurance.A1)
    alone = desk.ask(asked(sun_message(keys.chips, STRANGE, 2)))
    assert alone.verdict.saying is Saying.CANNOT_READ
    assert (claimed(engine), alerts(engine)) == ([], [])


def test_the_uid_of_a_chip_that_calculates_proves_nothing_by_itself(desk: Desk) -> None:
    answer = desk.ask(asked(ChipUid(CALCULATES.hex())))
    assert (answer.verdict.assurance, answer.verdict.saying) == (Assurance.A0, Saying.CANNOT_READ)


@pytest.mark.parametrize(
    "text", ["", "zz", "04", STRANGE.hex(), "081b2c3d", "8a1b2c3", "8a1b2c3d00"]
)
def test_a_uid_that_nobody_registered_cannot_be_read_and_nobody_is_told(
    engine: sa.Engine, desk: Desk, text: str
) -> None:
    answer = desk.ask(asked(ChipUid(text)))
    assert (answer.verdict.saying, answer.card) == (Saying.CANNOT_READ, None)
    assert alerts(engine) == []


@pytest.mark.parametrize(
    ("last_day", "reason"),
    [
        (date(2026, 11, 23), Reason.TOO_WEAK),
        (date(2026, 11, 24), Reason.OK),
    ],
)
def test_a_legacy_chip_is_accepted_until_the_societys_last_day_for_it(
    engine: sa.Engine, keys: Keys, broker: Broker, last_day: date | None, reason: Reason
) -> None:
    def decide(facts: Facts, now: datetime) -> Verdict:
        policy = msgspec.structs.replace(facts.house.policy, uid_only_until=last_day)
        house = msgspec.structs.replace(facts.house, policy=policy)
        return admission.decide(replace(facts, house=house), now)

    with gateway(engine, keys, broker.port, decide=decide), RawKiosk(broker.port) as kiosk:
        answer = kiosk.ask(asked(ChipUid(LEGACY.hex().upper())))
    assert (answer.verdict.reason, answer.verdict.assurance) == (reason, Assurance.A0)
    assert answer.card == place(1)


def test_a_lost_card_is_refused_by_its_chip_too(engine: sa.Engine, desk: Desk, keys: Keys) -> None:
    with writing(engine) as session, session.begin():
        report_lost(session, NOW, card_id(0), "chapter")
    assert desk.ask(asked(read(keys, 1))).verdict.reason is Reason.CARD_BLOCKED


# --- one message, one presentation -----------------------------------------------------------


def test_the_same_presentation_gets_the_same_verdict_from_every_gateway(
    engine: sa.Engine, keys: Keys
) -> None:
    """Its question may go to another gateway, and with other things in it."""
    one, other = (Answers(engine, keys.trust, keys.chips, admission.decide) for _ in range(2))
    first = asked(read(keys, 7, code(keys, 0)))
    again = msgspec.structs.replace(first, uptime_ms=first.uptime_ms + 1)
    later = asked(read(keys, 9))
    try:
        answers = [one.answer(first, NOW), other.answer(again, NOW), one.answer(later, NOW)]
        answers.append(other.answer(first, NOW + MINUTE))
    finally:
        one.close()
        other.close()
    found = [codec.decode(Answer, each.payload, topics.DOWN_LIMIT).verdict for each in answers]
    assert [verdict.reason for verdict in found] == [Reason.OK] * 4
    assert claimed(engine) == [(7, first.presentation), (9, later.presentation)]


def test_a_message_that_is_played_again_is_refused_in_neutral_words_and_told_once(
    engine: sa.Engine, desk: Desk, keys: Keys, clock: SettableClock
) -> None:
    mine = asked(read(keys, 7))
    assert desk.ask(mine).verdict.move is Move.IN
    for minutes in (1, 14):
        clock.now = NOW + minutes * MINUTE
        verdict = desk.ask(asked(read(keys, 7))).verdict
        assert (verdict.reason, verdict.saying) == (Reason.REPLAYED, Saying.SEE_STAFF)
        assert verdict.outcome is Outcome.REFUSED
    assert desk.ask(msgspec.structs.replace(mine, uptime_ms=1)).verdict.move is Move.IN
    assert alerts(engine) == told_of(AlertKind.REFUSED)


def test_an_old_message_after_a_newer_one_is_refused_though_nobody_has_heard_it(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    newer = asked(read(keys, 9))
    assert desk.ask(newer).verdict.reason is Reason.OK
    old = asked(read(keys, 8))
    for _ in range(2):
        assert desk.ask(old).verdict.reason is Reason.REPLAYED
        old = msgspec.structs.replace(old, uptime_ms=old.uptime_ms + 1)
    assert claimed(engine) == [(9, newer.presentation)]


def test_reads_that_no_kiosk_of_ours_has_heard_are_no_fault(desk: Desk, keys: Keys) -> None:
    for counter in (1, 2, 40, 2**24 - 1):
        assert desk.ask(asked(read(keys, counter))).verdict.reason is Reason.OK


def test_leaving_by_a_message_that_is_played_again_is_in_doubt_and_never_refused(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    desk.ask(asked(read(keys, 7)))
    desk.tell(entry(arrived(0), NOW - timedelta(hours=1)))
    verdict = desk.ask(asked(read(keys, 7))).verdict
    assert (verdict.move, verdict.saying) == (Move.OUT, Saying.GOODBYE)
    assert (verdict.is_doubtful, verdict.reason) == (True, Reason.REPLAYED)
    desk.tell(entry(left(0, is_doubtful=True)))
    assert alerts(engine) == told_of(AlertKind.LEFT_IN_DOUBT)


def test_the_home_is_told_of_a_doubtful_leaving_though_the_entry_comes_first(
    engine: sa.Engine, desk: Desk
) -> None:
    desk.tell(entry(left(0, is_doubtful=True)))
    assert alerts(engine) == told_of(AlertKind.LEFT_IN_DOUBT)


def test_of_many_gateways_that_hear_one_message_at_once_one_takes_it(
    engine: sa.Engine, keys: Keys
) -> None:
    questions = [asked(read(keys, 7)) for _ in range(4)]

    def answer(one: Question) -> Reason:
        answers = Answers(engine, keys.trust, keys.chips, admission.decide)
        try:
            payload = answers.answer(one, NOW).payload
        finally:
            answers.close()
        return codec.decode(Answer, payload, topics.DOWN_LIMIT).verdict.reason

    with ThreadPoolExecutor(4) as gateways:
        found = sorted(gateways.map(answer, questions))
    assert found == [Reason.OK, *[Reason.REPLAYED] * 3]


def test_a_chip_gets_no_answer_while_the_database_cannot_be_written_and_codes_do(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    """One of two that were asked at once is answered: the one that nothing is written for."""
    topic = topics.topic(DOOR, Leaf.QUESTION)
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        with writing(engine) as other, other.begin():
            other.execute(sa.text("SELECT 1"))
            kiosk.send(topic, codec.encode(asked(read(keys, 7))), b"chip")
            kiosk.send(topic, codec.encode(asked(SignedCode(code(keys, 0)))), b"code")
            by_code = kiosk.next(Leaf.ANSWER)
            assert by_code is not None
            answered = codec.decode(Answer, bytes(by_code.payload), topics.DOWN_LIMIT)
            assert answered.verdict.assurance is Assurance.A1
        kiosk.send(topic, codec.encode(asked(read(keys, 7))), b"chip")
        by_chip = kiosk.next(Leaf.ANSWER)
        assert by_chip is not None
        answered = codec.decode(Answer, bytes(by_chip.payload), topics.DOWN_LIMIT)
        assert answered.verdict.assurance is Assurance.A2
    assert len(claimed(engine)) == 1


@dataclass
class Held:
    """Port `Incoming`: a question that has lain in the socket, for too long or not."""

    question: Question
    has_waited: bool

    topic = topics.topic(DOOR, Leaf.QUESTION)
    correlation = None

    @property
    def payload(self) -> bytes:
        return codec.encode(self.question)

    def is_late(self) -> bool:
        return self.has_waited

    def acknowledge(self) -> None:
        """Nobody counts."""


def test_a_question_that_comes_too_late_claims_nothing_and_accuses_nobody(
    engine: sa.Engine, keys: Keys
) -> None:
    """Its kiosk has decided alone meanwhile, and may have asked about the chip's next read."""
    made = Gateway(
        engine, mqtt("127.0.0.1", 1), keys, clock=SettableClock(), decide=admission.decide
    )
    made.worker.begin()
    try:
        for counter, has_waited in ((7, False), (6, True), (9, True), (8, False)):
            made.receive(Held(asked(read(keys, counter)), has_waited))
        made.worker.turn(0.0)
    finally:
        made.stop()
    assert [counter for counter, _ in claimed(engine)] == [7, 8]
    assert alerts(engine) == []


def test_of_a_strangers_chip_nothing_stays_in_the_gateways_memory_or_in_the_database(
    engine: sa.Engine, keys: Keys
) -> None:
    made = Gateway(
        engine, mqtt("127.0.0.1", 1), keys, clock=SettableClock(), decide=admission.decide
    )
    made.worker.begin()
    uid = STRANGE.hex().upper()
    try:
        made.receive(Held(asked(ChipUid(uid)), has_waited=False))
        made.worker.turn(0.0)
        remembered = [one for one in held_by(made) if isinstance(one, str | bytes)]
        assert [one for one in remembered if Reason.NOT_GENUINE in str(one)]  # its answer
        assert [one for one in remembered if uid in str(one).upper() or one == STRANGE] == []
    finally:
        made.stop()
    assert [table for table, row in rows(engine) if uid in row.upper() or str(STRANGE) in row] == []


def held_by(start: object) -> Iterator[object]:
    """All that can be reached from an object: without code, and without what belongs to drivers."""
    todo, met = [start], set[int]()
    while todo:
        one = todo.pop()
        is_ours = not type(one).__module__.startswith(("sqlalchemy", "paho", "logging"))
        if id(one) in met or not is_ours or isinstance(one, type | ModuleType | FunctionType):
            continue
        met.add(id(one))
        yield one
        todo += gc.get_referents(one)


def rows(engine: sa.Engine) -> Iterator[tuple[str, str]]:
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                yield table.name, str(tuple(row))


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_database_that_was_started_again_costs_a_chip_one_answer(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    assert desk.ask(asked(read(keys, 7))).verdict.reason is Reason.OK
    with engine.connect() as connection:
        connection.execute(_END_ALL_OTHERS)
    with pytest.raises(DBAPIError):
        desk.ask(asked(read(keys, 8)))
    desk.answers.close()  # as the gateway does
    assert desk.ask(asked(read(keys, 8))).verdict.reason is Reason.OK


def test_the_chip_of_who_was_elsewhere_a_moment_ago_is_let_in_with_a_warning(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    """Scenario 14: her code is refused at the other home, her chip is not, its echo is."""
    with writing(engine) as session, session.begin():
        for home, latitude in ((SOLBAKKEN, 60.0), (NORDSTRAND, 61.0)):
            found = session.get_one(Institution, home)
            found.latitude, found.longitude = latitude, 10.0
    with (
        gateway(engine, keys, broker.port),
        RawKiosk(broker.port) as here,
        RawKiosk(broker.port, OTHER_DOOR) as there,
    ):
        here.tell(entry(arrived(0), NOW - 5 * MINUTE))
        by_code = there.ask(asked(SignedCode(code(keys, 0)), OTHER_DOOR)).verdict
        by_chip = there.ask(asked(read(keys, 7), OTHER_DOOR)).verdict
        echo = there.ask(asked(read(keys, 7), OTHER_DOOR)).verdict
    assert (by_code.move, by_code.reason) == (Move.NONE, Reason.ELSEWHERE)
    assert (by_chip.move, by_chip.warning) == (Move.IN, Reason.ELSEWHERE)
    assert (echo.move, echo.reason) == (Move.NONE, Reason.REPLAYED)
