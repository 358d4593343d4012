"""What the screen says in each of its languages."""

import re
from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest

from kiosk.events import BriefingOpen, CannotRead, Touch
from kiosk.screen.words import CATALOGUES
from presence.activity import Activity, DogPlace, DogTeam
from presence.briefing import BriefingVersion, Section, SectionKind
from presence.card import Unreadable
from presence.roster import RosterRow
from tests.builders import CARD, TODAY, roster_row
from tests.unit.screens import outside, said, seen, told


def with_a_dog_until(last: date) -> RosterRow:
    dog = DogTeam((DogPlace.COMMON_ROOM,), last)
    return roster_row(activities=(Activity.VISIT, Activity.DOG_VISIT), dog=dog)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("nb", "Hundens godkjenning gjaldt til 23. november 2026. Sjekk inn uten hund."),
        ("en", "The dog's approval ended on 23 November 2026. Please visit without the dog."),
        ("sv", "Hundens godkännande gällde till 23 november 2026. Besök utan hund."),
        ("da", "Hundens godkendelse gjaldt til 23. november 2026. Kom uden hund."),
    ],
)
def test_whose_dogs_approval_is_over_is_welcome_without_the_dog(language: str, line: str) -> None:
    row = with_a_dog_until(TODAY - timedelta(days=1))
    stage = told(row, language=language)
    assert line in said(stage)[1]
    assert seen(stage).tone == "in"
    assert [button.touch for button in seen(stage).buttons] == [Touch.MORE_TIME]


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("nb", "Velkommen tilbake, Kari", "Du er fortsatt sjekket inn."),
        ("en", "Welcome back, Kari", "You are still checked in."),
        ("sv", "Välkommen tillbaka, Kari", "Du är fortfarande incheckad."),
        ("da", "Velkommen tilbage, Kari", "Du er stadig checket ind."),
    ],
)
def test_who_comes_back_from_outside_is_welcomed_back(language: str, title: str, line: str) -> None:
    stage = told(roster_row(here=outside()), language=language)
    assert said(stage) == (title, [line])
    shown = seen(stage)
    assert (shown.tone, shown.icon, list(shown.buttons)) == ("in", "enter", [])


def test_a_person_whose_name_is_not_known_is_welcomed_back_as_well() -> None:
    stage = replace(told(roster_row(here=outside())), first_name=None)
    assert said(stage)[0] == "Velkommen tilbake"


READING = BriefingOpen(
    version=BriefingVersion(3),
    sections=(Section((SectionKind.ALARM_SOUND,), "Alarmen", ("Gå rolig ut.",)),),
    page=0,
    language="nb",
    first_name="Kari",
    card=CARD,
    opened=timedelta(hours=1),
    is_unconfirmed=False,
)
UNREAD = [*map(CannotRead, (None, *Unreadable)), CannotRead(None, is_unanswered=True)]


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_cannot_be_read_is_said_in_one_short_title_and_two_short_lines(language: str) -> None:
    for stage in UNREAD:
        title, lines = said(stage, language)
        assert len(title) <= 28
        assert len(lines) <= 2
        assert all(len(line) <= 40 for line in lines)


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_cannot_be_read_ends_with_the_staff_whatever_it_is(language: str) -> None:
    staff = CATALOGUES[language]["see_staff"].split()[-1]
    for stage in UNREAD:
        title, lines = said(stage, language)
        assert staff in " ".join((title, *lines))


def test_who_reads_the_briefing_is_told_in_one_line_what_became_of_anothers_card() -> None:
    titles = []
    for said_now in (CannotRead(Unreadable.UNSUPPORTED), CannotRead(None, is_unanswered=True)):
        notice = seen(replace(READING, notice=said_now)).notice
        assert notice is not None
        titles.append((notice.icon, notice.text))
    assert titles == [("unread", "Dette kan ikke brukes her"), ("staff", "Snakk med personalet")]


# --- the catalogues --------------------------------------------------------------------------


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_catalogue_has_every_word_with_the_same_blanks(language: str) -> None:
    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    ours, norwegian = CATALOGUES[language], CATALOGUES["nb"]
    assert {key: blanks(text) for key, text in ours.items()} == {
        key: blanks(text) for key, text in norwegian.items()
    }
    assert len(ours["months"].split()) == 12
    assert len(ours["weekdays"].split()) == 7


@pytest.mark.parametrize("language", CATALOGUES)
def test_nobody_is_asked_to_sign_in(language: str) -> None:
    text = " ".join(CATALOGUES[language].values()).lower()
    assert re.findall(r"\b(logg\w* inn|log in|logga in|log ind)\b", text) == []
