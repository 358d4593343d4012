"""Homes, their briefings, their kiosks and what they may see of whom."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from presence import codec
from presence.briefing import MANDATORY, BriefingVersion, Section
from presence.ids import InstitutionId, KioskId
from presence.reason import Reason
from presence.verdict import Tell
from server.briefings.models import BriefingRecord, BriefingState
from server.briefings.services import BriefingError, in_force, publish
from server.db import make_engine, reading, writing
from server.institutions.models import Assignment
from server.institutions.services import house, pause
from server.kiosks.models import Kiosk
from server.kiosks.roster import row_of, rows_of, tap
from server.notices.models import Alert, AlertKind
from server.notices.services import (
    Tapped,
    alert,
)
from server.visits.services import keep_entries
from server.visits.store import Told
from tests.builders import sections
from tests.integration.server_stand import (
    CHAPTER,
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    arrived,
    entry,
    place,
    volunteer,
)


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


# --- briefings -------------------------------------------------------------------------------


def test_what_must_be_mended_in_any_language_is_told_at_once_and_nothing_is_published(
    session: Session,
) -> None:
    publish(session, NOW, SOLBAKKEN, BriefingVersion(1), {"nb": sections()}, "institution")
    blank = (Section(MANDATORY[:1], "Alarm", ("  ",)), *sections()[1:])
    long = tuple(Section((one,), " ", 7 * ("En linje.",)) for one in MANDATORY[:6])
    texts = {"da": sections(), "nb": blank, "en": (*long, Section((), "Dører", ()))}
    with pytest.raises(BriefingError) as raised:
        publish(session, NOW, SOLBAKKEN, BriefingVersion(2), texts, "institution")
    assert str(raised.value).split("; ") == [
        "nb: no screen tells about alarm_sound",
        "nb: screen 1 has an empty line, or none at all",
        "en: no screen tells about lift",
        "en: no screen tells about doors",
        "en: there are more than 6 screens",
        *(
            f"en: screen {number} has {what}"
            for number in range(1, 7)
            for what in ("no title", "more than 6 lines")
        ),
        "en: screen 7 covers no subject",
        "en: screen 7 has an empty line, or none at all",
    ]
    session.flush()
    assert [one.version for one in in_force(session, SOLBAKKEN)] == [BriefingVersion(1)]
    assert house(session, SOLBAKKEN, NOW).briefing == BriefingVersion(1)
    assert session.scalars(sa.select(BriefingRecord.major)).all() == [1]


def test_a_new_version_takes_the_place_of_the_old_one_which_is_kept(session: Session) -> None:
    publish(session, NOW, SOLBAKKEN, BriefingVersion(1), {"nb": sections()}, "institution")
    publish(session, NOW, SOLBAKKEN, BriefingVersion(1, 1), {"nb": sections(2)}, "institution")
    session.flush()
    (briefing,) = in_force(session, SOLBAKKEN)
    assert (briefing.version, briefing.sections) == (BriefingVersion(1, 1), sections(2))
    assert house(session, SOLBAKKEN, NOW).briefing == BriefingVersion(1, 1)
    states = session.scalars(sa.select(BriefingRecord.state).order_by(BriefingRecord.id)).all()
    assert states == [BriefingState.SUPERSEDED, BriefingState.PUBLISHED]


@pytest.mark.parametrize("version", [BriefingVersion(2), BriefingVersion(1, 9)])
def test_a_version_that_is_not_newer_is_not_published(
    session: Session, version: BriefingVersion
) -> None:
    publish(session, NOW, SOLBAKKEN, BriefingVersion(2), {"nb": sections()}, "institution")
    with pytest.raises(BriefingError, match="newer"):
        publish(session, NOW, SOLBAKKEN, version, {"nb": sections()}, "institution")


# --- rosters ---------------------------------------------------------------------------------


def test_the_row_of_a_tap_is_the_row_of_the_roster(engine: sa.Engine, session: Session) -> None:
    told = entry(arrived(0))
    keep_entries(session, NOW, [Told(DOOR, SOLBAKKEN, told, codec.encode_entry(told))])
    session.commit()
    rows = rows_of(session, SOLBAKKEN, NOW)
    with engine.connect() as connection:
        taps = [tap(connection, DOOR, place(number), NOW) for number in range(3)]
    assert tuple(one.row for one in taps if one) == rows
    assert [one.house for one in taps if one] == [house(session, SOLBAKKEN, NOW)] * 3


def test_a_tap_is_one_statement(engine: sa.Engine) -> None:
    statements: list[str] = []
    with engine.connect() as connection:
        tap(connection, DOOR, place(0), NOW)

        @event.listens_for(connection, "before_cursor_execute")
        def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        found = tap(connection, DOOR, place(1), NOW)
    assert found is not None
    assert len(statements) <= 1


def test_a_tap_at_an_unknown_kiosk_finds_nothing(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert tap(connection, KioskId("nowhere"), place(0), NOW) is None
        assert tap(connection, KioskId("nowhere"), None, NOW) is None


def test_a_home_sees_whom_it_expects_and_who_was_there_in_90_days(session: Session) -> None:
    assert rows_of(session, NORDSTRAND, NOW) == ()
    told = entry(arrived(0))
    keep_entries(session, NOW, [Told(OTHER_DOOR, NORDSTRAND, told, codec.encode_entry(told))])
    session.flush()
    last = NOW + timedelta(days=90)
    assert [row.volunteer for row in rows_of(session, NORDSTRAND, last)] == [volunteer(0)]
    assert rows_of(session, NORDSTRAND, last + timedelta(seconds=1)) == ()


def test_an_assignment_that_has_ended_is_no_reason_to_see_someone(session: Session) -> None:
    session.execute(sa.update(Assignment).values(ended_on=date(2026, 11, 25)))
    assert len(rows_of(session, SOLBAKKEN, NOW)) == 3
    assert rows_of(session, SOLBAKKEN, NOW + timedelta(days=1)) == ()


def test_a_pause_is_the_homes_own(session: Session) -> None:
    pause(session, NOW, SOLBAKKEN, volunteer(0), "institution")
    session.flush()
    here = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    there = row_of(session, NORDSTRAND, volunteer(0), NOW)
    assert here is not None
    assert there is not None
    assert (here.is_paused, there.is_paused) == (True, False)
    pause(session, NOW, SOLBAKKEN, volunteer(0), "institution", is_paused=False)
    session.flush()
    again = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert again is not None
    assert not again.is_paused
    assert again.version > here.version


def test_a_home_that_is_not_there_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError):
        house(session, InstitutionId("nowhere"), NOW)


def test_the_kiosks_of_a_home(session: Session) -> None:
    theirs = sa.select(Kiosk.id).where(Kiosk.institution_id == SOLBAKKEN)
    assert session.scalars(theirs).all() == [DOOR]


# --- alerts ----------------------------------------------------------------------------------

HERE = Tapped(place(0), DOOR, SOLBAKKEN)


def test_one_alert_a_card_in_a_quarter_of_an_hour(session: Session) -> None:
    def tell(minutes: int, tapped: Tapped = HERE) -> bool:
        at = NOW + timedelta(minutes=minutes)
        told = (Tell.CHAPTER,)
        return alert(session, at, tapped, AlertKind.REFUSED, Reason.CARD_BLOCKED, told)

    other = Tapped(place(1), DOOR, SOLBAKKEN)
    assert [tell(0), tell(14), tell(14, other), tell(15), tell(29)] == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_each_party_sees_what_it_was_told(session: Session) -> None:
    told = (Tell.INSTITUTION, Tell.CHAPTER)
    alert(session, NOW, HERE, AlertKind.REFUSED, Reason.PAUSED, told)
    session.flush()
    rows = session.scalars(sa.select(Alert).order_by(Alert.id)).all()
    assert [(one.told, one.institution_id, one.chapter_id) for one in rows] == [
        (Tell.INSTITUTION, SOLBAKKEN, CHAPTER),
        (Tell.CHAPTER, SOLBAKKEN, CHAPTER),
    ]


def test_nobody_to_tell_is_no_alert(session: Session) -> None:
    assert not alert(session, NOW, HERE, AlertKind.REFUSED, Reason.OK, ())
    assert session.scalars(sa.select(Alert)).all() == []


# --- the database itself ---------------------------------------------------------------------


def test_a_time_without_a_zone_cannot_be_stored(session: Session) -> None:
    naive = datetime(2026, 11, 24, 9)  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        pause(session, naive, SOLBAKKEN, volunteer(0), "institution")


def test_times_come_back_in_utc(session: Session) -> None:
    oslo = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Oslo"))
    alert(session, oslo, HERE, AlertKind.REFUSED, Reason.PAUSED, (Tell.CHAPTER,))
    session.flush()
    session.expire_all()
    at = session.scalars(sa.select(Alert.at)).one()
    assert (at, at.tzinfo) == (oslo, UTC)


def test_a_reader_is_not_stopped_by_a_writer_and_sees_one_state(
    engine: sa.Engine, session: Session
) -> None:
    pause(session, NOW, SOLBAKKEN, volunteer(0), "institution")
    session.flush()
    other = make_engine(engine.url)
    with reading(other) as reader:
        before = row_of(reader, SOLBAKKEN, volunteer(0), NOW)
        session.commit()
        assert row_of(reader, SOLBAKKEN, volunteer(0), NOW) == before
    with reading(other) as reader:
        after = row_of(reader, SOLBAKKEN, volunteer(0), NOW)
    assert after is not None
    assert after.is_paused
    other.dispose()
