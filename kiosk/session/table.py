"""The session's transition table: every state, every kind of event, where they lead.

Theory of operation. Two things go on at once, so there are two state machines in one table:

- *Deciding*: FREE, or one presentation is being decided. CONSULTING: what does the kiosk itself
  know of this card? ASKING: what does the server say, within its time? Other presentations wait
  in their order and none is dropped: when a crowd waits, the kiosk stops waiting for the server.
- *Showing*: RESTING (the idle page), READING (a verdict is on its way), SPEAKING (a verdict, or
  thanks), BRIEFING (someone reads the home's briefing in her own time, while the taps of others
  are decided and greeted in one line) and ALARM (the fire alarm is raised: nothing but its end
  leads away from it; taps are decided, recorded and greeted in one line all the while).

Each kind of event belongs to one of the two machines; deciding may move what is shown. A pair
that cannot happen is listed as IMPOSSIBLE: it ends the process, and a fresh one starts with
nothing lost. After every event the session checks that it went where this table says.

A card is heard first of all: the first effect of `Presented` is the waiting lamp. During an alarm
lamps and buzzer say nothing else, and a line on the screen takes the lamp's place.

Record first, then speak: a verdict's `Record` comes before its `Show` and `Indicate`, always.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kiosk import events as ev


class Deciding(StrEnum):
    FREE = "free"
    CONSULTING = "consulting"
    ASKING = "asking"


class Showing(StrEnum):
    RESTING = "resting"
    READING = "reading"
    SPEAKING = "speaking"
    BRIEFING = "briefing"
    ALARM = "alarm"


class Kind(StrEnum):
    """What happened, as far as the table tells it apart."""

    PRESENTED = "presented"
    CONSULTED = "consulted"
    ANSWERED = "answered"
    ANSWER_OVER = "answer over"
    LINK_CHANGED = "link changed"
    REMOVED = "removed"
    READER_READY = "reader ready"
    READER_LOST = "reader lost"
    READER_FALTERING = "reader faltering"
    BUTTON_PRESSED = "button pressed"
    ALARM_CHANGED = "alarm changed"
    HOUSE_CHANGED = "house changed"
    TOUCHED = "touched"
    IDLE_OVER = "idle over"


State = Deciding | Showing


@dataclass(frozen=True, slots=True)
class Step:
    """A method of the session and the states it may lead to, of either machine. A machine of
    which no state is named stays where it is."""

    method: str
    to: frozenset[State] = frozenset()

    def allows(self, before: State, after: State) -> bool:
        own = {state for state in self.to if type(state) is type(before)}
        return after in own if own else after is before


def _to(method: str, *states: State) -> Step:
    return Step(method, frozenset(states))


FREE, CONSULTING, ASKING = Deciding
RESTING, READING, SPEAKING, BRIEFING, ALARM = Showing

IMPOSSIBLE = Step("impossible")
STAY = Step("stay")
_LEARN = Step("learn_late")
_WAIT = Step("wait_in_line")
_LINK = Step("note_link")
_NEXT = (FREE, CONSULTING, READING, SPEAKING, BRIEFING, ALARM)
"""Where the end of one decision leads: the next in line may be unreadable, or be consulted on."""
_AROUND = {
    Kind.REMOVED: STAY,
    Kind.READER_READY: Step("note_ready"),
    Kind.READER_LOST: Step("note_lost"),
    Kind.READER_FALTERING: Step("note_faltering"),
    Kind.HOUSE_CHANGED: Step("note_house"),
}

TABLE: Mapping[State, Mapping[Kind, Step]] = {
    FREE: {
        Kind.PRESENTED: _to("begin", FREE, CONSULTING, READING, SPEAKING, BRIEFING, ALARM),
        Kind.CONSULTED: IMPOSSIBLE,
        Kind.ANSWERED: _LEARN,
        Kind.ANSWER_OVER: STAY,
        Kind.LINK_CHANGED: _LINK,
    },
    CONSULTING: {
        Kind.PRESENTED: _WAIT,
        Kind.CONSULTED: _to("ask_or_decide", ASKING, *_NEXT),
        Kind.ANSWERED: _LEARN,
        Kind.ANSWER_OVER: STAY,
        Kind.LINK_CHANGED: _LINK,
    },
    ASKING: {
        Kind.PRESENTED: _to("wait_or_hurry", ASKING, *_NEXT),
        Kind.CONSULTED: IMPOSSIBLE,
        Kind.ANSWERED: _to("take_answer", ASKING, *_NEXT),
        Kind.ANSWER_OVER: _to("answer_is_over", ASKING, *_NEXT),
        Kind.LINK_CHANGED: _to("note_link_while_asking", ASKING, *_NEXT),
    },
    RESTING: {
        **_AROUND,
        Kind.ALARM_CHANGED: _to("raise_alarm", RESTING, ALARM),
        Kind.BUTTON_PRESSED: STAY,
        Kind.TOUCHED: STAY,
        Kind.IDLE_OVER: STAY,
    },
    READING: {
        **_AROUND,
        Kind.ALARM_CHANGED: _to("raise_alarm", READING, ALARM),
        Kind.BUTTON_PRESSED: STAY,
        Kind.TOUCHED: STAY,
        Kind.IDLE_OVER: STAY,
    },
    SPEAKING: {
        **_AROUND,
        Kind.ALARM_CHANGED: _to("raise_alarm", SPEAKING, ALARM),
        Kind.BUTTON_PRESSED: Step("press_for_time"),
        Kind.TOUCHED: Step("more_time"),
        Kind.IDLE_OVER: _to("speech_is_over", RESTING, READING, SPEAKING, BRIEFING),
    },
    BRIEFING: {
        **_AROUND,
        Kind.ALARM_CHANGED: _to("raise_alarm", BRIEFING, ALARM),
        Kind.BUTTON_PRESSED: _to("press_on", BRIEFING, SPEAKING),
        Kind.TOUCHED: _to("turn_page", BRIEFING, SPEAKING, RESTING, READING),
        Kind.IDLE_OVER: _to("notice_is_over", BRIEFING),
    },
    ALARM: {
        **_AROUND,
        Kind.ALARM_CHANGED: _to("end_alarm", ALARM, RESTING, READING, BRIEFING),
        Kind.BUTTON_PRESSED: Step("silence"),
        Kind.TOUCHED: STAY,
        Kind.IDLE_OVER: Step("line_is_over"),
    },
}


def kind_of(event: ev.Event) -> Kind:
    if isinstance(event, ev.TimerFired):
        return _TIMER_KINDS[event.timer.name]
    return _EVENT_KINDS[type(event)]


_TIMER_KINDS = {
    ev.TimerName.ANSWER: Kind.ANSWER_OVER,
    ev.TimerName.IDLE: Kind.IDLE_OVER,
}
_EVENT_KINDS: Mapping[type[ev.Event], Kind] = {
    ev.Presented: Kind.PRESENTED,
    ev.Removed: Kind.REMOVED,
    ev.ReaderReady: Kind.READER_READY,
    ev.ReaderLost: Kind.READER_LOST,
    ev.ReaderFaltering: Kind.READER_FALTERING,
    ev.ButtonPressed: Kind.BUTTON_PRESSED,
    ev.AlarmChanged: Kind.ALARM_CHANGED,
    ev.Consulted: Kind.CONSULTED,
    ev.Answered: Kind.ANSWERED,
    ev.LinkChanged: Kind.LINK_CHANGED,
    ev.HouseChanged: Kind.HOUSE_CHANGED,
    ev.Touched: Kind.TOUCHED,
}

_STAGES: Mapping[type[ev.Stage], Showing] = {
    ev.Starting: RESTING,
    ev.Idle: RESTING,
    ev.Reading: READING,
    ev.Told: SPEAKING,
    ev.CannotRead: SPEAKING,
    ev.BriefingRead: SPEAKING,
    ev.BriefingOpen: BRIEFING,
    ev.AlarmRaised: ALARM,
}


def showing(stage: ev.Stage) -> Showing:
    return _STAGES[type(stage)]
