"""The small amber signs on the screen: no network, a reader that does not work."""

from datetime import datetime

from kiosk.events import AlarmRaised, Stage, Surroundings, Told
from kiosk.screen.words import Words
from presence.messages import ReaderState
from presence.verdict import Basis


def signs(stage: Stage, around: Surroundings, words: Words, now: datetime) -> list[str]:
    """As they stand below each other. `now` is the time at the home."""
    if isinstance(stage, AlarmRaised):  # nothing else is worth a glance now
        return [words.say("alarm_silenced")] if stage.is_silenced else []
    said = []
    if isinstance(stage, Told) and stage.verdict.basis is Basis.ROSTER:
        said.append(words.say("offline_saved"))
        if stage.verdict.as_of is not None:
            said.append(words.say("as_of", when=_when(stage.verdict.as_of, words, now)))
    elif not around.is_connected:
        said.append(words.say("offline"))
    return said + _of_readers(around, words)


def _of_readers(around: Surroundings, words: Words) -> list[str]:
    """Nothing where no reader works: the whole screen says so then."""
    if not around.offered:
        return []
    said = [
        words.say(f"{way}_{state}")
        for way, state in sorted(around.ways.items())
        if state is not ReaderState.READY
    ]
    return [*said, words.say("reader_lost")] if around.has_lost_spare else said


def _when(moment: datetime, words: Words, now: datetime) -> str:
    local = moment.astimezone(now.tzinfo)
    if local.date() == now.date():
        return words.say("at_time", time=words.time(local))
    return words.day(local)
