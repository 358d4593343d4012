"""Any bytes on a card and any damage on the wire: one outcome each, and the next card works."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import Evidence, SignedCode, SunMessage, Unreadable
from tests.hardware_mocks.card_model import Card
from tests.hardware_mocks.card_type4 import message_on, replay
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import Witness
from tests.odd_cards import CODE, SOUND, SOUND_TYPE_4, is_sound, other_cards, type2_cards

NAME = "hall"
SOUND_CARDS: dict[str, Card] = {"type 2": SOUND, "type 4": replay(message_on(SOUND_TYPE_4))}
KINDS: dict[str, st.SearchStrategy[Card]] = {"in pages": type2_cards(), "others": other_cards()}
PACE = Pace(idle=0.001, near=0.001, looks_until_gone=2, reopen=(0.01,))

Desk = tuple[EmulatedPn532, Witness]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with EmulatedPn532() as pn532:
        witness = Witness()
        reader = Pn532Reader(NAME, pn532.path, PACE)
        reader.start(witness.tell)
        assert witness.await_ready() == ReaderReady(NAME)
        yield pn532, witness
        reader.stop()


def tap(desk: Desk, card: Card) -> list[ReaderEvent]:
    """Everything that is told from holding the card up to its being gone."""
    pn532, witness = desk
    pn532.hold(card)
    events = witness.until(Presented)
    pn532.lift()
    return events + witness.until(Removed)


def of_cards(events: list[ReaderEvent]) -> list[ReaderEvent]:
    """Without what is told of the reader itself: on a busy machine the emulated chip, a thread of
    this very process, may answer later than the driver waits."""
    return [event for event in events if isinstance(event, Presented | Removed)]


def outcome_of(events: list[ReaderEvent]) -> Evidence | Unreadable:
    [outcome] = [event.evidence for event in events if isinstance(event, Presented)]
    return outcome


def of_reader(events: list[ReaderEvent]) -> list[type[ReaderEvent]]:
    return [type(event) for event in events if isinstance(event, ReaderLost | ReaderReady)]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_whatever_is_on_a_card_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, kind: str, data: st.DataObject
) -> None:
    """Ten cards of each kind an example: 2,000 in `make test`, 100,000 in `make test-deep`."""
    for card in data.draw(st.lists(KINDS[kind], min_size=10, max_size=10)):
        events = of_cards(tap(desk, card))
        assert [type(event) for event in events] == [Presented, Removed], events
        assert is_sound(outcome_of(events))
    assert of_cards(tap(desk, SOUND)) == [Presented(NAME, SignedCode(CODE)), Removed(NAME)]


def change(at: int, by: int) -> Callable[[bytes], bytes]:
    return lambda sent: (
        sent[: at % len(sent)] + bytes([sent[at % len(sent)] ^ by]) + sent[at % len(sent) + 1 :]
    )


def garbles() -> st.SearchStrategy[Callable[[bytes], bytes]]:
    """Ways to damage one frame that a checksum must notice."""
    return st.one_of(
        st.builds(change, st.integers(0, 300), st.integers(1, 255)),
        st.integers(0, 300).map(lambda end: lambda sent: sent[: end % len(sent)]),
        st.binary(min_size=1, max_size=20).map(
            lambda noise: lambda sent: noise.replace(b"\x00", b"\x01") + sent
        ),
    )


@settings(max_examples=15)
@pytest.mark.parametrize("kind", SOUND_CARDS)
@given(garble=garbles(), skip=st.integers(0, 60))
def test_whatever_damages_a_frame_the_card_is_presented_once_and_the_next_card_works(
    desk: Desk, kind: str, garble: Callable[[bytes], bytes], skip: int
) -> None:
    (pn532, witness), card = desk, SOUND_CARDS[kind]
    sound = of_cards(tap(desk, card))
    assert isinstance(outcome_of(sound), SignedCode | SunMessage)
    pn532.fault(Trouble.GARBLE, skip=skip, garble=garble)
    events = tap(desk, card)
    assert of_cards(events) == sound
    pn532.forgive()
    pn532.await_looks(2)
    outages = of_reader(events + witness.rest())
    assert outages == [ReaderLost, ReaderReady] * (len(outages) // 2)
    assert of_cards(tap(desk, card)) == sound
