"""What can be done about briefings."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.briefing import (
    MAX_LINES,
    MAX_SCREENS,
    Briefing,
    BriefingFault,
    BriefingVersion,
    FaultKind,
    Section,
    faults,
)
from presence.ids import InstitutionId
from server import audit, changes
from server.briefings.models import BriefingRecord, BriefingState
from server.changes import ChangeKind
from server.institutions.models import Institution

_FAULTS = {
    FaultKind.NOT_COVERED: "no screen tells about {subject}",
    FaultKind.TOO_MANY_SCREENS: f"there are more than {MAX_SCREENS} screens",
    FaultKind.NO_SUBJECT: "screen {screen} covers no subject",
    FaultKind.NO_TITLE: "screen {screen} has no title",
    FaultKind.EMPTY_LINE: "screen {screen} has an empty line, or none at all",
    FaultKind.TOO_MANY_LINES: f"screen {{screen}} has more than {MAX_LINES} lines",
}


class BriefingError(ValueError):
    """A briefing that may not be published; the message says everything that must be mended."""


def publish(
    session: Session,
    now: datetime,
    institution: InstitutionId,
    version: BriefingVersion,
    texts: Mapping[str, Sequence[Section]],
    actor: str,
) -> None:
    """Put a version in force, in all its languages; the one before is kept as evidence.

    Nothing of it is kept where it raises: BriefingError when one of the languages has a fault
    (`presence.briefing.faults`) or the version is not newer, LookupError when there is no such
    home.
    """
    home = session.get(Institution, institution)
    if home is None:
        raise LookupError("no such institution")
    _check(home, version, texts)
    session.execute(
        sa.update(BriefingRecord)
        .where(
            BriefingRecord.institution_id == institution,
            BriefingRecord.state == BriefingState.PUBLISHED,
        )
        .values(state=BriefingState.SUPERSEDED)
    )
    session.add_all(
        BriefingRecord(
            institution_id=institution,
            language=language,
            major=version.major,
            minor=version.minor,
            state=BriefingState.PUBLISHED,
            sections=msgspec.json.encode(sections).decode(),
            created_at=now,
            published_at=now,
        )
        for language, sections in texts.items()
    )
    home.briefing_major, home.briefing_minor = version.major, version.minor
    changes.record(session, ChangeKind.BRIEFING, now, institution=institution)
    what = f"institution/{institution}/briefing/{version.major}.{version.minor}"
    audit.write(session, now, actor, "publish_briefing", what)


def in_force(session: Session, institution: InstitutionId) -> tuple[Briefing, ...]:
    """The published briefing, once for each language, in the order of the language codes."""
    rows = session.scalars(
        sa.select(BriefingRecord)
        .where(
            BriefingRecord.institution_id == institution,
            BriefingRecord.state == BriefingState.PUBLISHED,
        )
        .order_by(BriefingRecord.language)
    )
    return tuple(
        Briefing(
            BriefingVersion(row.major, row.minor),
            row.language,
            msgspec.json.decode(row.sections, type=tuple[Section, ...]),
        )
        for row in rows
    )


def _check(
    home: Institution, version: BriefingVersion, texts: Mapping[str, Sequence[Section]]
) -> None:
    if not texts:
        raise BriefingError("a briefing needs at least one language")
    old = (home.briefing_major or 0, home.briefing_minor or 0)
    if (version.major, version.minor) <= old:
        raise BriefingError("the version must be newer than the one in force")
    found = [
        f"{language}: {_told(fault)}"
        for language, sections in texts.items()
        for fault in faults(Briefing(version, language, tuple(sections)))
    ]
    if found:
        raise BriefingError("; ".join(found))


def _told(fault: BriefingFault) -> str:
    return _FAULTS[fault.kind].format(subject=fault.subject, screen=fault.screen)
