"""Courses and dog teams: kept by the chapter, read at the door."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.activity import DogPlace, DogTeam
from presence.card import CardRef
from presence.ids import VolunteerId
from presence.policy import Policy
from presence.roster import MissingCourse
from server import changes
from server.audit import AuditRow
from server.cards.services import CardError, NewCard, issue_card
from server.changes import ChangeKind
from server.courses.models import Course, CourseKind, CourseTaken
from server.courses.queries import blocking, courses, of_volunteer
from server.courses.rule import Stop
from server.courses.services import (
    CourseError,
    drop_course,
    keep_course,
    take_course,
    untake_course,
)
from server.db import writing
from server.dogs.models import DogApproval
from server.dogs.services import end_team, keep_team
from server.institutions.models import Society
from server.kiosks.roster import row_of
from server.people.models import ChapterMembership, Volunteer
from server.people.services import add_volunteer
from tests.integration.server_stand import CHAPTER, NOW, SOLBAKKEN, volunteer

TODAY = date(2026, 11, 24)
FIRST = date(2026, 1, 10)
NEW = VolunteerId("new")
ACTOR = "chapter"


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def course(**more: Any) -> Course:
    usual = {"id": "first-aid", "society_id": "NO", "name": "Førstehjelp", "required_from": FIRST}
    return Course(**{"kind": CourseKind.GRACE, "grace_days": 365, **usual, **more})


def add(session: Session, **more: Any) -> None:
    keep_course(session, NOW, course(**more), ACTOR)


def add_blocking(session: Session, **more: Any) -> None:
    add(session, kind=CourseKind.BLOCKING, grace_days=0, **more)


def take(session: Session, day: date, number: int = 0) -> bool:
    taken = CourseTaken(volunteer_id=volunteer(number), course_id="first-aid", day=day)
    return take_course(session, NOW, TODAY, taken, ACTOR)


def missing(session: Session, number: int = 0) -> tuple[MissingCourse, ...]:
    row = row_of(session, SOLBAKKEN, volunteer(number), NOW)
    assert row is not None
    return row.courses


def dog(session: Session) -> DogTeam | None:
    row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert row is not None
    return row.dog


def add_new(session: Session) -> None:
    person = Volunteer(id=NEW, first_name="Una", last_name="Prøve", birth_date=date(1970, 1, 1))
    add_volunteer(session, NOW, person, CHAPTER)


def issue(session: Session, valid_from: date = TODAY) -> None:
    new = NewCard("new-card", NEW, CHAPTER, CardRef(2, 7), b"12345678", valid_from)
    issue_card(session, NOW, new, Policy(), ACTOR)


# --- the register, and the rows it makes -----------------------------------------------------


def test_a_course_that_is_asked_of_all_stands_in_everybodys_row(session: Session) -> None:
    session.execute(sa.update(ChapterMembership).values(since=date(2020, 1, 1)))
    add(session)
    stops = MissingCourse("Førstehjelp", date(2027, 1, 11))
    assert [missing(session, number) for number in range(3)] == [(stops,)] * 3


def test_the_kiosks_are_told_once_for_all_and_hold_higher_versions(session: Session) -> None:
    before = {one.id: one.version for one in session.scalars(sa.select(Volunteer))}
    newest = changes.newest(session)
    add(session)
    told = changes.after(session, newest)
    assert [(one.kind, one.institution_id, one.volunteer_id) for one in told] == [
        (ChangeKind.HOUSE, None, None)
    ]
    after = {one.id: one.version for one in session.scalars(sa.select(Volunteer))}
    assert all(after[one] > version for one, version in before.items())


def test_who_took_it_no_longer_misses_it_and_the_kiosks_are_told(session: Session) -> None:
    add(session)
    newest = changes.newest(session)
    assert take(session, date(2026, 5, 1))
    assert (missing(session, 0), len(missing(session, 1))) == ((), 1)
    told = changes.after(session, newest)
    assert [(one.kind, one.volunteer_id) for one in told] == [(ChangeKind.VOLUNTEER, volunteer(0))]
    row = row_of(session, SOLBAKKEN, volunteer(0), NOW)
    assert row is not None
    assert row.version == told[0].id


def test_taking_it_twice_on_one_day_is_taking_it_once(session: Session) -> None:
    add(session)
    assert take(session, date(2026, 5, 1))
    newest = changes.newest(session)
    assert not take(session, date(2026, 5, 1))
    assert changes.newest(session) == newest


def test_the_last_time_counts_whenever_it_is_written_down(session: Session) -> None:
    add_blocking(session, validity_months=12)
    take(session, date(2026, 5, 1))
    take(session, date(2025, 4, 1))
    assert missing(session) == (MissingCourse("Førstehjelp", date(2027, 5, 2), is_held=True),)


def test_a_mistake_can_be_taken_back(session: Session) -> None:
    add(session)
    take(session, date(2026, 5, 1))
    untake_course(session, NOW, volunteer(0), "first-aid", date(2026, 5, 1), ACTOR)
    assert len(missing(session)) == 1
    with pytest.raises(LookupError):
        untake_course(session, NOW, volunteer(0), "first-aid", date(2026, 5, 1), ACTOR)


def test_a_changed_course_changes_the_rows(session: Session) -> None:
    add(session)
    add(session, kind=CourseKind.RECOMMENDED, grace_days=0, name="Førstehjelp 2")
    assert missing(session) == ()
    assert [one.name for one in courses(session, "NO")] == ["Førstehjelp 2"]


def test_who_was_looked_at_before_is_as_new_as_the_rows(session: Session) -> None:
    person = session.get_one(Volunteer, volunteer(0))
    before = person.version
    add(session)
    assert (person.missing_courses != "[]", person.version > before) == (True, True)


def test_a_dropped_course_is_missed_by_nobody(session: Session) -> None:
    add(session)
    take(session, date(2026, 5, 1), number=1)
    drop_course(session, NOW, "first-aid", ACTOR)
    assert [missing(session, number) for number in range(3)] == [()] * 3
    with pytest.raises(LookupError):
        drop_course(session, NOW, "first-aid", ACTOR)


def test_another_societys_course_is_asked_of_nobody_here(session: Session) -> None:
    session.add(Society(id="SE", name="Besöksverksamheten", policy_id="SE"))
    session.flush()
    add(session, society_id="SE")
    assert missing(session) == ()


def test_who_serves_in_no_chapter_any_more_is_asked_for_nothing(session: Session) -> None:
    add(session)
    its = sa.update(ChapterMembership).where(ChapterMembership.volunteer_id == volunteer(0))
    session.execute(its.values(until=TODAY))
    add(session, grace_days=300)
    assert (missing(session, 0), len(missing(session, 1))) == ((), 1)


def test_who_comes_new_has_the_courses_in_the_row_at_once(session: Session) -> None:
    add(session)
    add_new(session)
    text = session.get_one(Volunteer, NEW).missing_courses
    found = msgspec.json.decode(text, type=tuple[MissingCourse, ...])
    assert found == (MissingCourse("Førstehjelp", TODAY + timedelta(days=366)),)


def test_several_courses_stand_in_the_order_in_which_they_stop(session: Session) -> None:
    add(session)
    add_blocking(session, id="basics", name="Grunnkurs", required_from=date(2026, 12, 1))
    assert [one.name for one in missing(session)] == ["Grunnkurs", "Førstehjelp"]


def test_a_page_can_show_what_each_course_means_for_somebody(session: Session) -> None:
    add(session)
    add_blocking(session, id="basics", name="Ytterligere", required_from=date(2026, 12, 1))
    take(session, date(2026, 5, 1))
    told = [(one.course.name, one.taken, one.stop) for one in of_volunteer(session, volunteer(0))]
    assert told == [
        ("Førstehjelp", date(2026, 5, 1), None),
        ("Ytterligere", None, Stop(date(2026, 12, 1), is_held=False)),
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "  "}, "1 to 60 printable"),
        ({"name": "k" * 61}, "1 to 60 printable"),
        ({"name": "First\x00aid"}, "1 to 60 printable"),
        ({"grace_days": 0}, "1 to 3660 days"),
        ({"grace_days": 4000}, "1 to 3660 days"),
        ({"kind": CourseKind.BLOCKING}, "only a course of that kind"),
        ({"validity_months": 0}, "1 to 600 months"),
        ({"validity_months": 601}, "1 to 600 months"),
    ],
)
def test_a_course_that_makes_no_sense_is_refused(
    session: Session, wrong: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(CourseError, match=says):
        add(session, **wrong)
    assert courses(session, "NO") == []


def test_what_is_not_there_and_what_has_not_been_is_refused(session: Session) -> None:
    with pytest.raises(LookupError):
        add(session, society_id="nowhere")
    with pytest.raises(LookupError):
        take(session, TODAY)
    add(session)
    with pytest.raises(CourseError, match="in the future"):
        take(session, TODAY + timedelta(days=1))
    with pytest.raises(LookupError):
        take(session, TODAY, number=99)


def test_a_course_stays_with_its_society(session: Session) -> None:
    session.add(Society(id="SE", name="Besöksverksamheten", policy_id="SE"))
    session.flush()
    add(session)
    with pytest.raises(CourseError, match="stays with its society"):
        add(session, society_id="SE")


def test_every_act_is_audited(session: Session) -> None:
    add(session)
    take(session, date(2026, 5, 1))
    last = sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(2)
    assert [(one.actor, one.act, one.record) for one in session.scalars(last)] == [
        (ACTOR, "take_course", "volunteer/volunteer-0/course/first-aid"),
        (ACTOR, "keep_course", "course/first-aid"),
    ]


# --- no card without a blocking course -------------------------------------------------------


def test_a_blocking_course_prevents_the_card_until_it_is_taken(session: Session) -> None:
    add_blocking(session)
    add_new(session)
    with pytest.raises(CardError, match="before these courses: Førstehjelp"):
        issue(session)
    taken = CourseTaken(volunteer_id=NEW, course_id="first-aid", day=TODAY)
    take_course(session, NOW, TODAY, taken, ACTOR)
    issue(session)


def test_one_that_will_have_run_out_on_the_cards_first_day_prevents_it_too(
    session: Session,
) -> None:
    add_blocking(session, validity_months=1)
    add_new(session)
    taken = CourseTaken(volunteer_id=NEW, course_id="first-aid", day=TODAY)
    take_course(session, NOW, TODAY, taken, ACTOR)
    assert blocking(session, NEW, date(2026, 12, 24)) == []
    with pytest.raises(CardError, match="Førstehjelp"):
        issue(session, valid_from=date(2026, 12, 25))


@pytest.mark.parametrize("kind", [CourseKind.GRACE, CourseKind.RECOMMENDED])
def test_no_other_course_prevents_a_card(session: Session, kind: CourseKind) -> None:
    add(session, kind=kind, grace_days=365 if kind is CourseKind.GRACE else 0)
    add_new(session)
    issue(session)


# --- dogs ------------------------------------------------------------------------------------

LATER = date(2027, 6, 1)


def keep(session: Session, insured: date, approvals: Mapping[DogPlace, date]) -> None:
    keep_team(session, NOW, volunteer(0), insured, approvals, ACTOR)


def test_a_team_stands_in_the_row_and_the_kiosks_are_told(session: Session) -> None:
    newest = changes.newest(session)
    keep(session, LATER, {DogPlace.WALK: LATER, DogPlace.COMMON_ROOM: TODAY})
    places = (DogPlace.WALK, DogPlace.COMMON_ROOM)
    assert dog(session) == DogTeam(places, LATER, {DogPlace.COMMON_ROOM: TODAY})
    told = changes.after(session, newest)
    assert [(one.kind, one.volunteer_id) for one in told] == [(ChangeKind.VOLUNTEER, volunteer(0))]


def test_what_is_kept_again_takes_the_place_of_what_was(session: Session) -> None:
    keep(session, LATER, {DogPlace.WALK: LATER, DogPlace.COMMON_ROOM: LATER})
    keep(session, LATER, {DogPlace.WALK: LATER})
    assert dog(session) == DogTeam((DogPlace.WALK,), LATER)
    newest = changes.newest(session)
    keep(session, LATER, {DogPlace.WALK: LATER})
    assert changes.newest(session) == newest


def test_a_dog_without_an_approval_does_not_come_along(session: Session) -> None:
    keep(session, LATER, {})
    assert dog(session) is None


def test_a_team_ends(session: Session) -> None:
    keep(session, LATER, {DogPlace.WALK: LATER})
    end_team(session, NOW, volunteer(0), ACTOR)
    assert dog(session) is None
    assert session.scalars(sa.select(DogApproval)).all() == []


def test_a_dog_of_nobody_is_an_error(session: Session) -> None:
    with pytest.raises(LookupError):
        keep_team(session, NOW, NEW, LATER, {}, ACTOR)
    with pytest.raises(LookupError):
        end_team(session, NOW, NEW, ACTOR)
