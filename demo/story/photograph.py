"""Scenario 14: a photograph of a card's code, shown at another home 5 minutes later, and a moment
after it the chip of the same card, which nobody can copy.
"""

from collections import Counter
from datetime import timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.copying import come_in
from demo.story.ledger import Warned
from demo.story.stage import DAY, LOW_DOUBLE, RISING, Stage
from presence.ids import InstitutionId
from presence.reason import Reason
from presence.verdict import Tell
from server.notices.models import AlertKind

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
    stage.it_is(9, 36)
    other.idle()
    again = other.show(bjorn.code)
    is_refused = again.title == NEUTRAL
    book.check("screen", f"a minute later: “{again.said}”", is_refused, again.said)
    attempts = stage.ledger.wait_for(lambda: _attempts(stage), lambda count: count == 2)
    book.check("server", "counts both attempts at Nordstrand", attempts == 2, attempts)
    _check_told(stage, "nobody is told twice")
    _check_boards(stage)
    _check_chip(stage)


def _check_chip(stage: Stage) -> None:
    """Whose chip it is, he is; how he came here, others may ask him."""
    book, bjorn, other = stage.book, stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    begin = stage.it_is(9, 37)
    other.idle()
    tap = other.tap(bjorn)
    is_in = tap.title == "Velkommen, Bjørn" and (tap.lamp, tap.sounds) == ("green", RISING)
    book.check("screen", f"his chip at Nordstrand: “{tap.said}”", is_in, tap)
    wanted: Counter[Warned] = Counter(
        (AlertKind.LET_IN_WITH_WARNING, Reason.ELSEWHERE, tell, home)
        for tell, home in _both_homes_and_chapter(stage)
    )
    told = stage.ledger.wait_for(
        lambda: stage.ledger.warned(bjorn.volunteer, begin), lambda told: told == wanted
    )
    book.check("alerts", "both homes and the chapter are warned, once each", told == wanted, told)
    come_in(other, tap)
    stage.it_is(9, 50)
    other.idle()
    book.tell("volunteer", f"at Nordstrand: “{other.tap(bjorn).said}”")
    other.rest()
    guest = stage.guest("Bjørn E.", lambda guest: guest.section == "possible")
    is_possible = guest.section == "possible"
    book.check("staff board", f"possibly at Solbakken: {guest.words}", is_possible, guest)
    stage.staff.answer(stage.home, "Bjørn E.", answer="gone")


def _both_homes_and_chapter(stage: Stage) -> list[tuple[Tell, InstitutionId | None]]:
    there = stage.at(NORDSTRAND).home
    return [(Tell.INSTITUTION, there), (Tell.OTHER_HOME, stage.home), (Tell.CHAPTER, None)]


def _check_told(stage: Stage, what: str) -> None:
    bjorn = stage.desk.cast["bjorn"]
    wanted = Counter(_both_homes_and_chapter(stage))
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
