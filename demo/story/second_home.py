"""Scenario 13: a second home on the same day."""

from datetime import datetime, timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.reading import read_briefing
from demo.story.stage import DAY, Stage, clock

WEDNESDAY = DAY + timedelta(days=1)
ELSEWHERE = "Has checked in at another home since"


def a_second_home_on_the_same_day(stage: Stage) -> None:
    """Dag does not check out at Solbakken and comes to Nordstrand, where he has never been."""
    book, dag, other = stage.book, stage.desk.cast["dag"], stage.at(NORDSTRAND)
    morning = stage.it_is(10, 0, day=WEDNESDAY)
    book.tell("volunteer", f"at Solbakken: “{stage.tap(dag).said}”; he forgets to check out")
    stage.rest()
    stage.it_is(13, 0)
    tap = other.tap(dag)
    is_welcome = tap.title == "Velkommen, Dag" and "orienteringen" in tap.said
    book.check("screen", f"at Nordstrand: “{tap.said}”", is_welcome, tap)
    titles = read_briefing(other)
    book.check(
        "screen", f"Nordstrand's own briefing: {len(titles)} pages", len(titles) == 6, titles
    )
    kept = stage.ledger.wait_for(lambda: stage.ledger.acknowledgements(dag.volunteer), bool)
    is_kept = [version for version, _, _ in kept] == [1]
    book.check("server", "keeps that he has read version 1 there", is_kept, kept)
    _check_first_home(stage)
    _check_two_shifts(stage, morning)


def _check_first_home(stage: Stage) -> None:
    """Possibly there, until staff answer."""
    book, other = stage.book, stage.at(NORDSTRAND)
    here = other.guest("Dag R.", lambda guest: guest.section == "on-site")
    book.check("board, other", "Dag R. is in the house", here.section == "on-site", here)
    stage.it_is(16, 0)
    guest = stage.guest("Dag R.", lambda guest: guest.section == "possible")
    is_possible = guest.section == "possible" and ELSEWHERE in guest.words
    book.check("staff board", f"possibly in the house: {guest.words}", is_possible, guest)
    stage.staff.answer(stage.home, "Dag R.", answer="gone")
    answered = stage.guest("Dag R.", lambda guest: not guest.section)
    is_gone = not answered.section
    book.check("staff board", "staff answer that he has left: off the list", is_gone, answered)


def _check_two_shifts(stage: Stage, morning: datetime) -> None:
    book, dag, other = stage.book, stage.desk.cast["dag"], stage.at(NORDSTRAND)
    stage.it_is(16, 10)
    leaving = other.tap(dag)
    book.tell("volunteer", f"at Nordstrand: “{leaving.said}”")
    stays = stage.ledger.wait_for(
        lambda: stage.ledger.stays(dag.volunteer, morning),
        lambda stays: bool(stays[-1:] and stays[-1].left),
    )
    told = [(stay.home, clock(stay.arrived), clock(stay.left)) for stay in stays]
    is_two = told == [(stage.home, "10:00", None), (other.home, "13:00", "16:10")]
    book.check(
        "server", "2 shifts of 1 person; the first with an unknown leaving time", is_two, told
    )
    other.rest()
