"""The reader of chips hangs: the screen asks for the code, and comes back to the card."""

from datetime import timedelta

from demo.eyes import View
from demo.story.copying import come_in
from demo.story.stage import DAY, Stage, is_idle
from presence.messages import ReaderState
from tests.hardware_mocks.faults import Trouble

SUNDAY = DAY + timedelta(days=5)
SIGN = "Kortleseren virker ikke"
BY_CODE = "Vis koden på kortet til kameraet"
READY, LOST = ReaderState.READY, ReaderState.LOST


def the_reader_hangs_and_the_camera_serves(stage: Stage) -> None:
    """Until somebody takes the reader's power away and gives it back."""
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(14, 0, day=SUNDAY)
    stage.idle()
    mark = stage.eyes.seen
    stage.door.reader.fault(Trouble.HANG)
    book.tell("reader", "its chip stops in the middle of a command")
    view = stage.eyes.wait_for(_is_by_code, "way to show a code", mark)
    book.check("screen", f"at rest: “{view['title']}” [{SIGN}]", is_so=True)
    _check_told(stage, LOST, "the reader is lost, the camera works")
    tap = stage.show(bjorn.code)
    is_in = tap.title == "Velkommen, Bjørn"
    book.check("screen", f"a code at the camera: “{tap.said}”", is_in, tap)
    come_in(stage, tap)
    mark = stage.eyes.seen
    stage.door.reader.power_cycle()
    book.tell("staff", "pull the reader's plug and put it back")
    view = stage.eyes.wait_for(_is_by_card, "rest without a sign", mark)
    book.check("screen", f"at rest: “{view['title']}”", is_so=True)
    _check_told(stage, READY, "both work")
    stage.it_is(14, 30)
    stage.idle()
    leaving = stage.tap(bjorn)
    is_out = leaving.title == "Takk for besøket, Bjørn"
    book.check("screen", f"his card at the reader: “{leaving.said}”", is_out, leaving)
    stage.rest()


def _check_told(stage: Stage, state: ReaderState, what: str) -> None:
    """By the kiosk's next heartbeat."""
    wanted = {"pn532": state, "camera": READY}
    stage.later(seconds=61)
    told = stage.ledger.wait_for(lambda: stage.ledger.readers(stage.door.kiosk), wanted.__eq__)
    stage.book.check("server", f"is told by the heartbeat: {what}", told == wanted, told)


def _is_by_code(view: View) -> bool:
    return is_idle(view) and view["title"] == BY_CODE and SIGN in view["signs"]


def _is_by_card(view: View) -> bool:
    return is_idle(view) and view["title"] == "Hold kortet mot leseren" and not view["signs"]
