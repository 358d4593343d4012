"""Deciding: one presentation after the other, each to exactly one verdict."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kiosk import events as ev
from kiosk.events import (
    At,
    CannotRead,
    Effect,
    StartTimer,
    StopTimer,
    Timer,
    TimerName,
)
from kiosk.session import cases
from kiosk.session.cases import Case, Held, ImpossibleError
from kiosk.session.stages import Stages
from kiosk.session.surroundings import Around
from kiosk.session.table import Deciding
from presence.card import CardRef, ChipUid, Recognised
from presence.facts import Facts
from presence.ids import KioskId, PresentationId
from presence.messages import Answer
from presence.reason import Reason
from presence.roster import NOTHING_UNSETTLED
from presence.trust import TrustList
from presence.verdict import Verdict

CROWD = 8
"""When so many wait, none of them waits for the server: the line stays short and nobody is lost."""
ONLY_SERVER = timedelta(seconds=3)
"""The server's time where it alone can tell whose card this is: nobody else will decide after it,
and a slow wire is better than a visit that staff must note by hand."""


class Decisions:
    """The methods that the table names for the states FREE, CONSULTING and ASKING."""

    def __init__(
        self,
        kiosk: KioskId,
        trust: TrustList,
        around: Around,
        stages: Stages,
        *,
        answer_time: timedelta,
        decide: Callable[[Facts, datetime], Verdict],
    ) -> None:
        self._kiosk, self._trust = kiosk, trust
        self._around, self._stages = around, stages
        self._answer_time, self._decide = answer_time, decide
        self._case: Case | None = None
        self._line: deque[Held] = deque()
        self._chips: dict[PresentationId, tuple[ChipUid, CardRef | None]] = {}
        """The last chips that were asked about, and which cards they were taken for."""

    @property
    def state(self) -> Deciding:
        if self._case is None:
            return Deciding.FREE
        return Deciding.CONSULTING if self._case.consulted is None else Deciding.ASKING

    # --- what the table names ----------------------------------------------------------------

    def stay(self, _event: ev.Event, _at: At) -> list[Effect]:
        return []

    def begin(self, event: ev.Presented, at: At) -> list[Effect]:
        effects = self._take_up(_held(event, at), at)
        if self._case is None:
            return effects
        is_sure = self._case.known is not None or self._around.is_connected
        return [*self._stages.read(is_told=is_sure), *effects]

    def wait_in_line(self, event: ev.Presented, at: At) -> list[Effect]:
        self._line.append(_held(event, at))
        return self._stages.hear()

    def wait_or_hurry(self, event: ev.Presented, at: At) -> list[Effect]:
        effects = self.wait_in_line(event, at)
        if len(self._line) >= CROWD:
            effects += self._stop_asking(at)
        return effects

    def ask_or_decide(self, event: ev.Consulted, at: At) -> list[Effect]:
        case = self._current()
        if event.presentation != case.id:
            raise ImpossibleError("consulted about another presentation than the current one")
        known = case.known or (Recognised(event.card) if event.card else None)
        self._case = case = replace(case, known=known, consulted=event)
        if case.answer is not None and event.unsettled == NOTHING_UNSETTLED:
            return self._conclude(case.answer.verdict, _learnt(case.answer), at)
        if not self._around.is_connected or len(self._line) >= CROWD:
            return self._decide_alone(at)
        return self._ask(case, event)

    def take_answer(self, event: ev.Answered, at: At) -> list[Effect]:
        case, answer = self._current(), event.answer
        if answer.presentation != case.id:
            return self.learn_late(event, at)
        taught = self._taught(answer)
        if answer.card is None or answer.card == case.card:
            effects = self._conclude(answer.verdict, _learnt(answer), at)
        else:
            effects = self._look_up(case, answer, answer.card)
        return [StopTimer(TimerName.ANSWER), *effects, *taught]

    def learn_late(self, event: ev.Answered, _at: At) -> list[Effect]:
        """An answer that came too late has no voice; what it knows is worth keeping."""
        learnt = _learnt(event.answer)
        return [*([] if learnt is None else [learnt]), *self._taught(event.answer)]

    def answer_is_over(self, event: ev.TimerFired, at: At) -> list[Effect]:
        return self._decide_alone(at) if event.timer.about == self._current().id else []

    def note_link(self, event: ev.LinkChanged, _at: At) -> list[Effect]:
        if event.is_up is self._around.is_connected:
            return []
        self._around.is_connected = event.is_up
        return [self._stages.show()]

    def note_link_while_asking(self, event: ev.LinkChanged, at: At) -> list[Effect]:
        effects = self.note_link(event, at)
        return effects if event.is_up else effects + self._stop_asking(at)

    # --- from the card to the verdict --------------------------------------------------------

    def _take_up(self, held: Held, at: At) -> list[Effect]:
        case = cases.taken_up(held, self._trust, self._around.asked_for(at.wall))
        if not isinstance(case, Case):
            return self._stages.say_cannot_read(held, CannotRead(case), at)
        self._case = case
        return [ev.Consult(case.id, case.about)]

    def _ask(self, case: Case, consulted: ev.Consulted) -> list[Effect]:
        if isinstance(case.evidence, ChipUid):
            self._chips[case.id] = (case.evidence, case.card)
            while len(self._chips) > CROWD:
                del self._chips[next(iter(self._chips))]
        time = self._answer_time if case.known else max(self._answer_time, ONLY_SERVER)
        return [
            ev.Ask(cases.question(case, consulted, self._kiosk)),
            StartTimer(Timer(TimerName.ANSWER, case.id), time),
        ]

    def _look_up(self, case: Case, answer: Answer, card: CardRef) -> list[Effect]:
        """The server has told which card it is. It judged without what this kiosk has recorded of
        that card meanwhile, so where there is something the server is asked once more."""
        self._case = replace(case, known=Recognised(card), consulted=None, answer=answer)
        learnt = _learnt(answer)
        return [*([] if learnt is None else [learnt]), ev.Consult(case.id, card)]

    def _taught(self, answer: Answer) -> list[Effect]:
        chip, card = self._chips.pop(answer.presentation, (None, None))
        is_no_card = answer.verdict.reason is Reason.NOT_GENUINE
        if chip is None or answer.card == card or (answer.card is None and not is_no_card):
            return []
        return [ev.LearnChip(chip, answer.card)]

    def _stop_asking(self, at: At) -> list[Effect]:
        return [StopTimer(TimerName.ANSWER), *self._decide_alone(at)]

    def _decide_alone(self, at: At) -> list[Effect]:
        case = self._current()
        if case.consulted is None:
            raise ImpossibleError("a verdict before the roster was consulted")
        if case.known is None:
            return self._give_up(CannotRead(None, is_unanswered=True), at)
        facts = cases.facts(case, case.consulted, self._around.house, self._around.zone)
        return self._conclude(self._decide(facts, at.wall), None, at)

    def _conclude(self, verdict: Verdict, learned: ev.Learn | None, at: At) -> list[Effect]:
        """Record, then speak, then see to the next in line."""
        case = self._current()
        if case.card is None or verdict.reason is Reason.NOT_GENUINE:
            return self._give_up(CannotRead(None), at)
        effects: list[Effect] = []
        known = case.consulted.row if case.consulted else None
        row = known if learned is None else learned.row
        what = cases.to_record(case, case.card, verdict, row)
        if what is not None:
            effects.append(ev.Record(what))
        effects += self._stages.say_verdict(case.held, case.card, verdict, row, at)
        if learned is not None:
            effects.append(learned)
        return effects + self._next_in_line(at)

    def _give_up(self, words: CannotRead, at: At) -> list[Effect]:
        """Nobody can be named, so nothing is recorded."""
        said = self._stages.say_cannot_read(self._current().held, words, at)
        return said + self._next_in_line(at)

    def _next_in_line(self, at: At) -> list[Effect]:
        self._case = None
        effects: list[Effect] = []
        while self._line and self._case is None:
            effects += self._take_up(self._line.popleft(), at)
        self._stages.is_deciding = self._case is not None
        return effects

    def _current(self) -> Case:
        if self._case is None:
            raise ImpossibleError("no presentation is being decided")
        return self._case


def _learnt(answer: Answer) -> ev.Learn | None:
    return None if answer.row is None else ev.Learn(answer.row, answer.at)


def _held(event: ev.Presented, at: At) -> Held:
    return Held(event, at.fresh, at.wall, at.uptime, at.is_clock_sure)
