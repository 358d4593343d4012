"""Briefings: who is still to read one, and how one is read."""

from dataclasses import dataclass, replace
from datetime import timedelta

from kiosk.events import BriefingOpen, Told, Touch
from presence.briefing import Briefing, sections_to_show
from presence.card import CardRef
from presence.messages import BriefingAcknowledged
from presence.verdict import Basis, BriefingDue

WAITS = timedelta(minutes=5)
"""So long after the welcome someone who waits for the screen is offered the briefing. So long
without a touch an open one is taken for left alone, and yields to the next person's tap; while
nobody else comes there is no limit."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Someone who has been welcomed and has a briefing to read."""

    card: CardRef
    due: BriefingDue
    told: Told
    at: timedelta


class Invited:
    """Those who wait to read, in the order of their welcome. One reads at a time."""

    def __init__(self) -> None:
        self._waiting: list[Invitation] = []

    def add(self, invitation: Invitation) -> None:
        self._waiting.append(invitation)

    def put_back(self, invitation: Invitation) -> None:
        """The reading was broken off, and is to go on before any other."""
        self._waiting.insert(0, invitation)

    def drop(self, card: CardRef) -> None:
        """This person has left, or is reading."""
        self._waiting = [one for one in self._waiting if one.card != card]

    def next(self, uptime: timedelta) -> Invitation | None:
        """The first who is likely to stand there still; forgets those before."""
        while self._waiting:
            first = self._waiting.pop(0)
            if uptime - first.at <= WAITS:
                return first
        return None

    def __bool__(self) -> bool:
        return bool(self._waiting)


def open_briefing(
    briefing: Briefing | None, invitation: Invitation, uptime: timedelta
) -> BriefingOpen | None:
    """The briefing at its first page. None: the text is not here, or is one she has read while
    the newer one has not arrived yet; it stays due."""
    acknowledged = invitation.due.acknowledged
    if briefing is None or not briefing.sections:
        return None
    is_behind = briefing.version.major < invitation.due.version.major
    if is_behind and acknowledged is not None and acknowledged >= briefing.version.major:
        return None
    return BriefingOpen(
        version=briefing.version,
        sections=sections_to_show(briefing, acknowledged),
        page=0,
        language=briefing.language,
        first_name=invitation.told.first_name,
        card=invitation.card,
        opened=uptime,
        is_unconfirmed=invitation.told.verdict.basis is Basis.ROSTER,
    )


def main_touch(stage: BriefingOpen) -> Touch:
    """What the page's main button stands for."""
    return Touch.UNDERSTOOD if is_last_page(stage) else Touch.NEXT


def is_last_page(stage: BriefingOpen) -> bool:
    return stage.page == len(stage.sections) - 1


def turned(stage: BriefingOpen, touch: Touch) -> BriefingOpen:
    """The page that NEXT or BACK leads to; the same one where there is none."""
    if touch is Touch.NEXT and not is_last_page(stage):
        return replace(stage, page=stage.page + 1)
    if touch is Touch.BACK and stage.page > 0:
        return replace(stage, page=stage.page - 1)
    return stage


def acknowledgement(stage: BriefingOpen, uptime: timedelta) -> BriefingAcknowledged:
    """What is recorded: the version that was shown, not the newest there is."""
    return BriefingAcknowledged(
        card=stage.card,
        major=stage.version.major,
        minor=stage.version.minor,
        language=stage.language,
        seconds=max(0, int((uptime - stage.opened).total_seconds())),
    )
