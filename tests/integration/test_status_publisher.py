"""One publisher among several gateways: turn by turn, with time moved by hand."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from presence.messages import HeldList
from presence.roster import CardState
from presence.statuslist import Status, StatusList, open_list
from server import changes
from server.cards.services import report_lost, set_state
from server.changes import Change, ChangeKind
from server.db import reading, writing
from server.gateway.statuslists import (
    HOLD,
    LOOK_EVERY,
    MAKE_EVERY,
    ON_ITS_WAY,
    TELL_AGAIN_EVERY,
    TRY_EVERY,
    StatusLists,
)
from server.keys import Keys
from tests.integration.server_stand import NOW, card_id, heartbeat, place

SECOND = timedelta(seconds=1)


@dataclass
class Gateway:
    """A gateway's part in it; what it publishes is added to what all publish."""

    engine: sa.Engine
    keys: Keys
    published: list[StatusList] = field(default_factory=list)
    is_connected: bool = True
    dies: bool = False
    """At its next publication, as by a power cut."""
    seen: int = 0

    def __post_init__(self) -> None:
        key, trust = self.keys.status_list, self.keys.trust
        self.lists = StatusLists(self.engine, key, trust, self._publish, lambda: self.is_connected)

    def turn(self, now: datetime) -> None:
        """As the worker does it: what was committed first, then what is due."""
        with reading(self.engine) as session:
            news = changes.after(session, self.seen)
        if news:
            self.lists.note(news)
            self.seen = news[-1].id
        if self.lists.has_work(now):
            self.lists.work(now)

    def _publish(self, number: int, token: bytes) -> bool:
        if self.dies:
            raise KeyboardInterrupt
        if self.is_connected:
            self.published.append(open_list(token, number, self.keys.trust))
        return self.is_connected


@pytest.fixture
def join(engine: sa.Engine, keys: Keys) -> Callable[[], Gateway]:
    """Another gateway. All of them publish into one list."""
    published: list[StatusList] = []
    return lambda: Gateway(engine, keys, published)


Join = Callable[[], Gateway]


def lose(engine: sa.Engine, number: int, now: datetime = NOW) -> None:
    with writing(engine) as session, session.begin():
        assert report_lost(session, now, card_id(number), "chapter")


def lost(held: StatusList) -> list[int]:
    """The volunteers whose cards it refuses."""
    return [n for n in range(3) if held.listed(place(n).index).status is Status.INVALID]


def test_a_list_is_published_at_the_start_and_when_a_card_changes(
    engine: sa.Engine, join: Join
) -> None:
    gateway = join()
    gateway.turn(NOW)
    lose(engine, 1)
    for seconds in range(1, 5):
        gateway.turn(NOW + seconds * SECOND)
    assert [(one.issued, lost(one)) for one in gateway.published] == [
        (NOW, []),
        (NOW + SECOND, [1]),
    ]
    assert not gateway.lists.has_work(NOW + 5 * SECOND)


def test_however_many_cards_change_one_list_a_second_is_enough(
    engine: sa.Engine, join: Join
) -> None:
    gateway = join()
    gateway.turn(NOW)
    for tenth in range(1, 11):
        if tenth in (2, 5, 9):
            lose(engine, tenth // 4)
        gateway.turn(NOW + tenth * SECOND / 10)
    assert [lost(one) for one in gateway.published] == [[], [0, 1, 2]]
    assert gateway.published[-1].issued == NOW + SECOND


def test_what_only_the_date_changes_is_published_within_the_hour_and_all_once_a_day(
    engine: sa.Engine, join: Join
) -> None:
    gateway = join()
    evening = datetime.fromisoformat("2028-11-01T20:30:00Z")
    for half_hours in range(60):
        gateway.turn(evening + half_hours * LOOK_EVERY / 2)
    first, midnight, day = [one.issued for one in gateway.published]
    assert first == evening
    assert timedelta(0) <= midnight - datetime.fromisoformat("2028-11-01T23:00:00Z") <= LOOK_EVERY
    assert timedelta(hours=24) <= day - midnight <= timedelta(hours=25)
    said = [one.listed(place(0).index).status for one in gateway.published]
    assert said == [Status.VALID, Status.RENEWAL_DUE, Status.RENEWAL_DUE]


def test_every_new_connection_is_told_again_what_it_may_have_forgotten(join: Join) -> None:
    gateway = join()
    gateway.turn(NOW)
    gateway.lists.connected()
    gateway.turn(NOW + SECOND)
    gateway.turn(NOW + 2 * SECOND)
    assert [one.issued for one in gateway.published] == [NOW, NOW]


def test_of_two_gateways_one_publishes_and_the_other_takes_over(
    engine: sa.Engine, join: Join
) -> None:
    first, second = join(), join()
    first.turn(NOW)
    second.turn(NOW)
    lose(engine, 1)
    second.turn(NOW + MAKE_EVERY)
    assert len(first.published) == 1
    first.turn(NOW + MAKE_EVERY)  # and dies
    lose(engine, 2)
    died = NOW + MAKE_EVERY
    took_over = None
    for seconds in range(120):
        second.turn(died + seconds * SECOND)
        if len(first.published) > 2 and took_over is None:
            took_over = seconds * SECOND
    assert took_over is not None
    assert took_over <= HOLD + TRY_EVERY
    assert [lost(one) for one in first.published] == [[], [1], [1, 2]]


def test_a_gateway_that_is_stopped_lets_another_go_on(engine: sa.Engine, join: Join) -> None:
    first, second = join(), join()
    first.turn(NOW)
    second.turn(NOW)
    first.lists.stop()
    lose(engine, 0)
    second.turn(NOW + TRY_EVERY)
    assert [lost(one) for one in first.published] == [[], [0]]


def test_who_dies_between_the_commit_and_the_publication_is_made_up_for(
    engine: sa.Engine, join: Join
) -> None:
    first, second = join(), join()
    first.turn(NOW)
    second.turn(NOW)
    lose(engine, 1)
    first.dies = True
    with pytest.raises(KeyboardInterrupt):
        first.turn(NOW + SECOND)
    second.turn(NOW + SECOND + HOLD)
    assert [lost(one) for one in first.published] == [[], [1]]


def test_without_a_broker_a_gateway_does_not_keep_the_others_from_publishing(
    engine: sa.Engine, join: Join
) -> None:
    cut_off, other = join(), join()
    cut_off.turn(NOW)
    cut_off.is_connected = False
    lose(engine, 1)
    for seconds in range(1, 60):
        assert not cut_off.lists.has_work(NOW + seconds * SECOND)
        cut_off.lists.heard(heartbeat(NOW, HeldList(1, NOW + 2 * HOLD)))  # behind in nothing
        cut_off.turn(NOW + seconds * SECOND)
        other.turn(NOW + seconds * SECOND)
    assert [lost(one) for one in other.published] == [[], [1]]


def test_a_kiosk_that_holds_an_older_list_has_it_published_again(
    engine: sa.Engine, join: Join
) -> None:
    """Whichever gateway hears it, and not more than once a minute."""
    publisher, hearer = join(), join()
    publisher.turn(NOW)
    hearer.turn(NOW)
    now = NOW + ON_ITS_WAY
    for _ in range(int(TELL_AGAIN_EVERY / SECOND)):
        hearer.lists.heard(heartbeat())
        hearer.lists.heard(heartbeat(NOW, HeldList(1, NOW - SECOND)))
        hearer.turn(now)
        publisher.turn(now)
        now += SECOND
    assert [one.issued for one in publisher.published] == [NOW, NOW]
    hearer.lists.heard(heartbeat(NOW, HeldList(1, NOW - SECOND)))
    hearer.turn(now)
    publisher.turn(now)
    assert [one.issued for one in publisher.published] == [NOW, NOW, NOW]


@pytest.mark.parametrize(
    ("held", "seconds"),
    [
        ((HeldList(1, NOW),), 600),
        ((HeldList(1, NOW + SECOND),), 600),
        ((HeldList(1, NOW), HeldList(99, NOW)), 600),
        ((), 9),  # it may be on its way
    ],
)
def test_a_kiosk_that_is_up_to_date_asks_for_nothing(
    engine: sa.Engine, join: Join, held: tuple[HeldList, ...], seconds: int
) -> None:
    gateway = join()
    gateway.turn(NOW)
    gateway.lists.heard(heartbeat(NOW, *held))
    gateway.turn(NOW + seconds * SECOND)
    with reading(engine) as session:
        kinds = session.scalars(sa.select(Change.kind)).all()
    assert ChangeKind.STATUS_LIST not in kinds


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_several_gateways_what_they_publish_never_goes_back(
    engine: sa.Engine, join: Join, seed: int
) -> None:
    """Clocks differ by seconds, turns come in any order, brokers go, gateways stop and come."""
    chance = random.Random(seed)
    gateways = [join() for _ in range(3)]
    skew = [timedelta(seconds=chance.uniform(-2, 2)) for _ in gateways]
    now = NOW
    states = [CardState.ACTIVE, CardState.SUSPENDED, CardState.LOST]
    for _ in range(150):
        now += timedelta(seconds=chance.choice([0.1, 0.5, 3, 12, 40]))
        one = chance.randrange(3)
        match chance.randrange(12):
            case 0:
                with writing(engine) as session, session.begin():
                    set_state(session, now, card_id(one), chance.choice(states), "test")
            case 1:
                gateways[one].is_connected = not gateways[one].is_connected
                gateways[one].lists.connected()
            case 2:
                gateways[one].lists.stop()
                gateways[one] = join()
            case _:
                gateways[one].turn(now + skew[one])
    published = gateways[0].published
    issued = [held.issued for held in published]
    assert len(set(issued)) > 5
    assert issued == sorted(issued)
    assert len({(held.issued, held.token) for held in published}) == len(set(issued))
