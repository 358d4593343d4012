"""Who did what to which record, and when. Rows are added and never changed."""

from datetime import datetime

from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db import Base, RowNumber


class AuditRow(Base):
    """One act. `actor` is a role, with an account's id once there is sign-in; never a name."""

    __tablename__ = "audit"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    act: Mapped[str]
    record: Mapped[str] = mapped_column(index=True)


def write(session: Session, now: datetime, actor: str, act: str, record: str) -> None:
    """Add one act to the session's transaction. `act` and `record` are ids, such as
    "report_lost" and "card/3f…"."""
    session.add(AuditRow(at=now, actor=actor, act=act, record=record))
