"""Scenario 23: a kiosk without contact for 72 hours, for 14 days and for 30."""

from datetime import datetime, timedelta
from functools import partial

from demo.sample.homes import NORDSTRAND
from demo.story.reading import put_off_briefing
from demo.story.stage import DAY, LOW_DOUBLE, ZONE, Stage, Tap
from presence.verdict import Basis, Tell
from server.visits.models import EventKind

BEGIN = DAY + timedelta(days=6)
NEUTRAL = "Snakk med personalet"
SIGN = "Uten nett"
ARRIVED, LEFT, REFUSED = EventKind.ARRIVED, EventKind.LEFT, EventKind.ATTEMPT_REFUSED
_LOOKS = 10


def a_kiosk_is_alone_for_a_month(stage: Stage) -> None:
    """It serves on, and knows less and less; every presence is recorded."""
    begin = stage.it_is(15, 30, day=BEGIN)
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.it_is(15, 55)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()
    stage.it_is(16, 0)
    stage.disconnect()
    book.tell("network", "is cut")
    _check_told(stage, begin)
    _check_three_days(stage, begin)
    _check_two_weeks(stage)
    _check_a_month(stage)
    _check_kept(stage, begin)


def _check_told(stage: Stage, begin: datetime) -> None:
    """Nobody at the home looks at the kiosk; the server notices."""
    book, ledger, kiosk = stage.book, stage.ledger, stage.door.kiosk
    stage.it_is(15, 50, day=BEGIN + timedelta(days=1))
    _let_minutes_pass(stage, 3)
    early = ledger.silences(kiosk, begin)
    book.check("alerts", "within 24 h nobody is told", not early, early)
    stage.it_is(16, 5)
    for _ in range(_LOOKS):
        if ledger.silences(kiosk, begin):
            break
        _let_minutes_pass(stage, 2)
    wanted = [(Tell.CHAPTER, None), (Tell.INSTITUTION, stage.home)]
    told = sorted(ledger.silences(kiosk, begin))
    book.check("alerts", "after 24 h the home and the chapter are told", told == wanted, told)


def _check_three_days(stage: Stage, begin: datetime) -> None:
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(16, 0, day=BEGIN + timedelta(days=3))
    view = stage.idle()
    book.check("screen", f"at rest, with one small sign: {view['signs']}", view["signs"] == [SIGN])
    tap = stage.tap(bjorn)
    _check_alone(stage, tap, "Velkommen, Bjørn")
    stage.it_is(17, 0)
    stage.idle()
    _check_alone(stage, stage.tap(bjorn), "Takk for besøket, Bjørn")
    told = stage.ledger.silences(stage.door.kiosk, begin)
    book.check("alerts", "nobody was told twice", len(told) == 2, told)


def _check_two_weeks(stage: Stage) -> None:
    """The status list and the signature are all that is left."""
    book, cast = stage.book, stage.desk.cast
    # Shorter ones may stand in a signature by chance.
    names = {person.first_name for person in cast.values() if len(person.first_name) > 4}
    stage.it_is(15, 0, day=BEGIN + timedelta(days=14))
    stage.book.check("kiosk", "holds names until then", bool(stage.door.holds(names)))
    stage.it_is(16, 30)
    held = stage.ledger.wait_for(lambda: stage.door.holds(names), lambda held: not held)
    book.check("kiosk", "after 14 days holds no name any more, in no file", not held, held)
    _check_alone(stage, stage.tap(cast["bjorn"]), "Velkommen")
    put_off_briefing(stage)  # nothing says any more that he has read it
    lost = stage.tap(cast["hassan"])
    is_refused = lost.title == NEUTRAL and (lost.lamp, lost.sounds) == ("red", LOW_DOUBLE)
    book.check("screen", f"a card that was lost: “{lost.said}”", is_refused, lost)
    stage.rest()


def _check_a_month(stage: Stage) -> None:
    stage.it_is(16, 30, day=BEGIN + timedelta(days=30))
    tap = stage.tap(stage.desk.cast["dag"])
    is_sent = tap.title == NEUTRAL and tap.lamp == "red"
    stage.book.check("screen", f"after 30 days: “{tap.said}”", is_sent, tap)
    stage.rest()
    stage.it_is(16, 40)
    stage.reconnect()
    stage.book.tell("network", "is back")


def _check_kept(stage: Stage, begin: datetime) -> None:
    """Nothing was lost, and the names are back."""
    book, cast = stage.book, stage.desk.cast
    wanted = {
        "bjorn": [(ARRIVED, "03 16:00"), (LEFT, "03 17:00"), (ARRIVED, "14 16:30")],
        "hassan": [(REFUSED, "14 16:30")],
        "dag": [(ARRIVED, "30 16:30")],
    }
    for name, what in wanted.items():
        told = stage.ledger.wait_for(partial(_alone, stage, name, begin), what.__eq__)
        book.check("server", f"keeps all of {cast[name].first_name}", told == what, told)
    stage.it_is(17, 0)
    leaving = stage.tap(cast["dag"])
    is_by_name = leaving.title == "Takk for besøket, Dag"
    book.check("screen", f"“{leaving.said}”", is_by_name and not leaving.view["signs"], leaving)
    stage.rest()


def _alone(stage: Stage, name: str, begin: datetime) -> list[tuple[EventKind, str]]:
    """What the kiosk recorded of somebody when it was alone, to the minute."""
    return [
        (event.kind, f"{event.at.astimezone(ZONE):%d %H:%M}")
        for event in stage.ledger.events(stage.desk.cast[name].volunteer)
        if event.at >= begin and event.basis is Basis.ROSTER
    ]


def _check_alone(stage: Stage, tap: Tap, title: str) -> None:
    is_so = tap.title == title and any(SIGN in sign for sign in tap.view["signs"])
    stage.book.check("screen", f"“{tap.said}”", is_so, tap)


def _let_minutes_pass(stage: Stage, minutes: int) -> None:
    """The other home's kiosk says that it is alive, so the server has turned."""
    for _ in range(minutes):
        stage.later(seconds=61)
        stage.at(NORDSTRAND).await_heartbeat()
