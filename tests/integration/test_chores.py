"""What nobody's message brings: a kiosk that is silent, and who is still there at night."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from presence import codec
from presence.activity import Activity
from presence.ids import ChapterId, InstitutionId
from presence.messages import What
from presence.onsite import evening
from presence.policy import Policy
from presence.verdict import Tell
from presence.visit import VisitState
from server import changes
from server.changes import ChangeKind
from server.db import reading, writing
from server.gateway.chores import LOOK_EVERY, SURE_AFTER, Chores
from server.institutions.models import Assignment, Chapter, Institution, Standing
from server.institutions.services import assign
from server.institutions.standings import here_of
from server.kiosks.services import seen
from server.notices.models import Alert, AlertKind
from server.notices.night import ask, questions
from server.notices.queries import alerts
from server.notices.silence import silences, tell_of
from server.policies.services import keep
from server.visits.services import keep_entries
from server.visits.store import Told
from tests.integration.server_stand import (
    CHAPTER,
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    arrived,
    entry,
    left,
    volunteer,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = 24 * HOUR
OSLO = ZoneInfo("Europe/Oslo")
NEIGHBOURS = ChapterId("elvemo")


class Night:
    """One database, watched by any number of gateways whose clocks a test sets."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def hear(self, at: datetime, kiosk: Any = DOOR) -> None:
        with writing(self.engine) as session, session.begin():
            seen(session, at, kiosk)

    def keep(self, at: datetime, what: What) -> None:
        told = entry(what, at)
        with writing(self.engine) as session, session.begin():
            keep_entries(session, at, [Told(DOOR, SOLBAKKEN, told, codec.encode_entry(told))])

    def alerts(self) -> list[tuple[AlertKind, Tell, str | None, int | None]]:
        """Kind, who, which chapter or home, how many people; oldest first."""
        with reading(self.engine) as session:
            rows = session.scalars(sa.select(Alert).order_by(Alert.id)).all()
            return [
                (one.kind, one.told, one.chapter_id or one.told_home_id, one.people) for one in rows
            ]


@pytest.fixture
def night(engine: sa.Engine) -> Night:
    return Night(engine)


def watch(chores: Chores, since: datetime, until: datetime, step: timedelta = MINUTE) -> None:
    """Let time pass at one gateway."""
    moment = since
    while moment <= until:
        chores.turn(moment)
        moment += step


def silent(home: InstitutionId, *chapters: ChapterId) -> list[Any]:
    return [
        (AlertKind.KIOSK_SILENT, Tell.INSTITUTION, home, None),
        *((AlertKind.KIOSK_SILENT, Tell.CHAPTER, chapter, None) for chapter in chapters),
    ]


# --- silence ---------------------------------------------------------------------------------


def test_home_and_chapters_are_told_once_of_a_kiosk_that_is_silent_for_a_day(
    night: Night,
) -> None:
    night.hear(NOW)
    chores = Chores(night.engine)
    watch(chores, NOW, NOW + DAY - MINUTE, 10 * MINUTE)
    assert night.alerts() == []
    watch(chores, NOW + DAY, NOW + DAY + SURE_AFTER)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)
    watch(chores, NOW + DAY, NOW + 3 * DAY, HOUR)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)


def test_every_chapter_that_serves_there_is_told_and_no_other(night: Night) -> None:
    with writing(night.engine) as session, session.begin():
        for one, name in ((NEIGHBOURS, "Elvemo"), (ChapterId("fjellby"), "Fjellby")):
            session.add(
                Chapter(
                    id=one, society_id="NO", name=name, leader_name="Omar", leader_phone="55500001"
                )
            )
        session.flush()
        for chapter, ended in ((NEIGHBOURS, None), (ChapterId("fjellby"), date(2026, 11, 1))):
            expected = Assignment(
                volunteer_id=volunteer(0),
                institution_id=SOLBAKKEN,
                chapter_id=chapter,
                activity=Activity.WALK,
                started_on=date(2026, 1, 1),
                ended_on=ended,
            )
            assign(session, NOW, expected)
    night.hear(NOW)
    watch(Chores(night.engine), NOW + DAY, NOW + DAY + SURE_AFTER)
    assert night.alerts() == silent(SOLBAKKEN, NEIGHBOURS, CHAPTER)


def test_it_is_told_again_only_when_it_was_heard_and_fell_silent_again(night: Night) -> None:
    night.hear(NOW)
    chores = Chores(night.engine)
    watch(chores, NOW + DAY, NOW + DAY + SURE_AFTER)
    again = NOW + 2 * DAY
    night.hear(again)
    watch(chores, again, again + DAY - MINUTE, 10 * MINUTE)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)
    watch(chores, again + DAY, again + DAY + SURE_AFTER)
    assert night.alerts() == 2 * silent(SOLBAKKEN, CHAPTER)


def test_neither_a_second_gateway_nor_a_restart_tells_it_again(night: Night) -> None:
    night.hear(NOW)
    both = Chores(night.engine), Chores(night.engine)
    for minutes in range(5):
        for chores in both:
            chores.turn(NOW + DAY + minutes * MINUTE)
    watch(Chores(night.engine), NOW + DAY + HOUR, NOW + DAY + 2 * HOUR)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)


def test_of_two_gateways_that_tell_it_at_the_same_moment_one_does(night: Night) -> None:
    night.hear(NOW)
    night.keep(TEN_PM - HOUR, arrived(0))
    with reading(night.engine) as session:
        (silence,) = silences(session, NOW + 2 * DAY)
        (question,) = questions(session, TEN_PM)

    def tell(both_begin: Barrier) -> tuple[bool, bool]:
        both_begin.wait(timeout=30)
        with writing(night.engine) as session, session.begin():
            return tell_of(session, NOW + 2 * DAY, silence), ask(session, TEN_PM, question)

    with ThreadPoolExecutor(2) as gateways:
        told = list(gateways.map(tell, [Barrier(2)] * 2))
    assert sorted(told) == [(False, False), (True, True)]
    assert night.alerts() == [*silent(SOLBAKKEN, CHAPTER), still_here(1)]


def test_kiosks_that_speak_when_the_server_is_back_were_never_silent(night: Night) -> None:
    """The server was off for two days; or its clock has jumped."""
    night.hear(NOW)
    back = NOW + 2 * DAY
    chores = Chores(night.engine)
    chores.turn(back)
    night.hear(back + MINUTE)
    watch(chores, back + MINUTE, back + HOUR)
    assert night.alerts() == []


def test_a_kiosk_that_was_never_heard_waits_to_be_put_up(night: Night) -> None:
    watch(Chores(night.engine), NOW + 10 * DAY, NOW + 10 * DAY + HOUR)
    assert night.alerts() == []


def test_each_kiosk_is_silent_for_itself(night: Night) -> None:
    night.hear(NOW)
    night.hear(NOW + DAY, OTHER_DOOR)
    watch(Chores(night.engine), NOW + DAY, NOW + DAY + HOUR)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)
    watch(Chores(night.engine), NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    assert night.alerts() == [*silent(SOLBAKKEN, CHAPTER), *silent(NORDSTRAND)]


def test_the_societys_own_time_counts(night: Night) -> None:
    with writing(night.engine) as session, session.begin():
        keep(session, NOW, {"NO": [Policy(tell_of_silence_hours=2)]})
    night.hear(NOW)
    watch(Chores(night.engine), NOW + 2 * HOUR, NOW + 2 * HOUR + SURE_AFTER)
    assert night.alerts() == silent(SOLBAKKEN, CHAPTER)


def test_the_pages_learn_of_it_and_name_the_kiosk(night: Night) -> None:
    night.hear(NOW)
    with reading(night.engine) as session:
        newest = changes.newest(session)
    watch(Chores(night.engine), NOW + DAY, NOW + DAY + SURE_AFTER)
    with reading(night.engine) as session:
        told = changes.after(session, newest)
        page = alerts(session, CHAPTER, 1)
        assert [(one.kind, one.institution_id) for one in told] == [(ChangeKind.ALERT, SOLBAKKEN)]
        assert [(one.kiosk.name if one.kiosk else None, one.card) for one in page.alerts] == [
            ("Inngang", None)
        ]


# --- the evening's question ------------------------------------------------------------------

TEN_PM = datetime(2026, 11, 24, 21, tzinfo=UTC)
"""At the homes."""


def still_here(people: int) -> tuple[AlertKind, Tell, str, int]:
    return (AlertKind.STILL_HERE_AT_NIGHT, Tell.INSTITUTION, SOLBAKKEN, people)


def test_at_ten_the_home_is_asked_once_and_told_how_many_are_there(night: Night) -> None:
    for number in range(2):
        night.keep(TEN_PM - 3 * HOUR, arrived(number))
    chores = Chores(night.engine)
    watch(chores, TEN_PM - HOUR, TEN_PM - MINUTE)
    assert night.alerts() == []
    watch(chores, TEN_PM, TEN_PM + 9 * HOUR, 5 * MINUTE)
    watch(Chores(night.engine), TEN_PM + HOUR, TEN_PM + 2 * HOUR)
    assert night.alerts() == [still_here(2)]
    with reading(night.engine) as session:
        assert not questions(session, TEN_PM + HOUR)


def test_a_home_where_nobody_is_left_is_asked_nothing(night: Night) -> None:
    night.keep(TEN_PM - 3 * HOUR, arrived(0))
    night.keep(TEN_PM - 2 * HOUR, left(0))
    watch(Chores(night.engine), TEN_PM, TEN_PM + 5 * HOUR, 5 * MINUTE)
    assert night.alerts() == []


def test_who_comes_after_ten_is_not_asked_about(night: Night) -> None:
    night.keep(TEN_PM + MINUTE, arrived(0))
    watch(Chores(night.engine), TEN_PM, TEN_PM + HOUR)
    assert night.alerts() == []


def test_who_keeps_vigil_is_not_asked_about(night: Night) -> None:
    with writing(night.engine) as session, session.begin():
        expected = Assignment(
            volunteer_id=volunteer(0),
            institution_id=SOLBAKKEN,
            chapter_id=CHAPTER,
            activity=Activity.VIGIL,
            started_on=date(2026, 1, 1),
        )
        assign(session, NOW, expected)
    night.keep(TEN_PM - HOUR, replace(arrived(0), is_vigil=True))
    night.keep(TEN_PM - HOUR, arrived(1))
    watch(Chores(night.engine), TEN_PM, TEN_PM + HOUR)
    assert night.alerts() == [still_here(1)]


def test_who_forgot_to_leave_last_night_is_not_asked_about_again(night: Night) -> None:
    night.keep(TEN_PM - HOUR, arrived(0))
    chores = Chores(night.engine)
    watch(chores, TEN_PM, TEN_PM + HOUR)
    with reading(night.engine) as session:
        here = here_of(session.get_one(Standing, (SOLBAKKEN, volunteer(0))))
    assert here.visit is not None
    assert here.visit.state is VisitState.OPEN  # as it was recorded; time has not touched it
    watch(chores, TEN_PM + DAY, TEN_PM + DAY + HOUR)
    assert night.alerts() == [still_here(1)]


def test_every_evening_has_its_own_question(night: Night) -> None:
    chores = Chores(night.engine)
    for days in range(2):
        night.keep(TEN_PM + days * DAY - HOUR, arrived(0))
        watch(chores, TEN_PM + days * DAY, TEN_PM + days * DAY + HOUR)
    assert night.alerts() == [still_here(1)] * 2


def test_what_a_kiosk_tells_late_is_still_asked_about_that_night(night: Night) -> None:
    chores = Chores(night.engine)
    watch(chores, TEN_PM, TEN_PM + HOUR)
    night.keep(TEN_PM - 2 * HOUR, arrived(0))
    watch(chores, TEN_PM + HOUR, TEN_PM + 2 * HOUR)
    assert night.alerts() == [still_here(1)]


def test_it_is_the_homes_own_ten_oclock(night: Night) -> None:
    with writing(night.engine) as session, session.begin():
        session.get_one(Institution, SOLBAKKEN).zone = "Europe/Helsinki"
    night.keep(TEN_PM - 3 * HOUR, arrived(0))
    with reading(night.engine) as session:
        assert not questions(session, TEN_PM - HOUR - MINUTE)
        assert [one.people for one in questions(session, TEN_PM - HOUR)] == [1]


@pytest.mark.parametrize(
    ("now", "asked_at", "ends", "day"),
    [
        ("2026-11-24 21:59", "22:00", "03:00", None),
        ("2026-11-24 22:00", "22:00", "03:00", date(2026, 11, 24)),
        ("2026-11-25 02:59", "22:00", "03:00", date(2026, 11, 24)),
        ("2026-11-25 03:00", "22:00", "03:00", None),
        ("2026-11-25 00:29", "00:30", "03:00", None),
        ("2026-11-25 00:30", "00:30", "03:00", date(2026, 11, 25)),
        ("2026-11-25 03:00", "00:30", "03:00", None),
    ],
)
def test_an_evening_lasts_from_the_question_to_the_end_of_the_night(
    now: str, asked_at: str, ends: str, day: date | None
) -> None:
    local = datetime.fromisoformat(now).replace(tzinfo=OSLO)
    assert evening(local, time.fromisoformat(asked_at), time.fromisoformat(ends)) == day


@given(st.datetimes(timezones=st.just(UTC)), st.times(), st.times())
def test_no_question_is_asked_before_its_time(now: datetime, asked_at: time, ends: time) -> None:
    assume(now.year > 1)
    day = evening(now, asked_at, ends)
    assert day is None or timedelta(0) <= now - datetime.combine(day, asked_at, UTC) < DAY


def test_a_gateway_looks_once_a_minute(night: Night) -> None:
    statements: list[str] = []
    sa.event.listen(night.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    chores = Chores(night.engine)
    chores.turn(NOW)
    first = len(statements)
    watch(chores, NOW, NOW + LOOK_EVERY - timedelta(seconds=1), timedelta(seconds=1))
    assert (first > 0, len(statements)) == (True, first)
    chores.turn(NOW + LOOK_EVERY)
    assert len(statements) == 2 * first
