"""The status lists a kiosk holds: only ever newer, kept over a restart, genuine or not at all."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.statuslists import SqliteStatusLists
from presence.card import CardRef
from presence.messages import HeldList
from presence.statuslist import (
    ENTRIES,
    LIFE,
    Listed,
    SignedList,
    Status,
    sign_list,
    table_of,
)
from presence.trust import Purpose, SigningKey, trust_list
from tests.builders import NOW, signing_key, trusted

KEY = signing_key(Purpose.STATUS_LIST)
TRUST = trust_list([trusted(KEY)])
LOST = CardRef(3, 77)
SECOND = timedelta(seconds=1)


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[SqliteStatusLists]:
    opened = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    yield opened
    opened.close()


def signed(
    seconds: int = 0, *lost: int, number: int = 3, key: SigningKey = KEY, place: int | None = None
) -> SignedList:
    table = table_of(dict.fromkeys(lost, Status.INVALID))
    token = sign_list(number, table, key, NOW + seconds * SECOND)
    return SignedList(number if place is None else place, token)


def status(lists: SqliteStatusLists, card: CardRef = LOST) -> Status | None:
    known = lists.listed(card)
    assert known is not None
    return known.status


def test_a_new_kiosk_holds_no_list(lists: SqliteStatusLists) -> None:
    assert lists.listed(LOST) is None
    assert lists.held() == ()
    assert lists.refused == 0


def test_a_card_is_found_in_the_list_it_names(lists: SqliteStatusLists) -> None:
    lists.take(signed(0, LOST.index))
    lists.take(signed(5, number=4))
    assert lists.listed(LOST) == Listed(Status.INVALID, NOW, NOW + LIFE)
    assert status(lists, CardRef(3, 78)) is Status.VALID
    assert status(lists, CardRef(3, ENTRIES)) is None
    assert status(lists, CardRef(4, LOST.index)) is Status.VALID
    assert lists.listed(CardRef(5, 0)) is None
    assert lists.held() == (HeldList(3, NOW), HeldList(4, NOW + 5 * SECOND))


def test_a_lost_card_does_not_come_back_with_an_older_list(
    lists: SqliteStatusLists, caplog: pytest.LogCaptureFixture
) -> None:
    assert lists.take(signed(1, LOST.index)) == NOW + SECOND
    assert [lists.take(signed(issued)) for issued in (0, -1, 1)] == [None, None, None]
    assert status(lists) is Status.INVALID
    assert lists.refused == 3
    assert [one.message for one in caplog.records] == [
        "ignored a status list: older than the one that is held",
        "ignored a status list: not the one that is held, though issued at the same time",
    ]


def test_the_very_same_list_is_no_news(
    lists: SqliteStatusLists, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        lists.take(signed(1, LOST.index))
    assert lists.refused == 0
    assert caplog.records == []


STRANGER = signing_key(Purpose.STATUS_LIST, number=2)


@pytest.mark.parametrize(
    "offered",
    [
        SignedList(3, b""),
        SignedList(3, b"\xd2" + bytes(99)),
        SignedList(3, signed(9).token[:-1]),
        signed(9, key=STRANGER),
        signed(9, number=4, place=3),
    ],
    ids=["empty", "junk", "truncated", "a stranger's", "another list"],
)
def test_what_is_not_genuine_is_ignored_and_told_once(
    lists: SqliteStatusLists, caplog: pytest.LogCaptureFixture, offered: SignedList
) -> None:
    caplog.set_level(logging.DEBUG)
    lists.take(signed(1, LOST.index))
    for _ in range(3):
        lists.take(offered)
    assert status(lists) is Status.INVALID
    assert lists.refused == 3
    assert len(caplog.records) == 1


def test_many_strangers_do_not_fill_the_log(
    lists: SqliteStatusLists, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2, 100):
        lists.take(signed(key=signing_key(Purpose.STATUS_LIST, number)))
    assert lists.refused == 98
    assert len(caplog.records) == 1


def test_lists_survive_a_restart_and_so_does_the_ratchet(tmp_path: Path) -> None:
    first = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    first.take(signed(0))
    first.take(signed(1, LOST.index))
    first.close()
    again = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    again.take(signed(0))
    assert status(again) is Status.INVALID
    assert again.held() == (HeldList(3, NOW + SECOND),)
    assert again.refused == 1
    again.close()


def test_a_list_whose_key_is_no_longer_trusted_is_not_believed_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    first.take(signed(0))
    first.close()
    again = SqliteStatusLists(tmp_path / "statuslists.db", trust_list([trusted(STRANGER)]))
    assert again.listed(LOST) is None
    again.take(signed(0, key=STRANGER))
    assert status(again) is Status.VALID
    assert [one.message for one in caplog.records] == [
        "ignored a status list: no key 01 for status_list"
    ]
    again.close()


def test_a_list_that_was_changed_on_the_card_is_not_believed(tmp_path: Path) -> None:
    first = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    first.take(signed(0, LOST.index))
    first.close()
    with sqlite3.connect(tmp_path / "statuslists.db") as file:
        file.execute("UPDATE list SET number = 4")
    file.close()
    again = SqliteStatusLists(tmp_path / "statuslists.db", TRUST)
    assert again.held() == ()
    again.close()
