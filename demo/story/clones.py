"""A cloned card: what is believed of a copy is what its kind of card can prove."""

from datetime import date, timedelta

from demo.sample.homes import NORDSTRAND
from demo.story.copying import (
    check_neutral,
    check_warned,
    chip_of,
    come_in,
    number_of,
    refusal,
)
from demo.story.stage import DAY, Stage, Tap
from presence.card import Assurance
from presence.reason import Reason
from tests.hardware_mocks.card_model import Card, UidOnlyCard, card_with_text

SATURDAY, AFTERWARDS = DAY + timedelta(days=4), date(2027, 1, 2)
UNREAD, NOT_THIS = "Kortet kan ikke leses", "Dette kan ikke brukes her"
SECRETS = ("bjørn", "kopi", "kode", "sperret")


def a_copy_is_worth_what_was_copied(stage: Stage) -> None:
    """Of an old chip its number, of a card its code; a chip that calculates has nothing to copy."""
    book, oda, bjorn = stage.book, stage.desk.cast["dog"], stage.desk.cast["bjorn"]
    stage.it_is(13, 0, day=SATURDAY)
    stage.idle()
    _visit(stage, oda.nfc_card(), "Oda's old chip, known by its number alone", "Oda")
    stage.it_is(14, 0)
    copy = UidOnlyCard(number_of(oda))
    _visit(stage, copy, "a copy of that number, the known limit of such chips", "Oda")
    stage.it_is(15, 0)
    tap = stage.hold(UidOnlyCard(chip_of(bjorn).uid, sel_res=b"\x00"))
    is_unread = tap.title == UNREAD
    book.check("screen", f"the number of Bjørn's chip, copied: “{tap.said}”", is_unread, tap)
    stage.rest()
    _copied_code(stage)


def _copied_code(stage: Stage) -> None:
    bjorn, other = stage.desk.cast["bjorn"], stage.at(NORDSTRAND)
    copy = card_with_text(bjorn.code)
    stage.it_is(15, 30)
    _visit(stage, copy, "his code on a cheap tag, the known limit of codes", "Bjørn")
    begin = stage.it_is(16, 30)
    stage.office.demand(other.home, Assurance.A2)
    stage.book.tell("institution", "Nordstrand asks for cards that cannot be copied")
    other.idle()
    check_neutral(stage, "the same at Nordstrand", other.hold(copy), SECRETS)
    wanted = refusal(Reason.TOO_WEAK, other)
    check_warned(stage, "the chapter is told, once", bjorn, begin, wanted)
    stage.it_is(17, 0)
    _visit(other, bjorn.nfc_card(), "Bjørn's own chip there", "Bjørn")
    stage.office.demand(other.home, Assurance.A0)


def an_old_chip_has_its_last_day(stage: Stage) -> None:
    """The society accepts them until 31 December 2026."""
    book, oda = stage.book, stage.desk.cast["dog"]
    stage.it_is(10, 0, day=AFTERWARDS)
    stage.idle()
    for card, whose in ((oda.nfc_card(), "Oda's old chip"), (_copy(number_of(oda)), "its copy")):
        tap = stage.hold(card)
        book.check("screen", f"{whose}: “{tap.said}”", tap.title == NOT_THIS, tap)
        stage.rest()
    tap = stage.show(oda.code)
    book.check("screen", f"her card's code: “{tap.said}”", tap.title == "Velkommen, Oda", tap)
    come_in(stage, tap)
    stage.it_is(10, 30)
    stage.idle()
    book.tell("volunteer", f"“{stage.show(oda.code).said}”")
    stage.rest()


def _copy(number: bytes) -> Card:
    return UidOnlyCard(number)


def _visit(stage: Stage, card: Card, what: str, name: str) -> None:
    """In, and out 20 minutes later."""
    arrival: Tap = stage.hold(card)
    is_in = arrival.title == f"Velkommen, {name}"
    stage.book.check("screen", f"{what}: “{arrival.said}”", is_in, arrival)
    come_in(stage, arrival)
    stage.later(minutes=20)
    stage.idle()
    leaving = stage.hold(card)
    is_out = leaving.title == f"Takk for besøket, {name}"
    stage.book.check("screen", f"“{leaving.title}”", is_out, leaving)
    stage.rest()
