"""A register is taken over whole or not at all, under the same rules as one volunteer."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.roster import CardState
from presence.statuslist import ENTRIES
from server import cli
from server.audit import AuditRow
from server.cards.models import Card
from server.cards.places import free_places
from server.courses.models import Course, CourseKind
from server.courses.services import keep_course
from server.db import make_engine, reading, writing
from server.institutions.models import Chapter
from server.people import names, register
from server.people.models import ChapterMembership, Volunteer
from server.people.register import RegisterError
from server.people.taking_over import TakenOver, take_over
from tests.databases import Databases
from tests.integration.server_stand import CHAPTER, NOW, make_database

TODAY = date(2026, 11, 24)
HEADER = "first_name;last_name;birth_date;language;chapter;member_since;card_from"
ANNA = "Anna;Moen;1958-05-17;nb;Fjordby;2020-03-01;2026-11-24"
PER = "Per;Moen;1961-01-02;en;fjordby;2024-03-01;"


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def take(session: Session, *rows: str) -> TakenOver:
    found = register.read("\n".join((HEADER, *rows)).encode(), TODAY)
    return take_over(session, NOW, found, "people.csv", Random())


def refused(session: Session, *rows: str) -> list[str]:
    with pytest.raises(RegisterError) as raised:
        take(session, *rows)
    session.rollback()
    return str(raised.value).split("\n")


def people(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Volunteer)) or 0


def test_volunteers_come_with_their_chapter_and_their_card(session: Session) -> None:
    assert take(session, ANNA, PER) == TakenOver(volunteers=2, cards=1)
    anna = session.scalars(sa.select(Volunteer).where(Volunteer.first_name == "Anna")).one()
    assert (anna.last_name, anna.birth_date, anna.language) == ("Moen", date(1958, 5, 17), "nb")
    member = session.scalars(
        sa.select(ChapterMembership).where(ChapterMembership.volunteer_id == anna.id)
    ).one()
    assert (member.chapter_id, member.since) == (CHAPTER, date(2020, 3, 1))
    card = session.scalars(sa.select(Card).where(Card.volunteer_id == anna.id)).one()
    assert (card.state, card.valid_from) == (CardState.ACTIVE, TODAY)
    assert card.valid_until == date(2029, 11, 24)
    audit = session.scalars(sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
    assert (audit.actor, audit.act) == ("register", "take_over_register")


def test_who_is_seventeen_today_is_refused_with_the_reason_and_nobody_is_added(
    session: Session,
) -> None:
    young = "Una;Vik;2008-11-25;nb;Fjordby;2026-11-01;2026-11-24"
    assert refused(session, ANNA, young) == [
        "people.csv:3: card_from: a card cannot be valid before its holder is 18 years old"
    ]
    assert people(session) == 3
    take(session, ANNA, young.replace("2026-11-24", "2026-11-25"))
    assert people(session) == 5


def test_who_lacks_a_blocking_course_is_refused_with_its_name(session: Session) -> None:
    course = Course(
        id="basics",
        society_id="NO",
        name="Grunnkurs",
        kind=CourseKind.BLOCKING,
        required_from=date(2026, 1, 1),
    )
    keep_course(session, NOW, course, "chapter")
    session.commit()
    assert refused(session, PER, ANNA) == [
        "people.csv:3: card_from: a card cannot be issued before these courses: Grunnkurs"
    ]


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines(session: Session) -> None:
    found = refused(
        session,
        ANNA,
        ANNA.replace("Anna", "ANNA"),
        PER.replace("fjordby", "Nowhere"),
        "Person0;Prøve;1960-05-01;nb;Fjordby;2020-03-01;",
        "Ola;Vik;2008-11-25;nb;Fjordby;2026-11-01;2026-11-24",
    )
    assert found == [
        "people.csv:3: last_name: the same person, born on the same day, stands in line 2",
        "people.csv:4: chapter: no such chapter",
        f"people.csv:5: first_name: {names.RULE}",
        "people.csv:6: card_from: a card cannot be valid before its holder is 18 years old",
    ]
    assert people(session) == 3


def test_who_is_a_volunteer_already_is_not_added_again(session: Session) -> None:
    take(session, ANNA)
    session.commit()
    assert refused(session, PER, ANNA.replace("Moen", "MOEN")) == [
        "people.csv:3: last_name: somebody of that name, born on the same day, is a volunteer"
        " already"
    ]


def test_where_two_chapters_have_one_name_the_id_is_asked_for(session: Session) -> None:
    session.add(
        Chapter(
            id="other", society_id="NO", name="FJORDBY", leader_name="Omar", leader_phone="55500001"
        )
    )
    session.commit()
    assert refused(session, ANNA.replace("Fjordby", "FjordBy")) == [
        "people.csv:2: chapter: several chapters are called so: use the id"
    ]
    assert take(session, ANNA.replace("Fjordby", "other")).volunteers == 1


def test_no_place_in_the_lists_is_given_twice(session: Session) -> None:
    taken = {(card.list, card.index) for card in session.scalars(sa.select(Card))}
    found = list(islice(free_places(session, Random(1)), ENTRIES))
    assert len(set(found)) == ENTRIES
    assert not taken & {(one.list, one.index) for one in found}
    assert {one.list for one in found} == {1, 2, 3}
    assert all(one.index < ENTRIES for one in found)
    first = next(free_places(session, Random(2)))
    assert isinstance(first, CardRef)
    assert first not in found[:1]


# --- the command -----------------------------------------------------------------------------


def run(tmp_path: Path, sqlite: Databases, *rows: str) -> tuple[int, sa.Engine]:
    url = make_database(sqlite)
    told = f'[data]\ndirectory = "{tmp_path}"\n[database]\nurl = "{url}"\n'
    (tmp_path / "server.toml").write_text(told)
    (tmp_path / "people.csv").write_text("\n".join((HEADER, *rows)), encoding="utf-8")
    asked = ["import", "volunteers", str(tmp_path / "people.csv")]
    return cli.main([*asked, "--config", str(tmp_path / "server.toml")]), make_engine(url)


def count(engine: sa.Engine) -> int:
    with reading(engine) as session:
        found = people(session)
    engine.dispose()
    return found


def test_the_command_adds_them_and_says_how_many(
    tmp_path: Path, sqlite: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    code, engine = run(tmp_path, sqlite, PER)
    assert (code, count(engine)) == (0, 4)
    assert capsys.readouterr().out.endswith("1 volunteers and 0 cards were added\n")


def test_the_command_adds_nobody_when_one_row_is_wrong(
    tmp_path: Path, sqlite: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    code, engine = run(tmp_path, sqlite, PER, ANNA.replace("nb", "xx"))
    assert (code, count(engine)) == (1, 3)
    assert capsys.readouterr().err == (
        f"{tmp_path}/people.csv:3: language: must be one of: nb, sv, da, en\n"
    )


def test_a_register_that_is_not_there_is_an_error_and_no_traceback(
    tmp_path: Path, sqlite: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, sqlite, PER)[1].dispose()
    asked = ["import", "volunteers", str(tmp_path / "nowhere.csv")]
    assert cli.main([*asked, "--config", str(tmp_path / "server.toml")]) == 1
    assert "nowhere.csv" in capsys.readouterr().err
