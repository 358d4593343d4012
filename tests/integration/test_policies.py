"""Societies' policies: from files into the database, and in force from midnight at the home."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import cose
from presence.activity import Activity
from presence.card import Assurance
from presence.messages import Roster
from presence.policy import Policy
from presence.reason import Reason
from presence.settings import SettingsError
from presence.topics import Leaf
from presence.trust import Purpose
from presence.verdict import Move, Tell
from server import changes
from server.broker import Broker
from server.changes import ChangeKind
from server.db import reading, writing
from server.gateway.publications import under_new_policy
from server.institutions.models import Assignment, Institution, Society
from server.institutions.services import AssignmentError, assign, house
from server.keys import Keys
from server.kiosks.roster import rows_of
from server.notices.models import AlertKind
from server.notices.services import Tapped, alert
from server.policies import files
from server.policies.models import KeptPolicy
from server.policies.services import UnknownPolicyError, keep
from tests.integration.server_stand import (
    CHAPTER,
    DOOR,
    NORDSTRAND,
    NOW,
    SOLBAKKEN,
    RawKiosk,
    SettableClock,
    code,
    gateway,
    place,
    question,
    volunteer,
)
from tests.unit.test_policy_file import SMALLEST

ITS_OWN = SMALLEST.replace("36", "24")
SECOND = timedelta(seconds=1)
FIRST_DAY = date(2026, 11, 25)
MIDNIGHT = datetime(2026, 11, 24, 23, tzinfo=UTC)
"""In Oslo, when that day begins."""
OLD = Policy(version=date(2015, 1, 1))
STRICT = Policy(version=FIRST_DAY, lowest_assurance=Assurance.A2)


def kept(session: Session, versions: tuple[Policy, ...]) -> None:
    """The Norwegian policy is these versions, as if the server had been started with them."""
    keep(session, NOW, {**files.shipped(), "NO": versions})


# --- the files -------------------------------------------------------------------------------


def test_three_policies_come_with_the_program() -> None:
    assert sorted(files.shipped()) == ["DK", "NO", "SE"]
    assert files.read_all(None) == files.shipped()


def test_a_file_of_the_servers_own_stands_before_the_one_that_came_with_the_program(
    tmp_path: Path,
) -> None:
    (tmp_path / "norway.toml").write_text(ITS_OWN, encoding="utf-8")
    (tmp_path / "finland.toml").write_text(SMALLEST.replace("NO", "FI"), encoding="utf-8")
    (tmp_path / "README").write_text("not a policy", encoding="utf-8")
    found = files.read_all(tmp_path)
    assert sorted(found) == ["DK", "FI", "NO", "SE"]
    assert [one.validity_months for one in found["NO"]] == [24]
    assert found["SE"] == files.shipped()["SE"]


FOLDERS: Mapping[str, tuple[Mapping[str, bytes], str]] = {
    "an empty folder": ({}, "{folder}: no .toml file is in this folder"),
    "a fault": (
        {"a.toml": SMALLEST.replace("36", "0").encode()},
        "{folder}/a.toml:4: version[0].validity_months: must be a whole number from 1 to 120",
    ),
    "two files of one society": (
        {"a.toml": SMALLEST.encode(), "b.toml": SMALLEST.encode()},
        "{folder}/b.toml: society: NO has a file in this folder already",
    ),
    "not text": (
        {"a.toml": b"\xff"},
        "{folder}/a.toml: cannot be read: 'utf-8' codec can't decode byte 0xff in position 0:"
        " invalid start byte",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_of_policies_that_cannot_be_used_says_why(tmp_path: Path, case: str) -> None:
    contents, told = FOLDERS[case]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        files.read_all(tmp_path)
    assert str(raised.value) == told.format(folder=tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere: cannot be read"):
        files.read_all(tmp_path / "nowhere")


# --- in the database -------------------------------------------------------------------------


def test_a_society_decides_its_own_policy(engine: sa.Engine) -> None:
    with writing(engine) as session, session.begin():
        session.add(Society(id="SE", name="Besöksverksamheten", policy_id="SE"))
        session.flush()
        session.execute(
            sa.update(Institution).where(Institution.id == NORDSTRAND).values(society_id="SE")
        )
    with reading(engine) as session:
        policies = [house(session, home, NOW).policy for home in (SOLBAKKEN, NORDSTRAND)]
    assert policies == [files.shipped()["NO"][0], files.shipped()["SE"][0]]


def test_a_society_without_a_policy_is_an_error_that_names_the_choices(engine: sa.Engine) -> None:
    without = {name: one for name, one in files.shipped().items() if name != "NO"}
    with writing(engine) as session, pytest.raises(UnknownPolicyError) as raised:
        keep(session, NOW, without)
    assert str(raised.value) == (
        "society NO has the policy NO, which no file has; choose one of: DK, SE"
    )
    with reading(engine) as session:
        assert sorted(session.scalars(sa.select(KeptPolicy.id))) == ["DK", "NO", "SE"]


def test_a_policy_whose_file_is_gone_is_forgotten_once_no_society_names_it(
    engine: sa.Engine,
) -> None:
    with writing(engine) as session, session.begin():
        keep(session, NOW, {"NO": files.shipped()["NO"]})
    with reading(engine) as session:
        assert list(session.scalars(sa.select(KeptPolicy.id))) == ["NO"]


def test_homes_are_told_of_a_policy_only_when_it_is_another(engine: sa.Engine) -> None:
    with writing(engine) as session, session.begin():
        before = changes.newest(session)
        keep(session, NOW, files.shipped())
        assert changes.newest(session) == before
        kept(session, (OLD, STRICT))
        news = [(one.kind, one.institution_id) for one in changes.after(session, before)]
    assert news == [(ChangeKind.HOUSE, None)]


def test_a_society_decides_how_often_a_chapter_is_told_of_one_card(engine: sa.Engine) -> None:
    with writing(engine) as session, session.begin():
        kept(session, (Policy(alert_every_minutes=60),))
        tapped = Tapped(place(0), DOOR, SOLBAKKEN)
        told = [
            alert(
                session,
                NOW + timedelta(minutes=minutes),
                tapped,
                AlertKind.REFUSED,
                Reason.CARD_BLOCKED,
                (Tell.CHAPTER,),
            )
            for minutes in (0, 59, 60)
        ]
    assert told == [True, False, True]


def test_a_society_decides_from_what_age_on_a_row_is_valid(engine: sa.Engine) -> None:
    with writing(engine) as session, session.begin():
        kept(session, (Policy(adult_years=70),))
    with reading(engine) as session:
        (row, *_) = rows_of(session, SOLBAKKEN, NOW)
    assert row.cards[0].valid_from == date(2030, 5, 1)


def test_nobody_is_expected_for_what_the_society_does_not_offer(engine: sa.Engine) -> None:
    expected = Assignment(
        volunteer_id=volunteer(0),
        institution_id=SOLBAKKEN,
        chapter_id=CHAPTER,
        activity=Activity.READING,
        started_on=FIRST_DAY,
    )
    with writing(engine) as session, session.begin():
        kept(session, (Policy(activities=(Activity.VISIT, Activity.WALK)),))
        with pytest.raises(AssignmentError, match="does not offer reading"):
            assign(session, NOW, expected)
        assert expected not in session


# --- midnight --------------------------------------------------------------------------------


def test_a_version_takes_effect_at_midnight_by_the_homes_own_clock(engine: sa.Engine) -> None:
    with writing(engine) as session, session.begin():
        kept(session, (OLD, STRICT))
        helsinki = sa.update(Institution).where(Institution.id == NORDSTRAND)
        session.execute(helsinki.values(zone="Europe/Helsinki"))
    hour = timedelta(hours=1)
    with reading(engine) as session:
        in_force = [
            [house(session, home, at).policy for home in (SOLBAKKEN, NORDSTRAND)]
            for at in (MIDNIGHT - hour - SECOND, MIDNIGHT - hour, MIDNIGHT - SECOND, MIDNIGHT)
        ]
        new = [
            under_new_policy(session, at, at + SECOND)
            for at in (MIDNIGHT - hour - SECOND, MIDNIGHT - hour, MIDNIGHT - SECOND, MIDNIGHT)
        ]
    assert in_force == [[OLD, OLD], [OLD, STRICT], [OLD, STRICT], [STRICT, STRICT]]
    assert new == [[NORDSTRAND], [], [SOLBAKKEN], []]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Oslo", datetime(2028, 2, 28, 23, tzinfo=UTC)),
        ("America/New_York", datetime(2028, 2, 29, 5, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2028, 2, 28, 10, tzinfo=UTC)),
    ],
)
def test_a_version_can_begin_on_the_29_of_february_anywhere(
    engine: sa.Engine, zone: str, midnight: datetime
) -> None:
    leap = msgspec.structs.replace(STRICT, version=date(2028, 2, 29))
    with writing(engine) as session, session.begin():
        kept(session, (OLD, leap))
        session.execute(sa.update(Institution).values(zone=zone))
    with reading(engine) as session:
        policies = [house(session, SOLBAKKEN, at).policy for at in (midnight - SECOND, midnight)]
    assert policies == [OLD, leap]


def test_on_the_night_of_summer_time_a_version_begins_at_midnight_too(engine: sa.Engine) -> None:
    """On 25 October 2026 Oslo's day has 25 hours; it begins at 22:00 in UTC, and ends at 23:00."""
    autumn = msgspec.structs.replace(STRICT, version=date(2026, 10, 25))
    winter = msgspec.structs.replace(OLD, version=date(2026, 10, 26))
    with writing(engine) as session, session.begin():
        kept(session, (OLD, autumn, winter))
    begins, ends = (datetime(2026, 10, day, hour, tzinfo=UTC) for day, hour in ((24, 22), (25, 23)))
    times = (begins - SECOND, begins, ends - SECOND, ends)
    with reading(engine) as session:
        assert [house(session, SOLBAKKEN, at).policy for at in times] == [
            OLD,
            autumn,
            autumn,
            winter,
        ]


def test_a_policy_may_change_between_two_taps_and_the_kiosks_learn_it_unasked(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with writing(engine) as session, session.begin():
        kept(session, (OLD, STRICT))
    clock = SettableClock(MIDNIGHT - SECOND)
    with RawKiosk(broker.port) as kiosk, gateway(engine, keys, broker.port, clock):
        _wait_for(kiosk, keys, OLD)
        before = kiosk.ask(question(code(keys, 0), at=MIDNIGHT - SECOND)).verdict
        clock.now = MIDNIGHT
        after = kiosk.ask(question(code(keys, 1), at=MIDNIGHT)).verdict
        clock.now = MIDNIGHT + timedelta(minutes=1)
        _wait_for(kiosk, keys, STRICT)
    assert (before.move, before.reason) == (Move.IN, Reason.OK)
    assert (after.move, after.reason) == (Move.NONE, Reason.TOO_WEAK)


def _wait_for(kiosk: RawKiosk, keys: Keys, policy: Policy) -> None:
    """Until a roster comes that is under this policy."""
    held = None
    while held != policy:
        message = kiosk.next(Leaf.ROSTER)
        assert message is not None, "no roster"
        opened = cose.open_message(bytes(message.payload), Purpose.ROSTER, DOOR, keys.trust)
        held = msgspec.json.decode(opened.payload, type=Roster).house.policy
