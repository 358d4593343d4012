"""Each read of a chip belongs to one presentation (CREDENTIALS, "NTAG 424 DNA").

A chip counts its reads, so a message that was recorded shows by its number: it has been heard
before, or a later one has. To be asked within a transaction that writes (`server.db.writing`): the
database decides between gateways that hear of one read at the same moment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from presence.admission import CLOCK_TOLERANCE
from presence.ids import PresentationId
from server.cards.models import ChipRead


@dataclass(frozen=True, slots=True)
class Claim:
    """A presentation says that this read was its own."""

    chip: str
    counter: int
    presentation: PresentationId
    at: datetime
    is_uncertain: bool = False
    """`at` is by a clock that is not to be relied on."""


def claim_now(connection: sa.Connection, claim: Claim) -> bool:
    """Claim a read that is made at this moment. False: it is a replay, and claims nothing.

    Whatever else is known of the chip happened before, by whatever clock, so a read with a lower
    number than one that is known is an old one. The presentation to which a read belongs may ask
    again.
    """
    known = connection.execute(_from_there_on, _key(claim)).one_or_none()
    if known is None:
        connection.execute(_insert, _row(claim))
        return True
    return (known.counter, known.presentation) == (claim.counter, claim.presentation)


def claim_late(connection: sa.Connection, claim: Claim) -> bool:
    """Claim a read of which a kiosk that was alone tells later. False: somebody has replayed a
    message of this chip, here or elsewhere.

    Times decide, not the order in which the tales come in: of two that claim one read, it belongs
    to the earlier one, and a lower number than another one's must not be later. Clocks may differ
    by a few minutes; a time that is not to be relied on puts nothing in order.
    """
    owner = connection.execute(_there, _key(claim)).one_or_none()
    if owner is None:
        connection.execute(_insert, _row(claim))
        return claim.is_uncertain or not _is_out_of_order(connection, claim)
    if owner.presentation == claim.presentation:
        return True
    if not claim.is_uncertain and (owner.is_uncertain or claim.at < owner.at):
        connection.execute(_take_over, _row(claim))
    return False


def _is_out_of_order(connection: sa.Connection, claim: Claim) -> bool:
    asked = _key(claim) | {
        "early": claim.at - CLOCK_TOLERANCE,
        "late": claim.at + CLOCK_TOLERANCE,
    }
    return connection.execute(_out_of_order, asked).first() is not None


def _key(claim: Claim) -> dict[str, object]:
    return {"its_chip": claim.chip, "its_counter": claim.counter}


def _row(claim: Claim) -> dict[str, object]:
    return _key(claim) | {
        "whose": claim.presentation,
        "when": claim.at,
        "how": claim.is_uncertain,
    }


_table = ChipRead.metadata.tables[ChipRead.__tablename__]
_is_chip = _table.c.chip == sa.bindparam("its_chip")
_is_there = sa.and_(_is_chip, _table.c.counter == sa.bindparam("its_counter"))
_values: dict[str, sa.BindParameter[Any]] = {
    "presentation": sa.bindparam("whose"),
    "at": sa.bindparam("when"),
    "is_uncertain": sa.bindparam("how"),
}
_insert = sa.insert(_table).values(
    chip=sa.bindparam("its_chip"), counter=sa.bindparam("its_counter"), **_values
)
_take_over = sa.update(_table).where(_is_there).values(**_values)
_there = sa.select(_table).where(_is_there)
_from_there_on = (
    sa.select(_table)
    .where(_is_chip, _table.c.counter >= sa.bindparam("its_counter"))
    .order_by(_table.c.counter)
    .limit(1)
)
_out_of_order = (
    sa.select(_table.c.counter)
    .where(
        _is_chip,
        sa.not_(_table.c.is_uncertain),
        sa.or_(
            sa.and_(
                _table.c.counter > sa.bindparam("its_counter"),
                _table.c.at < sa.bindparam("early"),
            ),
            sa.and_(
                _table.c.counter < sa.bindparam("its_counter"),
                _table.c.at > sa.bindparam("late"),
            ),
        ),
    )
    .limit(1)
)
