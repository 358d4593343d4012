"""Any bytes on a card and any damage on the wire: one outcome each, and the next card works."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.polling import Pace
from presence.card import SignedCode
from tests.hardware_mocks.card_model import Card, Type2Card, card_with_text, ndef_tlv
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import Witness

NAME = "hall"
GOOD = card_with_text("TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 2)
GOOD_EVIDENCE = SignedCode("TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 2)
PACE = Pace(idle=0.001, near=0.001, looks_until_gone=2, reopen=(0.01,))

Desk = tuple[EmulatedPn532, Witness]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with EmulatedPn532() as pn532:
        witness = Witness()
        reader = Pn532Reader(NAME, pn532.path, PACE)
        reader.start(witness.tell)
        assert witness.next(1) == [ReaderReady(NAME)]
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


def of_reader(events: list[ReaderEvent]) -> list[type[ReaderEvent]]:
    return [type(event) for event in events if isinstance(event, ReaderLost | ReaderReady)]


def blocks() -> st.SearchStrategy[bytes]:
    """User memory: nearly sound, or noise."""
    message = st.binary(max_size=80)
    damaged = st.tuples(
        st.just(GOOD.content), st.integers(0, len(GOOD.content) - 1), st.integers(0, 255)
    ).map(lambda drawn: drawn[0][: drawn[1]] + bytes([drawn[2]]) + drawn[0][drawn[1] + 1 :])
    return st.one_of(message, message.map(ndef_tlv), damaged, st.binary(max_size=504))


def containers() -> st.SearchStrategy[bytes | None]:
    sizes = st.integers(0, 255).map(lambda size: bytes([0xE1, 0x10, size, 0x00]))
    return st.one_of(st.none(), sizes, st.binary(min_size=4, max_size=4))


@given(content=blocks(), capability=containers())
def test_whatever_is_on_a_card_it_has_one_outcome_and_the_next_card_works(
    desk: Desk, content: bytes, capability: bytes | None
) -> None:
    events = of_cards(tap(desk, Type2Card(content, capability=capability)))
    assert [type(event) for event in events] == [Presented, Removed], events
    assert of_cards(tap(desk, GOOD)) == [Presented(NAME, GOOD_EVIDENCE), Removed(NAME)]


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


@settings(max_examples=25)
@given(garble=garbles(), skip=st.integers(0, 60))
def test_whatever_damages_a_frame_the_card_is_presented_once_and_the_next_card_works(
    desk: Desk, garble: Callable[[bytes], bytes], skip: int
) -> None:
    pn532, witness = desk
    pn532.fault(Trouble.GARBLE, skip=skip, garble=garble)
    events = tap(desk, GOOD)
    assert of_cards(events) == [Presented(NAME, GOOD_EVIDENCE), Removed(NAME)]
    pn532.forgive()
    pn532.await_looks(2)
    outages = of_reader(events + witness.rest())
    assert outages == [ReaderLost, ReaderReady] * (len(outages) // 2)
    assert of_cards(tap(desk, GOOD)) == [Presented(NAME, GOOD_EVIDENCE), Removed(NAME)]
