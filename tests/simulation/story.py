"""What happened, in lines that a person can read; and the rule that was broken, if one was."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from zoneinfo import ZoneInfo

from tests.simulation.timeline import Timeline

_HOME_TIME = ZoneInfo("Europe/Oslo")
_NAME_WIDTH = 12


class Story:
    """Told in the time of the homes."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.lines: list[str] = []

    def tell(self, who: str, what: str) -> None:
        time = self._timeline.wall.astimezone(_HOME_TIME)
        clock = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
        self.lines.append(f"{clock}  {who:<{_NAME_WIDTH}}  {what}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def digest(self) -> str:
        """The same for the same history, byte for byte."""
        return sha256(self.text.encode()).hexdigest()


class Ear(logging.Handler):
    """Puts into the story what the programs log, and keeps what they failed at."""

    def __init__(self, story: Story) -> None:
        super().__init__(logging.WARNING)
        self._story = story
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        program = record.name.partition(".")[0]
        self._story.tell(f"{program}'s log", record.getMessage())
        if record.exc_info is not None:
            kind = record.exc_info[0]
            self.faults.append(f"{record.getMessage()} ({kind.__name__ if kind else 'error'})")


@contextmanager
def listening(story: Story) -> Iterator[Ear]:
    """Hear both programs' logs, and let nobody else hear them."""
    ear = Ear(story)
    loggers = [logging.getLogger(name) for name in ("kiosk", "server")]
    before = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(ear)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    try:
        yield ear
    finally:
        for logger, (propagate, level) in zip(loggers, before, strict=True):
            logger.removeHandler(ear)
            logger.propagate, logger.level = propagate, level
