"""What the outbox on disk does beyond the contract: survive, stay bounded, set damage aside."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.outbox import SqliteOutbox
from kiosk.store import StoreError
from presence.messages import Settlement
from tests.fakes.facts import (
    NOON,
    OTHER_CARD,
    acknowledged,
    arrived,
    left,
    reading,
    receipt,
    refused,
    seeded,
)

HOUR = timedelta(hours=1)


def open_outbox(folder: Path, max_waiting: int = 20_000) -> SqliteOutbox:
    return SqliteOutbox(folder / "outbox.db", seeded(), max_waiting)


def test_entries_parked_ones_and_the_sequence_survive_a_restart(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    entries = [outbox.record(arrived(), reading()) for _ in range(3)]
    outbox.settle([receipt(entries[0].event), receipt(entries[1].event, Settlement.REJECTED)])
    outbox.close()

    again = SqliteOutbox(tmp_path / "outbox.db", seeded(2))
    assert [event for event, _ in again.waiting(10)] == [entries[2].event]
    assert (again.depth().waiting, again.depth().parked) == (1, 1)
    assert again.record(left(), reading()).stamp.sequence == 4
    again.close()


def test_the_sequence_rises_even_when_every_older_entry_has_been_pruned(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    first = outbox.record(arrived(), reading())
    second = outbox.record(arrived(OTHER_CARD), reading(100 * HOUR))
    outbox.settle([receipt(first.event), receipt(second.event)])
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        assert db.execute("SELECT event FROM entry").fetchall() == [(second.event,)]
        db.execute("DELETE FROM entry")
    db.close()

    again = SqliteOutbox(tmp_path / "outbox.db", seeded(2))
    assert again.record(left(), reading(100 * HOUR)).stamp.sequence == 3
    again.close()


def test_every_commit_is_synchronous_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    outbox = open_outbox(folder)
    outbox.record(arrived(), reading())
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"outbox.db": 0o600, "outbox.db-wal": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    outbox.close()


def test_depth_counts_and_names_the_oldest(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    assert outbox.depth().oldest is None
    outbox.record(arrived(), reading())
    outbox.record(left(), reading(HOUR))
    assert (outbox.depth().waiting, outbox.depth().oldest) == (2, NOON)
    outbox.close()


def test_a_full_outbox_gives_up_refused_attempts_and_never_presence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = open_outbox(tmp_path, max_waiting=3)
    outbox.record(refused(), reading())
    kept = [outbox.record(what, reading()) for what in (arrived(), acknowledged(), left())]
    assert [event for event, _ in outbox.waiting(10)] == [entry.event for entry in kept]
    assert (outbox.given_up, caplog.records) == (1, [])

    kept += [outbox.record(arrived(), reading()) for _ in range(2)]
    assert [event for event, _ in outbox.waiting(10)] == [entry.event for entry in kept]
    assert [record.message for record in caplog.records] == [
        "more than 3 entries wait for the server"
    ]
    outbox.close()


@pytest.mark.parametrize("damage", ["not a database", "torn page"])
def test_a_damaged_file_is_set_aside_and_the_kiosk_goes_on(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = open_outbox(tmp_path)
    for _ in range(200):
        outbox.record(arrived(), reading())
    outbox.close()
    path = tmp_path / "outbox.db"
    whole = path.read_bytes()
    harm = b"nonsense" * 512
    path.write_bytes(harm if damage == "not a database" else whole[:4096] + harm + whole[8192:])
    broken = path.read_bytes()

    again = open_outbox(tmp_path)
    assert again.was_damaged
    assert again.waiting(10) == []
    assert (tmp_path / "outbox.db.damaged-1").read_bytes() == broken
    assert "set aside as outbox.db.damaged-1" in caplog.text
    entry = again.record(arrived(), reading())
    assert entry.stamp.sequence > 200, "numbers of before the damage must not come again"
    again.close()

    path.write_bytes(harm)
    open_outbox(tmp_path).close()
    assert (tmp_path / "outbox.db.damaged-2").read_bytes() == harm
    assert (tmp_path / "outbox.db.damaged-1").read_bytes() == broken


def test_a_second_process_on_the_same_outbox_is_turned_away(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    entry = outbox.record(arrived(), reading())
    with pytest.raises(StoreError, match=r"outbox\.db cannot be opened: database is locked"):
        open_outbox(tmp_path)
    assert [event for event, _ in outbox.waiting(10)] == [entry.event]
    outbox.close()


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    open_outbox(tmp_path).close()
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(StoreError, match="has version 9, this program reads version 1"):
        open_outbox(tmp_path)
    assert not list(tmp_path.glob("*.damaged*"))


def test_a_disk_that_takes_nothing_more_is_an_error_and_not_a_promise(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.record(arrived(), reading())
    pages = 10 + outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")
    kept = [outbox.record(arrived(), reading()) for _ in range(10)]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        fill(outbox)
    waiting = [event for event, _ in outbox.waiting(1_000)]
    assert waiting[1:11] == [entry.event for entry in kept]
    assert outbox.depth().waiting == len(waiting)
    outbox.close()


def fill(outbox: SqliteOutbox) -> None:
    for _ in range(1_000):
        outbox.record(arrived(), reading())
