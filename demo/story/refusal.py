"""Scenario 4, the refusal: reported lost at 09:00:00, refused from 09:01:00 on."""

from demo.eyes import said
from demo.story.stage import LOW_DOUBLE, Stage, Tap

NEUTRAL = "Snakk med personalet"


def a_lost_card_is_refused(stage: Stage) -> None:
    """No name and no reason at the door; one message to the chapter in 15 minutes."""
    book, carin = stage.book, stage.desk.cast["carin"]
    stage.it_is(9, 0)
    stage.staff.report_lost(carin.card)
    book.tell("chapter", "reports Carin's card lost, on the card's page")
    stage.it_is(9, 1)
    tap = stage.tap(carin)
    _check_door(stage, tap)
    alerts = stage.ledger.wait_for(lambda: stage.ledger.alerts(carin.card), bool)
    book.check("chapter", "is told of the tap, once", alerts == 1, alerts)
    board = stage.board(lambda board: "Carin H." in board.get("possible", []))
    is_possible = "Carin H." in board.get("possible", [])
    book.check("staff board", "Carin H. is possibly in the house", is_possible, board)
    stage.it_is(9, 5)
    stage.idle()
    _refused_again(stage, "at 09:05 refused again; nobody is told twice", attempts=2, alerts=1)
    stage.it_is(9, 20)
    stage.idle()
    _refused_again(stage, "at 09:20 refused; told again", attempts=3, alerts=2)
    stage.later(minutes=1)
    stage.idle()


def _check_door(stage: Stage, tap: Tap) -> None:
    book, words = stage.book, said(tap.view)
    book.check("screen", f"“{words}”", tap.view["title"] == NEUTRAL, words)
    betrayed = [word for word in ("carin", "tapt", "sperret", "lost") if word in words.lower()]
    book.check("screen", "shows neither name nor reason", not betrayed, betrayed)
    is_low = tap.lamp == "red" and tap.sounds == LOW_DOUBLE
    book.check("lamp and sound", "red; a low double tone", is_low, tap)


def _refused_again(stage: Stage, what: str, attempts: int, alerts: int) -> None:
    carin = stage.desk.cast["carin"]
    tap = stage.tap(carin)
    events = stage.ledger.wait_for(
        lambda: stage.ledger.events(carin.volunteer), lambda events: len(events) >= attempts
    )
    told = stage.ledger.alerts(carin.card)
    is_so = tap.view["title"] == NEUTRAL and (len(events), told) == (attempts, alerts)
    stage.book.check("chapter", what, is_so, f"{said(tap.view)}; {len(events)} taps, told {told}×")
