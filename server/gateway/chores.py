"""What a gateway looks for by itself, because no message would bring it: silence, and nightfall.

Every gateway looks. What was told is written down with what it is about, in one statement that
only one of them can win, so that nothing is told twice, whoever dies or starts again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from presence.ids import KioskId
from server.db import reading, writing
from server.notices import night, silence
from server.notices.silence import Silence

LOOK_EVERY = timedelta(minutes=1)
SURE_AFTER = timedelta(minutes=3)
"""A kiosk says that it is alive every minute. After a start of the server, or a jump of its clock,
all of them seem silent until they have had the time to speak."""


class Chores:
    """One gateway's part in them; one thread's."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._looked = datetime.min.replace(tzinfo=UTC)
        self._suspected: dict[KioskId, datetime] = {}
        """Since when each kiosk has seemed silent to us."""

    def turn(self, now: datetime) -> None:
        """Look, if it is time to."""
        if abs(now - self._looked) < LOOK_EVERY:
            return
        self._looked = now
        with reading(self._engine) as session:
            silent = silence.silences(session, now)
            questions = night.questions(session, now)
        sure = self._sure(silent, now)
        if not sure and not questions:
            return
        with writing(self._engine) as session, session.begin():
            for one in sure:
                silence.tell_of(session, now, one)
            for question in questions:
                night.ask(session, now, question)

    def _sure(self, silent: Sequence[Silence], now: datetime) -> list[Silence]:
        """Those that have seemed silent for so long that it is no doubt of ours."""
        self._suspected = {one.kiosk: self._suspected.get(one.kiosk, now) for one in silent}
        return [one for one in silent if now - self._suspected[one.kiosk] >= SURE_AFTER]
