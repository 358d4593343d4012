"""What a home's briefing must tell, when it is due, and how much of it."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
import pytest

from presence.briefing import (
    MANDATORY,
    Acknowledgement,
    Briefing,
    BriefingFault,
    BriefingVersion,
    FaultKind,
    Section,
    SectionKind,
    faults,
    in_a_fire,
    is_due,
    is_outdated,
    sections_to_show,
)
from tests.builders import NOW, OSLO, acknowledged, oslo, sections

V3, V4 = BriefingVersion(3), BriefingVersion(4)


def due(known: Acknowledgement | None, current: BriefingVersion, now: datetime = NOW) -> bool:
    return is_due(known, current, now, OSLO, max_age_months=12)


def test_a_briefing_never_acknowledged_here_is_due() -> None:
    assert due(None, V3)
    assert due(None, BriefingVersion(0))


def test_an_acknowledged_briefing_is_not_due() -> None:
    assert not due(acknowledged(3), V3)


def test_a_new_major_version_is_due_and_a_minor_one_is_not() -> None:
    assert due(acknowledged(3), V4)
    assert not due(acknowledged(3), BriefingVersion(3, 9))


def test_who_knows_a_newer_version_than_this_kiosk_need_not_read_the_old_one() -> None:
    assert not due(acknowledged(4), V3)


def test_a_version_is_newer_by_its_major_then_its_minor_number() -> None:
    assert V3 < BriefingVersion(3, 1) < V4


@pytest.mark.parametrize(
    ("read_on", "today", "expected"),
    [
        (date(2025, 11, 24), date(2026, 11, 23), False),
        (date(2025, 11, 24), date(2026, 11, 24), False),
        (date(2025, 11, 24), date(2026, 11, 25), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2025, 10, 26), date(2026, 10, 26), False),
        (date(2025, 10, 26), date(2026, 10, 27), True),
    ],
)
def test_a_briefing_is_good_for_twelve_months_and_due_the_day_after(
    read_on: date, today: date, expected: bool
) -> None:
    known = acknowledged(3, oslo("23:30", read_on))
    assert due(known, V3, oslo("00:30", today)) is expected
    assert due(known, V3, oslo("23:59:59", today)) is expected


def test_the_days_are_those_of_the_homes_own_calendar() -> None:
    """At 23:30 in UTC on 24 November it is the 25th in Oslo already."""
    known = acknowledged(3, datetime(2025, 11, 24, 12, tzinfo=UTC))
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert is_outdated(known, late, OSLO, 12)
    assert not is_outdated(known, late, ZoneInfo("UTC"), 12)


def test_a_home_may_ask_for_it_more_often() -> None:
    known = acknowledged(3, oslo("10:00", date(2026, 5, 23)))
    assert is_outdated(known, NOW, OSLO, 6)
    assert not is_outdated(known, NOW, OSLO, 7)


def section(since: int, *covers: SectionKind) -> Section:
    return Section(covers, covers[0].value, ("En linje.",), since)


BRIEFING = Briefing(
    V4,
    "nb",
    (
        section(1, SectionKind.ALARM_SOUND),
        section(4, SectionKind.ESCAPE_ROUTES),
        section(2, SectionKind.LIFT, SectionKind.DOORS),
        section(4, SectionKind.REPORT_TO),
    ),
)


def first_subjects(acknowledged_major: int | None) -> list[SectionKind]:
    return [one.covers[0] for one in sections_to_show(BRIEFING, acknowledged_major)]


def test_a_newcomer_is_shown_all_of_it() -> None:
    assert sections_to_show(BRIEFING, None) == BRIEFING.sections


def test_who_knows_an_older_version_is_shown_only_what_is_new() -> None:
    assert first_subjects(3) == [SectionKind.ESCAPE_ROUTES, SectionKind.REPORT_TO]
    assert first_subjects(1) == [SectionKind.ESCAPE_ROUTES, SectionKind.LIFT, SectionKind.REPORT_TO]


def test_who_knows_it_all_and_must_read_it_again_is_shown_all_of_it() -> None:
    assert sections_to_show(BRIEFING, 4) == BRIEFING.sections
    assert sections_to_show(BRIEFING, 5) == BRIEFING.sections


# --- what must be mended before it is published ----------------------------------------------


def found(*written: Section) -> list[BriefingFault]:
    return list(faults(Briefing(V3, "nb", written)))


def not_covered(*subjects: SectionKind) -> list[BriefingFault]:
    return [BriefingFault(FaultKind.NOT_COVERED, subject=subject) for subject in subjects]


def test_six_screens_that_cover_the_eight_subjects_may_be_published() -> None:
    assert len(sections()) == 6
    assert sum(len(one.covers) for one in sections()) == len(MANDATORY) == 8
    assert found(*sections()) == []


def test_one_screen_may_cover_them_all_and_more() -> None:
    assert found(Section(tuple(SectionKind), "Alt", 6 * ("En linje.",))) == []


@pytest.mark.parametrize("gone", range(6))
def test_every_mandatory_subject_must_be_told_about(gone: int) -> None:
    without = [one for number, one in enumerate(sections()) if number != gone]
    assert found(*without) == not_covered(*sections()[gone].covers)


def test_an_empty_briefing_lacks_everything() -> None:
    assert found() == not_covered(*MANDATORY)


def test_what_is_optional_takes_a_seventh_screen_only_at_the_cost_of_another() -> None:
    rules = section(1, SectionKind.HOUSE_RULES)
    assert found(*sections(), rules) == [BriefingFault(FaultKind.TOO_MANY_SCREENS)]
    merged = section(1, *sections()[3].covers, *sections()[4].covers)
    assert found(*sections()[:3], merged, sections()[5], rules) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"title": " "}, FaultKind.NO_TITLE),
        ({"lines": ("En linje.", " ")}, FaultKind.EMPTY_LINE),
        ({"lines": 7 * ("En linje.",)}, FaultKind.TOO_MANY_LINES),
    ],
)
def test_a_screen_has_a_title_and_one_to_six_lines(
    change: dict[str, object], kind: FaultKind
) -> None:
    first, second, *others = sections()
    second = msgspec.structs.replace(second, **change)
    assert found(first, second, *others) == [BriefingFault(kind, screen=2)]


@pytest.mark.parametrize("lines", [(), ("",), (" ", "\t")])
def test_a_screen_without_words_tells_nothing(lines: tuple[str, ...]) -> None:
    first, *others = sections()
    first = msgspec.structs.replace(first, lines=lines)
    assert found(first, *others) == [
        *not_covered(*first.covers),
        BriefingFault(FaultKind.EMPTY_LINE, screen=1),
    ]


def test_a_screen_is_about_something() -> None:
    *others, last = sections()
    last = msgspec.structs.replace(last, covers=())
    assert found(*others, last) == [
        *not_covered(*MANDATORY[5:]),
        BriefingFault(FaultKind.NO_SUBJECT, screen=6),
    ]


# --- what comes over the wire ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"major":3,"at":"2026-11-24T09:00:00"}',
        '{"major":3,"at":"2026-11-24T09:00:00+01:00"}',
        '{"major":3,"at":"0001-01-01T00:00:00Z"}',
        '{"major":-1,"at":"2026-11-24T09:00:00Z"}',
        '{"major":36893488147419103232,"at":"2026-11-24T09:00:00Z"}',
    ],
)
def test_an_acknowledgement_that_no_rule_could_work_with_is_not_let_in(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Acknowledgement)


def test_an_acknowledgement_knows_its_time_in_utc() -> None:
    with pytest.raises(ValueError, match="at must be in UTC"):
        Acknowledgement(3, datetime(2026, 11, 24, tzinfo=timezone(timedelta(hours=1))))


# --- in a fire -------------------------------------------------------------------------------


def on_screens(*screens: tuple[tuple[SectionKind, ...], tuple[str, ...]]) -> Briefing:
    return Briefing(V3, "nb", tuple(Section(covers, "Tittel", lines) for covers, lines in screens))


def test_in_a_fire_the_homes_first_three_lines_about_what_to_do_are_told() -> None:
    told = on_screens(
        ((SectionKind.ALARM_SOUND, SectionKind.WHAT_YOU_DO), ("En lang tone.", "Gå ut.")),
        ((SectionKind.WHAT_YOU_DO,), ("Si fra.", " ", "Lukk døra.", "Gå ut.", "Vent ute.")),
    )
    assert in_a_fire(told) == ("Si fra.", "Lukk døra.", "Gå ut.")


def test_where_it_shares_its_screen_that_screen_is_told() -> None:
    shared = on_screens(((SectionKind.ALARM_SOUND, SectionKind.WHAT_YOU_DO), ("Gå ut.",)))
    assert in_a_fire(shared) == ("Gå ut.",)


def test_a_briefing_that_does_not_say_what_to_do_tells_nothing_in_a_fire() -> None:
    assert in_a_fire(on_screens(((SectionKind.LIFT,), ("Ikke bruk heis.",)))) == ()
