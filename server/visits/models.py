"""Events as they came, and what follows from them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from presence.ids import InstitutionId, KioskId, VolunteerId
from presence.messages import ClockTrust
from presence.reason import Reason
from presence.verdict import Basis
from presence.visit import Doubt, VisitState
from server.db import Base, RowNumber


class EventKind(StrEnum):
    ARRIVED = "arrived"
    LEFT = "left"
    BRIEFING_ACKNOWLEDGED = "briefing_acknowledged"
    ATTEMPT_REFUSED = "attempt_refused"
    WENT_OUT = "went_out"
    CAME_BACK = "came_back"
    SAID_HERE = "said_here"
    """Staff said that the person is in the house."""
    SAID_GONE = "said_gone"
    LET_IN = "let_in"
    """Staff let somebody in."""


class LetInReason(StrEnum):
    """Why staff let somebody in whom the kiosk did not: a closed list, no free text."""

    KNOWN_TO_US = "known_to_us"
    """Staff know this person as a volunteer of this home."""
    LEADER_AGREED = "leader_agreed"
    """The activity leader was called and agreed."""
    CARD_FORGOTTEN = "card_forgotten"
    CARD_DAMAGED = "card_damaged"


class EventRow(Base):
    """One thing that happened at a home, stored once and never changed: an entry of a kiosk's
    outbox, or a word of staff."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_whose", "institution_id", "volunteer_id", "at"),
        Index("ix_events_card", "card_list", "card_index"),
        Index("ix_events_who", "volunteer_id", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kiosk_id: Mapped[KioskId | None] = mapped_column(ForeignKey("kiosks.id"))
    """None, and none of the kiosk's own numbers either: staff said it."""
    institution_id: Mapped[InstitutionId] = mapped_column(ForeignKey("institutions.id"))
    kind: Mapped[EventKind]
    sequence: Mapped[int | None]
    boot: Mapped[str | None]
    boot_ms: Mapped[int | None]
    wall: Mapped[datetime]
    trust: Mapped[ClockTrust]
    received_at: Mapped[datetime]
    at: Mapped[datetime]
    """When it happened, as far as we can tell."""
    is_uncertain: Mapped[bool]
    """The kiosk's clock was not to be relied on."""
    volunteer_id: Mapped[VolunteerId | None] = mapped_column(ForeignKey("volunteers.id"))
    """None: nobody knows this card. The fact stays a fact."""
    card_list: Mapped[int | None]
    card_index: Mapped[int | None]
    visit: Mapped[str | None]
    is_doubtful: Mapped[bool] = mapped_column(default=False)
    is_vigil: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[LetInReason | None]
    """Why staff let the person in."""
    actor: Mapped[str | None]
    """In which role it was said; None: at a kiosk."""
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
    doubt: Mapped[Doubt | None]
    doubted: Mapped[datetime | None]
    confirmed: Mapped[datetime | None]
    is_vigil: Mapped[bool] = mapped_column(default=False)
    is_out: Mapped[bool] = mapped_column(default=False)


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
    answered_at: Mapped[datetime | None]
    """When staff said what became of it."""
