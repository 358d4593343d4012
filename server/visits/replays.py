"""Chips' messages of which a kiosk that decided alone tells later: were they its own?"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from presence.ids import EventId
from presence.messages import Arrived, CameBack, Left
from server.cards.chips import known_chip_of
from server.cards.reads import Claim, claim_late
from server.visits.store import Kept


def replayed(session: Session, kept: Iterable[Kept]) -> frozenset[EventId]:
    """Those of the entries whose message was used by another presentation, before or after, or was
    made by no chip of this card. They are facts all the same: the person was told "welcome"."""
    in_time = sorted(kept, key=lambda one: one.at)
    return frozenset(one.told.entry.event for one in in_time if _is_replayed(session, one))


def _is_replayed(session: Session, kept: Kept) -> bool:
    what, heard = kept.told.entry.what, kept.told.heard
    if not isinstance(what, Arrived | Left | CameBack) or what.sun is None:
        return False
    if heard is None:
        return True
    chip = known_chip_of(session, heard.chip)
    if chip is None:
        return False  # the kiosk went by the code beside it, and so does the server
    if chip.card != what.card:
        return True
    claim = Claim(heard.chip, heard.counter, what.presentation, kept.at, kept.is_uncertain)
    return not claim_late(session.connection(), claim)
