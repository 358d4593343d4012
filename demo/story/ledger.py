"""What the server has in its database: read directly, so that no page can flatter it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId, KioskId
from presence.reason import Reason
from presence.verdict import Basis, Tell
from presence.visit import VisitState
from server.briefings.models import AcknowledgementRecord
from server.cards.models import Card
from server.db import make_engine
from server.kiosks.models import Kiosk
from server.notices.models import Alert, AlertKind
from server.visits.models import EventKind, EventRow, VisitRow

T = TypeVar("T")
Warned = tuple[AlertKind, Reason | None, Tell, InstitutionId | None]
"""What somebody was told of a person's cards, why, who, and which home where it is one."""
_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Event:
    """One entry as the server keeps it."""

    kind: EventKind
    at: datetime
    received_at: datetime
    basis: Basis | None
    is_uncertain: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit as the server computed it."""

    home: InstitutionId
    state: VisitState
    arrived: datetime | None
    left: datetime | None


class Ledger:
    """The server's database, opened beside the server. What the sample brought from before
    `since` is left out."""

    def __init__(self, database: Path, since: datetime, patience: float) -> None:
        """`patience` is how many seconds it is waited for something to be written."""
        self._since, self._patience = since, patience
        self._engine = make_engine(f"sqlite:///{database}")

    def close(self) -> None:
        self._engine.dispose()

    def events(self, volunteer: str) -> list[Event]:
        """One person's events, in the order of the kiosk's sequence."""
        wanted = (
            sa.select(
                EventRow.kind,
                EventRow.at,
                EventRow.received_at,
                EventRow.basis,
                EventRow.is_uncertain,
            )
            .where(EventRow.volunteer_id == volunteer, EventRow.at >= self._since)
            .order_by(EventRow.sequence)
        )
        return [Event(*row) for row in self._all(wanted)]

    def kinds(self, since: datetime) -> list[EventKind]:
        """What was recorded of anybody since then."""
        wanted = sa.select(EventRow.kind).where(EventRow.at >= since).order_by(EventRow.at)
        return [row[0] for row in self._all(wanted)]

    def visits(self, volunteer: str) -> list[tuple[VisitState, datetime | None, datetime | None]]:
        """State, arrival and leaving of one person's visits."""
        wanted = (
            sa.select(VisitRow.state, VisitRow.arrived, VisitRow.left)
            .where(VisitRow.volunteer_id == volunteer, VisitRow.arrived >= self._since)
            .order_by(VisitRow.id)
        )
        return [(row[0], row[1], row[2]) for row in self._all(wanted)]

    def stays(self, volunteer: str, since: datetime) -> list[Stay]:
        """One person's visits at all homes that began since then, in that order."""
        wanted = (
            sa.select(VisitRow.institution_id, VisitRow.state, VisitRow.arrived, VisitRow.left)
            .where(VisitRow.volunteer_id == volunteer, VisitRow.began >= since)
            .order_by(VisitRow.began)
        )
        return [Stay(*row) for row in self._all(wanted)]

    def acknowledgements(self, volunteer: str) -> list[tuple[int, str, int]]:
        """Version, language and seconds of one person's acknowledgements."""
        row = AcknowledgementRecord
        wanted = sa.select(row.major, row.language, row.seconds).where(
            row.volunteer_id == volunteer, row.at >= self._since
        )
        return [(found[0], found[1], found[2]) for found in self._all(wanted)]

    def alerts(self, card: str) -> int:
        """How often the chapter was told of a card."""
        wanted = (
            sa.select(Alert.id)
            .join(
                Card,
                sa.and_(Card.list == Alert.card_list, Card.index == Alert.card_index),
            )
            .where(Card.id == card, Alert.told == Tell.CHAPTER)
        )
        return len(self._all(wanted))

    def told(self, volunteer: str) -> list[tuple[Tell, InstitutionId | None]]:
        """Who was told of one person's cards, and which home where one was."""
        wanted = sa.select(Alert.told, Alert.told_home_id).where(
            Alert.volunteer_id == volunteer, Alert.at >= self._since
        )
        return [(row[0], row[1]) for row in self._all(wanted)]

    def warned(self, volunteer: str, since: datetime) -> Counter[Warned]:
        """What was told of one person's cards since then, and how often."""
        wanted = sa.select(Alert.kind, Alert.reason, Alert.told, Alert.told_home_id).where(
            Alert.volunteer_id == volunteer, Alert.at >= since
        )
        return Counter((row[0], row[1], row[2], row[3]) for row in self._all(wanted))

    def silences(self, kiosk: KioskId, since: datetime) -> list[tuple[Tell, InstitutionId | None]]:
        """Who was told since then that nothing has been heard of a kiosk."""
        wanted = sa.select(Alert.told, Alert.told_home_id).where(
            Alert.kiosk_id == kiosk, Alert.kind == AlertKind.KIOSK_SILENT, Alert.at >= since
        )
        return [(row[0], row[1]) for row in self._all(wanted)]

    def night_questions(self, since: datetime) -> list[tuple[InstitutionId | None, int | None]]:
        """Which homes were asked who is still there, and about how many."""
        wanted = sa.select(Alert.told_home_id, Alert.people).where(
            Alert.kind == AlertKind.STILL_HERE_AT_NIGHT, Alert.at >= since
        )
        return [(row[0], row[1]) for row in self._all(wanted)]

    def heartbeat(self, kiosk: KioskId) -> datetime | None:
        """The kiosk's own time of its newest heartbeat."""
        with Session(self._engine) as session:
            found = session.get(Kiosk, kiosk)
            return None if found is None else found.heartbeat_at

    def readers(self, kiosk: KioskId) -> dict[str, str]:
        """How the kiosk's readers are, by its newest heartbeat."""
        with Session(self._engine) as session:
            found = session.get(Kiosk, kiosk)
            return {} if found is None or found.readers is None else json.loads(found.readers)

    def unreadable(self, kiosk: KioskId) -> int:
        """How many things were held up to the kiosk that were no card of ours, since it started."""
        with Session(self._engine) as session:
            found = session.get(Kiosk, kiosk)
            return 0 if found is None else found.unreadable or 0

    def wait_for(self, look: Callable[[], T], is_it: Callable[[T], bool]) -> T:
        """Look again until `is_it`, as long as patience lasts. Returns what was seen last."""
        never, end = threading.Event(), time.monotonic() + self._patience
        while True:
            seen = look()
            if is_it(seen) or time.monotonic() > end:
                return seen
            never.wait(_LOOK_EVERY)

    def _all(self, wanted: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        with Session(self._engine) as session:
            return session.execute(wanted).all()
