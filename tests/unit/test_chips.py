"""Which card a legacy chip is: learnt, found again, forgotten, and never readable in the file."""

import os
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.app import forgetting
from kiosk.chips import FORGET_UNSEEN, ChipMemory
from kiosk.roster import SqliteRoster
from kiosk.store import StoreError
from presence.card import CardRef, ChipUid
from presence.messages import Roster
from tests.builders import KIOSK, NOW, house, roster_row
from tests.fakes.facts import seeded
from tests.fakes.world import SetClock

CHIP, OTHER = ChipUid("04A1B2C3D4E5F6"), ChipUid("DEADBEEF")
KARI, OLA = CardRef(3, 123456), CardRef(3, 77)
DAY = timedelta(days=1)


@pytest.fixture
def chips(tmp_path: Path) -> Iterator[ChipMemory]:
    opened = ChipMemory(tmp_path / "chips.db", seeded())
    yield opened
    opened.close()


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir())


def test_what_was_learnt_outlives_the_program(tmp_path: Path) -> None:
    first = ChipMemory(tmp_path / "chips.db", os.urandom)
    first.learn(CHIP, KARI, NOW)
    first.close()
    second = ChipMemory(tmp_path / "chips.db", os.urandom)
    assert second.card_of(CHIP, NOW) == KARI
    second.close()


def test_two_kiosks_keep_the_same_chip_under_hashes_that_cannot_be_compared(
    tmp_path: Path,
) -> None:
    hashes = set()
    for name in ("one", "two"):
        chips = ChipMemory(tmp_path / name / "chips.db", os.urandom)
        chips.learn(CHIP, KARI, NOW)
        chips.close()
        with sqlite3.connect(tmp_path / name / "chips.db") as db:
            hashes.add(db.execute("SELECT hash FROM chip").fetchone()[0])
        db.close()
    assert len(hashes) == 2
    assert {len(one) for one in hashes} == {16}


def test_no_chips_number_is_in_the_file_or_beside_it(tmp_path: Path, chips: ChipMemory) -> None:
    chips.learn(CHIP, KARI, NOW)
    chips.card_of(CHIP, NOW + DAY)
    written = everything_in(tmp_path)
    assert len(written) > 4096
    assert CHIP.uid.encode() not in written.upper()
    assert bytes.fromhex(CHIP.uid) not in written


def test_a_chip_is_kept_for_ninety_days_after_it_was_last_held_up(chips: ChipMemory) -> None:
    chips.learn(CHIP, KARI, NOW)
    chips.learn(OTHER, OLA, NOW)
    assert chips.card_of(CHIP, NOW + 10 * DAY) == KARI
    assert chips.forget_unseen(NOW + FORGET_UNSEEN) == 0
    assert chips.forget_unseen(NOW + FORGET_UNSEEN + DAY) == 1
    later = NOW + FORGET_UNSEEN + DAY
    assert (chips.card_of(CHIP, later), chips.card_of(OTHER, later)) == (KARI, None)


def test_what_is_wiped_is_gone_from_the_file_too(tmp_path: Path, chips: ChipMemory) -> None:
    chips.learn(CHIP, KARI, NOW)
    before = everything_in(tmp_path)
    (digest,) = chips._db.execute("SELECT hash FROM chip").fetchone()
    assert digest in before
    assert chips.forget_all() == 1
    assert digest not in everything_in(tmp_path)
    assert chips.forget_all() == 0


def test_a_damaged_file_is_set_aside_and_the_chips_are_learnt_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "chips.db"
    path.write_bytes(b"no database at all, and long enough to be looked at" * 100)
    chips = ChipMemory(path, seeded())
    assert chips.card_of(CHIP, NOW) is None
    chips.learn(CHIP, KARI, NOW)
    assert chips.card_of(CHIP, NOW) == KARI
    chips.close()
    assert (tmp_path / "chips.db.damaged-1").exists()
    assert "set aside" in caplog.text


def test_a_file_of_a_later_program_is_refused_in_plain_words(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "chips.db") as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(StoreError, match="version 7"):
        ChipMemory(tmp_path / "chips.db", seeded())


# --- when nobody has spoken to the kiosk for long -------------------------------------------


def test_chips_are_wiped_with_the_names_and_not_before(tmp_path: Path, chips: ChipMemory) -> None:
    roster, clock = SqliteRoster(tmp_path / "roster.db"), SetClock()
    message = Roster(kiosk=KIOSK, whole=True, house=house(), rows=(roster_row(),))
    roster.apply(message, NOW)
    chips.learn(CHIP, KARI, NOW)
    chore = forgetting(roster, chips, clock)
    clock.forward(14 * DAY - timedelta(seconds=1))
    chore.work()
    assert chips.card_of(CHIP, NOW) == KARI
    assert roster.row(KARI) is not None
    clock.forward(timedelta(seconds=1))
    chore.work()
    assert chips.card_of(CHIP, NOW) is None
    assert roster.row(KARI) is None
    roster.close()


def test_a_kiosk_whose_roster_was_lost_keeps_the_chips_it_knows(
    tmp_path: Path, chips: ChipMemory
) -> None:
    roster, clock = SqliteRoster(tmp_path / "roster.db"), SetClock()
    chips.learn(CHIP, KARI, NOW)
    forgetting(roster, chips, clock).work()
    assert chips.card_of(CHIP, NOW) == KARI
    roster.close()
