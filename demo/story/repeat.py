"""Scenario 2: a repeat visit, from the first tap to the goodbye."""

from demo.eyes import said
from demo.story.stage import FALLING, RISING, Stage, clock
from presence.visit import VisitState


def a_repeat_visit_needs_no_touch(stage: Stage) -> None:
    """No touch, idle after 4 s, a second tap within 60 s changes nothing, later she leaves."""
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(10, 30)
    tap = stage.tap(bjorn)
    is_welcome = tap.view["title"] == "Velkommen, Bjørn" and tap.lamp == "green"
    book.check("screen", f"“{said(tap.view)}”", is_welcome and tap.sounds == RISING, tap)
    book.check("screen", "nothing to touch", not tap.view["buttons"], tap.view["buttons"])
    stage.later(seconds=4.1)
    book.check("screen", f"after 4 s: “{stage.idle()['title']}”", is_so=True)
    stage.it_is(10, 30, 40)
    again = stage.tap(bjorn)
    is_kept = again.view["title"] == "Du sjekket inn kl. 10.30"
    book.check("screen", f"second tap after 40 s: “{said(again.view)}”", is_kept, said(again.view))
    stage.it_is(12, 45)
    stage.idle()
    leaving = stage.tap(bjorn)
    is_goodbye = leaving.view["title"] == "Takk for besøket, Bjørn" and leaving.sounds == FALLING
    book.check("screen", f"at 12:45: “{said(leaving.view)}”, falling", is_goodbye, leaving)
    visits = stage.ledger.wait_for(
        lambda: stage.ledger.visits(bjorn.volunteer),
        lambda visits: [state for state, _, _ in visits] == [VisitState.CLOSED],
    )
    is_one = [(state, clock(at), clock(left)) for state, at, left in visits] == [
        (VisitState.CLOSED, "10:30", "12:45")
    ]
    book.check("server", "one visit, 10:30 to 12:45", is_one, visits)
    board = stage.board(lambda board: "Bjørn E." not in board["on-site"])
    book.check("staff board", "Bjørn E. has left", "Bjørn E." not in board["on-site"], board)
    stage.later(seconds=5)
    stage.idle()
