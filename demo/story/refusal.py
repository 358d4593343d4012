"""Scenario 4: reported lost at 09:00:00, refused from 09:01:00 on where there is a network."""

from demo.eyes import said
from demo.sample.homes import NORDSTRAND
from demo.story.reading import put_off_briefing
from demo.story.stage import LOW_DOUBLE, Stage, Tap

NEUTRAL = "Snakk med personalet"
SAVED = "Uten nett. Registreringen er lagret."


def a_lost_card_is_refused(stage: Stage) -> None:
    """No name and no reason at the door; one message to the chapter in 15 minutes."""
    book, carin, other = stage.book, stage.desk.cast["carin"], stage.at(NORDSTRAND)
    other.disconnect()
    book.tell("network", "is cut at Nordstrand")
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
    _accepted_without_network(other)


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


def _accepted_without_network(stage: Stage) -> None:
    """The kiosk at Nordstrand cannot know; once it is back the chapter does."""
    book, carin = stage.book, stage.desk.cast["carin"]
    stage.it_is(9, 30)
    tap = stage.tap(carin)
    is_let_in = tap.title == "Velkommen" and SAVED in tap.view["signs"]
    book.check("screen", f"at Nordstrand: “{tap.said}”", is_let_in, tap)
    put_off_briefing(stage)
    stage.it_is(9, 40)
    stage.reconnect()
    back = stage.desk.clock.now()
    book.tell("network", "is back at Nordstrand")
    alerts = stage.ledger.wait_for(lambda: stage.ledger.alerts(carin.card), lambda told: told == 3)
    seconds = (stage.desk.clock.now() - back).total_seconds()
    is_told = alerts == 3 and seconds < 60
    book.check("chapter", "is told within a minute that the card was let in", is_told, alerts)
