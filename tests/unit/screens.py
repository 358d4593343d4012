"""Short ways to what the screen says after a tap."""

from dataclasses import replace
from datetime import timedelta

from kiosk.events import Stage, Surroundings, Told
from kiosk.screen.view import View, view
from presence.admission import decide
from presence.roster import HeldCard, RosterRow
from presence.verdict import Basis
from presence.visit import Here
from tests.builders import (
    NOW,
    OSLO,
    TODAY,
    arrival,
    facts,
    held_card,
    here,
    house,
    oslo,
    roster_row,
    went_out,
)

AROUND = Surroundings(house(), is_connected=True)
LOCAL = NOW.astimezone(OSLO)
EXPIRED = held_card(valid_until=TODAY - timedelta(days=1))


def told(row: RosterRow | None, basis: Basis = Basis.LIVE, language: str = "nb") -> Told:
    verdict = decide(facts(basis, row=row), NOW)
    first = Told(verdict, None, language, seen=NOW)
    return replace(first, first_name="Kari" if first.is_greeting else None)


def with_card(card: HeldCard) -> RosterRow:
    return roster_row(card)


def inside(minutes: float) -> Here:
    return here(arrival(NOW - timedelta(minutes=minutes), 1))


def outside() -> Here:
    """Out with residents since nine."""
    return here(arrival(oslo("08:00"), 1), went_out(oslo("09:00"), 2))


def seen(stage: Stage, around: Surroundings = AROUND, language: str = "nb") -> View:
    return view(stage, around, language, LOCAL)


def said(stage: Stage, language: str = "nb") -> tuple[str, list[str]]:
    shown = seen(stage, language=language)
    return shown.title, list(shown.lines)
