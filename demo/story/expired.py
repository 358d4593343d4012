"""Scenario 5: the card expired yesterday, and nobody has talked with her since 2023."""

from datetime import date

from demo.story.stage import LOW_DOUBLE, Stage
from presence.verdict import Tell

LAST_DAY, LEADER = "Det gjaldt til og med 23. november 2026.", "Ring Ragnhild Foss, +47 00 00 00 10"
ASKED_FROM = "since 2026-08-26"


def an_expired_card_is_renewed_after_a_conversation(stage: Stage) -> None:
    """Staff let her in; the chapter renews her card after a conversation that is fresh enough."""
    stage.it_is(16, 10)
    _check_door(stage)
    _check_let_in(stage)
    _check_renewal(stage)
    _check_next_visit(stage)


def _check_door(stage: Stage) -> None:
    book, kirsti = stage.book, stage.desk.cast["expired"]
    tap = stage.tap(kirsti)
    is_all = tap.title == "Kortet er utløpt" and tap.lines == [LAST_DAY, LEADER]
    book.check("screen", f"“{tap.said}”, and no word more", is_all, tap)
    is_low = tap.lamp == "red" and tap.sounds == LOW_DOUBLE
    book.check("lamp and sound", "red; a low double tone", is_low, tap)
    told = stage.ledger.wait_for(lambda: stage.ledger.told(kirsti.volunteer), bool)
    book.check("leader", "is told, and nobody else", told == [(Tell.LEADER, None)], told)
    guest = stage.guest("Kirsti T.", lambda guest: guest.section == "possible")
    is_possible = guest.section == "possible"
    book.check("staff board", f"possibly in the house: {guest.words}", is_possible, guest)


def _check_let_in(stage: Stage) -> None:
    stage.it_is(16, 12)
    stage.staff.answer(stage.home, "Kirsti T.", answer="let_in", reason="leader_agreed")
    guest = stage.guest("Kirsti T.", lambda guest: guest.section == "on-site")
    words = f"staff let her in, for the leader has agreed: {guest.words}"
    stage.book.check("staff board", words, guest.section == "on-site", guest)


def _check_renewal(stage: Stage) -> None:
    book, office, kirsti = stage.book, stage.office, stage.desk.cast["expired"]
    stage.it_is(16, 15)
    refused = office.renew(kirsti)
    is_refused = isinstance(refused, str) and ASKED_FROM in refused
    book.check("chapter", f"cannot renew the card: {refused}", is_refused, refused)
    office.converse(kirsti, date(2026, 8, 25))
    refused = office.renew(kirsti)
    is_refused = isinstance(refused, str) and ASKED_FROM in refused
    book.check("chapter", f"nor after one on 25 August: {refused}", is_refused, refused)
    office.converse(kirsti, date(2026, 8, 26))
    until = office.renew(kirsti)
    is_renewed = until == date(2029, 11, 24)
    book.check("chapter", f"after one on 26 August it is valid until {until}", is_renewed, until)


def _check_next_visit(stage: Stage) -> None:
    book, kirsti = stage.book, stage.desk.cast["expired"]
    stage.it_is(16, 18)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(kirsti).said}”")
    stage.it_is(16, 20)
    stage.idle()
    tap = stage.tap(kirsti)
    is_plain = tap.title == "Velkommen, Kirsti" and tap.lines[1:] == ["Bær kortet synlig."]
    book.check("screen", f"“{tap.said}”: a plain welcome", is_plain, tap)
    stage.it_is(16, 25)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(kirsti).said}”")
    stage.rest()
