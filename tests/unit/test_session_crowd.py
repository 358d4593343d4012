"""Many at once: everybody is recorded, once, in order, and greeted; whatever else happens."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiosk import events as ev
from kiosk.events import (
    Ask,
    Consult,
    CountUnreadable,
    Effect,
    Indicate,
    Reading,
    Record,
    Show,
    Signal,
    StopTimer,
    TimerName,
    Told,
)
from kiosk.session.table import Deciding
from presence.admission import decide
from presence.card import CardRef, ChipUid, SignedCode, SunMessage, Unreadable
from presence.ids import PresentationId
from presence.messages import Answer, BriefingAcknowledged, ReaderState
from presence.policy import Policy
from presence.roster import NOTHING_UNSETTLED, RosterRow
from presence.verdict import Move
from tests.builders import (
    NOW,
    TODAY,
    arrival,
    facts,
    held_card,
    here,
    house,
    presentation_id,
    roster_row,
)
from tests.unit.stand import READER, Stand, answer, briefing, code, forged, presented

NAMES = ("Anna", "Bo", "Cato", "Dina", "Elin", "Frida", "Geir", "Hanne", "Ivar", "Jon")
CARDS = [CardRef(3, number) for number in range(len(NAMES))]


def row_of(number: int, **changes: Any) -> RosterRow:
    name = NAMES[number]
    return roster_row(
        held_card(ref=CARDS[number]), volunteer=f"v-{name}", first_name=name, **changes
    )


def tap(stand: Stand, number: int) -> PresentationId:
    stand.handle(presented(CARDS[number]))
    return stand.tap


def consult(stand: Stand, number: int, presentation: PresentationId) -> list[Effect]:
    return stand.consulted(row_of(number), presentation)


def recorded(stand: Stand) -> list[CardRef]:
    return [effect.what.card for effect in stand.effects if isinstance(effect, Record)]


def greeted(stand: Stand) -> list[str | None]:
    stages = [effect.stage for effect in stand.effects if isinstance(effect, Show)]
    return [stage.first_name for stage in stages if isinstance(stage, Told)]


def test_ten_people_in_twenty_seconds_are_all_recorded_and_each_is_greeted() -> None:
    stand = Stand().at_home()
    for number in range(10):
        one = tap(stand, number)
        consult(stand, number, one)
        stand.later(0.1).handle(ev.Answered(answer(one, row_of(number), card=CARDS[number])))
        stand.later(1.9)
    assert recorded(stand) == CARDS
    assert greeted(stand) == list(NAMES)


def test_a_tap_during_a_greeting_takes_over_at_once() -> None:
    stand = Stand().at_home()
    one = tap(stand, 0)
    consult(stand, 0, one)
    stand.answer_over(one)
    assert stand.later(1).handle(presented(CARDS[1])) == [
        Indicate(Signal.WAIT),
        StopTimer(TimerName.IDLE),
        Show(Reading(), stand.around),
        Consult(stand.tap, CARDS[1]),
    ]


def test_who_taps_while_another_is_decided_waits_and_is_next() -> None:
    stand = Stand().at_home()
    first = tap(stand, 0)
    consult(stand, 0, first)
    assert stand.handle(presented(CARDS[1])) == [Indicate(Signal.WAIT)]
    second = stand.tap
    effects = stand.handle(ev.Answered(answer(first, row_of(0), card=CARDS[0])))
    assert effects[-1] == Consult(second, CARDS[1])
    assert isinstance(stand.stage, Told)  # the first is greeted while the second is decided


def test_who_was_greeted_for_a_moment_only_is_greeted_again_in_one_line() -> None:
    stand = Stand().at_home()
    first = tap(stand, 0)
    consult(stand, 0, first)
    second = tap(stand, 1)
    stand.answer_over(first)
    consult(stand, 1, second)
    stand.later(0.3).handle(ev.Answered(answer(second, row_of(1), card=CARDS[1])))
    assert isinstance(stand.stage, Told)
    assert [told.first_name for told in stand.stage.earlier] == ["Anna"]
    assert stand.stage.first_name == "Bo"


def test_who_has_seen_the_greeting_is_not_greeted_again() -> None:
    stand = Stand().at_home(is_up=False)
    consult(stand, 0, tap(stand, 0))
    consult(stand.later(2), 1, tap(stand, 1))
    assert isinstance(stand.stage, Told)
    assert stand.stage.earlier == ()


def test_a_forged_card_in_the_line_holds_up_nobody() -> None:
    stand = Stand().at_home()
    first = tap(stand, 0)
    consult(stand, 0, first)
    stand.handle(forged())
    third = tap(stand, 2)
    effects = stand.answer_over(first)
    assert effects[-1] == Consult(third, CARDS[2])
    assert ev.CountUnreadable() in effects


def test_a_crowd_does_not_wait_for_the_server_and_nobody_is_lost() -> None:
    stand = Stand().at_home()
    first = tap(stand, 0)
    consult(stand, 0, first)
    waiting = [tap(stand, number) for number in range(1, 8)]
    assert recorded(stand) == []
    waiting.append(tap(stand, 8))
    assert recorded(stand) == [CARDS[0]]  # the eighth in line ended the wait for the server
    waiting.append(tap(stand, 9))
    for number, one in enumerate(waiting, start=1):
        consult(stand, number, one)
        stand.answer_over(one)
    assert recorded(stand) == CARDS
    assert stand.session.state[0] is Deciding.FREE


# --- anything, in any order ------------------------------------------------------------------

ACCEPTING = house(policy=Policy(uid_only_until=TODAY))
"""Where a legacy chip is enough."""
DISBELIEVED = decide(facts(credential=None), NOW)

_plain_events: list[ev.Event] = [
    *map(ev.Touched, ev.Touch),
    ev.LinkChanged(is_up=True),
    ev.LinkChanged(is_up=False),
    ev.HouseChanged(house(), {"nb": briefing("nb")}),
    ev.HouseChanged(ACCEPTING, {"nb": briefing("nb")}),
    ev.HouseChanged(None, {}),
    ev.ReaderReady(READER),
    ev.ReaderFaltering(READER, ReaderState.RECOVERING),
    ev.ReaderLost(READER, "no answer"),
    ev.Removed(READER),
    ev.ButtonPressed(),
    ev.ButtonPressed(is_long=True),
]
OF_AN_ALARM = {Signal.ALARM, Signal.ALARM_SILENCED}
_actions = st.one_of(
    st.tuples(st.just("tap"), st.integers(0, 2)),
    st.tuples(st.just("junk"), st.booleans()),
    st.tuples(st.just("chip"), st.integers(0, 2)),
    st.tuples(st.just("sun"), st.sampled_from([None, 0])),
    st.tuples(st.just("answer"), st.integers(0, 4), st.integers(0, 2)),
    st.tuples(st.just("disbelieve")),
    st.tuples(st.just("later"), st.sampled_from([0.05, 0.7, 4.0, 30.0, 90.0, 400.0])),
    st.tuples(st.just("event"), st.sampled_from(_plain_events)),
    st.tuples(st.just("event"), st.booleans().map(ev.AlarmChanged)),
)


class World:
    """Plays the loop: answers `Consult` at once, fires timers when they are due."""

    def __init__(self) -> None:
        self.stand = Stand().at_home("nb", "en", home=ACCEPTING)
        self.chips: dict[ChipUid, CardRef] = {}
        self.timers: dict[TimerName, tuple[timedelta, ev.Timer]] = {}
        self.taps: list[PresentationId] = []
        self.is_alarm = False

    def happen(self, event: ev.Event) -> None:
        if isinstance(event, ev.AlarmChanged):
            self.is_alarm = event.is_raised
        pending = [event]
        while pending:
            effects = self.stand.handle(pending.pop(0))
            self.watch(effects)
            for effect in effects:
                self.perform(effect, pending)

    def watch(self, effects: list[Effect]) -> None:
        """An alarm is shown as long as it is raised; lamps and buzzer say nothing else then."""
        assert isinstance(self.stand.stage, ev.AlarmRaised) is self.is_alarm
        signals = {effect.signal for effect in effects if isinstance(effect, Indicate)}
        assert (signals <= OF_AN_ALARM) if self.is_alarm else not (signals & OF_AN_ALARM)

    def perform(self, effect: Effect, pending: list[ev.Event]) -> None:
        match effect:
            case Consult(presentation, about):
                card = self.chips.get(about) if isinstance(about, ChipUid) else about
                pending.append(self.consulted(presentation, card))
            case ev.LearnChip(chip, CardRef() as card):
                self.chips[chip] = card
            case ev.LearnChip(chip, None):
                self.chips.pop(chip, None)
            case ev.StartTimer(timer, after):
                self.timers[timer.name] = (self.stand.uptime + after, timer)
            case StopTimer(name):
                self.timers.pop(name, None)
            case _:
                pass

    def consulted(self, presentation: PresentationId, card: CardRef | None) -> ev.Consulted:
        if card is None:
            return ev.Consulted(presentation, None, NOTHING_UNSETTLED, self.stand.wall)
        number = CARDS.index(card)
        since = here(arrival(self.stand.wall - timedelta(hours=1), 1))
        row = row_of(number, here=since) if number == 2 else row_of(number, acknowledged=None)
        known = None if number == 1 else row
        return ev.Consulted(presentation, known, NOTHING_UNSETTLED, self.stand.wall, card=card)

    def later(self, seconds: float) -> None:
        end = self.stand.uptime + timedelta(seconds=seconds)
        while due := [pair for pair in self.timers.values() if pair[0] <= end]:
            at, timer = min(due, key=lambda pair: pair[0])
            self.stand.later((at - self.stand.uptime).total_seconds())
            del self.timers[timer.name]
            self.happen(ev.TimerFired(timer))
        self.stand.later((end - self.stand.uptime).total_seconds())

    def tap(self, event: ev.Presented) -> None:
        self.happen(event)
        self.taps.append(self.stand.tap)

    def answer(self, back: int, number: int) -> None:
        """The server answers one of the latest questions, or one that was never put."""
        asked = [e.question for e in self.stand.effects if isinstance(e, Ask)]
        if back >= len(asked):
            reply = answer(presentation_id(10**6), row_of(number), card=CARDS[number])
        else:
            reply = answer(asked[-1 - back].presentation, row_of(number), card=CARDS[number])
            if not isinstance(asked[-1 - back].evidence, SignedCode):
                reply = msgspec.structs.replace(reply, card=CARDS[number])
        self.happen(ev.Answered(reply))

    def disbelieve(self) -> None:
        """The server takes what was asked about last for no card of ours."""
        asked = [e.question.presentation for e in self.stand.effects if isinstance(e, Ask)]
        if asked:
            reply = Answer(presentation=asked[-1], verdict=DISBELIEVED, at=self.stand.wall)
            self.happen(ev.Answered(reply))

    def act(self, action: tuple[Any, ...]) -> None:
        match action:
            case ("tap", number):
                self.tap(presented(CARDS[number]))
            case ("junk", is_forged):
                self.tap(forged() if is_forged else ev.Presented(READER, Unreadable.GARBLED))
            case ("chip", number):
                self.tap(ev.Presented(READER, ChipUid(f"04A1B2C{number}")))
            case ("sun", None):
                self.tap(ev.Presented(READER, SunMessage("AB", "CD")))
            case ("sun", number):
                text = code(CARDS[number]).text
                self.tap(ev.Presented(READER, SunMessage("AB", "CD", text)))
            case ("disbelieve",):
                self.disbelieve()
            case ("answer", back, number):
                self.answer(back, number)
            case ("later", seconds):
                self.later(seconds)
            case ("event", event):
                self.happen(event)


def speeches(effects: list[Effect]) -> list[tuple[int, ev.Stage, PresentationId | None]]:
    """Where something is said to somebody: shown, signalled but during an alarm, and taken back
    after a while."""
    found: list[tuple[int, ev.Stage, PresentationId | None]] = []
    for place, (first, second, third) in enumerate(pairwise3([*effects, CountUnreadable()])):
        match first, second, third:
            case Show(ev.AlarmRaised(notice=said)), ev.StartTimer(timer), _ if said is not None:
                found.append((place, said, timer.about))
            case Show(stage), Indicate(), ev.StartTimer(ev.Timer(TimerName.IDLE, about)):
                notice = stage.notice if isinstance(stage, ev.BriefingOpen) else None
                found.append((place, notice or stage, about))
    return found


def pairwise3(effects: list[Effect]) -> Iterator[tuple[Effect, Effect, Effect]]:
    return zip(effects, effects[1:], effects[2:], strict=False)


def needs_record(stage: ev.Stage) -> bool:
    if isinstance(stage, Told):
        return stage.verdict.move is not Move.STAY
    return isinstance(stage, ev.BriefingRead)


@given(st.lists(_actions, max_size=60))
def test_whatever_happens_everybody_gets_one_verdict_and_it_is_recorded_first(
    actions: list[tuple[Any, ...]],
) -> None:
    world = World()
    for action in actions:
        world.act(action)
    world.later(60)

    effects = world.stand.effects
    said = speeches(effects)
    about_taps = [about for _, stage, about in said if not isinstance(stage, ev.BriefingRead)]
    assert about_taps == world.taps  # each once, and in order

    records = [place for place, effect in enumerate(effects) if isinstance(effect, Record)]
    to_record = [place for place, stage, _ in said if needs_record(stage)]
    assert len(records) == len(to_record)
    assert all(record < speech for record, speech in zip(records, to_record, strict=True))

    whats = [effect.what for effect in effects if isinstance(effect, Record)]
    presentations = [w.presentation for w in whats if not isinstance(w, BriefingAcknowledged)]
    assert len(set(presentations)) == len(presentations)
    assert world.stand.session.state[0] is Deciding.FREE
