"""Work that one process does for all: whoever holds the lease does it, until it ends or is given
back."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db import Base


class Lease(Base):
    """Who does one kind of work, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
    """Exclusive. By the clock of its holder."""


def take(session: Session, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """Hold the lease until then, or go on holding it. False: somebody else has it.

    Raises sqlalchemy.exc.IntegrityError when somebody else takes a lease at the same moment that
    nobody ever held before.
    """
    is_free = sa.or_(Lease.holder == holder, Lease.until <= now)
    taken = session.execute(
        sa.update(Lease)
        .where(Lease.name == name, is_free)
        .values(holder=holder, until=until)
        .returning(Lease.name)
        .execution_options(synchronize_session=False)
    )
    if taken.one_or_none() is not None:
        return True
    if session.get(Lease, name) is not None:
        return False
    session.add(Lease(name=name, holder=holder, until=until))
    session.flush()
    return True


def give_back(session: Session, name: str, holder: str) -> None:
    """Let somebody else have it at once."""
    session.execute(sa.delete(Lease).where(Lease.name == name, Lease.holder == holder))
