"""Showing: what the person at the door sees and hears, and how long."""

from collections import deque
from dataclasses import replace
from datetime import timedelta

from kiosk import events as ev
from kiosk.events import (
    AlarmRaised,
    At,
    BriefingOpen,
    CannotRead,
    Effect,
    Indicate,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Timer,
    TimerName,
    Told,
    Touch,
)
from kiosk.session import cases, readings, table
from kiosk.session.cases import Held, ImpossibleError
from kiosk.session.readings import Invitation, Invited
from kiosk.session.surroundings import Around
from kiosk.session.table import Showing
from presence.card import CardRef
from presence.ids import PresentationId
from presence.messages import ReaderState
from presence.roster import RosterRow
from presence.verdict import BriefingDue, Move, Verdict

GLANCE = timedelta(seconds=4)
"""For a greeting."""
WELCOME_FIRST = timedelta(seconds=2.5)
"""For a greeting that a briefing follows."""
READ = timedelta(seconds=20)
"""For words to be read and acted on; "more time" gives as much again, as often as it is asked."""
SEEN = timedelta(seconds=2)
"""After this a verdict has been seen; one that is replaced sooner is repeated in one line."""
DOUBLE_PRESS = timedelta(seconds=0.5)
"""Two presses of the button within this time count once (DOMAIN, "Accessibility"), as two touches
do, which the screen sees to."""


class Stages:
    """The methods that the table names for RESTING, READING, SPEAKING, BRIEFING and ALARM."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._stage: ev.Stage = ev.Starting()
        self._about: PresentationId | None = None
        """What the idle timer is about; a timer about anything else comes too late."""
        self._told: deque[tuple[Told, timedelta]] = deque(maxlen=3)
        self._invited = Invited()
        self._reading: Invitation | None = None
        """Whose briefing is open."""
        self._touched = timedelta(0)
        self._pressed = -DOUBLE_PRESS
        self.is_deciding = False

    @property
    def state(self) -> Showing:
        return table.showing(self._stage)

    def show(self) -> Show:
        return Show(self._stage, self._around.seen())

    # --- what the table names ----------------------------------------------------------------

    def stay(self, _event: ev.Event, _at: At) -> list[Effect]:
        return []

    def more_time(self, event: ev.Touched, _at: At) -> list[Effect]:
        if event.touch is not Touch.MORE_TIME or self._time() != READ:
            return []
        return [self._idle_after(READ)]

    def speech_is_over(self, event: ev.TimerFired, at: At) -> list[Effect]:
        return self._next(at) if event.timer.about == self._about else []

    def notice_is_over(self, event: ev.TimerFired, _at: At) -> list[Effect]:
        stage = self._stage
        if event.timer.about != self._about or not isinstance(stage, BriefingOpen):
            return []
        self._stage = replace(stage, notice=None)
        return self._show_quietly()

    def turn_page(self, event: ev.Touched, at: At) -> list[Effect]:
        stage = self._stage
        if not isinstance(stage, BriefingOpen):
            raise ImpossibleError("a page is turned and no briefing is open")
        self._touched = at.uptime
        if event.touch is Touch.LATER:
            return self._next(at)
        if event.touch is Touch.UNDERSTOOD and readings.is_last_page(stage):
            return self._thank(stage, at)
        turned = readings.turned(stage, event.touch)
        if turned is stage:
            return []
        self._stage = turned
        return [self.show()]

    def press_for_time(self, event: ev.ButtonPressed, at: At) -> list[Effect]:
        """The button stands for the screen's main one, for hands that cannot use the screen."""
        if not self._is_press(event, at):
            return []
        return self.more_time(ev.Touched(Touch.MORE_TIME), at)

    def press_on(self, event: ev.ButtonPressed, at: At) -> list[Effect]:
        stage = self._stage
        if not isinstance(stage, BriefingOpen) or not self._is_press(event, at):
            return []
        return self.turn_page(ev.Touched(readings.main_touch(stage)), at)

    def note_house(self, event: ev.HouseChanged, _at: At) -> list[Effect]:
        self._around.move_in(event)
        if self.state is Showing.RESTING:
            return self._rest()
        if isinstance(self._stage, AlarmRaised):
            self._stage = replace(self._stage, what_to_do=self._around.what_to_do())
        return [self.show()]

    def note_ready(self, event: ev.ReaderReady, _at: At) -> list[Effect]:
        return self._note_reader(event.reader, ReaderState.READY)

    def note_faltering(self, event: ev.ReaderFaltering, _at: At) -> list[Effect]:
        return self._note_reader(event.reader, event.state)

    def note_lost(self, event: ev.ReaderLost, _at: At) -> list[Effect]:
        return self._note_reader(event.reader, ReaderState.LOST)

    # --- the fire alarm ----------------------------------------------------------------------

    def raise_alarm(self, event: ev.AlarmChanged, _at: At) -> list[Effect]:
        """Above everything. What was just said goes on in one line; a briefing is put away, and
        whoever reads it is invited again when the alarm is over."""
        if not event.is_raised:
            return []
        stage, said = self._stage, self._stage
        if isinstance(stage, BriefingOpen):
            said = stage.notice or stage
            if self._reading is not None:
                self._invited.put_back(replace(self._reading, at=self._touched))
        line = said if isinstance(said, Told | CannotRead | ev.Reading) else None
        self._stage = AlarmRaised(self._around.what_to_do(), notice=line)
        return [self.show(), Indicate(Signal.ALARM)]

    def end_alarm(self, event: ev.AlarmChanged, at: At) -> list[Effect]:
        if event.is_raised:
            return []
        lamp: list[Effect] = [Indicate(Signal.WAIT)] if self.is_deciding else []
        return [StopTimer(TimerName.IDLE), *self._next(at), *lamp]

    def silence(self, event: ev.ButtonPressed, _at: At) -> list[Effect]:
        """Of this alarm only: the next one sounds again."""
        stage = self._stage
        if not event.is_long or not isinstance(stage, AlarmRaised) or stage.is_silenced:
            return []
        self._stage = replace(stage, is_silenced=True)
        return [self.show(), Indicate(Signal.ALARM_SILENCED)]

    def line_is_over(self, event: ev.TimerFired, _at: At) -> list[Effect]:
        stage = self._stage
        if event.timer.about != self._about or not isinstance(stage, AlarmRaised):
            return []
        self._stage = replace(stage, notice=ev.Reading() if self.is_deciding else None)
        return [self.show()]

    # --- what deciding asks for --------------------------------------------------------------

    def read(self, *, is_told: bool) -> list[Effect]:
        """A card was read and its verdict is on its way. `is_told`: lamp and click say so."""
        self.is_deciding = True
        told: list[Effect] = [Indicate(Signal.WAIT)] if is_told else []
        stage = self._stage
        if isinstance(stage, BriefingOpen):
            return told
        was_speaking = self.state is Showing.SPEAKING
        if isinstance(stage, AlarmRaised):
            told, was_speaking = [], isinstance(stage.notice, Told | CannotRead)
            self._stage = replace(stage, notice=ev.Reading())
        else:
            self._stage = ev.Reading()
        stop: list[Effect] = [StopTimer(TimerName.IDLE)] if was_speaking else []
        return [*told, *stop, self.show()]

    def hear(self) -> list[Effect]:
        """Somebody else was heard, and waits in line."""
        return self._signalled(Signal.WAIT)

    def say_verdict(
        self, held: Held, card: CardRef, verdict: Verdict, row: RosterRow | None, at: At
    ) -> list[Effect]:
        language = row.language if row else None
        told = Told(verdict, first_name=None, language=language, seen=held.wall)
        if row is not None and told.is_greeting:
            told = replace(told, first_name=row.first_name)
        if self._invite(card, told, at):
            told = replace(told, has_briefing=True)
        words = replace(told, earlier=self._unseen(at))
        self._told.append((told, at.uptime))
        return self._say(words, held, cases.signal_of(verdict), at, card)

    def say_cannot_read(self, held: Held, words: CannotRead, at: At) -> list[Effect]:
        words = replace(words, earlier=self._unseen(at))
        return [ev.CountUnreadable(), *self._say(words, held, Signal.ASK_STAFF, at)]

    # --- speaking ----------------------------------------------------------------------------

    def _say(
        self,
        words: Told | CannotRead,
        held: Held,
        signal: Signal,
        at: At,
        card: CardRef | None = None,
    ) -> list[Effect]:
        """In full; in one line during an alarm, and where someone reads the briefing."""
        stage = self._stage
        if isinstance(stage, AlarmRaised) or (
            isinstance(stage, BriefingOpen) and not self._yields(stage, words, card, at)
        ):
            self._stage = replace(stage, notice=words)
        else:
            self._stage = words
        self._about = held.id
        return [self.show(), *self._signalled(signal), self._idle_after(self._time())]

    def _signalled(self, signal: Signal) -> list[Effect]:
        """Not over an alarm, which lamps and buzzer must not leave for a moment."""
        return [] if isinstance(self._stage, AlarmRaised) else [Indicate(signal)]

    def _yields(
        self, stage: BriefingOpen, words: Told | CannotRead, card: CardRef | None, at: At
    ) -> bool:
        """The reader herself goes, or has left the briefing alone and someone else has come."""
        if card == stage.card:
            return isinstance(words, Told) and words.verdict.move is Move.OUT
        return at.uptime - self._touched > readings.WAITS

    def _unseen(self, at: At) -> tuple[Told, ...]:
        return tuple(told for told, when in reversed(self._told) if at.uptime - when < SEEN)

    def _time(self) -> timedelta:
        """How long what is said now stays."""
        stage = self._stage
        words = stage.notice if isinstance(stage, BriefingOpen | AlarmRaised) else stage
        if isinstance(words, CannotRead) or (isinstance(words, Told) and words.is_long):
            return READ
        return WELCOME_FIRST if self._invited and words is stage else GLANCE

    def _idle_after(self, time: timedelta) -> StartTimer:
        return StartTimer(Timer(TimerName.IDLE, self._about), time)

    # --- the briefing ------------------------------------------------------------------------

    def _invite(self, card: CardRef, told: Told, at: At) -> bool:
        """Whether there is a briefing for this person to read next."""
        verdict, stage = told.verdict, self._stage
        if verdict.move in (Move.IN, Move.OUT):
            self._invited.drop(card)
        due = next((one for one in verdict.due if isinstance(one, BriefingDue)), None)
        is_reading = isinstance(stage, BriefingOpen) and stage.card == card
        if due is None or verdict.move is not Move.IN or is_reading:
            return False
        invitation = Invitation(card, due, told, at.uptime)
        if self._opened(invitation, at) is None:
            return False
        self._invited.add(invitation)
        return True

    def _opened(self, invitation: Invitation, at: At) -> BriefingOpen | None:
        briefing = self._around.briefing(invitation.told.language)
        return readings.open_briefing(briefing, invitation, at.uptime)

    def _thank(self, stage: BriefingOpen, at: At) -> list[Effect]:
        self._stage = ev.BriefingRead(stage.first_name, stage.language)
        self._about = at.fresh
        return [
            ev.Record(readings.acknowledgement(stage, at.uptime)),
            self.show(),
            Indicate(Signal.WELCOME),
            self._idle_after(GLANCE),
        ]

    def _next(self, at: At) -> list[Effect]:
        """The briefing of whoever waits to read it; else rest."""
        while (invitation := self._invited.next(at.uptime)) is not None:
            opened = self._opened(invitation, at)
            if opened is not None:
                self._stage, self._touched, self._reading = opened, at.uptime, invitation
                return self._show_quietly()
        return self._rest()

    # --- resting -----------------------------------------------------------------------------

    def _rest(self) -> list[Effect]:
        if self.is_deciding:
            self._stage = ev.Reading()
        else:
            self._stage = ev.Idle() if self._around.is_known else ev.Starting()
        return self._show_quietly()

    def _show_quietly(self) -> list[Effect]:
        """Lamps go back to rest, unless someone waits for a verdict."""
        if self.is_deciding:
            return [self.show()]
        return [self.show(), Indicate(self._around.resting_signal())]

    def _note_reader(self, reader: str, state: ReaderState) -> list[Effect]:
        before, lamp = self._around.seen(), self._around.resting_signal()
        self._around.reader_is(reader, state)
        if self._around.seen() == before:
            return []
        is_lamp_right = self._around.resting_signal() is lamp
        if is_lamp_right or self.state is not Showing.RESTING:
            return [self.show()]
        return self._rest()

    def _is_press(self, event: ev.ButtonPressed, at: At) -> bool:
        if event.is_long or at.uptime - self._pressed < DOUBLE_PRESS:
            return False
        self._pressed = at.uptime
        return True
