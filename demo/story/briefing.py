"""Scenario 1: a first tap, with the home's briefing shown and acknowledged."""

from datetime import datetime, timedelta

from demo.eyes import said
from demo.story.reading import is_briefing, pages, turn
from demo.story.stage import RISING, Stage, Tap
from presence.visit import VisitState

UNREAD = "Safety briefing not read"
READING = timedelta(seconds=80)


def a_first_tap_shows_the_briefing(stage: Stage) -> None:
    """The visit is open from the tap; the pages turn by her touch alone; what she read is kept."""
    astrid = stage.desk.cast["astrid"]
    stage.it_is(10, 2)
    mark = stage.eyes.seen
    tap = stage.tap(astrid)
    _check_greeting(stage, tap)
    stage.later(seconds=4)
    stage.eyes.wait_for(is_briefing, "briefing", mark)
    _read(stage, stage.desk.clock.now())
    kept = stage.ledger.wait_for(lambda: stage.ledger.acknowledgements(astrid.volunteer), bool)
    is_kept = kept == [(3, "nb", READING.seconds)]
    stage.book.check("server", "keeps it: version 3, nb, 80 seconds", is_kept, kept)
    words = stage.ledger.wait_for(lambda: _board(stage), lambda words: UNREAD not in words)
    stage.book.check("staff board", "Astrid M. is briefed", UNREAD not in words)
    stage.later(seconds=30)
    stage.idle()


def _check_greeting(stage: Stage, tap: Tap) -> None:
    book, astrid, words = stage.book, stage.desk.cast["astrid"], said(tap.view)
    book.check("screen", f"“{words}”", tap.view["title"] == "Velkommen, Astrid", words)
    book.check("screen", f"within 1 s ({tap.seconds * 1000:.0f} ms)", tap.seconds < 1, tap.seconds)
    is_rising = tap.lamp == "green" and tap.sounds == RISING
    book.check("lamp and sound", "green; rising", is_rising, tap)
    visits = stage.ledger.wait_for(lambda: stage.ledger.visits(astrid.volunteer), bool)
    is_open = [state for state, _, _ in visits] == [VisitState.OPEN]
    book.check("server", "her visit is open from the tap, before the briefing", is_open, visits)
    board = stage.board(lambda board: "Astrid M." in board.get("on-site", []))
    is_there = "Astrid M." in board["on-site"] and UNREAD in _board(stage)
    book.check("staff board", "Astrid M. is in the house, briefing pending", is_there, board)


def _read(stage: Stage, opened: datetime) -> None:
    """She takes 80 seconds in all."""
    book, eyes, first = stage.book, stage.eyes, stage.eyes.now
    book.tell("screen", f"the briefing, {first['page'].lower()}: “{first['title']}”")
    stage.desk.clock.set(opened + timedelta(seconds=65))
    stage.await_heartbeat()
    is_same = eyes.now["key"] == first["key"]
    book.check("screen", "65 s later the same page: only a touch turns it", is_same, eyes.now)
    titles = [turn(stage)["title"] for _ in range(pages(first) - 1)]
    book.tell("volunteer", f"touches “{first['buttons'][-1]['label']}”: {', '.join(titles)}")
    label = eyes.now["buttons"][-1]["label"]
    stage.desk.clock.set(opened + READING + timedelta(seconds=0.4))
    mark = eyes.seen
    eyes.touch("understood")
    thanks = eyes.wait_for(lambda view: view["key"] == "thanks", "thanks", mark)
    book.tell("volunteer", f"touches “{label}”: “{said(thanks)}”")


def _board(stage: Stage) -> str:
    return stage.staff.board_words(stage.home)
