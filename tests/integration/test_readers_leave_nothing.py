"""Months of cards in minutes: nothing is left behind by any of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.pcsc import PcscReader
from tests.bench.readers import HASTE, Held, left_behind
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532

NAME = "hall"
MEGABYTES = 1.0


@contextmanager
def after(family: str, presentations: int) -> Iterator[Held]:
    if family == "pn532":
        with EmulatedPn532() as pn532:
            path = pn532.path
            yield left_behind(pn532, lambda: Pn532Reader(NAME, path, HASTE), presentations)
    else:
        with Pcscd() as pcscd:
            yield left_behind(pcscd.readers[0], lambda: PcscReader(NAME, "", HASTE), presentations)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("family", ["pn532", "pcsc"])
def test_a_hundred_thousand_cards_leave_nothing_behind(family: str) -> None:
    with after(family, 100_000) as left:
        assert (left.descriptors, left.threads) == (0, 0)
        assert left.megabytes < MEGABYTES


@pytest.mark.parametrize("family", ["pn532", "pcsc"])
def test_a_few_hundred_cards_leave_nothing_behind(family: str) -> None:
    with after(family, 300) as left:
        assert (left.descriptors, left.threads) == (0, 0)
