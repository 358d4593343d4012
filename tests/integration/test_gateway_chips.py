"""Chips at the gateway: what each proves, and that a message is good for one presentation.

Most of it without a broker between; what a kiosk on the wire gets stands first.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from presence import admission, codec, topics
from presence.card import Assurance, CardRef, ChipUid, Evidence, SignedCode, SunMessage
from presence.facts import Facts
from presence.ids import PresentationId
from presence.messages import (
    Answer,
    Arrived,
    CameBack,
    ClockTrust,
    Entries,
    Entry,
    Left,
    Question,
    Settlement,
)
from presence.reason import Reason
from presence.topics import Leaf
from presence.verdict import Basis, Move, Outcome, Saying, Tell, Verdict
from server.broker import Broker
from server.cards.chips import NewChip, register_chip
from server.cards.models import ChipKind, ChipRead
from server.cards.services import report_lost
from server.db import reading, writing
from server.gateway import entries
from server.gateway.answers import Answers
from server.gateway.commits import Fact, commit
from server.institutions.models import Institution
from server.keys import Keys
from server.notices.models import Alert, AlertKind
from tests.builders import sun_message
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
    fresh,
    gateway,
    left,
    make_keys,
    place,
    question,
)

CALCULATES = bytes.fromhex("04a1b2c3d4e5f6")
LEGACY = bytes.fromhex("8a1b2c3d")
STRANGE = bytes.fromhex("04ffffffffffff")
MINUTE = timedelta(minutes=1)
_END_ALL_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def chips(engine: sa.Engine, keys: Keys) -> None:
    """Person 0 has a chip that calculates, person 1 a legacy one."""
    with writing(engine) as session, session.begin():
        for new in (
            NewChip(card_id(0), ChipKind.SUN, CALCULATES),
            NewChip(card_id(1), ChipKind.UID, LEGACY),
        ):
            assert register_chip(session, NOW, keys.chips, new, "test")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


class Desk:
    """A gateway's two ways into a real database, without the wire: questions, and what is told."""

    def __init__(self, engine: sa.Engine, keys: Keys, clock: SettableClock) -> None:
        self._engine, self._keys, self._clock = engine, keys, clock
        self.answers = Answers(engine, keys.trust, keys.chips, admission.decide)

    def ask(self, question: Question) -> Answer:
        answered = self.answers.answer(question, self._clock())
        if answered.notice is not None:
            commit(self._engine, self._clock(), [answered.notice])
        return codec.decode(Answer, answered.payload, topics.DOWN_LIMIT)

    def tell(self, *told: Entry) -> None:
        raws = tuple(msgspec.Raw(codec.encode_entry(one)) for one in told)
        delivery = entries.read(Entries(kiosk=DOOR, entries=raws), SOLBAKKEN, self._keys.chips)
        commit(self._engine, self._clock(), [Fact(one, delivery) for one in delivery.told])
        assert {one.settlement for one in delivery.receipts} <= {
            Settlement.ACCEPTED,
            Settlement.DUPLICATE,
        }


@pytest.fixture
def desk(engine: sa.Engine, keys: Keys, clock: SettableClock) -> Iterator[Desk]:
    made = Desk(engine, keys, clock)
    yield made
    made.answers.close()


def asked(evidence: Evidence, kiosk: str = DOOR) -> Question:
    return msgspec.structs.replace(question("", kiosk=kiosk), evidence=evidence)  # type: ignore[arg-type]


def read(keys: Keys, counter: int, text: str | None = None) -> SunMessage:
    return sun_message(keys.chips, CALCULATES, counter, text)


def alerts(engine: sa.Engine) -> list[tuple[AlertKind, Reason | None, Tell]]:
    with reading(engine) as session:
        rows = session.execute(sa.select(Alert.kind, Alert.reason, Alert.told).order_by(Alert.id))
        return [(kind, reason, told) for kind, reason, told in rows]


def claimed(engine: sa.Engine) -> list[tuple[int, str]]:
    with reading(engine) as session:
        rows = session.execute(
            sa.select(ChipRead.counter, ChipRead.presentation).order_by(ChipRead.counter)
        )
        return [(counter, presentation) for counter, presentation in rows]


def told_of(kind: AlertKind) -> list[tuple[AlertKind, Reason | None, Tell]]:
    return [(kind, Reason.REPLAYED, Tell.INSTITUTION), (kind, Reason.REPLAYED, Tell.CHAPTER)]


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
            SunMessage(mine.picc, mine.cmac[:-1] + "0", text),
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
        assert kiosk.ask(asked(read(keys, 7))).verdict.assurance is Assurance.A2
    assert len(claimed(engine)) == 1


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


# --- told late, by a kiosk that decided alone ------------------------------------------------


def alone(
    what: type[Arrived | Left | CameBack],
    message: SunMessage,
    presentation: PresentationId | None = None,
    card: CardRef | None = None,
) -> Arrived | Left | CameBack:
    """What a kiosk without contact recorded of a chip."""
    said = {
        "card": card or place(0),
        "presentation": presentation or PresentationId(fresh()),
        "basis": Basis.ROSTER,
        "sun": message,
    }
    if what is Arrived:
        said |= {"visit": fresh(), "outcome": Outcome.UNCONFIRMED}
    return what(**said)  # type: ignore[arg-type]


def test_a_message_of_its_own_that_is_told_late_is_a_fact_like_any_other(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    mine = asked(read(keys, 7, code(keys, 0)))
    desk.ask(mine)  # and the answer is lost
    desk.tell(
        entry(alone(Arrived, read(keys, 3)), NOW - 60 * MINUTE),
        entry(alone(Left, read(keys, 5)), NOW - 30 * MINUTE),
        entry(alone(Arrived, read(keys, 7), mine.presentation)),
        entry(alone(CameBack, read(keys, 8)), NOW),
    )
    assert alerts(engine) == []
    assert [counter for counter, _ in claimed(engine)] == [3, 5, 7, 8]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (Arrived, AlertKind.ACCEPTED_OFFLINE),
        (CameBack, AlertKind.ACCEPTED_OFFLINE),
        (Left, AlertKind.LEFT_IN_DOUBT),
    ],
)
@pytest.mark.parametrize("minutes", [-30, 30])
def test_a_message_played_again_shows_whether_the_kiosk_that_was_alone_heard_it_first_or_last(
    engine: sa.Engine,
    desk: Desk,
    keys: Keys,
    clock: SettableClock,
    what: type[Arrived | Left | CameBack],
    kind: AlertKind,
    minutes: int,
) -> None:
    """Online then offline, and offline then online. It belongs to whoever was first in time."""
    live = asked(read(keys, 7))
    desk.ask(live)
    clock.now = NOW + 60 * MINUTE
    late = alone(what, read(keys, 7))
    desk.tell(entry(late, NOW + minutes * MINUTE))
    assert alerts(engine) == told_of(kind)
    assert claimed(engine) == [(7, late.presentation if minutes < 0 else live.presentation)]


@pytest.mark.parametrize(("counter", "minutes"), [(5, 30), (9, -30)])
@pytest.mark.parametrize("trust", ClockTrust)
def test_numbers_that_do_not_rise_with_time_are_told_unless_the_clock_is_unsure(
    engine: sa.Engine,
    desk: Desk,
    keys: Keys,
    clock: SettableClock,
    trust: ClockTrust,
    counter: int,
    minutes: int,
) -> None:
    desk.ask(asked(read(keys, 7)))
    clock.now = NOW + 60 * MINUTE
    desk.tell(entry(alone(Arrived, read(keys, counter)), NOW + minutes * MINUTE, trust))
    is_sure = trust is not ClockTrust.FLOOR
    assert alerts(engine) == (told_of(AlertKind.ACCEPTED_OFFLINE) if is_sure else [])


@pytest.mark.parametrize(("counter", "minutes"), [(5, 4), (9, -4), (5, -30), (9, 30)])
def test_two_clocks_may_differ_by_some_minutes(
    engine: sa.Engine,
    desk: Desk,
    keys: Keys,
    clock: SettableClock,
    counter: int,
    minutes: int,
) -> None:
    desk.ask(asked(read(keys, 7)))
    clock.now = NOW + 60 * MINUTE
    desk.tell(entry(alone(Arrived, read(keys, counter)), NOW + minutes * MINUTE))
    assert alerts(engine) == []


def test_of_two_kiosks_that_were_alone_the_earlier_tap_owns_the_message(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    early, late = alone(Arrived, read(keys, 7)), alone(Arrived, read(keys, 7))
    desk.tell(entry(late, NOW - 10 * MINUTE), entry(early, NOW - 20 * MINUTE))
    assert alerts(engine) == told_of(AlertKind.ACCEPTED_OFFLINE)
    assert claimed(engine) == [(7, early.presentation)]


def test_an_unsure_time_takes_a_message_from_nobody(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    live = asked(read(keys, 7))
    desk.ask(live)
    late = alone(Arrived, read(keys, 7))
    desk.tell(entry(late, NOW - 30 * MINUTE, ClockTrust.FLOOR))
    assert alerts(engine) == told_of(AlertKind.ACCEPTED_OFFLINE)
    assert claimed(engine) == [(7, live.presentation)]


def test_what_a_kiosk_has_told_late_cannot_be_played_live(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    desk.tell(entry(alone(Left, read(keys, 7)), NOW - 30 * MINUTE, ClockTrust.FLOOR))
    for counter in (6, 7):
        assert desk.ask(asked(read(keys, counter))).verdict.reason is Reason.REPLAYED
    assert desk.ask(asked(read(keys, 8))).verdict.reason is Reason.OK


@pytest.mark.parametrize("number", [0, 2])
def test_a_message_of_no_chip_or_of_another_card_is_told_when_it_is_heard_of(
    engine: sa.Engine, desk: Desk, keys: Keys, number: int
) -> None:
    mine = read(keys, 7)
    message = mine if number else SunMessage(mine.picc, "00" * 8)
    desk.tell(entry(alone(Arrived, message, card=place(number))))
    assert alerts(engine) == told_of(AlertKind.ACCEPTED_OFFLINE)
    assert claimed(engine) == []


def test_a_chip_that_nobody_registered_is_believed_by_its_code_when_told_late(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    desk.tell(entry(alone(Arrived, sun_message(keys.chips, STRANGE, 1))))
    assert (alerts(engine), claimed(engine)) == ([], [])


def test_an_entry_that_is_told_twice_accuses_nobody(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    late = entry(alone(Arrived, read(keys, 7)))
    desk.tell(late)
    desk.tell(late, late)
    assert alerts(engine) == []
