"""The fire alarm's relay opens: the way out on the screen, and whoever comes or goes is recorded.

The roll call itself is scenario 3, which is not built yet.
"""

from datetime import datetime, timedelta

from demo.door import LONG_PRESS_SECONDS
from demo.eyes import View
from demo.story.stage import DAY, Stage, clock

SUNDAY = DAY + timedelta(days=5)
WAY_OUT = ["Si fra til vakta.", "Lukk døra etter deg.", "Gå rolig ut nærmeste vei."]
GREETED = "Bjørn: Du er sjekket ut."
SILENCED = "Lyden er slått av her"


def the_fire_alarm_is_raised(stage: Stage) -> None:
    """Bjørn is in the house, and goes out past the kiosk."""
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    begin = stage.it_is(15, 0, day=SUNDAY)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()
    stage.it_is(15, 20)
    heard, mark = len(stage.door.process.reports), stage.eyes.seen
    stage.door.alarm(is_raised=True)
    view = stage.eyes.wait_for(_is_alarm, "alarm", mark)
    is_so = (view["title"], view["lines"]) == ("Brannalarm", WAY_OUT)
    book.check("screen", f"“{view['title']} · {' · '.join(view['lines'])}”", is_so, view)
    stage.door.process.wait_for(_sounds, "sound of the alarm", 20.0, heard)
    book.check("lamp and sound", "the buzzer sounds", is_so=True)
    _check_leaving(stage, begin)
    _check_silence(stage)
    mark = stage.eyes.seen
    stage.door.alarm(is_raised=False)
    view = stage.eyes.wait_for(lambda view: not _is_alarm(view), "end of the alarm", mark)
    is_rest = view["key"] == "idle"
    book.check("screen", f"the relay closes: “{view['title']}”", is_rest, view)


def _check_leaving(stage: Stage, begin: datetime) -> None:
    """One line, beside what matters."""
    book, bjorn, reader = stage.book, stage.desk.cast["bjorn"], stage.door.reader
    mark = stage.eyes.seen
    reader.hold(bjorn.nfc_card())
    view = stage.eyes.wait_for(_is_said, "line for who left", mark)
    reader.lift()
    told = view["notice"]["text"]
    book.check("screen", f"Bjørn's card, in one line: “{told}”", told == GREETED, view)
    stays = stage.ledger.wait_for(
        lambda: stage.ledger.stays(bjorn.volunteer, begin),
        lambda stays: bool(stays[-1:] and stays[-1].left),
    )
    left = [clock(stay.left) for stay in stays]
    book.check("server", "has his leaving at 15:20", left == ["15:20"], stays)


def _check_silence(stage: Stage) -> None:
    mark = stage.eyes.seen
    stage.door.press(LONG_PRESS_SECONDS)
    view = stage.eyes.wait_for(lambda view: SILENCED in view["signs"], "silence", mark)
    is_still = _is_alarm(view) and view["lines"] == WAY_OUT
    stage.book.check("screen", f"the button is held: [{SILENCED}]; all else stays", is_still, view)


def _is_alarm(view: View) -> bool:
    return bool(view["key"] == "alarm")


def _is_said(view: View) -> bool:
    """More than that a card was read."""
    return _is_alarm(view) and view["notice"] is not None and ":" in view["notice"]["text"]


def _sounds(report: dict[str, object]) -> bool:
    return report.get("lamp") == "buzzer" and bool(report["level"])
