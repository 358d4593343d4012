"""Scenario 9: a dog that is approved for some places, and one whose approval is over.

The kiosk does not ask yet what somebody came for. What it would offer is the server's to say, and
is asked for there.
"""

from datetime import timedelta

from demo.story.copying import come_in
from demo.story.stage import DAY, Stage
from presence.activity import Activity, DogPlace

SUNDAY = DAY + timedelta(days=5)
PLACES = (DogPlace.WALK, DogPlace.COMMON_ROOM)
LINE = "Hundens godkjenning gjaldt til 28. november 2026. Sjekk inn uten hund."


def a_dog_goes_where_it_is_approved(stage: Stage) -> None:
    """Oda's dog: for walk and common room. Since Saturday for nothing any more."""
    book, oda = stage.book, stage.desk.cast["dog"]
    stage.it_is(12, 0, day=SUNDAY)
    stage.idle()
    offered = stage.office.offered(oda, stage.home)
    is_so = offered.with_dog == PLACES and Activity.DOG_VISIT in offered.offered
    places = ", ".join(offered.with_dog)
    book.check("server", f"would offer the dog: {places}; no single room", is_so, offered)
    tap = stage.tap(oda)
    is_plain = tap.title == "Velkommen, Oda" and "Hund" not in tap.said
    book.check("screen", f"“{tap.said}”", is_plain, tap)
    come_in(stage, tap)
    stage.it_is(12, 20)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(oda).said}”")
    stage.rest()
    _check_lapsed(stage)


def _check_lapsed(stage: Stage) -> None:
    """She is welcome all the same."""
    book, oda = stage.book, stage.desk.cast["dog"]
    stage.office.approve_dog(oda, PLACES, SUNDAY - timedelta(days=1))
    book.tell("chapter", "has approved the dog until Saturday 28 November only")
    stage.it_is(12, 40)
    offered = stage.office.offered(oda, stage.home)
    is_gone = not offered.with_dog and Activity.DOG_VISIT not in offered.offered
    book.check("server", "would offer no place for a dog, and no visit with one", is_gone, offered)
    tap = stage.tap(oda)
    is_told = tap.title == "Velkommen, Oda" and LINE in tap.lines
    book.check("screen", f"“{tap.said}”", is_told, tap)
    come_in(stage, tap)
    stage.it_is(12, 59)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(oda).said}”")
    stage.rest()
