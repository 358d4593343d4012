"""A kiosk that is not heard: its home and the chapters that serve there are told once (DOMAIN,
scenario 23)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.ids import InstitutionId, KioskId
from presence.verdict import Tell
from server import changes
from server.changes import ChangeKind
from server.institutions.models import Assignment, Institution
from server.institutions.services import HOMES, HOUSE, house_from
from server.kiosks.models import Kiosk
from server.notices.models import Alert, AlertKind

_SHORTEST = timedelta(hours=1)
"""No policy tells of a silence sooner."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A kiosk was last heard then, and not for as long as its home's policy says."""

    kiosk: KioskId
    institution: InstitutionId
    since: datetime


def silences(session: Session, now: datetime) -> Sequence[Silence]:
    """Those of which nobody has been told. A kiosk that was never heard has not fallen silent: it
    waits to be put up."""
    found = []
    rows: Sequence[Sequence[Any]] = session.execute(_untold, {"latest": now - _SHORTEST}).all()
    for kiosk, since, *house in rows:
        home = house_from(now, house)
        if now - since >= timedelta(hours=home.policy.tell_of_silence_hours):
            found.append(Silence(kiosk, home.institution, since))
    return found


def tell_of(session: Session, now: datetime, silence: Silence) -> bool:
    """Tell the home and the chapters. False: somebody else has told them, or the kiosk has been
    heard since."""
    told = session.execute(
        sa.update(Kiosk)
        .where(Kiosk.id == silence.kiosk, Kiosk.last_seen == silence.since, _IS_UNTOLD)
        .values(silence_told=silence.since)
        .returning(Kiosk.id)
        .execution_options(synchronize_session=False)
    )
    if told.one_or_none() is None:
        return False
    home = silence.institution
    chapters = session.scalars(_serving, {"institution": home, "today": now.date()})
    about = {
        "at": now,
        "kind": AlertKind.KIOSK_SILENT,
        "institution_id": home,
        "kiosk_id": silence.kiosk,
    }
    session.add(Alert(told=Tell.INSTITUTION, told_home_id=home, **about))
    session.add_all(Alert(told=Tell.CHAPTER, chapter_id=one, **about) for one in chapters)
    changes.record(session, ChangeKind.ALERT, now, institution=home)
    return True


_IS_UNTOLD = sa.or_(Kiosk.silence_told.is_(None), Kiosk.silence_told != Kiosk.last_seen)
_untold = (
    sa.select(Kiosk.id, Kiosk.last_seen, *HOUSE)
    .select_from(HOMES.join(Kiosk, Kiosk.institution_id == Institution.id))
    .where(Kiosk.last_seen <= sa.bindparam("latest"), _IS_UNTOLD)
    .order_by(Kiosk.id)
)
_serving = (
    sa.select(Assignment.chapter_id)
    .where(
        Assignment.institution_id == sa.bindparam("institution"),
        sa.or_(Assignment.ended_on.is_(None), Assignment.ended_on > sa.bindparam("today")),
    )
    .distinct()
    .order_by(Assignment.chapter_id)
)
