"""What the loop may rely on, whatever remembers its chips (port `Chips`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.chips import ChipMemory
from presence.card import CardRef, ChipUid
from tests.builders import NOW
from tests.fakes.facts import seeded
from tests.fakes.world import MemoryChips

AnyChips = MemoryChips | ChipMemory
CHIP, OTHER = ChipUid("04A1B2C3D4E5F6"), ChipUid("DEADBEEF")
KARI, OLA = CardRef(3, 123456), CardRef(3, 77)


@pytest.fixture(params=["memory", "sqlite"])
def chips(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyChips]:
    if request.param == "memory":
        yield MemoryChips()
        return
    opened = ChipMemory(tmp_path / "chips.db", seeded())
    yield opened
    opened.close()


def test_a_chip_is_known_once_an_answer_has_told_which_card_it_is(chips: AnyChips) -> None:
    assert chips.card_of(CHIP, NOW) is None
    chips.learn(CHIP, KARI, NOW)
    assert chips.card_of(CHIP, NOW) == KARI
    assert chips.card_of(OTHER, NOW) is None


def test_readers_that_spell_a_number_differently_mean_the_same_chip(chips: AnyChips) -> None:
    chips.learn(CHIP, KARI, NOW)
    assert chips.card_of(ChipUid(CHIP.uid.lower()), NOW) == KARI
    chips.learn(ChipUid(CHIP.uid.lower()), None, NOW)
    assert chips.card_of(CHIP, NOW) is None


def test_a_chip_that_was_given_to_another_card_is_that_card_from_then_on(chips: AnyChips) -> None:
    chips.learn(CHIP, KARI, NOW)
    chips.learn(CHIP, OLA, NOW)
    assert chips.card_of(CHIP, NOW) == OLA


def test_a_chip_that_is_a_card_no_more_is_forgotten_alone(chips: AnyChips) -> None:
    chips.learn(CHIP, KARI, NOW)
    chips.learn(OTHER, OLA, NOW)
    chips.learn(CHIP, None, NOW)
    chips.learn(CHIP, None, NOW)
    assert (chips.card_of(CHIP, NOW), chips.card_of(OTHER, NOW)) == (None, OLA)
