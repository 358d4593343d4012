"""What a button and a fire alarm tell: all of it, in order, on pins and by the look."""

import random
from collections.abc import Iterator
from itertools import pairwise
from queue import Empty, SimpleQueue

import pytest

from kiosk.events import AlarmChanged, ButtonPressed, SwitchEvent
from kiosk.indicator import IndicatorConfigError, SwitchPins, open_switches
from kiosk.indicator.contact import SETTLED_PAUSE, UNSETTLED_PAUSE, Contact
from kiosk.indicator.switches import FireAlarm, PushButton
from tests.hardware_mocks.pins import WatchedPins

BUTTON, ALARM = 23, 24
PATIENCE = 20.0
SHORT, LONG = ButtonPressed(), ButtonPressed(is_long=True)
RAISED, OVER = AlarmChanged(is_raised=True), AlarmChanged(is_raised=False)


class Told:
    """What was reported so far."""

    def __init__(self) -> None:
        self._told: SimpleQueue[SwitchEvent] = SimpleQueue()
        self.report = self._told.put

    def following(self) -> SwitchEvent:
        return self._told.get(timeout=PATIENCE)

    def rest(self) -> list[SwitchEvent]:
        rest: list[SwitchEvent] = []
        while True:
            try:
                rest.append(self._told.get_nowait())
            except Empty:
                return rest


@pytest.fixture
def pins() -> WatchedPins:
    return WatchedPins()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def button(pins: WatchedPins, told: Told) -> Iterator[PushButton]:
    """For which nobody holds on long enough."""
    button = PushButton(BUTTON, pins, hold_seconds=10 * PATIENCE)
    button.start(told.report)
    yield button
    button.close()


# --- the button


def test_a_press_is_told_when_the_button_is_let_go(
    pins: WatchedPins, told: Told, button: PushButton
) -> None:
    pins.press(BUTTON)
    assert told.rest() == []
    pins.let_go(BUTTON)
    assert told.rest() == [SHORT]
    pins.press(BUTTON)
    pins.let_go(BUTTON)
    assert told.rest() == [SHORT]


def test_a_button_that_is_held_is_told_while_it_is_down_and_never_again(
    pins: WatchedPins, told: Told
) -> None:
    button = PushButton(BUTTON, pins, hold_seconds=0.05)
    button.start(told.report)
    pins.press(BUTTON)
    assert told.following() == LONG
    pins.let_go(BUTTON)
    button.close()
    assert told.rest() == []


def test_a_button_that_was_held_can_be_held_again(pins: WatchedPins, told: Told) -> None:
    button = PushButton(BUTTON, pins, hold_seconds=0.05)
    button.start(told.report)
    for _ in range(2):
        pins.press(BUTTON)
        assert told.following() == LONG
        pins.let_go(BUTTON)
    button.close()
    assert told.rest() == []


def test_a_button_that_is_down_at_the_start_is_not_pressed_until_it_was_let_go(
    pins: WatchedPins, told: Told
) -> None:
    pins.press(BUTTON)
    button = PushButton(BUTTON, pins, hold_seconds=0.05)
    button.start(told.report)
    pins.let_go(BUTTON)
    assert told.rest() == []
    pins.press(BUTTON)
    assert told.following() == LONG
    pins.let_go(BUTTON)
    button.close()
    assert told.rest() == []


def test_a_button_that_is_closed_says_no_more(
    pins: WatchedPins, told: Told, button: PushButton
) -> None:
    pins.press(BUTTON)
    button.close()
    button.close()
    assert told.rest() == []


# --- the fire alarm on pins


def test_a_relay_at_rest_is_told_at_the_start_then_its_alarm_then_its_end(
    pins: WatchedPins, told: Told
) -> None:
    pins.close_contact(ALARM)
    alarm = FireAlarm(ALARM, pins)
    alarm.start(told.report)
    assert told.following() == OVER
    pins.open_contact(ALARM)
    assert told.following() == RAISED
    pins.close_contact(ALARM)
    assert told.following() == OVER
    alarm.close()
    alarm.close()
    assert told.rest() == []


def test_a_relay_that_is_open_at_the_start_is_an_alarm(pins: WatchedPins, told: Told) -> None:
    alarm = FireAlarm(ALARM, pins)
    alarm.start(told.report)
    assert told.following() == RAISED
    alarm.close()
    assert told.rest() == []


def test_a_cut_wire_is_an_alarm(pins: WatchedPins, told: Told) -> None:
    pins.close_contact(ALARM)
    alarm = FireAlarm(ALARM, pins)
    alarm.start(told.report)
    assert told.following() == OVER
    pins.cut_wire(ALARM)
    assert told.following() == RAISED
    alarm.close()


def test_a_contact_that_closes_for_an_alarm_is_believed_where_it_is_configured(
    pins: WatchedPins, told: Told
) -> None:
    alarm = FireAlarm(ALARM, pins, is_normally_open=True)
    alarm.start(told.report)
    assert told.following() == OVER
    pins.close_contact(ALARM)
    assert told.following() == RAISED
    alarm.close()


def test_an_alarm_that_is_closed_before_it_was_started_lets_go(pins: WatchedPins) -> None:
    FireAlarm(ALARM, pins).close()
    FireAlarm(ALARM, pins).close()


# --- what is believed of a contact


class Watched:
    """A contact that is looked at as often as it asks for, by a clock of milliseconds, and that
    tells its edges, unless they are missed."""

    def __init__(self, *, has_edges: bool = True) -> None:
        self.news: list[tuple[bool, int]] = []
        """What was believed, and when: in milliseconds since the last `start`."""
        self.now = 0.0
        self._contact = Contact()
        self._has_edges = has_edges
        self._next_look = 0.0
        self._start = 0.0

    def rest(self) -> None:
        """It is known to be at rest."""
        self.stays(1200, raised=False)
        self.start()

    def start(self) -> None:
        self._start = self.now
        self.news.clear()

    def stays(self, milliseconds: float, *, raised: bool) -> None:
        """The contact becomes so, and stays so for a while."""
        until = self.now + milliseconds / 1000
        if self._has_edges:
            self._find(raised=raised)
        while self._next_look < until:
            self.now = self._next_look
            self._find(raised=raised)
        self.now = until

    def machine_stands_still(self, seconds: float) -> None:
        self.now += seconds
        self._next_look = self.now

    def _find(self, *, raised: bool) -> None:
        news = self._contact.found(raised=raised, at=self.now)
        if news is not None:
            self.news.append((news, round((self.now - self._start) * 1000)))
        self._next_look = self.now + self._contact.pause


@pytest.fixture(params=[True, False], ids=["edges are told", "edges are missed"])
def watched(request: pytest.FixtureRequest) -> Watched:
    watched = Watched(has_edges=request.param)
    watched.rest()
    return watched


def test_an_opening_shorter_than_a_tenth_of_a_second_is_nothing(watched: Watched) -> None:
    watched.stays(99, raised=True)
    watched.stays(2000, raised=False)
    assert watched.news == []


def test_an_opening_is_believed_soon_after_the_tenth_of_a_second(watched: Watched) -> None:
    watched.stays(1000, raised=True)
    ((believed, after),) = watched.news
    assert believed
    assert 100 <= after <= 100 + 1000 * (SETTLED_PAUSE + UNSETTLED_PAUSE)


def test_a_closing_is_believed_after_a_whole_second_without_a_break(watched: Watched) -> None:
    watched.stays(500, raised=True)
    watched.start()
    watched.stays(900, raised=False)
    watched.stays(50, raised=True)
    assert watched.news == []
    watched.start()
    watched.stays(2000, raised=False)
    ((believed, after),) = watched.news
    assert not believed
    assert 1000 <= after <= 1000 + 1000 * (SETTLED_PAUSE + UNSETTLED_PAUSE)


@pytest.mark.parametrize("open_ms", [1, 2, 5, 10, 20, 50, 90])
@pytest.mark.parametrize("closed_ms", [1, 2, 5, 9, 20, 90])
def test_a_contact_that_chatters_is_an_alarm_once_and_until_it_has_stopped(
    open_ms: int, closed_ms: int
) -> None:
    """Whatever its rhythm: where each opening had to last by itself, an hour of it were nothing."""
    watched = Watched()
    watched.rest()
    while watched.now < 20:
        watched.stays(open_ms, raised=True)
        watched.stays(closed_ms, raised=False)
    watched.stays(2000, raised=False)
    (raised, after), (over, _) = watched.news
    assert (raised, over) == (True, False)
    assert after <= 100 * (open_ms + closed_ms) / open_ms + 100


@pytest.mark.parametrize("seed", range(5))
def test_a_contact_that_chatters_is_an_alarm_even_where_no_edge_is_told(seed: int) -> None:
    chance = random.Random(seed)
    watched = Watched(has_edges=False)
    watched.rest()
    while watched.now < 20:
        watched.stays(chance.uniform(1, 15), raised=True)
        watched.stays(chance.uniform(1, 15), raised=False)
    watched.stays(2000, raised=False)
    assert [news for news, _ in watched.news] == [True, False]


def test_sparks_that_are_a_second_apart_never_add_up_to_an_alarm(watched: Watched) -> None:
    for _ in range(500):
        watched.stays(15, raised=True)
        watched.stays(1100, raised=False)
    assert watched.news == []


def test_a_machine_that_stood_still_does_not_make_an_alarm_of_sparks(watched: Watched) -> None:
    for _ in range(3):
        watched.stays(1, raised=True)
        watched.machine_stands_still(30)
    watched.stays(2000, raised=False)
    assert watched.news == []


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("has_edges", [True, False])
def test_whatever_a_contact_does_news_alternate_and_the_last_is_how_it_stayed(
    seed: int, has_edges: bool
) -> None:
    chance = random.Random(seed)
    watched = Watched(has_edges=has_edges)
    for _ in range(200):
        watched.stays(chance.choice([1, 20, 150, 1500]), raised=chance.random() < 0.5)
    stays = chance.random() < 0.5
    watched.stays(3000, raised=stays)
    believed = [news for news, _ in watched.news]
    assert believed[-1] is stays
    assert all(one != other for one, other in pairwise(believed))


# --- opening them


def test_all_switches_of_a_kiosk_report_to_one(pins: WatchedPins, told: Told) -> None:
    pins.close_contact(ALARM)
    switches = open_switches(SwitchPins(BUTTON, ALARM), pins)
    switches.start(told.report)
    assert told.following() == OVER
    pins.press(BUTTON)
    pins.let_go(BUTTON)
    assert told.following() == SHORT
    pins.open_contact(ALARM)
    assert told.following() == RAISED
    switches.close()
    switches.close()
    assert told.rest() == []


def test_a_kiosk_without_switches_has_none(pins: WatchedPins, told: Told) -> None:
    for factory in (None, pins):
        switches = open_switches(SwitchPins(), factory)
        switches.start(told.report)
        switches.close()
    assert told.rest() == []


@pytest.mark.parametrize(
    ("wired", "complaint"),
    [
        (SwitchPins(button=99), "the button on pin 99: .*99"),
        (SwitchPins(alarm=99), "the fire alarm on pin 99: .*99"),
        (SwitchPins(button=5, alarm=5), "the fire alarm on pin 5: .*already in use"),
    ],
)
def test_switches_that_cannot_be_are_an_error_at_start_up_and_keep_no_pin(
    pins: WatchedPins, wired: SwitchPins, complaint: str
) -> None:
    with pytest.raises(IndicatorConfigError, match=complaint):
        open_switches(wired, pins)
    open_switches(SwitchPins(button=5, alarm=6), pins).close()


def test_switches_without_pins_are_an_error() -> None:
    with pytest.raises(IndicatorConfigError, match="need a pin factory"):
        open_switches(SwitchPins(button=BUTTON), None)
