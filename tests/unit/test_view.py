"""What the screen says, word for word."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import msgspec
import pytest

from kiosk.events import (
    AlarmRaised,
    BriefingOpen,
    BriefingRead,
    CannotRead,
    Idle,
    Reading,
    Stage,
    Starting,
    Told,
    Touch,
    Way,
)
from kiosk.screen.view import Button, Notice, Number, View
from kiosk.screen.words import CATALOGUES
from presence.admission import decide
from presence.briefing import BriefingVersion, Section, SectionKind
from presence.card import Unreadable
from presence.messages import ReaderState
from presence.policy import Emergency, EmergencyNumber, Policy
from presence.reason import Reason
from presence.roster import CardState, Elsewhere, MissingCourse
from presence.verdict import Basis
from tests.builders import (
    CARD,
    NOW,
    TODAY,
    acknowledged,
    arrival,
    departure,
    facts,
    held_card,
    here,
    house,
    oslo,
    roster_row,
)
from tests.unit.screens import AROUND, EXPIRED, inside, outside, said, seen, told, with_card


def reading(page: int = 0, notice: Told | CannotRead | None = None) -> BriefingOpen:
    sections = tuple(
        Section((kind,), f"Tittel {n}", ("Gå rolig ut.", "Ikke bruk heis."))
        for n, kind in enumerate(list(SectionKind)[:3], start=1)
    )
    return BriefingOpen(
        BriefingVersion(3), sections, page, "nb", "Kari", CARD, timedelta(hours=1), False, notice
    )


# --- one screen after the other --------------------------------------------------------------


def test_the_idle_screen_says_what_to_do_where_one_is_and_what_time_it_is() -> None:
    assert seen(Idle()) == View(
        key="idle",
        tone="calm",
        icon="card",
        title="Hold kortet mot leseren",
        lines=("Når du kommer, og når du går.",),
        signs=[],
        language="nb",
        home="Solbakken",
        clock="10:02",
        date="tirsdag 24. november",
        emergency="Nødnummer",
        numbers=[
            Number("110", "brann"),
            Number("112", "politi"),
            Number("113", "ambulanse"),
        ],
        wait="Et øyeblikk",
    )


READY, SILENT, RECOVERING, LOST = ReaderState
CHIP, CODE = Way


@pytest.mark.parametrize(
    ("ways", "title", "lines", "icon"),
    [
        ({CHIP: READY}, "Hold kortet mot leseren", [], "card"),
        ({CODE: READY}, "Vis koden på kortet til kameraet", [], "code"),
        (
            {CHIP: READY, CODE: READY},
            "Hold kortet mot leseren",
            ["Eller vis koden til kameraet."],
            "card_or_code",
        ),
        ({CHIP: LOST, CODE: READY}, "Vis koden på kortet til kameraet", [], "code"),
        ({CHIP: READY, CODE: LOST}, "Hold kortet mot leseren", [], "card"),
        ({CHIP: RECOVERING}, "Hold kortet mot leseren", [], "card"),
    ],
    ids=str,
)
def test_the_idle_screen_shows_the_ways_that_work_here_now(
    ways: dict[Way, ReaderState], title: str, lines: list[str], icon: str
) -> None:
    shown = seen(Idle(), replace(AROUND, ways=ways))
    assert (shown.title, list(shown.lines)) == (title, [*lines, "Når du kommer, og når du går."])
    assert (shown.icon, shown.tone) == (icon, "calm")


def test_before_the_home_is_known_the_way_that_works_is_offered_too() -> None:
    lines = [
        seen(Starting(), replace(AROUND, ways=ways)).lines
        for ways in ({CHIP: READY, CODE: READY}, {CHIP: LOST, CODE: READY})
    ]
    assert lines == [("Du kan holde kortet mot leseren.",), ("Du kan vise koden til kameraet.",)]


STAGES: list[tuple[Stage, str, list[str]]] = [
    (Starting(), "Et øyeblikk", ["Du kan holde kortet mot leseren."]),
    (Reading(), "Et øyeblikk", ["Kortet ditt er lest."]),
    (told(roster_row()), "Velkommen, Kari", ["Du er sjekket inn.", "Bær kortet synlig."]),
    (
        told(roster_row(here=inside(0.5))),
        "Du sjekket inn kl. 10.01",
        ["Skal du gå? Vent ett minutt."],
    ),
    (told(roster_row(here=inside(60))), "Takk for besøket, Kari", ["Du er sjekket ut."]),
    (
        told(roster_row(here=outside())),
        "Velkommen tilbake, Kari",
        ["Du er fortsatt sjekket inn."],
    ),
    (told(None), "Snakk med personalet", ["De hjelper deg."]),
    (
        told(with_card(EXPIRED)),
        "Kortet er utløpt",
        ["Det gjaldt til og med 23. november 2026.", "Ring Berit Lunde, +47 55 01 02 03"],
    ),
    (
        told(roster_row(EXPIRED, leader=None)),
        "Kortet er utløpt",
        ["Det gjaldt til og med 23. november 2026.", "Snakk med personalet"],
    ),
    (
        told(roster_row(courses=(MissingCourse("Førstehjelp", date(2026, 1, 10)),))),
        "Et kurs mangler",
        ["Førstehjelp", "Ring Berit Lunde, +47 55 01 02 03"],
    ),
    (CannotRead(None), "Kortet kan ikke leses", ["Snakk med personalet"]),
    (
        CannotRead(Unreadable.GARBLED),
        "Prøv en gang til",
        ["Hold kortet helt stille.", "Eller snakk med personalet."],
    ),
    (
        CannotRead(Unreadable.EMPTY),
        "Kortet kan ikke leses",
        ["Bruk ID-kortet ditt.", "Eller snakk med personalet."],
    ),
    (
        CannotRead(Unreadable.UNSUPPORTED),
        "Dette kan ikke brukes her",
        ["Hold bare ID-kortet mot leseren.", "Eller snakk med personalet."],
    ),
    (
        CannotRead(None, is_unanswered=True),
        "Snakk med personalet",
        ["De noterer besøket ditt.", "Kortet kan ikke sjekkes akkurat nå."],
    ),
    (
        BriefingRead("Kari", "nb"),
        "Takk, Kari",
        ["Nå kjenner du sikkerheten her.", "Bær kortet synlig."],
    ),
]


@pytest.mark.parametrize(("stage", "title", "lines"), STAGES, ids=lambda value: str(value)[:40])
def test_every_stage_says_its_words(stage: Stage, title: str, lines: list[str]) -> None:
    assert said(stage) == (title, lines)


def test_what_is_due_is_said_in_one_line_each() -> None:
    forgotten = here(
        arrival(oslo("10:00", TODAY - timedelta(days=1)), 1),
        departure(oslo("11:00", TODAY - timedelta(days=1)), 2, doubtful=True),
    )
    row = roster_row(
        held_card(valid_until=date(2026, 12, 24)),
        courses=(MissingCourse("Førstehjelp", date(2027, 1, 11)),),
        acknowledged=acknowledged(2),
        here=forgotten,
    )
    assert said(replace(told(row), has_briefing=True))[1] == [
        "Du er sjekket inn.",
        "Nå kommer sikkerhetsorienteringen.",
        "Sist glemte du å sjekke ut.",
        "Kortet må fornyes innen 24. desember 2026.",
        "Ta kurset «Førstehjelp» før 11. januar 2027.",
    ]


def test_a_briefing_whose_text_is_not_here_is_not_announced() -> None:
    assert said(told(roster_row(acknowledged=None)))[1] == [
        "Du er sjekket inn.",
        "Bær kortet synlig.",
    ]


def test_a_person_is_spoken_to_in_her_own_language_and_everyone_else_in_the_homes() -> None:
    assert said(told(roster_row(), language="en"))[0] == "Welcome, Kari"
    assert said(told(None, language="xx"))[0] == "Snakk med personalet"
    assert said(Idle(), language="sv")[0] == "Håll kortet mot läsaren"
    assert said(replace(told(None), language=None), language="da")[0] == "Tal med personalet"


def test_times_and_dates_follow_the_language() -> None:
    again = told(roster_row(here=inside(0.5)), language="en")
    assert seen(again).title == "You checked in at 10:01"
    assert [seen(Idle(), language=language).date for language in CATALOGUES] == [
        "tirsdag 24. november",
        "Tuesday 24 November",
        "tisdag 24 november",
        "tirsdag den 24. november",
    ]


def test_a_swedish_home_shows_its_one_emergency_number() -> None:
    numbers = (EmergencyNumber("112", Emergency.ALL),)
    swedish = replace(AROUND, house=house(policy=Policy(emergency_numbers=numbers)))
    assert seen(Idle(), swedish, "sv").numbers == [Number("112", "brand, polis, ambulans")]


def test_a_kiosk_that_does_not_know_its_home_shows_the_number_that_is_answered_anywhere() -> None:
    nowhere = replace(AROUND, house=None)
    assert seen(Idle(), nowhere, "da").numbers == [Number("112", "brand, politi, ambulance")]


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_language_has_words_for_every_emergency(language: str) -> None:
    numbers = tuple(EmergencyNumber("112", what) for what in Emergency)
    around = replace(AROUND, house=house(policy=Policy(emergency_numbers=numbers)))
    assert all(number.what for number in seen(Idle(), around, language).numbers)


# --- what a bystander must not see -----------------------------------------------------------


def test_every_neutral_refusal_looks_exactly_the_same() -> None:
    refusals = [
        told(None),
        told(roster_row(is_paused=True)),
        told(with_card(held_card(valid_from=TODAY + timedelta(days=1)))),
        told(roster_row(elsewhere=Elsewhere(NOW, NOW + timedelta(minutes=8)))),
        *(
            told(with_card(held_card(state=state)))
            for state in CardState
            if state is not CardState.ACTIVE
        ),
    ]
    views = [seen(stage) for stage in refusals]
    assert len({stage.verdict.reason for stage in refusals}) == 5
    assert views == [views[0]] * len(views)
    assert "Kari" not in str(views[0])


def test_no_view_holds_a_reason_a_card_or_a_presentation() -> None:
    stages = [*(stage for stage, _, _ in STAGES), reading(1, told(None))]
    for stage in stages:
        text = msgspec.json.encode(seen(stage)).decode()
        assert str(CARD.index) not in text
        assert [reason for reason in Reason if len(reason) > 2 and reason in text.split('"')] == []


# --- small signs -----------------------------------------------------------------------------


def test_without_the_server_a_small_sign_says_so_and_how_old_the_knowledge_is() -> None:
    alone = replace(AROUND, is_connected=False)
    assert seen(Idle(), alone).signs == ["Uten nett"]
    assert seen(told(roster_row(), Basis.ROSTER), alone).signs == [
        "Uten nett. Registreringen er lagret.",
        "Opplysninger fra kl. 10.00",
    ]
    old = facts(Basis.ROSTER, as_of=NOW - timedelta(days=3))
    stage = Told(decide(old, NOW), "Kari", "nb", seen=NOW)
    assert seen(stage, alone).signs[1] == "Opplysninger fra 21. november 2026"


@pytest.mark.parametrize(
    ("ways", "signs"),
    [
        ({CHIP: READY, CODE: READY}, []),
        ({CHIP: LOST, CODE: READY}, ["Kortleseren virker ikke"]),
        ({CHIP: READY, CODE: LOST}, ["Kameraet virker ikke"]),
        ({CHIP: SILENT}, ["Kortleseren svarer ikke"]),
        ({CHIP: RECOVERING, CODE: READY}, ["Kortleseren starter på nytt"]),
        ({CODE: SILENT}, ["Kameraet svarer ikke"]),
        ({CODE: RECOVERING, CHIP: LOST}, ["Kortleseren virker ikke", "Kameraet starter på nytt"]),
        ({CODE: LOST, CHIP: LOST}, []),
    ],
    ids=str,
)
def test_a_reader_in_trouble_is_a_small_sign(
    ways: dict[Way, ReaderState], signs: list[str]
) -> None:
    assert seen(Idle(), replace(AROUND, ways=ways)).signs == signs


def test_a_lost_reader_whose_work_another_does_is_a_small_sign() -> None:
    assert seen(Idle(), replace(AROUND, has_lost_spare=True)).signs == ["En leser virker ikke"]


@pytest.mark.parametrize("stage", [Idle(), Starting()], ids=str)
@pytest.mark.parametrize("ways", [{CHIP: LOST}, {CHIP: LOST, CODE: LOST}], ids=str)
def test_where_no_reader_works_the_whole_screen_says_so(
    stage: Stage, ways: dict[Way, ReaderState]
) -> None:
    shown = seen(stage, replace(AROUND, ways=ways))
    assert (shown.title, shown.lines) == ("Leseren virker ikke", ("Snakk med personalet",))
    assert (shown.tone, shown.icon, shown.signs) == ("staff", "fault", [])


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_language_has_a_sign_for_every_trouble(language: str) -> None:
    for state, way in product((SILENT, RECOVERING, LOST), Way):
        other = CODE if way is CHIP else CHIP
        around = replace(AROUND, ways={way: state, other: READY})
        assert len(seen(Idle(), around, language).signs) == 1


# --- the fire alarm --------------------------------------------------------------------------

ALARM = AlarmRaised({"nb": ("Si fra til vakta.", "Gå rolig ut nærmeste vei.")})


def test_the_alarm_says_in_the_homes_own_words_what_to_do() -> None:
    shown = seen(ALARM)
    assert (shown.title, shown.tone, shown.icon) == ("Brannalarm", "alarm", "fire")
    assert shown.lines == ("Si fra til vakta.", "Gå rolig ut nærmeste vei.")
    assert [number.number for number in shown.numbers] == ["110", "112", "113"]
    assert (list(shown.buttons), shown.notice, shown.signs) == ([], None, [])


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        ("sv", "Brandlarm", ("Gå ut genom närmaste utrymningsväg.", "Följ personalen.")),
        ("da", "Brandalarm", ("Gå ud ad nærmeste flugtvej.", "Følg personalet.")),
        ("en", "Fire alarm", ("Leave by the nearest escape route.", "Follow the staff.")),
    ],
)
def test_where_the_home_has_said_nothing_in_that_language_the_kiosk_says_it(
    language: str, title: str, lines: tuple[str, ...]
) -> None:
    shown = seen(ALARM, language=language)
    assert (shown.title, shown.lines) == (title, lines)


def test_a_tap_during_the_alarm_is_one_plain_line_above_it_and_calls_nobody_in() -> None:
    kari = told(roster_row())
    lines: list[tuple[Told | CannotRead | Reading, Notice]] = [
        (kari, Notice("in", "enter", "Kari: Du er sjekket inn.")),
        (told(roster_row(here=inside(60))), Notice("out", "leave", "Kari: Du er sjekket ut.")),
        (
            told(roster_row(here=outside()), language="en"),
            Notice("in", "enter", "Kari: You are still checked in."),
        ),
        (
            told(roster_row(here=inside(0.5))),
            Notice("in", "check", "Du sjekket inn kl. 10.01"),
        ),
        (replace(kari, first_name=None), Notice("in", "enter", "Du er sjekket inn.")),
        (
            replace(kari, earlier=(replace(kari, first_name="Ola"),)),
            Notice("in", "enter", "Kari: Du er sjekket inn. · Ola: Du er sjekket inn."),
        ),
        (told(None), Notice("staff", "staff", "Snakk med personalet")),
        (CannotRead(None), Notice("staff", "unread", "Kortet kan ikke leses")),
        (Reading(), Notice("calm", "wait", "Kortet ditt er lest.")),
    ]
    assert [seen(replace(ALARM, notice=said)).notice for said, _ in lines] == [
        notice for _, notice in lines
    ]


def test_during_the_alarm_no_sign_is_shown_but_that_its_sound_is_off() -> None:
    trouble = replace(AROUND, is_connected=False, ways={CHIP: LOST, CODE: READY})
    assert seen(ALARM, trouble).signs == []
    assert seen(replace(ALARM, is_silenced=True), trouble).signs == ["Lyden er slått av her"]


def test_who_was_greeted_just_before_is_greeted_once_more_in_small() -> None:
    stage = replace(told(roster_row()), earlier=(replace(told(roster_row()), first_name="Ola"),))
    assert seen(stage).before == ["Før deg: Velkommen, Ola"]


# --- the briefing ----------------------------------------------------------------------------


def test_the_first_page_offers_later_the_middle_one_back_and_the_last_one_understood() -> None:
    buttons = [list(seen(reading(page)).buttons) for page in range(3)]
    assert buttons == [
        [Button(Touch.LATER, "Les senere"), Button(Touch.NEXT, "Neste", True)],
        [Button(Touch.BACK, "Tilbake"), Button(Touch.NEXT, "Neste", True)],
        [Button(Touch.BACK, "Tilbake"), Button(Touch.UNDERSTOOD, "Jeg har lest og forstått", True)],
    ]


def test_a_page_says_whose_briefing_it_is_and_how_far_she_has_come() -> None:
    shown = seen(reading(1))
    assert (shown.reader, shown.page) == ("Kari", "Side 2 av 3")
    assert (shown.title, list(shown.lines)) == ("Tittel 2", ["Gå rolig ut.", "Ikke bruk heis."])


def test_another_persons_greeting_is_one_line_and_leaves_the_page_as_it_is() -> None:
    ola = replace(told(roster_row()), first_name="Ola")
    undisturbed, shown = seen(reading(1)), seen(reading(1, ola))
    assert shown.notice == Notice("in", "enter", "Velkommen, Ola")
    assert msgspec.structs.replace(shown, notice=None) == undisturbed
    unread = seen(reading(1, CannotRead(None))).notice
    assert unread == Notice("staff", "unread", "Kortet kan ikke leses")


def test_a_touch_means_the_same_only_on_the_same_page() -> None:
    keys = [seen(reading(page)).key for page in range(3)]
    assert len(set(keys)) == 3


def test_more_time_is_offered_where_there_is_something_to_note_down() -> None:
    more = [Button(Touch.MORE_TIME, "Mer tid")]
    due = roster_row(held_card(valid_until=date(2026, 12, 24)))
    assert [list(seen(told(row)).buttons) for row in (with_card(EXPIRED), due)] == [more, more]
    assert [list(seen(told(row)).buttons) for row in (None, roster_row())] == [[], []]
