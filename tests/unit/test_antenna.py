"""Which card counts when there are several: look by look, with what was told of each."""

import pytest

from kiosk.events import Presented, ReaderEvent, Removed
from kiosk.readers.antenna import Antenna
from kiosk.readers.polling import CardSlippedError
from kiosk.readers.presentation import TRIES, Presentation
from presence.card import ChipUid, Evidence, SignedCode, SunMessage, Unreadable

NAME = "hall"
LOOKS_UNTIL_GONE = 3
BANK, BADGE, OTHER_BADGE, ANNA, BERIT = b"bank", b"badge", b"other badge", b"anna", b"berit"
SAYS: dict[bytes, Evidence | Unreadable] = {
    BANK: Unreadable.UNSUPPORTED,
    BADGE: ChipUid("04"),
    OTHER_BADGE: ChipUid("05"),
    ANNA: SignedCode("TS1:ANNA"),
    BERIT: SunMessage("00", "00"),
}
REMOVED = Removed(NAME)


def presented(card: bytes) -> Presented:
    return Presented(NAME, SAYS[card])


class Desk:
    """`Field`: cards lie on it. `slipping` ones do not answer when they are read."""

    def __init__(self) -> None:
        self.on_it: tuple[bytes, ...] = ()
        self.slipping: set[bytes] = set()
        self.tries: list[bytes] = []
        self.reads: list[bytes] = []
        self._antenna = Antenna(LOOKS_UNTIL_GONE)
        self._presentation = Presentation(NAME, LOOKS_UNTIL_GONE)

    def cards(self) -> tuple[bytes, ...]:
        return self.on_it

    def read(self, card: bytes) -> Evidence | Unreadable:
        self.tries.append(card)
        if card not in self.on_it or card in self.slipping:
            raise CardSlippedError
        self.reads.append(card)
        return SAYS[card]

    def look(self, *cards: bytes, times: int = 1) -> list[ReaderEvent]:
        """What is told while these cards lie there."""
        self.on_it = cards
        return [event for _ in range(times) for event in self._look()]

    def _look(self) -> list[ReaderEvent]:
        seen = self.on_it if self._antenna.is_watching else self.on_it[:1]
        sighting, here = self._antenna.choose(seen, self), self._presentation
        if sighting is None:
            return here.nothing()
        if not here.wants(sighting.card):
            return []
        try:
            return here.was_read(sighting.card, sighting.read())
        except CardSlippedError:
            return here.slipped(sighting.card)


@pytest.mark.parametrize("cards", [(BANK, ANNA), (ANNA, BANK), (BADGE, ANNA), (BANK, BADGE, ANNA)])
def test_a_card_of_ours_is_told_whatever_is_in_the_same_wallet(cards: tuple[bytes, ...]) -> None:
    desk = Desk()
    assert desk.look(*cards, times=20) == [presented(ANNA)]
    assert desk.look(times=LOOKS_UNTIL_GONE) == [REMOVED]
    assert desk.look(*cards) == [presented(ANNA)]


@pytest.mark.parametrize(("cards", "told"), [((BANK, BADGE), BADGE), ((BADGE, OTHER_BADGE), BADGE)])
def test_without_one_of_ours_the_best_is_told_and_of_equals_the_first(
    cards: tuple[bytes, ...], told: bytes
) -> None:
    assert Desk().look(*cards, times=20) == [presented(told)]


def test_each_card_is_read_once_however_long_they_rest() -> None:
    desk = Desk()
    desk.look(BANK, BERIT, times=20)
    assert desk.reads == [BANK, BERIT]


def test_what_comes_closer_after_the_card_of_ours_is_told_to_nobody() -> None:
    desk = Desk()
    assert desk.look(ANNA, times=2) == [presented(ANNA)]
    assert desk.look(ANNA, BANK, times=5) == []
    assert desk.look(BANK, ANNA, BADGE, times=5) == []
    assert desk.reads == [ANNA, BANK, BADGE]


def test_a_card_of_ours_that_comes_closer_after_a_bank_card_is_told() -> None:
    desk = Desk()
    assert desk.look(BANK) == [presented(BANK)]
    assert desk.look(BANK, ANNA, times=5) == [REMOVED, presented(ANNA)]


def test_the_next_person_is_told_while_a_forgotten_card_rests() -> None:
    desk = Desk()
    assert desk.look(ANNA, times=3) == [presented(ANNA)]
    assert desk.look(ANNA, BERIT, times=3) == [REMOVED, presented(BERIT)]
    assert desk.look(ANNA, times=10) == [REMOVED], "the forgotten one was told before"
    assert desk.look(ANNA, BERIT, times=3) == [presented(BERIT)]


def test_another_bank_card_beside_the_first_is_nothing_new() -> None:
    desk = Desk()
    SAYS[b"second bank"] = Unreadable.UNSUPPORTED
    assert desk.look(BANK) == [presented(BANK)]
    assert desk.look(BANK, b"second bank", times=5) == []


def test_a_bank_card_that_stays_when_ours_is_taken_is_not_told() -> None:
    desk = Desk()
    assert desk.look(BANK, ANNA) == [presented(ANNA)]
    assert desk.look(BANK, times=10) == [REMOVED]
    assert desk.look(times=LOOKS_UNTIL_GONE) == []
    assert desk.look(BANK) == [presented(BANK)]


def test_a_worse_card_in_the_place_of_a_better_one_is_told_when_that_has_gone() -> None:
    desk = Desk()
    assert desk.look(ANNA) == [presented(ANNA)]
    assert desk.look(BANK, times=LOOKS_UNTIL_GONE - 1) == []
    assert desk.look(BANK) == [REMOVED, presented(BANK)]


def test_cards_of_ours_swapped_without_a_gap_are_two_presentations() -> None:
    desk = Desk()
    assert desk.look(ANNA) == [presented(ANNA)]
    assert desk.look(BERIT) == [REMOVED, presented(BERIT)]
    assert desk.look(times=LOOKS_UNTIL_GONE) == [REMOVED]
    assert desk.look(ANNA) == [presented(ANNA)]


def test_contact_that_flickers_is_one_presentation() -> None:
    desk = Desk()
    told = [
        event
        for seen in ((ANNA, BANK), (BANK,), (ANNA,), (), (BANK, ANNA), (BANK,), (ANNA, BANK))
        for event in desk.look(*seen)
    ]
    assert told == [presented(ANNA)]


def test_a_card_that_slips_does_not_keep_the_one_beside_it_from_being_read() -> None:
    desk = Desk()
    desk.slipping = {BANK}
    assert desk.look(BANK, ANNA, times=2 * TRIES) == [presented(ANNA)]
    desk.slipping = set()
    assert desk.look(BANK, ANNA) == []


def test_a_card_told_under_another_s_name_does_not_hide_that_one() -> None:
    desk = Desk()
    desk.slipping = {ANNA}
    assert desk.look(ANNA, BERIT) == [presented(BERIT)]
    desk.slipping = set()
    assert desk.look(ANNA, BERIT, times=3) == [REMOVED, presented(ANNA)]


def test_a_card_that_always_slips_is_told_once_as_garbled() -> None:
    desk = Desk()
    desk.slipping = {ANNA}
    assert desk.look(ANNA, times=3 * TRIES) == [Presented(NAME, Unreadable.GARBLED)]


def test_a_card_that_always_slips_beside_another_is_left_alone_in_the_end() -> None:
    desk = Desk()
    assert desk.look(ANNA) == [presented(ANNA)]
    desk.slipping = {BANK}
    assert desk.look(ANNA, BANK, times=3 * TRIES) == []
    assert desk.tries.count(BANK) == TRIES


def test_a_card_that_slipped_away_is_told_as_garbled() -> None:
    desk = Desk()
    desk.slipping = {ANNA}
    assert desk.look(ANNA) == []
    gone = desk.look(times=LOOKS_UNTIL_GONE)
    assert gone == [Presented(NAME, Unreadable.GARBLED), REMOVED]
