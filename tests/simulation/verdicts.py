"""What may be told at a door, by what has been recorded there. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kiosk.events import Told
from presence.card import CardRef
from presence.ids import PresentationId
from presence.messages import (
    Answer,
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    CameBack,
    ClockTrust,
    Entry,
    Left,
    WentOut,
    What,
)
from presence.reason import Reason
from presence.verdict import Basis, Move, Saying, Verdict

_FACTS: dict[Move, type[What]] = {
    Move.IN: Arrived,
    Move.OUT: Left,
    Move.BACK: CameBack,
    Move.NONE: AttemptRefused,
}
_SAME_TAP = timedelta(seconds=60)
_TOLERANCE_MS = 1
"""An id holds its time in milliseconds, cut off."""


def is_committed(told: Told, own: Sequence[Entry]) -> bool:
    """The fact behind the words is among the kiosk's entries. Words that change nothing have
    none."""
    kind = _FACTS.get(told.verdict.move)
    if kind is None:
        return True
    return any(
        isinstance(entry.what, kind) and _is_of(_presentation(entry.what), told.seen)
        for entry in reversed(own)
    )


def is_answered(told: Told, card: CardRef, answers: Sequence[Answer]) -> bool:
    """What is told with basis LIVE was said by a gateway, about this presentation."""
    if told.verdict.basis is not Basis.LIVE:
        return True
    return any(
        answer.verdict == told.verdict and _is_of(answer.presentation, told.seen)
        for answer in reversed(answers)
    )


def forgets(told: Told, entries: Sequence[Entry], uptime: timedelta) -> str:
    """How the words contradict what this person did, who has never been at another door.

    `entries` are in the order in which they were committed, the one of this verdict among them;
    `uptime` is the kiosk's when the card was held up. Nothing is said where a clock was in doubt.
    An empty text: all is well.
    """
    before = [
        entry
        for entry in entries
        if isinstance(entry.what, Arrived | Left) and not _is_of(entry.what.presentation, told.seen)
    ]
    if any(entry.stamp.trust is ClockTrust.FLOOR for entry in entries):
        return ""
    expected = _moves(before, told.seen, uptime)
    if told.verdict.move in expected:
        return ""
    last = fact_in_words(before[-1].what) if before else "has never been here"
    return f"{told.verdict.saying}, who {last}"


def _moves(before: Sequence[Entry], seen: datetime, uptime: timedelta) -> tuple[Move, ...]:
    if not before or isinstance(before[-1].what, Left):
        return (Move.IN, Move.NONE)
    if uptime < _SAME_TAP or seen - before[-1].stamp.wall < _SAME_TAP:
        return (Move.STAY,)
    return (Move.OUT,)


def welcomes(verdict: Verdict) -> bool:
    return verdict.saying is Saying.WELCOME


def takes_for_fresh(verdict: Verdict) -> bool:
    """The server has believed a chip's message, and something comes of it."""
    is_believed = Reason.REPLAYED not in (verdict.reason, verdict.warning)
    changes = verdict.move in (Move.IN, Move.OUT, Move.BACK)
    return verdict.basis is Basis.LIVE and is_believed and changes


def is_acknowledgement(entry: Entry) -> bool:
    return isinstance(entry.what, BriefingAcknowledged)


def in_words(told: Told) -> str:
    """For the story."""
    verdict = told.verdict
    words = f"{verdict.saying.replace('_', ' ')} ({verdict.outcome}, {verdict.basis}"
    words += f", {verdict.reason})" if verdict.move is Move.NONE else ")"
    if verdict.is_doubtful or verdict.warning is not None:
        words += f", {verdict.warning or verdict.reason}"
    return words + (", the briefing follows" if told.has_briefing else "")


def fact_in_words(what: What) -> str:
    match what:
        case Arrived():
            return "has arrived"
        case Left(is_doubtful=True):
            return "has left, in doubt"
        case Left():
            return "has left"
        case WentOut():
            return "has gone out with residents"
        case CameBack():
            return "has come back"
        case BriefingAcknowledged(major=major):
            return f"has read briefing {major}"
        case AttemptRefused(reason=reason):
            return f"was refused ({reason})"


def _presentation(what: What) -> PresentationId | None:
    return None if isinstance(what, BriefingAcknowledged) else what.presentation


def _is_of(presentation: PresentationId | None, seen: datetime) -> bool:
    if presentation is None:
        return False
    told_ms = int(presentation.replace("-", "")[:12], 16)
    return abs(told_ms - int(seen.timestamp() * 1000)) <= _TOLERANCE_MS
