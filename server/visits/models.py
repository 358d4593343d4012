"""Events as they came, and what follows from them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import InstitutionId, KioskId, VolunteerId
from presence.messages import ClockTrust
from presence.verdict import Basis, Reason
from presence.visit import VisitState
from server.db import Base, RowNumber


class EventKind(StrEnum):
    ARRIVED = "arrived"
    LEFT = "left"
    BRIEFING_ACKNOWLEDGED = "briefing_acknowledged"
    ATTEMPT_REFUSED = "attempt_refused"


class EventRow(Base):
    """One entry of a kiosk's outbox, stored once. Never changed afterwards."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_whose", "institution_id", "volunteer_id", "at"),
        Index("ix_events_card", "card_list", "card_index"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kiosk_id: Mapped[KioskId] = mapped_column(ForeignKey("kiosks.id"))
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    kind: Mapped[EventKind]
    sequence: Mapped[int]
    boot: Mapped[str]
    boot_ms: Mapped[int]
    wall: Mapped[datetime]
    trust: Mapped[ClockTrust]
    received_at: Mapped[datetime]
    at: Mapped[datetime]
    """When it happened, as far as we can tell."""
    is_uncertain: Mapped[bool]
    """The kiosk's clock was not to be relied on."""
    volunteer_id: Mapped[VolunteerId | None] = mapped_column(ForeignKey("volunteers.id"))
    """None: nobody knows this card. The fact stays a fact."""
    card_list: Mapped[int]
    card_index: Mapped[int]
    visit: Mapped[str | None]
    is_doubtful: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[Basis | None]
    raw: Mapped[bytes]


class VisitRow(Base):
    """One stay, computed by `presence.visit` from the events and from nothing else."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_whose", "institution_id", "volunteer_id", "began"),
        Index("ix_visits_state", "institution_id", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    visit: Mapped[str] = mapped_column(index=True)
    """The id that the kiosk gave it."""
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), index=True)
    state: Mapped[VisitState]
    began: Mapped[datetime]
    """The time of the first fact: the arrival, or the leaving where no arrival is known."""
    arrived: Mapped[datetime | None]
    last_arrival: Mapped[datetime | None]
    left: Mapped[datetime | None]


class RefusedAttempt(Base):
    """A genuine card that was not accepted. Its holder counts as possibly on site for a while."""

    __tablename__ = "refused_attempts"
    __table_args__ = (Index("ix_refused_attempts_where", "institution_id", "at"),)

    event_id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    kiosk_id: Mapped[KioskId] = mapped_column(ForeignKey("kiosks.id"))
    volunteer_id: Mapped[VolunteerId | None] = mapped_column(ForeignKey("volunteers.id"))
    reason: Mapped[Reason]
    basis: Mapped[Basis]
    at: Mapped[datetime]
