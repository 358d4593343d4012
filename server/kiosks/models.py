"""Kiosks and how they are."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import InstitutionId, KioskId
from presence.messages import ClockTrust
from server.db import Base


class Kiosk(Base):
    """One Raspberry Pi at one home. What is None was never told yet."""

    __tablename__ = "kiosks"

    id: Mapped[KioskId] = mapped_column(primary_key=True)
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"), index=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_seen: Mapped[datetime | None]
    silence_told: Mapped[datetime | None]
    """The last contact before the silence that home and chapters were told of."""
    is_linked: Mapped[bool] = mapped_column(default=False)
    connection: Mapped[int | None]
    """Number of the newest connection that we were told of."""
    link_changed_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    program: Mapped[str | None]
    uptime_ms: Mapped[int | None]
    outbox_depth: Mapped[int | None]
    oldest_entry_ms: Mapped[int | None]
    parked: Mapped[int | None]
    unreadable: Mapped[int | None]
    clock_trust: Mapped[ClockTrust | None]
    readers: Mapped[str | None]
    """State by reader, as JSON."""
    roster_issued: Mapped[datetime | None]
    lists_issued: Mapped[datetime | None]
    """The oldest of the status lists that it holds."""
    lists_refused: Mapped[int | None]
    free_disk_mb: Mapped[int | None]
