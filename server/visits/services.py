"""What can be done with facts: keep each once, and work out what follows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from presence.ids import EventId
from server.visits.consequences import draw
from server.visits.store import Told, keep_new


def keep_entries(session: Session, now: datetime, told: Sequence[Told]) -> frozenset[EventId]:
    """Store entries and all that follows from them. Returns the events that were new; the others
    had been stored before, by this batch or an earlier one."""
    kept = keep_new(session, now, told)
    if kept:
        draw(session, now, kept)
    return frozenset(one.told.entry.event for one in kept)
