"""A home's HMS briefing: what it must tell, its versions, what is due to whom and what is new."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from enum import StrEnum

from msgspec import Struct

from presence.dates import add_months, check_utc
from presence.ids import Count

MAX_SCREENS = 6
MAX_LINES = 6
"""Of one screen."""
MOST_IN_A_FIRE = 3
"""Lines that are read at a glance, on the screen of the alarm."""


class BriefingVersion(Struct, frozen=True, order=True):
    """A new `major` must be acknowledged again; a new `minor` is a correction."""

    major: int
    minor: int = 0


class SectionKind(StrEnum):
    """What a section can be about (DOMAIN, "Briefing"). The first eight are mandatory."""

    ALARM_SOUND = "alarm_sound"
    WHAT_YOU_DO = "what_you_do"
    NUMBER_AND_ADDRESS = "number_and_address"
    ESCAPE_ROUTES = "escape_routes"
    ASSEMBLY_POINT = "assembly_point"
    REPORT_TO = "report_to"
    LIFT = "lift"
    DOORS = "doors"
    EQUIPMENT = "equipment"
    HOUSE_RULES = "house_rules"
    CONTACTS = "contacts"


MANDATORY = tuple(SectionKind)[:8]


class Section(Struct, frozen=True):
    """One screen, one idea: a short title and a few short lines. It may cover several subjects that
    belong together. `since` is the major version that last changed it."""

    covers: tuple[SectionKind, ...]
    title: str
    lines: tuple[str, ...]
    since: int = 1


class Briefing(Struct, frozen=True):
    """One published version of a home's briefing in one language."""

    version: BriefingVersion
    language: str
    sections: tuple[Section, ...]


class FaultKind(StrEnum):
    """Why a briefing may not be published."""

    NOT_COVERED = "not_covered"
    TOO_MANY_SCREENS = "too_many_screens"
    NO_SUBJECT = "no_subject"
    NO_TITLE = "no_title"
    EMPTY_LINE = "empty_line"
    TOO_MANY_LINES = "too_many_lines"


class BriefingFault(Struct, frozen=True):
    """One thing to mend. `subject` is the mandatory one that no screen tells about; `screen`, from
    1, is where it is. Neither is given where it is about the briefing as a whole."""

    kind: FaultKind
    subject: SectionKind | None = None
    screen: int | None = None


class Acknowledgement(Struct, frozen=True):
    """A volunteer confirmed one version at one home."""

    major: Count
    at: datetime

    def __post_init__(self) -> None:
        check_utc(self.at, "at")


def faults(briefing: Briefing) -> tuple[BriefingFault, ...]:
    """What must be mended before it is published; nothing, where it may be (DOMAIN, "Briefing")."""
    written = [section for section in briefing.sections if any(map(str.strip, section.lines))]
    covered = {subject for section in written for subject in section.covers}
    found = [
        BriefingFault(FaultKind.NOT_COVERED, subject=subject)
        for subject in MANDATORY
        if subject not in covered
    ]
    if len(briefing.sections) > MAX_SCREENS:
        found.append(BriefingFault(FaultKind.TOO_MANY_SCREENS))
    for screen, section in enumerate(briefing.sections, start=1):
        found += (BriefingFault(kind, screen=screen) for kind in _faults_of(section))
    return tuple(found)


def _faults_of(section: Section) -> Iterator[FaultKind]:
    if not section.covers:
        yield FaultKind.NO_SUBJECT
    if not section.title.strip():
        yield FaultKind.NO_TITLE
    if not section.lines or not all(map(str.strip, section.lines)):
        yield FaultKind.EMPTY_LINE
    if len(section.lines) > MAX_LINES:
        yield FaultKind.TOO_MANY_LINES


def is_due(
    acknowledged: Acknowledgement | None,
    current: BriefingVersion,
    now: datetime,
    zone: tzinfo,
    max_age_months: int,
) -> bool:
    """Never acknowledged here, a new major version, or acknowledged too long ago."""
    if acknowledged is None or acknowledged.major < current.major:
        return True
    return is_outdated(acknowledged, now, zone, max_age_months)


def is_outdated(
    acknowledged: Acknowledgement, now: datetime, zone: tzinfo, max_age_months: int
) -> bool:
    """Older than `max_age_months`; the last good day is the one of the same date."""
    last = add_months(acknowledged.at.astimezone(zone).date(), max_age_months)
    return now.astimezone(zone).date() > last


def sections_to_show(briefing: Briefing, acknowledged_major: int | None) -> tuple[Section, ...]:
    """Only what is new since the acknowledged version; everything where nothing is (an
    acknowledgement that has grown too old) or nothing was ever acknowledged."""
    if acknowledged_major is None:
        return briefing.sections
    news = tuple(section for section in briefing.sections if section.since > acknowledged_major)
    return news or briefing.sections


def in_a_fire(briefing: Briefing) -> tuple[str, ...]:
    """What to do at once, in the home's own words and at most three lines; nothing, where it is not
    said. Three, for the third may be the one that says "leave" (DOMAIN, "Briefing")."""
    about = [one for one in briefing.sections if SectionKind.WHAT_YOU_DO in one.covers]
    if not about:
        return ()
    plainest = min(about, key=lambda section: len(section.covers))
    return tuple(filter(str.strip, plainest.lines))[:MOST_IN_A_FIRE]
