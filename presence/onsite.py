"""Who counts as in the house, who as possibly so, and for how long (DOMAIN, "Forgotten departure").

False absence is worse than false presence, so whoever is in doubt stays on the list.
"""

from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from presence.visit import VisitState

LONG_VISIT = timedelta(hours=4)
"""After this staff are asked whether the leaving was forgotten."""
NIGHT_ENDS = time(3)
"""A visit still open at this hour, home's time, no longer counts as surely on site."""
FOOTNOTE_AFTER = timedelta(hours=24)
"""So long after that the person stays possibly on site; then a footnote is left."""


class Doubt(StrEnum):
    """Why somebody is only possibly in the house, in words that hurt nobody."""

    SENT_TO_STAFF = "sent_to_staff"
    """Was asked at the door to speak to the staff."""
    CARD_UNCLEAR = "card_unclear"
    """Left with a card that may not have been in its owner's hand."""
    FORGOTTEN = "forgotten"
    """Came on an earlier day and never checked out."""


def doubt(
    state: VisitState, arrived: datetime | None, now: datetime, zone: tzinfo, *, keeps_vigil: bool
) -> Doubt | None:
    """Why a current visit is in doubt; None: the person surely is in the house. Whoever keeps
    vigil sits through the night."""
    if state is not VisitState.OPEN:
        return Doubt.CARD_UNCLEAR
    if keeps_vigil or arrived is None or arrived >= last_night_end(now, zone):
        return None
    return Doubt.FORGOTTEN


def is_footnote(arrived: datetime | None, now: datetime, zone: tzinfo) -> bool:
    """A visit in doubt is so old that nobody looks for the person any more."""
    return arrived is not None and arrived < last_night_end(now, zone) - FOOTNOTE_AFTER


def is_long(arrived: datetime | None, now: datetime, *, keeps_vigil: bool) -> bool:
    """Has the leaving been forgotten?"""
    return not keeps_vigil and arrived is not None and now - arrived > LONG_VISIT


def last_night_end(now: datetime, zone: tzinfo) -> datetime:
    """The last three o'clock in the morning by the home's own clock."""
    local = now.astimezone(zone)
    end = datetime.combine(local.date(), NIGHT_ENDS, zone)
    if end > local:
        end = datetime.combine(local.date() - timedelta(days=1), NIGHT_ENDS, zone)
    return end
