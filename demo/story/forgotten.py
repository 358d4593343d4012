"""Scenario 11: nobody checks out in the evening, and one of them is meant to stay."""

import re
from datetime import datetime, timedelta

from demo.sample.homes import NORDSTRAND
from demo.staff import Guest
from demo.story.stage import DAY, Stage, clock
from presence.visit import VisitState

THURSDAY, FRIDAY, SATURDAY = (DAY + timedelta(days=days) for days in (2, 3, 4))
LONG = "check-out forgotten?"
FORGOTTEN = "Forgotten check-out"
_FOOTNOTE = re.compile(r"(\d+) older visits? (?:was|were) never checked out")


def two_check_outs_are_forgotten(stage: Stage) -> None:
    """Bjørn forgets and comes again, Dag forgets and does not, Iben sits through the night."""
    bjorn, dag, iben = (stage.desk.cast[one] for one in ("bjorn", "dag", "iben"))
    other = stage.at(NORDSTRAND)
    begin = stage.it_is(13, 59, 50, day=THURSDAY)
    stage.book.tell("volunteer", f"“{stage.tap(dag).said}”")
    stage.book.tell("volunteer", f"“{stage.tap(bjorn).said}”; neither checks out")
    stage.rest()
    _check_evening(stage)
    stage.it_is(20, 0)
    stage.book.tell("volunteer", f"at Nordstrand, for the night: “{other.tap(iben).said}”")
    _check_question(stage, begin)
    _check_night(stage, other)
    stage.it_is(7, 30)
    left = other.tap(iben)
    stage.book.check("screen", f"at Nordstrand: “{left.said}”", "Takk for besøket" in left.title)
    _check_morning(stage, begin)
    _check_days_after(stage)


def _check_evening(stage: Stage) -> None:
    """After 4 hours the board asks."""
    stage.it_is(17, 59)
    early = stage.guest("Dag R.", _is_here)
    is_plain = _is_here(early) and LONG not in early.words
    stage.book.check("staff board", f"before 4 h: {early.words}", is_plain, early)
    stage.it_is(18, 1)
    late = stage.guest("Dag R.", lambda guest: LONG in guest.words)
    stage.book.check("staff board", f"after 4 h: {late.words}", LONG in late.words, late)


def _check_question(stage: Stage, begin: datetime) -> None:
    """At 22:00 staff are asked once. Of a vigil nobody asks."""
    stage.it_is(22, 0, 1)
    asked = stage.ledger.wait_for(lambda: stage.ledger.night_questions(begin), bool)
    is_once = asked == [(stage.home, 2)]
    stage.book.check("alerts", "Solbakken is asked about 2 who are still there", is_once, asked)
    stage.it_is(23, 30)
    stage.await_heartbeat()
    again = stage.ledger.night_questions(begin)
    stage.book.check("alerts", "and only once", again == asked, again)


def _check_night(stage: Stage, other: Stage) -> None:
    """At 03:00 a forgotten visit stops being sure; a vigil goes on."""
    book = stage.book
    stage.it_is(2, 59, day=FRIDAY)
    for name in ("Bjørn E.", "Dag R."):
        guest = stage.guest(name, _is_here)
        book.check("staff board", f"{name} is in the house", _is_here(guest), guest)
    stage.it_is(3, 0, 1)
    for name in ("Bjørn E.", "Dag R."):
        guest = stage.guest(name, _is_possible)
        is_so = _is_possible(guest) and FORGOTTEN in guest.words
        book.check("staff board", f"{name} is possibly in the house: {guest.words}", is_so, guest)
    keeper = other.guest("Iben L.", _is_here)
    is_sure = _is_here(keeper) and LONG not in keeper.words
    book.check("board, other", "Iben L. is in the house, and no question asked", is_sure, keeper)


def _check_morning(stage: Stage, begin: datetime) -> None:
    """The next tap is an arrival, and the old visit gets no time of leaving."""
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(8, 0)
    tap = stage.tap(bjorn)
    is_told = tap.title == "Velkommen, Bjørn" and "Sist glemte du å sjekke ut." in tap.lines
    book.check("screen", f"“{tap.said}”", is_told, tap)
    stays = stage.ledger.wait_for(
        lambda: stage.ledger.stays(bjorn.volunteer, begin), lambda stays: len(stays) == 2
    )
    told = [(stay.state, clock(stay.arrived), clock(stay.left)) for stay in stays]
    wanted = [(VisitState.LEFT_UNKNOWN, "13:59", None), (VisitState.OPEN, "08:00", None)]
    book.check("server", "the old visit has no invented leaving time", told == wanted, told)
    guest = stage.guest("Bjørn E.", _is_here)
    book.check("staff board", f"Bjørn E. is in the house: {guest.words}", _is_here(guest), guest)
    keeper = stage.desk.cast["iben"]
    nights = stage.ledger.stays(keeper.volunteer, begin)
    told = [(stay.state, clock(stay.arrived), clock(stay.left)) for stay in nights]
    is_whole = told == [(VisitState.CLOSED, "20:00", "07:30")]
    book.check("server", "Iben: one visit, 20:00 to 07:30", is_whole, told)
    stage.it_is(10, 30)
    stage.idle()
    stage.book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()


def _check_days_after(stage: Stage) -> None:
    """Dag never comes: possibly there for a day, then a footnote."""
    book = stage.book
    stage.it_is(2, 59, day=SATURDAY)
    guest = stage.guest("Dag R.", _is_possible)
    book.check("staff board", "Dag R. is possibly there for a day", _is_possible(guest), guest)
    before = _footnotes(stage)
    stage.it_is(3, 0, 1)
    after = stage.ledger.wait_for(lambda: _footnotes(stage), lambda count: count == before + 1)
    is_footnote = after == before + 1 and not stage.staff.guest(stage.home, "Dag R.").section
    book.check("staff board", "then one visit more in the footnote", is_footnote, after)


def _footnotes(stage: Stage) -> int:
    """How many visits the board says were never checked out."""
    found = _FOOTNOTE.search(stage.staff.board_words(stage.home))
    return int(found.group(1)) if found else 0


def _is_here(guest: Guest) -> bool:
    return guest.section == "on-site"


def _is_possible(guest: Guest) -> bool:
    return guest.section == "possible"
