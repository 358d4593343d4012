"""What kiosks tell about themselves."""

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId, KioskId
from presence.messages import Heartbeat, Link
from server import changes
from server.changes import ChangeKind
from server.kiosks.models import Kiosk


def add_kiosk(
    session: Session, now: datetime, kiosk: KioskId, home: InstitutionId, name: str
) -> None:
    """Let a kiosk speak for a home."""
    session.add(Kiosk(id=kiosk, institution_id=home, name=name, created_at=now))
    changes.record(session, ChangeKind.KIOSK, now, institution=home)


def seen(session: Session, now: datetime, kiosk: KioskId) -> None:
    """Something came from this kiosk."""
    session.execute(sa.update(Kiosk).where(Kiosk.id == kiosk).values(last_seen=now))


def keep_heartbeat(session: Session, now: datetime, message: Heartbeat) -> None:
    """Keep how a kiosk says it is. Its newest word counts, in whatever order they come."""
    told = sa.update(Kiosk).where(
        Kiosk.id == message.kiosk,
        sa.or_(Kiosk.heartbeat_at.is_(None), Kiosk.heartbeat_at <= message.at),
    )
    session.execute(
        told.values(
            last_seen=now,
            heartbeat_at=message.at,
            program=message.program,
            uptime_ms=message.uptime_ms,
            outbox_depth=message.outbox_depth,
            oldest_entry_ms=message.oldest_entry_ms,
            parked=message.parked,
            unreadable=message.unreadable,
            clock_trust=message.trust,
            readers=msgspec.json.encode(message.readers).decode(),
            roster_issued=message.roster_issued,
            free_disk_mb=message.free_disk_mb,
            lists_issued=min((one.issued for one in message.status_lists), default=None),
            lists_refused=message.lists_refused,
        )
    )


def keep_link(session: Session, now: datetime, message: Link) -> None:
    """Keep whether a kiosk is connected. A later connection outweighs an earlier one, and the end
    of a connection its beginning, so that the order of arrival does not matter."""
    kiosk = session.get(Kiosk, message.kiosk)
    if kiosk is None:
        raise LookupError("no such kiosk")
    if message.is_up:
        kiosk.last_seen = now
    if kiosk.connection is not None:
        known = (kiosk.connection, not kiosk.is_linked)
        if (message.connection, not message.is_up) <= known:
            return
    kiosk.connection, kiosk.is_linked = message.connection, message.is_up
    kiosk.link_changed_at = now
    changes.record(session, ChangeKind.KIOSK, now, institution=kiosk.institution_id)
