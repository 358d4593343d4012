"""Chips' messages that a kiosk tells late, because it decided alone: were they its own?"""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from presence.card import CardRef, SunMessage
from presence.ids import PresentationId
from presence.messages import (
    Arrived,
    CameBack,
    ClockTrust,
    Left,
)
from presence.reason import Reason
from presence.verdict import Basis, Outcome
from server.keys import Keys
from server.notices.models import AlertKind
from tests.builders import sun_message
from tests.integration.chips_stand import (
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
    NOW,
    SettableClock,
    code,
    entry,
    fresh,
    place,
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
    """It is the later one that is in doubt, in whatever order they are told."""
    early, late = alone(Arrived, read(keys, 7)), alone(Left, read(keys, 7))
    desk.tell(entry(late, NOW - 10 * MINUTE), entry(early, NOW - 20 * MINUTE))
    assert alerts(engine) == told_of(AlertKind.LEFT_IN_DOUBT)
    assert claimed(engine) == [(7, early.presentation)]


def test_numbers_that_were_told_by_an_unsure_clock_accuse_nobody_later(
    engine: sa.Engine, desk: Desk, keys: Keys
) -> None:
    desk.tell(entry(alone(Arrived, read(keys, 9)), NOW - 30 * MINUTE, ClockTrust.FLOOR))
    desk.tell(entry(alone(Arrived, read(keys, 5)), NOW - 10 * MINUTE))
    assert alerts(engine) == []


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
