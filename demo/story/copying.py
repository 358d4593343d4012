"""What stories about chips have in common: what can be copied off a card, and what a refusal is."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from demo.desk import Person
from demo.story.ledger import Warned
from demo.story.reading import put_off_briefing
from demo.story.stage import LOW_DOUBLE, Stage, Tap
from presence.reason import Reason
from presence.verdict import TOLD_OF_REFUSAL, Tell
from server.notices.models import AlertKind
from server.visits.models import EventKind
from tests.hardware_mocks.card_model import UidOnlyCard
from tests.hardware_mocks.card_ntag424 import Ntag424Card
from tests.hardware_mocks.card_type4 import LENGTH, Type4Card, replay

NEUTRAL = "Snakk med personalet"
FOLLOWS = "Nå kommer sikkerhetsorienteringen."


def chip_of(person: Person) -> Ntag424Card:
    """Raises TypeError where somebody's card has another one."""
    if not isinstance(person.chip, Ntag424Card):
        raise TypeError("this card has no chip that calculates")
    return person.chip


def number_of(person: Person) -> bytes:
    """The serial number of the chip in somebody's card, which any telephone shows. Raises
    TypeError where the card has none of its own."""
    if not isinstance(person.chip, Ntag424Card | UidOnlyCard):
        raise TypeError("this card is a plain tag")
    return person.chip.uid


def recorded(person: Person) -> Type4Card:
    """A cheap tag that says again what somebody's chip has said last."""
    file = chip_of(person).file
    return replay(bytes(file[LENGTH : LENGTH + int.from_bytes(file[:LENGTH])]))


def come_in(stage: Stage, tap: Tap) -> None:
    """Let what was said after an arrival have its time, and put off a briefing that follows."""
    if FOLLOWS in tap.lines:
        put_off_briefing(stage)
    else:
        stage.rest()


def check_neutral(stage: Stage, where: str, tap: Tap, secrets: Iterable[str]) -> None:
    """Refused, and nobody at the door learns who or why."""
    betrayed = [word for word in secrets if word.lower() in tap.said.lower()]
    is_low = (tap.lamp, tap.sounds) == ("red", LOW_DOUBLE)
    is_so = tap.title == NEUTRAL and not betrayed and is_low
    stage.book.check("screen", f"{where}: “{tap.said}”, red, a low double tone", is_so, tap)


def refusal(reason: Reason, stage: Stage, kind: AlertKind = AlertKind.REFUSED) -> Counter[Warned]:
    """All who are told of it, once each."""
    return Counter(
        (kind, reason, tell, stage.home if tell is Tell.INSTITUTION else None)
        for tell in TOLD_OF_REFUSAL[reason]
    )


def check_warned(
    stage: Stage, what: str, person: Person, since: datetime, wanted: Counter[Warned]
) -> None:
    """They and nobody else have been told of somebody's cards since then."""
    told = stage.ledger.wait_for(
        lambda: stage.ledger.warned(person.volunteer, since), lambda told: told == wanted
    )
    stage.book.check("alerts", what, told == wanted, told)


def await_refusals(stage: Stage, person: Person, since: datetime, count: int) -> None:
    """Wait until the server has heard of so many since then, wherever they were."""

    def refusals() -> int:
        events = stage.ledger.events(person.volunteer)
        return sum(one.kind is EventKind.ATTEMPT_REFUSED and one.at >= since for one in events)

    stage.ledger.wait_for(refusals, lambda found: found >= count)
