"""A stolen card: its chip is genuine, and is worth nothing from the moment it is reported."""

from datetime import timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.copying import await_refusals, check_neutral, check_warned, come_in, refusal
from demo.story.stage import DAY, Stage
from presence.reason import Reason
from server.notices.models import AlertKind

SATURDAY = DAY + timedelta(days=4)
SECRETS = ("iben", "hassan", "stjålet", "tapt", "sperret")


def a_stolen_card_is_of_no_use(stage: Stage) -> None:
    """Iben's bag is taken from her at Nordstrand."""
    book, iben, other = stage.book, stage.desk.cast["iben"], stage.at(NORDSTRAND)
    begin = stage.it_is(18, 0, day=SATURDAY)
    tap = other.tap(iben)
    book.tell("volunteer", f"at Nordstrand: “{tap.said}”")
    come_in(other, tap)
    stage.it_is(18, 20)
    stage.staff.report_lost(iben.card)
    book.tell("chapter", "reports Iben's card stolen")
    stage.it_is(18, 30)
    other.idle()
    leaving = other.tap(iben)
    is_out = leaving.title.startswith("Takk for besøket")
    book.check("screen", f"somebody leaves with it: “{leaving.said}”", is_out, leaving)
    wanted = refusal(Reason.CARD_BLOCKED, other, AlertKind.LEFT_IN_DOUBT)
    check_warned(stage, "the chapter is told that this is in doubt", iben, begin, wanted)
    stage.it_is(19, 0)
    other.idle()
    check_neutral(stage, "comes again", other.tap(iben), SECRETS)
    wanted += refusal(Reason.CARD_BLOCKED, other)
    check_warned(stage, "the chapter is told, once", iben, begin, wanted)
    stage.it_is(19, 10)
    stage.idle()
    check_neutral(stage, "tries Solbakken", stage.tap(iben), SECRETS)
    await_refusals(stage, iben, begin, 2)
    check_warned(stage, "nobody is told twice", iben, begin, wanted)
    stage.rest()
    other.rest()
