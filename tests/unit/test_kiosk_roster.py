"""What the kiosk knows when alone: merged in any order, kept over a restart, wiped in time."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from kiosk.roster import SqliteRoster
from presence import codec
from presence.briefing import Briefing, BriefingVersion, Section, SectionKind
from presence.card import CardRef
from presence.ids import InstitutionId, KioskId, VolunteerId
from presence.messages import Briefings, Roster
from presence.policy import Policy
from presence.roster import CardState, HeldCard, House, RosterRow, digest
from tests.fakes.facts import CARD, NOON, OTHER_CARD

KIOSK = KioskId("solbakken-1")
HOUSE = House(InstitutionId("solbakken"), "Solbakken", "Europe/Oslo", Policy())
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
BRIEFING = Briefing(
    BriefingVersion(3), "nb", (Section((SectionKind.LIFT,), "Heis", ("Ikke bruk heis.",)),)
)


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[SqliteRoster]:
    opened = SqliteRoster(tmp_path / "roster.db")
    yield opened
    opened.close()


def person(number: int, version: int = 1, card: CardRef | None = None) -> RosterRow:
    ref = card or CardRef(1, number)
    held = HeldCard(ref, CardState.ACTIVE, date(2026, 1, 1), date(2028, 12, 31))
    return RosterRow(VolunteerId(f"v{number}"), version, "Sonja", "B", "nb", (held,))


def message(
    *rows: RosterRow, whole: bool = True, gone: tuple[str, ...] = (), expected: str = ""
) -> Roster:
    return Roster(
        kiosk=KIOSK,
        whole=whole,
        house=HOUSE,
        rows=rows,
        gone=tuple(map(VolunteerId, gone)),
        digest=expected,
    )


def held(roster: SqliteRoster) -> str | None:
    return roster.digests()[0]


def test_a_new_kiosk_knows_nothing(roster: SqliteRoster) -> None:
    assert roster.row(CARD) is None
    assert (roster.as_of(), roster.issued, roster.digests()) == (None, None, (None, None))
    assert roster.known().house is None


def test_a_row_is_found_by_any_card_of_its_holder(roster: SqliteRoster) -> None:
    first = person(1, card=CARD)
    old = HeldCard(OTHER_CARD, CardState.REPLACED, date(2023, 1, 1), date(2025, 12, 31))
    row = msgspec.structs.replace(first, cards=(*first.cards, old))
    roster.apply(message(row), NOON)
    assert roster.row(CARD) == roster.row(OTHER_CARD) == row


def test_a_whole_roster_replaces_everything(roster: SqliteRoster) -> None:
    roster.apply(message(person(1), person(2)), NOON)
    roster.apply(message(person(2, version=2), person(3)), NOON + SECOND)
    assert held(roster) == digest(HOUSE, [person(2, version=2), person(3)])


def test_changed_rows_are_merged_and_those_that_are_gone_removed(roster: SqliteRoster) -> None:
    roster.apply(message(person(1), person(2), person(3)), NOON)
    roster.apply(message(person(2, version=2), whole=False, gone=("v3",)), NOON + SECOND)
    assert held(roster) == digest(HOUSE, [person(1), person(2, version=2)])
    assert roster.row(CardRef(1, 3)) is None


def test_changed_rows_of_one_moment_give_the_same_in_any_order(tmp_path: Path) -> None:
    changes = [message(person(1, version=n), person(n), whole=False) for n in (2, 3, 4)]
    results = set()
    for number, order in enumerate(permutations(changes)):
        roster = SqliteRoster(tmp_path / f"{number}.db")
        for change in order:
            roster.apply(change, NOON)
        results.add(held(roster))
        roster.close()
    assert results == {digest(HOUSE, [person(1, version=4), person(2), person(3), person(4)])}


def test_a_row_never_goes_back_behind_its_version(roster: SqliteRoster) -> None:
    roster.apply(message(person(1, version=5)), NOON)
    roster.learn(person(1, version=4), NOON + SECOND)
    assert roster.row(CardRef(1, 1)) == person(1, version=5)
    roster.apply(message(person(1, version=4), whole=False), NOON + SECOND)
    assert roster.row(CardRef(1, 1)) == person(1, version=5)


def test_a_row_that_an_answer_brought_outlives_a_whole_roster_signed_before_it(
    roster: SqliteRoster,
) -> None:
    roster.heard(NOON + SECOND)
    roster.learn(person(1, version=5), NOON + SECOND)
    roster.apply(message(person(1, version=4)), NOON + SECOND)
    assert roster.row(CardRef(1, 1)) == person(1, version=5)
    # Signed later, and still older: the server was restored from its backup.
    roster.apply(message(person(1, version=4)), NOON + 2 * SECOND)
    assert roster.row(CardRef(1, 1)) == person(1, version=4)


def test_an_older_roster_is_ignored_and_told_once(
    roster: SqliteRoster, caplog: pytest.LogCaptureFixture
) -> None:
    roster.apply(message(person(1)), NOON)
    for _ in range(3):
        assert roster.apply(message(), NOON - SECOND)
    assert held(roster) == digest(HOUSE, [person(1)])
    assert len(caplog.records) == 1


def test_the_ratchet_survives_a_restart(tmp_path: Path) -> None:
    roster = SqliteRoster(tmp_path / "roster.db")
    roster.apply(message(person(1)), NOON)
    roster.close()
    again = SqliteRoster(tmp_path / "roster.db")
    again.apply(message(), NOON - SECOND)
    assert held(again) == digest(HOUSE, [person(1)])
    again.close()


def test_a_digest_that_differs_asks_for_the_whole_roster(roster: SqliteRoster) -> None:
    rows = [person(1), person(2)]
    expected = digest(HOUSE, rows)
    assert roster.apply(message(*rows, expected=expected), NOON)
    later = digest(HOUSE, [person(1), person(2), person(3), person(4)])
    assert not roster.apply(message(person(4), whole=False, expected=later), NOON + SECOND)


def test_two_machines_that_never_agree_are_logged_once(
    roster: SqliteRoster, caplog: pytest.LogCaptureFixture
) -> None:
    never = message(person(1), expected="of another program's making")
    assert not any(roster.apply(never, NOON + second * SECOND) for second in range(3))
    assert len(caplog.records) == 1
    agreed = message(person(1), expected=digest(HOUSE, [person(1)]))
    assert roster.apply(agreed, NOON + 150 * SECOND)


@pytest.mark.parametrize("zone", ["Europe/Fjordby", "", "../../etc/passwd", "Europe"])
def test_a_home_in_a_time_zone_that_does_not_exist_is_ignored(
    roster: SqliteRoster, zone: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = msgspec.structs.replace(HOUSE, zone=zone)
    assert roster.apply(msgspec.structs.replace(message(person(1)), house=bad), NOON)
    assert roster.known().house is None
    assert len(caplog.records) == 1


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    briefings = Briefings(kiosk=KIOSK, briefings=(BRIEFING,))
    roster = SqliteRoster(tmp_path / "roster.db")
    roster.apply(message(person(1)), NOON)
    roster.learn(person(2), NOON + SECOND)
    roster.keep(briefings)
    before = roster.digests()
    roster.close()

    again = SqliteRoster(tmp_path / "roster.db")
    assert (
        again.digests()
        == before
        == (
            digest(HOUSE, [person(1), person(2)]),
            codec.digest(briefings),
        )
    )
    assert again.known().house == HOUSE
    assert again.known().briefings == {"nb": BRIEFING}
    assert (again.issued, again.as_of()) == (NOON, NOON)
    again.close()


def test_the_last_contact_is_exact_while_running_and_a_minute_old_at_most_after_a_restart(
    tmp_path: Path,
) -> None:
    roster = SqliteRoster(tmp_path / "roster.db")
    for second in range(150):
        roster.heard(NOON + second * SECOND)
    roster.heard(NOON)
    assert roster.as_of() == NOON + 149 * SECOND
    roster.close()
    again = SqliteRoster(tmp_path / "roster.db")
    assert again.as_of() == NOON + 120 * SECOND
    again.close()


def test_names_are_wiped_after_14_days_without_contact(tmp_path: Path) -> None:
    roster = SqliteRoster(tmp_path / "roster.db")
    roster.apply(message(*map(person, range(50))), NOON)
    roster.heard(NOON + DAY)
    assert not roster.forget_names(NOON + 15 * DAY - SECOND)
    assert roster.forget_names(NOON + 15 * DAY)
    assert roster.row(CardRef(1, 1)) is None
    assert roster.known().house == HOUSE
    left_over = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Sonja" not in left_over
    assert not roster.forget_names(NOON + 16 * DAY)
    roster.close()


def test_a_society_decides_when_names_are_wiped(tmp_path: Path) -> None:
    roster = SqliteRoster(tmp_path / "roster.db")
    three_days = msgspec.structs.replace(HOUSE, policy=Policy(forget_names_days=3))
    roster.apply(msgspec.structs.replace(message(person(1)), house=three_days), NOON)
    assert not roster.forget_names(NOON + 3 * DAY - SECOND)
    assert roster.forget_names(NOON + 3 * DAY)
    roster.close()


def test_a_damaged_roster_is_set_aside_because_the_server_sends_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    path.write_bytes(b"nonsense" * 1024)
    roster = SqliteRoster(path)
    assert roster.was_damaged
    assert roster.digests() == (None, None)
    roster.close()


def test_the_roster_is_written_durably(tmp_path: Path) -> None:
    roster = SqliteRoster(tmp_path / "roster.db")
    roster.apply(message(person(1)), NOON)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tmp_path.glob("roster.db*"):
        (copy / path.name).write_bytes(path.read_bytes())
    with sqlite3.connect(copy / "roster.db") as db:
        assert db.execute("SELECT volunteer FROM person").fetchall() == [("v1",)]
    db.close()
    roster.close()


def test_a_briefing_older_than_the_one_held_is_kept_and_said_to_be_in_doubt(
    roster: SqliteRoster,
) -> None:
    older, newer = (
        Briefings(kiosk=KIOSK, briefings=(msgspec.structs.replace(BRIEFING, version=version),))
        for version in (BriefingVersion(3), BriefingVersion(3, 1))
    )
    assert [roster.keep(one) for one in (older, newer, newer, older)] == [True, True, True, False]
    assert roster.known().briefings["nb"].version == BriefingVersion(3)


def test_a_home_whose_newer_briefing_was_lost_on_the_way_is_not_as_the_server_meant(
    roster: SqliteRoster,
) -> None:
    house = msgspec.structs.replace(HOUSE, briefing=BriefingVersion(3))
    greeting = msgspec.structs.replace(message(whole=False), house=house, digest=digest(house, []))
    assert not roster.apply(greeting, NOON)
    roster.keep(Briefings(kiosk=KIOSK, briefings=(BRIEFING,)))
    assert roster.apply(greeting, NOON + SECOND)


def test_a_whole_roster_of_the_same_second_that_was_overtaken_takes_no_row_back(
    roster: SqliteRoster,
) -> None:
    older, newer = person(1, version=1), person(1, version=2)
    roster.apply(message(newer, whole=False), NOON)
    assert not roster.apply(message(older, expected=digest(HOUSE, [older])), NOON)
    assert roster.row(CardRef(1, 1)) == newer
    assert roster.apply(message(older, expected=digest(HOUSE, [older])), NOON + SECOND)
    assert roster.row(CardRef(1, 1)) == older
