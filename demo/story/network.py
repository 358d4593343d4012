"""The network is lost and comes back: taps are answered all the while, and arrive once."""

from demo.eyes import said
from demo.story.stage import Stage, Tap, clock
from presence.verdict import Basis
from server.visits.models import EventKind

SAVED = "Uten nett. Registreringen er lagret."
SAVED_EN = "No network. Your visit is saved."


def the_network_is_lost_and_comes_back(stage: Stage) -> None:
    """First nobody notices, then the kiosk knows; 40 minutes later both arrivals come through."""
    book, desk = stage.book, stage.desk
    frode, jon = desk.cast["frode"], desk.cast["jon"]
    stage.it_is(13, 30)
    stage.door.cable.cut()
    book.tell("network", "is cut; no side is told")
    _check_alone(stage, stage.tap(frode), "Velkommen, Frode", SAVED)
    stage.later(seconds=21)
    stage.disconnect()
    book.tell("screen", f"at rest, with the small sign “{stage.eyes.now['signs'][0]}”")
    _check_alone(stage, stage.tap(jon), "Welcome, Jon", SAVED_EN)
    told = stage.ledger.events(frode.volunteer) + stage.ledger.events(jon.volunteer)
    book.check("server", "knows nothing of it yet", not told, told)
    stage.it_is(14, 10)
    stage.reconnect()
    book.tell("network", "is back, 40 minutes later; the screen rests without a sign")
    board = stage.board(lambda board: {"Frode B.", "Jon B."} <= set(board["on-site"]))
    are_there = {"Frode B.", "Jon B."} <= set(board["on-site"])
    book.check("staff board", "Frode B. and Jon B. are in the house", are_there, board)
    _check_kept(stage, "frode")
    _check_kept(stage, "jon")


def _check_alone(stage: Stage, tap: Tap, title: str, sign: str) -> None:
    words = said(tap.view)
    is_so = tap.view["title"] == title and sign in tap.view["signs"]
    stage.book.check("screen", f"“{words}” ({tap.seconds * 1000:.0f} ms)", is_so, words)


def _check_kept(stage: Stage, name: str) -> None:
    person = stage.desk.cast[name]
    events = stage.ledger.events(person.volunteer)
    is_so = [(event.kind, event.basis, clock(event.at)) for event in events] == [
        (EventKind.ARRIVED, Basis.ROSTER, "13:30")
    ]
    stage.book.check(
        "server", f"{person.first_name}: one arrival, 13:30, decided by the kiosk", is_so, events
    )
