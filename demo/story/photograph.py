"""Scenario 14: a photograph of a card's code, shown at another home 5 minutes later.

The other half of the scenario, a chip that cannot be copied and is let in with a warning, and a
chip's message that is played twice, needs kiosks that read such chips; they do not yet.
"""

from collections import Counter
from datetime import timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.stage import DAY, LOW_DOUBLE, Stage
from presence.ids import InstitutionId
from presence.verdict import Tell

WEDNESDAY = DAY + timedelta(days=1)
NEUTRAL = "Snakk med personalet"


def a_photographed_code_is_refused_elsewhere(stage: Stage) -> None:
    """Bjørn is at Solbakken, 12 km away: nobody drives that in 5 minutes."""
    book, bjorn, other = stage.book, stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    stage.it_is(9, 30, day=WEDNESDAY)
    book.tell("volunteer", f"at Solbakken: “{stage.tap(bjorn).said}”")
    stage.it_is(9, 35)
    tap = other.show(bjorn.code)
    book.check("screen", f"at Nordstrand: “{tap.said}”", tap.title == NEUTRAL, tap.said)
    betrayed = [word for word in ("bjørn", "solbakken", "annet") if word in tap.said.lower()]
    book.check("screen", "shows neither name nor reason", not betrayed, betrayed)
    is_low = tap.lamp == "red" and tap.sounds == LOW_DOUBLE
    book.check("lamp and sound", "red; a low double tone", is_low, tap)
    _check_told(stage, "both homes and the chapter are told, once each")
    stage.it_is(9, 37)
    other.idle()
    again = other.show(bjorn.code)
    is_refused = again.title == NEUTRAL
    book.check("screen", f"2 minutes later: “{again.said}”", is_refused, again.said)
    attempts = stage.ledger.wait_for(lambda: _attempts(stage), lambda count: count == 2)
    book.check("server", "counts both attempts at Nordstrand", attempts == 2, attempts)
    _check_told(stage, "nobody is told twice")
    _check_boards(stage)
    stage.it_is(9, 45)
    book.tell("volunteer", f"at Solbakken: “{stage.tap(bjorn).said}”")
    stage.rest()
    other.idle()


def _check_told(stage: Stage, what: str) -> None:
    bjorn, other = stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    wanted: Counter[tuple[Tell, InstitutionId | None]] = Counter(
        [(Tell.INSTITUTION, other.home), (Tell.OTHER_HOME, stage.home), (Tell.CHAPTER, None)]
    )
    told = stage.ledger.wait_for(
        lambda: Counter(stage.ledger.told(bjorn.volunteer)), lambda told: told == wanted
    )
    stage.book.check("alerts", what, told == wanted, told)


def _check_boards(stage: Stage) -> None:
    """A refusal never erases a presence."""
    here = stage.guest("Bjørn E.", lambda guest: guest.section == "on-site")
    is_here = here.section == "on-site"
    stage.book.check("staff board", "Bjørn E. is in the house at Solbakken", is_here, here)
    there = stage.at(NORDSTRAND).guest("Bjørn E.", lambda guest: guest.section == "possible")
    is_possible = there.section == "possible"
    stage.book.check("board, other", f"possibly at Nordstrand: {there.words}", is_possible, there)


def _attempts(stage: Stage) -> int:
    events = stage.ledger.events(stage.desk.cast["bjorn"].volunteer)
    return sum(event.kind == "attempt_refused" for event in events)
