"""Deciding: one presentation after the other, each to exactly one verdict."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kiosk import events as ev
from kiosk.events import At, Effect, Indicate, Signal, StartTimer, StopTimer, Timer, TimerName
from kiosk.session import cases
from kiosk.session.cases import Case, Held, ImpossibleError
from kiosk.session.stages import Stages
from kiosk.session.surroundings import Around
from kiosk.session.table import Deciding
from presence.facts import Facts
from presence.ids import KioskId
from presence.messages import Answer
from presence.reason import Reason
from presence.trust import TrustList
from presence.verdict import Verdict

CROWD = 8
"""When so many wait, none of them waits for the server: the line stays short and nobody is lost."""


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
        return effects if self._case is None else [*self._stages.read(), *effects]

    def wait_in_line(self, event: ev.Presented, at: At) -> list[Effect]:
        self._line.append(_held(event, at))
        return [Indicate(Signal.WAIT)]

    def wait_or_hurry(self, event: ev.Presented, at: At) -> list[Effect]:
        effects = self.wait_in_line(event, at)
        if len(self._line) >= CROWD:
            effects += self._stop_asking(at)
        return effects

    def ask_or_decide(self, event: ev.Consulted, at: At) -> list[Effect]:
        case = self._current()
        if event.presentation != case.id:
            raise ImpossibleError("consulted about another presentation than the current one")
        self._case = replace(case, consulted=event)
        if not self._around.is_connected or len(self._line) >= CROWD:
            return self._decide_alone(at)
        return [
            ev.Ask(cases.question(case, event, self._kiosk)),
            StartTimer(Timer(TimerName.ANSWER, case.id), self._answer_time),
        ]

    def take_answer(self, event: ev.Answered, at: At) -> list[Effect]:
        answer = event.answer
        if answer.presentation != self._current().id:
            return self.learn_row(event, at)
        return [StopTimer(TimerName.ANSWER), *self._conclude(answer.verdict, _learnt(answer), at)]

    def learn_row(self, event: ev.Answered, _at: At) -> list[Effect]:
        """An answer that came too late has no voice; what it knows is worth keeping."""
        learnt = _learnt(event.answer)
        return [] if learnt is None else [learnt]

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
        case = cases.genuine(held, self._trust)
        if case is None:
            return self._stages.say_cannot_read(held, at)
        self._case = case
        return [ev.Consult(case.id, case.card)]

    def _stop_asking(self, at: At) -> list[Effect]:
        return [StopTimer(TimerName.ANSWER), *self._decide_alone(at)]

    def _decide_alone(self, at: At) -> list[Effect]:
        case = self._current()
        if case.consulted is None:
            raise ImpossibleError("a verdict before the roster was consulted")
        facts = cases.facts(case, case.consulted, self._around.house, self._around.zone)
        return self._conclude(self._decide(facts, at.wall), None, at)

    def _conclude(self, verdict: Verdict, learned: ev.Learn | None, at: At) -> list[Effect]:
        """Record, then speak, then see to the next in line."""
        case, self._case = self._current(), None
        effects: list[Effect] = []
        known = case.consulted.row if case.consulted else None
        row = known if learned is None else learned.row
        what = cases.to_record(case, verdict, row)
        if what is not None:
            effects.append(ev.Record(what))
        if verdict.reason is Reason.NOT_GENUINE:
            effects += self._stages.say_cannot_read(case.held, at)
        else:
            effects += self._stages.say_verdict(case, verdict, row, at)
        if learned is not None:
            effects.append(learned)
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
