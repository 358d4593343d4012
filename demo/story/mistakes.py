"""Something else is held to the reader by mistake: plain words, and nothing is kept but a count."""

from datetime import timedelta

from demo.story.stage import DAY, Stage
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import Card

SUNDAY = DAY + timedelta(days=5)
UNREAD, NOT_THIS = "Kortet kan ikke leses", "Dette kan ikke brukes her"


def other_things_are_held_up(stage: Stage) -> None:
    """A telephone, a bank card, a travel card."""
    book, kiosk = stage.book, stage.door.kiosk
    begin = stage.it_is(13, 30, day=SUNDAY)
    stage.idle()
    stage.await_heartbeat()
    before = stage.ledger.unreadable(kiosk)
    things: list[tuple[str, Card, str]] = [
        ("a telephone that pays", PhoneWallet(), NOT_THIS),
        ("a bank card", BankCard(), NOT_THIS),
        # It has a number for good, and old chips are known by theirs: so the server is asked.
        ("a travel card", DesfireCard(), UNREAD),
    ]
    for what, card, title in things:
        tap = stage.hold(card)
        book.check("screen", f"{what}: “{tap.said}”", tap.title == title, tap)
        stage.rest()
    stage.later(seconds=61)
    stage.await_heartbeat()
    count = stage.ledger.unreadable(kiosk) - before
    book.check("server", "knows that there were three such things", count == len(things), count)
    told = stage.ledger.kinds(begin)
    book.check("server", "and nothing else of them", not told, told)
