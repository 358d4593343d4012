"""Scenario 10: the power is cut 300 ms after a tap, with no network to have saved it."""

from threading import Event as Pause

from demo.eyes import said
from demo.story.stage import Stage, clock, is_verdict
from server.visits.models import EventKind

CUT_AFTER_SECONDS = 0.3


def the_power_is_cut_after_a_tap(stage: Stage) -> None:
    """The event is whole or absent; the next tap soon after is no check-out; the doubtful clock is
    marked; and what was told to the volunteer is what the server gets."""
    book, desk, dag = stage.book, stage.desk, stage.desk.cast["dag"]
    stage.it_is(14, 0)
    book.tell("volunteer", f"“{stage.tap(desk.cast['dog']).said}”: so the kiosk knows the time")
    stage.rest()
    stage.it_is(14, 19)
    stage.disconnect()
    stage.it_is(14, 20)
    told = _tap_and_cut(stage)
    power = stage.it_is(14, 20, 30)
    stage.door.power_on()
    stage.look_again()
    up = (desk.clock.now() - power).total_seconds()
    book.check("kiosk", f"takes cards again {up:.1f} s after the power is back", up < 60, up)
    again = stage.tap(dag)
    was_kept = again.title == "Du sjekket inn kl. 14.20"
    is_so = was_kept or (again.title == "Velkommen, Dag" and not told)
    book.check("screen", f"Dag taps again: “{again.said}”", is_so, again.said)
    stage.it_is(16, 0)
    stage.idle()
    leaving = stage.tap(dag)
    is_goodbye = leaving.title == "Takk for besøket, Dag"
    book.check("screen", f"at 16:00: “{leaving.said}”", is_goodbye, leaving.said)
    stage.rest()
    stage.reconnect()
    book.tell("network", "is back")
    _check_kept(stage, was_kept=was_kept)


def _tap_and_cut(stage: Stage) -> bool:
    """Whether Dag was told anything before it went dark."""
    desk, mark = stage.desk, stage.eyes.seen
    stage.door.reader.hold(desk.cast["dag"].nfc_card())
    Pause().wait(CUT_AFTER_SECONDS)
    stage.door.power_cut()
    stage.door.reader.lift()
    view = next((view for view in stage.eyes.views_since(mark) if is_verdict(view)), None)
    words = "nothing yet" if view is None else f"“{said(view)}”"
    stage.book.tell("volunteer", f"Dag taps and was told {words}; 300 ms later the power is cut")
    return view is not None


def _check_kept(stage: Stage, *, was_kept: bool) -> None:
    """`was_kept`: the first arrival was on the disk before the power went."""
    dag = stage.desk.cast["dag"]
    events = stage.ledger.wait_for(
        lambda: stage.ledger.events(dag.volunteer), lambda events: len(events) == 2
    )
    kinds = [(event.kind, clock(event.at)) for event in events]
    is_once = kinds == [(EventKind.ARRIVED, "14:20"), (EventKind.LEFT, "16:00")]
    stage.book.check("server", "one arrival at 14:20, one leaving at 16:00", is_once, events)
    doubts = [event.is_uncertain for event in events]
    stage.book.check(
        "server",
        "marks the time told by a clock nobody had set",
        doubts == [not was_kept, True],
        doubts,
    )
