"""What was committed, told to every process through the database itself.

Whoever commits something that others show or forward adds a row here in the same transaction. Web
processes and gateways read what is new; nothing else connects them.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from presence.ids import InstitutionId, VolunteerId
from server.db import Base, RowNumber

MAX_READ = 500
"""Changes read at once, at most."""


class ChangeKind(StrEnum):
    VISIT = "visit"
    CARD = "card"
    VOLUNTEER = "volunteer"
    ASSIGNMENT = "assignment"
    BRIEFING = "briefing"
    HOUSE = "house"
    KIOSK = "kiosk"
    ALERT = "alert"
    STATUS_LIST = "status_list"
    """A kiosk holds an older status list than the newest."""


class Change(Base):
    """One thing that others may want to know. Nothing named means: all of them."""

    __tablename__ = "changes"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    kind: Mapped[ChangeKind]
    institution_id: Mapped[InstitutionId | None]
    volunteer_id: Mapped[VolunteerId | None]
    at: Mapped[datetime]


class Cursor(Base):
    """How far a reader that must not miss anything has come."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_id: Mapped[int]


def record(
    session: Session,
    kind: ChangeKind,
    now: datetime,
    *,
    institution: InstitutionId | None = None,
    volunteer: VolunteerId | None = None,
) -> int:
    """Add a change to the session's transaction. Its number rises with every change there is, so
    it also serves as the version of what was changed."""
    change = {"kind": kind, "at": now, "institution_id": institution, "volunteer_id": volunteer}
    number: int = session.execute(_insert, change).scalar_one()
    return number


def record_visits(
    session: Session, now: datetime, pairs: Sequence[tuple[InstitutionId, VolunteerId]]
) -> Sequence[int]:
    """Add a change of kind VISIT for each pair of a home and a volunteer; their numbers, in the
    same order."""
    rows = [
        {"kind": ChangeKind.VISIT, "at": now, "institution_id": home, "volunteer_id": volunteer}
        for home, volunteer in pairs
    ]
    return session.execute(_insert_many, rows).scalars().all()


_table = Change.metadata.tables[Change.__tablename__]
_insert = sa.insert(_table).returning(_table.c.id)
_insert_many = sa.insert(_table).returning(_table.c.id, sort_by_parameter_order=True)
_after = (
    sa.select(Change).where(Change.id > sa.bindparam("last")).order_by(Change.id).limit(MAX_READ)
)
_newest = sa.select(sa.func.coalesce(sa.func.max(Change.id), 0))


def after(session: Session, last_id: int) -> Sequence[Change]:
    """The changes after `last_id` in order, at most MAX_READ of them."""
    return session.scalars(_after, {"last": last_id}).all()


def newest(session: Session) -> int:
    """The number of the newest change; 0 when there is none."""
    return session.scalars(_newest).one()


def come_to(session: Session, name: str) -> int:
    """How far a reader of that name has come. A new one begins with what comes next."""
    found = session.get(Cursor, name)
    return newest(session) if found is None else found.last_id


def keep_place(session: Session, name: str, last_id: int) -> None:
    """Write down how far a reader of that name has come. There is no way back."""
    found = session.get(Cursor, name)
    if found is None:
        session.add(Cursor(name=name, last_id=last_id))
    else:
        found.last_id = max(found.last_id, last_id)
