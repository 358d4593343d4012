"""Scenario 14: what a chip has said once is played again, at a kiosk with a network and at one that
is alone."""

from datetime import datetime, timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.copying import (
    await_refusals,
    check_neutral,
    check_warned,
    chip_of,
    come_in,
    recorded,
    refusal,
)
from demo.story.stage import DAY, Stage
from presence.reason import Reason
from server.notices.models import AlertKind
from tests.hardware_mocks.card_type4 import Type4Card, message_on, replay

SATURDAY, SUNDAY = DAY + timedelta(days=4), DAY + timedelta(days=5)
SAVED = "Uten nett. Registreringen er lagret."
SECRETS = ("bjørn", "kopi", "brukt", "sperret")


def a_message_is_good_for_one_presentation(stage: Stage) -> None:
    """Bjørn's chip was read by a telephone on the bus, and listened to at the door."""
    book, bjorn, other = stage.book, stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    begin = stage.it_is(9, 30, day=SATURDAY)
    on_the_bus = replay(message_on(chip_of(bjorn)))
    book.tell("somebody", "reads his chip with a telephone, and puts it onto a tag")
    stage.it_is(10, 0)
    book.tell("volunteer", f"his own card: “{stage.tap(bjorn).said}”")
    at_the_door = recorded(bjorn)
    book.tell("somebody", "puts onto another tag what his chip has said at the door")
    stage.it_is(10, 30)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.it_is(11, 0)
    stage.idle()
    check_neutral(stage, "the tag of the door", stage.hold(at_the_door), SECRETS)
    wanted = refusal(Reason.REPLAYED, stage)
    check_warned(stage, "Solbakken and the chapter are told, once each", bjorn, begin, wanted)
    stage.it_is(11, 5)
    stage.idle()
    check_neutral(stage, "the tag of the bus", stage.hold(on_the_bus), SECRETS)
    await_refusals(stage, bjorn, begin, 2)
    check_warned(stage, "nobody is told twice", bjorn, begin, wanted)
    stage.it_is(11, 30)
    other.idle()
    check_neutral(stage, "at Nordstrand, too", other.hold(at_the_door), SECRETS)
    wanted += refusal(Reason.REPLAYED, other)
    check_warned(stage, "Nordstrand and the chapter are told", bjorn, begin, wanted)
    other.rest()
    _check_own_card(stage)


def _check_own_card(stage: Stage) -> None:
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(12, 0)
    stage.idle()
    tap = stage.tap(bjorn)
    book.check("screen", f"his own card: “{tap.said}”", tap.title == "Velkommen, Bjørn", tap)
    come_in(stage, tap)
    stage.it_is(12, 30)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()


def a_replay_is_found_out_afterwards(stage: Stage) -> None:
    """A kiosk that is alone cannot know what a chip has said elsewhere, and goes by the code."""
    book, bjorn, other = stage.book, stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    begin = stage.it_is(10, 0, day=SUNDAY)
    tap = stage.tap(bjorn)
    book.tell("volunteer", f"“{tap.said}”")
    copy = recorded(bjorn)
    come_in(stage, tap)
    stage.it_is(10, 20)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()
    other.disconnect()
    book.tell("network", "is cut at Nordstrand")
    _accepted_alone(other, copy)
    stage.it_is(11, 0)
    other.reconnect()
    book.tell("network", "is back at Nordstrand")
    wanted = refusal(Reason.REPLAYED, other, AlertKind.ACCEPTED_OFFLINE)
    check_warned(stage, "Nordstrand and the chapter learn that it was a copy", bjorn, begin, wanted)
    _check_leaving(other, copy, begin)


def _accepted_alone(other: Stage, copy: Type4Card) -> None:
    other.it_is(10, 40)
    tap = other.hold(copy)
    is_in = tap.title.startswith("Velkommen") and SAVED in tap.view["signs"]
    other.book.check("screen", f"a copy at Nordstrand: “{tap.said}”", is_in, tap)
    come_in(other, tap)


def _check_leaving(other: Stage, copy: Type4Card, begin: datetime) -> None:
    """Nobody is kept in the house."""
    book, bjorn = other.book, other.desk.cast["bjorn"]
    other.it_is(11, 30)
    other.idle()
    leaving = other.hold(copy)
    is_goodbye = leaving.title == "Takk for besøket, Bjørn"
    book.check("screen", f"the copy leaves: “{leaving.said}”", is_goodbye, leaving)
    wanted = refusal(Reason.REPLAYED, other, AlertKind.ACCEPTED_OFFLINE)
    wanted += refusal(Reason.REPLAYED, other, AlertKind.LEFT_IN_DOUBT)
    check_warned(other, "both are told that somebody left in doubt", bjorn, begin, wanted)
    other.rest()
