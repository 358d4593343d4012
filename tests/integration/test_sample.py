"""The sample data: its size, its honesty, and that every card in it is genuine."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from demo.sample import briefings, load
from demo.sample.homes import HOMES, SOLBAKKEN, Home
from presence.activity import Activity, DogPlace, DogTeam
from presence.briefing import Briefing, BriefingVersion, Section, faults
from presence.credential import verify_code
from presence.policy import Policy
from presence.roster import CardState, MissingCourse, RosterRow
from presence.travel import distance_km
from presence.visit import VisitState
from server.briefings.models import AcknowledgementRecord
from server.cards.models import Card
from server.db import reading, writing
from server.institutions.models import Assignment, Chapter, Institution
from server.institutions.queries import boards
from server.kiosks.models import Kiosk
from server.kiosks.roster import row_of, rows_of
from server.notices.models import Alert
from server.people.models import Volunteer
from server.people.services import last_conversation
from server.schema import upgrade
from server.visits.models import EventRow, RefusedAttempt, VisitRow
from tests.databases import Databases
from tests.integration.pages_stand import NOW, Site, prepare, site

TODAY = NOW.date()


@pytest.fixture(scope="module")
def city(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(prepare(databases, tmp_path_factory.mktemp("city"), "city")) as found:
        yield found


@pytest.fixture(scope="module")
def story(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(prepare(databases, tmp_path_factory.mktemp("story"))) as found:
        yield found


def _count(city: Site, table: type) -> int:
    with reading(city.engine) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_it_is_a_city_branch(city: Site) -> None:
    tables = (Volunteer, Card, Institution, Kiosk, Chapter)
    assert [_count(city, table) for table in tables] == [300, 299, 12, 12, 2]
    assert len(city.sample.people) == 299
    with reading(city.engine) as session:
        assert set(session.scalars(sa.select(Assignment.activity))) == set(Activity)
    assert len(Activity) == 8


def test_it_has_a_year_of_visits_in_every_month_and_home(city: Site) -> None:
    with reading(city.engine) as session:
        rows = session.execute(sa.select(VisitRow.began, VisitRow.institution_id)).all()
    assert 5_000 < len(rows) < 9_000
    assert min(row.began for row in rows) < NOW - timedelta(days=355)
    assert len(Counter((row.began.year, row.began.month) for row in rows)) >= 12
    assert {row.institution_id for row in rows} == {home.id for home in HOMES}


def test_every_code_in_it_is_genuine_and_names_its_own_card(city: Site) -> None:
    with reading(city.engine) as session:
        cards = {card.id: card.ref for card in session.scalars(sa.select(Card))}
    for person in city.sample.people:
        assert verify_code(person.code_text, city.keys.trust).card == cards[person.card_id]


def test_its_cards_are_in_all_sorts_of_states(city: Site) -> None:
    with reading(city.engine) as session:
        cards = session.scalars(sa.select(Card)).all()
    states = Counter(card.state for card in cards)
    assert states[CardState.ACTIVE] > 260
    assert states[CardState.LOST] >= 5
    assert {CardState.SUSPENDED, CardState.RETURNED, CardState.TO_BE_RETURNED} <= set(states)
    active = [card for card in cards if card.state is CardState.ACTIVE]
    assert sum(card.valid_until < TODAY for card in active) >= 5
    soon = TODAY + timedelta(days=60)
    assert sum(TODAY <= card.valid_until <= soon for card in active) >= 10


def test_everyone_with_a_card_is_between_18_and_85(city: Site) -> None:
    with reading(city.engine) as session:
        holders = sa.select(Volunteer.birth_date).join(Card, Card.volunteer_id == Volunteer.id)
        born = session.scalars(holders).all()
    ages = [(TODAY - day).days / 365.2425 for day in born]
    assert 18 <= min(ages) < 30
    assert 75 < max(ages) < 86


def test_nobody_visits_with_a_card_that_is_not_valid_then(city: Site) -> None:
    with reading(city.engine) as session:
        rows = session.execute(
            sa.select(EventRow.at, Card.valid_from, Card.valid_until)
            .join_from(EventRow, Card, Card.volunteer_id == EventRow.volunteer_id)
            .where(EventRow.visit.is_not(None))
        ).all()
    assert rows
    assert all(valid_from <= at.date() <= valid_until for at, valid_from, valid_until in rows)


def test_some_are_in_the_house_and_every_kind_of_doubt_is_there(city: Site) -> None:
    with reading(city.engine) as session:
        found = {board.facts.house.institution: board for board in boards(session, NOW)}
    solbakken = found[SOLBAKKEN.id]
    assert len(solbakken.on_site) == 6
    assert [guest.is_briefed for guest in solbakken.on_site].count(False) == 1
    assert [guest.doubt for guest in solbakken.possible] == ["sent_to_staff"]
    doubts = {guest.doubt for board in found.values() for guest in board.possible}
    assert "forgotten" in doubts
    assert [home for home, board in found.items() if not board.is_complete] == ["tindeviken"]


def test_some_departures_were_forgotten_and_some_cards_refused(city: Site) -> None:
    with reading(city.engine) as session:
        states = Counter(session.scalars(sa.select(VisitRow.state)))
        shown = session.scalars(sa.select(Alert.at).order_by(Alert.id)).all()
    assert 0.01 < states[VisitState.LEFT_UNKNOWN] / states.total() < 0.08
    assert _count(city, RefusedAttempt) >= 20
    assert list(shown) == sorted(shown)
    assert _count(city, AcknowledgementRecord) > 300


def test_the_cast_stands_where_the_stories_begin(databases: Databases, tmp_path: Path) -> None:
    with site(prepare(databases, tmp_path)) as story:
        cast = story.sample.cast
        names = [person.first_name for person in cast.values()]
        with reading(story.engine) as session:
            read = {
                person: major
                for person, home, major in session.execute(
                    sa.select(
                        AcknowledgementRecord.volunteer_id,
                        AcknowledgementRecord.institution_id,
                        AcknowledgementRecord.major,
                    )
                )
                if home == "solbakken"
            }
            nobody = [(board.on_site, board.possible) for board in boards(session, NOW)]
        assert names == [
            "Astrid",
            "Bjørn",
            "Carin",
            "Dag",
            "Eli",
            "Frode",
            "Gunn",
            "Hassan",
            "Iben",
            "Jon",
            "Kirsti",
            "Lars",
            "Maja",
            "Nils",
            "Oda",
        ]
        assert [read.get(person.volunteer_id) for person in cast.values()] == [
            *(None, 3, 3, 3, 2),
            *(3, 3, 3, None, 3),
            *(3, 3, None, 3, 3),
        ]
        assert story.card("hassan").state is CardState.LOST
        assert story.card("frode").valid_until == date(2026, 12, 24)
        assert story.card("gunn").valid_until == date(2026, 11, 23)
        assert story.card("expired").valid_until == date(2026, 11, 23)
        assert story.card("thirty_days").valid_until == date(2026, 12, 24)
        assert cast["seventeen"].card_id == ""
        assert nobody == [((), ()), ((), ())]


def test_the_cast_has_courses_a_dog_and_conversations_as_the_stories_need_them(
    story: Site,
) -> None:
    with reading(story.engine) as session:
        rows = {
            key: row
            for key, one in story.sample.cast.items()
            if (row := row_of(session, SOLBAKKEN.id, one.volunteer_id, NOW)) is not None
        }
        kirsti = story.sample.cast["expired"].volunteer_id
        last = last_conversation(session, kirsti, TODAY)
    missing = {key: row.courses for key, row in rows.items() if _is_told(row)}
    assert missing == {"grace_course": (MissingCourse("Førstehjelp", date(2027, 1, 11)),)}
    assert rows["dog"].activities == (Activity.DOG_VISIT, Activity.VISIT)
    assert rows["dog"].dog == DogTeam((DogPlace.WALK, DogPlace.COMMON_ROOM), date(2027, 6, 12))
    assert [key for key, row in rows.items() if row.dog is not None] == ["dog"]
    assert last is not None
    assert last.day == date(2023, 10, 24)


def test_every_home_has_a_place_of_its_own() -> None:
    places = {(home.place.latitude, home.place.longitude) for home in HOMES if home.place}
    assert len(places) == len(HOMES)


def _is_told(row: RosterRow) -> bool:
    """Whether a kiosk would say a word about a course."""
    soon = TODAY + timedelta(days=Policy().renewal_notice_days)
    return any(not one.is_held or one.stops_on <= soon for one in row.courses)


def test_the_city_has_people_who_miss_a_course_and_nobody_who_is_stopped_by_one(
    city: Site,
) -> None:
    with reading(city.engine) as session:
        rows = [row for home in HOMES for row in rows_of(session, home.id, NOW)]
    courses = [course for row in rows for course in row.courses]
    assert sum(not one.is_held for one in courses) >= 20
    assert all(one.stops_on > TODAY for one in courses)
    assert any(Activity.DOG_VISIT in row.activities and row.dog is not None for row in rows)


def test_the_two_homes_of_the_stories_are_twelve_kilometres_apart() -> None:
    first, second = HOMES[0].place, HOMES[1].place
    assert first is not None
    assert second is not None
    assert round(distance_km(first, second), 1) == 12.0


def test_the_same_day_gives_the_same_sample(databases: Databases, tmp_path: Path) -> None:
    with site(prepare(databases, tmp_path)) as story:
        with databases.engine(databases.empty()) as engine:
            upgrade(engine)
            with writing(engine) as session, session.begin():
                again = load(session, NOW, story.keys.card, "story")
        assert again == story.sample


def test_it_loads_while_somebody_waits(sqlite: Databases, tmp_path: Path) -> None:
    started = time.perf_counter()
    prepare(sqlite, tmp_path, "city")
    assert time.perf_counter() - started < 15


@pytest.mark.parametrize("language", briefings.LANGUAGES)
@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.id)
def test_every_briefing_is_whole_short_and_easy_to_read(home: Home, language: str) -> None:
    sections = briefings.sections(home, language)
    assert faults(Briefing(BriefingVersion(1), language, sections)) == ()
    assert len(sections) == 6
    assert all(len(section.lines) == 3 for section in sections)
    assert max(len(line) for section in sections for line in section.lines) <= 30
    assert max(map(_lix, sections)) <= 30
    assert any(f"{home.street}, {home.town}" in "".join(one.lines) for one in sections)


def test_solbakken_has_news_in_its_third_version() -> None:
    since = {section.since for section in briefings.sections(SOLBAKKEN, "nb")}
    assert (briefings.major(SOLBAKKEN), since) == (3, {1, 2, 3})


def test_no_two_homes_share_an_address_and_no_name_or_number_is_a_real_one(city: Site) -> None:
    assert len({home.address for home in HOMES}) == len(HOMES)
    assert all(re.search(r", 0000 (Fjordby|Elvemo)$", home.address) for home in HOMES)
    with reading(city.engine) as session:
        phones = session.scalars(sa.select(Chapter.leader_phone)).all()
    assert all(re.fullmatch(r"\+47 00 00 0\d \d\d", phone) for phone in phones)


def _lix(section: Section) -> float:
    """Björnsson's readability: words a sentence, and the share of words over six letters."""
    text = " ".join(section.lines)
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*", text)
    sentences = len(re.findall(r"[.!?:](?:\s|$)", text))
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)
