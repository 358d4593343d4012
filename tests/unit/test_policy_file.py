"""A society's policy file: what it says is what holds, and every fault is told with its key."""

import json
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.activity import Activity
from presence.card import Assurance
from presence.policy import Emergency, EmergencyNumber, Policy, following, in_force
from presence.policy_file import CAN_BE_LET_IN, MANDATORY, WHOLE, parse
from presence.settings import SettingsError

SHIPPED = Path(__file__).parents[2] / "presence" / "policies"
SMALLEST = """\
society = "NO"
[[version]]
from = 2015-01-01
validity_months = 36
renewal_needs_conversation = true
activities = ["visit"]
emergency_numbers = [{ number = "112", what = "police" }]
"""
MADE = Policy(
    version=date(2015, 1, 1),
    activities=(Activity.VISIT,),
    emergency_numbers=(EmergencyNumber("112", Emergency.POLICE),),
)


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text, "no.toml")
    return str(caught.value).splitlines()


def test_what_a_version_leaves_out_has_its_default() -> None:
    assert parse(SMALLEST, "no.toml") == (MADE,)


@pytest.mark.parametrize("key", MANDATORY)
def test_what_no_default_can_be_right_for_must_be_said(key: str) -> None:
    text = "\n".join(line for line in SMALLEST.splitlines() if not line.startswith(key))
    (told,) = faults(text)
    assert told.startswith(f"no.toml:2: version[0].{key}: is missing")


SEVEN = [f'{{ number = "11{number}", what = "fire" }}' for number in range(7)]
FAULTS = {
    "validity_months = 0": "validity_months: must be a whole number from 1 to 120",
    'validity_months = "36"': "validity_months: must be a whole number from 1 to 120",
    "validity_months = true": "validity_months: must be a whole number from 1 to 120",
    "conversation_max_age_days = 0": (
        "conversation_max_age_days: must be a whole number from 1 to 366"
    ),
    "visits_kept_months = 2": "visits_kept_months: must be a whole number from 3 to 36",
    "visits_kept_months = 37": "visits_kept_months: must be a whole number from 3 to 36",
    "from = 2027-01-01T00:00:00": "from: must be a day such as 2027-01-31, without quotes",
    'from = "2027-01-01"': "from: must be a day such as 2027-01-31, without quotes",
    'from = ""': "from: must be a day such as 2027-01-31, without quotes",
    'night_ends = "03:00"': "night_ends: must be a time of day such as 22:00:00, without quotes",
    "prints_expiry = 1": "prints_expiry: must be true or false",
    'renewal_needs_conversation = "no"': "renewal_needs_conversation: must be true or false",
    'lowest_assurance = "A4"': "lowest_assurance: unknown 'A4'; choose one of: A1, A2, A3",
    'lowest_assurance = "A0"': "lowest_assurance: unknown 'A0'; choose one of: A1, A2, A3",
    'uid_only_until = 2030-01-01\nlowest_assurance = "A2"': (
        "uid_only_until: cannot be while lowest_assurance asks for more than A1"
    ),
    "lowest_assurance = 1": "lowest_assurance: must be a text in quotes",
    "same_tap_second = 60": "same_tap_second: unknown key; did you mean same_tap_seconds?",
    "society = 1": "society: unknown key",
    "uid_only_until = 2014-12-31": "uid_only_until: is over before this version begins",
    "renewal_notice_days = 366\nvalidity_months = 12": (
        "renewal_notice_days: must be shorter than the validity (validity_months)"
    ),
    "reminder_days = [7, 30, 60]": (
        "reminder_days: must fall, such as [60, 30, 7]: days before the last day"
    ),
    "reminder_days = [30, 30]": (
        "reminder_days: must fall, such as [60, 30, 7]: days before the last day"
    ),
    "reminder_days = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]": "reminder_days: must be 10 days at most",
    f"emergency_numbers = [{', '.join(SEVEN)}]": "emergency_numbers: must be 6 at most",
    'emergency_numbers = [{ number = "112", what = "fire" }, { number = "112", what = "fire" }]': (
        "emergency_numbers: names one of them twice"
    ),
    "reminder_days = 60": "reminder_days: must be a list of whole numbers from 1 to 366",
    "reminder_days = [60, 0]": "reminder_days: must be a list of whole numbers from 1 to 366",
    "renewal_notice_days = 20\nvalidity_months = 1": (
        "reminder_days: must be shorter than the validity (validity_months)"
    ),
    "return_list_days = 7": "return_list_days: must be more than return_reminder_days",
    "return_escalation_days = 14": "return_escalation_days: must be more than return_list_days",
    "same_tap_seconds = 60\ntwo_doors_minutes = 1": (
        "two_doors_minutes: must be longer than same_tap_seconds"
    ),
    "two_doors_minutes = 240": "long_visit_minutes: must be longer than two_doors_minutes",
    "night_question = 03:00:00": (
        "night_ends: must be an earlier hour than night_question: it is that of the next morning"
    ),
    "tell_of_silence_hours = 336": "forget_names_days: must be longer than tell_of_silence_hours",
    "forget_names_days = 29\nask_staff_after_days = 29": (
        "ask_staff_after_days: must be longer than forget_names_days"
    ),
    'let_in = ["card_blocked"]': (
        "let_in: unknown 'card_blocked'; choose from: unknown_card, too_weak, paused,"
        " not_yet_valid, expired, course_missing, no_contact"
    ),
    'let_in = "expired"': "let_in: must be a list of texts in quotes",
    'let_in = ["expired", "expired"]': "let_in: names one of them twice",
    "activities = []": "activities: must name at least one",
    'activities = ["visit", "chess"]': (
        "activities: unknown 'chess'; choose from: visit, walk, dog_visit, song_hour, reading,"
        " cafe, games, vigil"
    ),
    'activities = ["visit", "visit"]': "activities: names one of them twice",
    'emergency_numbers = ["112"]': (
        "emergency_numbers: must be one table for each: [[emergency_numbers]]"
    ),
    "emergency_numbers = []": (
        "emergency_numbers: is missing: a number that can be called must be shown"
    ),
    'emergency_numbers = [{ number = 112, what = "fire" }]': (
        "emergency_numbers[0].number: must be a text in quotes"
    ),
    'emergency_numbers = [{ number = "one one two", what = "fire" }]': (
        'emergency_numbers[0].number: must be a number to call, such as "112"'
    ),
    'emergency_numbers = [{ number = "112" }]': "emergency_numbers[0].what: is missing",
    'emergency_numbers = [{ number = "112", what = "flood" }]': (
        "emergency_numbers[0].what: unknown 'flood'; choose one of: fire, police, ambulance,"
        " all_emergencies"
    ),
    'emergency_numbers = [{ number = "112", what = "fire", colour = 1 }]': (
        "emergency_numbers[0].colour: unknown key"
    ),
}


def changed(text: str) -> str:
    """SMALLEST with these lines instead of those that say the same keys."""
    keys = {line.split(" = ")[0] for line in text.splitlines()}
    kept = [
        line
        for number, line in enumerate(SMALLEST.splitlines())
        if number < 2 or line.split(" = ")[0] not in keys
    ]
    return "\n".join([*kept, text])


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_has_its_line_its_key_and_its_words(text: str) -> None:
    whole = changed(text)
    what = f"version[0].{FAULTS[text]}"
    (told,) = faults(whole)
    place, _, rest = told.partition(": ")
    assert rest == what
    key = FAULTS[text].split(":")[0].split("[")[0]
    said = [n for n, line in enumerate(whole.splitlines(), 1) if line.startswith(f"{key} = ")]
    assert place == f"no.toml:{said[-1] if said else 2}"


def test_every_fault_is_told_at_once_and_a_wrong_value_is_compared_with_nothing() -> None:
    text = (
        "[[version]]\n"
        "from = 2027-01-01\n"
        'validity_months = "long"\n'
        "renewal_notice_days = 366\n"
        "same_tap_seconds = 61\n"
        "two_doors_minutes = 1\n"
        "[[version]]\n"
        "from = 2026-01-01\n"
        "colour = 1\n"
    )
    assert faults(text) == [
        "no.toml: society: is missing",
        "no.toml:1: version[0].activities: is missing",
        "no.toml:1: version[0].emergency_numbers: is missing:"
        " a number that can be called must be shown",
        "no.toml:1: version[0].renewal_needs_conversation: is missing",
        "no.toml:3: version[0].validity_months: must be a whole number from 1 to 120",
        "no.toml:6: version[0].two_doors_minutes: must be longer than same_tap_seconds",
        "no.toml:7: version[1].activities: is missing",
        "no.toml:7: version[1].emergency_numbers: is missing:"
        " a number that can be called must be shown",
        "no.toml:7: version[1].renewal_needs_conversation: is missing",
        "no.toml:7: version[1].validity_months: is missing",
        "no.toml:8: version[1].from: must be after 2027-01-01, when the version before begins",
        "no.toml:9: version[1].colour: unknown key",
    ]


@pytest.mark.parametrize("second", ["2015-01-01", "2014-12-31"])
def test_versions_come_in_order_and_never_two_on_one_day(second: str) -> None:
    again = SMALLEST.partition("\n")[2].replace("2015-01-01", second)
    assert faults(SMALLEST + again) == [
        "no.toml:9: version[1].from: must be after 2015-01-01, when the version before begins"
    ]


def test_a_file_without_a_version_says_so() -> None:
    assert faults('society = "NO"\n') == [
        "no.toml: version: is missing: one [[version]] for each first day"
    ]


@pytest.mark.parametrize("name", ["no", "N", "N/O", "../NO"])
def test_a_society_has_a_short_name(name: str) -> None:
    assert faults(SMALLEST.replace("NO", name)) == [
        "no.toml:1: society: must be a short name in capital letters, such as NO"
    ]


@pytest.mark.parametrize("day", ["2027-02-29", "2028-02-30", "2027-13-01"])
def test_a_first_day_that_does_not_exist_is_no_toml(day: str) -> None:
    (told,) = faults(SMALLEST.replace("2015-01-01", day))
    assert told.startswith("no.toml:3: this is not TOML: ")


def test_the_29_of_february_can_be_a_first_day() -> None:
    (leap,) = parse(SMALLEST.replace("2015-01-01", "2028-02-29"), "no.toml")
    earlier = msgspec.structs.replace(leap, version=date(2027, 3, 1), validity_months=24)
    versions = (earlier, leap)
    assert in_force(versions, date(2028, 2, 28)) == earlier
    assert in_force(versions, date(2028, 2, 29)) == leap
    assert in_force(versions, date(2028, 3, 1)) == leap


def test_the_version_in_force_is_the_last_that_has_begun() -> None:
    first, second = (
        msgspec.structs.replace(MADE, version=date(year, 1, 1)) for year in (2015, 2027)
    )
    versions = (first, second)
    days = [date(2014, 12, 31), date(2015, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [in_force(versions, day) for day in days] == [first, first, first, second]
    assert [following(versions, day) for day in days] == [first, second, second, None]


@pytest.mark.parametrize("path", sorted(SHIPPED.iterdir()), ids=lambda path: path.name)
def test_every_policy_that_is_shipped_is_valid(path: Path) -> None:
    versions = parse(path.read_text(encoding="utf-8"), path.name)
    assert path.name == f"{versions[0].society.lower()}.toml"


def test_the_defaults_are_the_norwegian_policy() -> None:
    (norway,) = parse((SHIPPED / "no.toml").read_text(encoding="utf-8"), "no.toml")
    assert norway == msgspec.structs.replace(Policy(), version=date(2015, 1, 1))


# --- whatever is valid comes back as it was ---------------------------------------------------


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Assurance():
            return f'"{value.name}"'
        case date() | time():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(map(_value, value))}]"
        case EmergencyNumber():
            return f'{{ number = "{value.number}", what = "{value.what}" }}'
        case _:
            return json.dumps(value)


def as_toml(versions: Sequence[Policy]) -> str:
    """How a society would write them, with every key."""
    lines = [f'society = "{versions[0].society}"']
    for one in versions:
        said = msgspec.structs.asdict(one)
        del said["society"]
        said = {"from": said.pop("version"), **said}
        lines += ["", "[[version]]"]
        lines += [f"{key} = {_value(value)}" for key, value in said.items() if value is not None]
    return "\n".join(lines)


@st.composite
def valid_policies(draw: st.DrawFn, society: str, version: date) -> Policy:
    values: dict[str, Any] = {key: draw(st.integers(*limits)) for key, limits in WHOLE.items()}
    longest = min(values["validity_months"] * 28 - 1, 366)
    values["renewal_notice_days"] = draw(st.integers(1, longest))
    reminders = draw(st.sets(st.integers(1, longest), max_size=4))
    returns = sorted(draw(st.sets(st.integers(1, 366), min_size=3, max_size=3)))
    for key, value in zip(("reminder", "list", "escalation"), returns, strict=True):
        values[f"return_{key}_days"] = value
    values["two_doors_minutes"] = draw(st.integers(values["same_tap_seconds"] // 60 + 1, 240))
    values["long_visit_minutes"] = draw(st.integers(max(10, values["two_doors_minutes"] + 1), 1440))
    values["forget_names_days"] = draw(st.integers(values["tell_of_silence_hours"] // 24 + 1, 29))
    values["ask_staff_after_days"] = draw(st.integers(values["forget_names_days"] + 1, 30))
    asked = draw(st.sampled_from([Assurance.A1, Assurance.A2, Assurance.A3]))
    ends, question = sorted(draw(st.sets(st.times(), min_size=2, max_size=2)))
    numbers = st.builds(
        EmergencyNumber,
        st.from_regex(r"\+?[0-9]{2,15}", fullmatch=True),
        st.sampled_from(Emergency),
    )
    return Policy(
        society=society,
        version=version,
        lowest_assurance=asked,
        uid_only_until=draw(st.none() | st.dates(version)) if asked is Assurance.A1 else None,
        renewal_needs_conversation=draw(st.booleans()),
        prints_expiry=draw(st.booleans()),
        reminder_days=tuple(sorted(reminders, reverse=True)),
        let_in=tuple(draw(st.lists(st.sampled_from(CAN_BE_LET_IN), unique=True))),
        night_question=question,
        night_ends=ends,
        activities=tuple(draw(st.lists(st.sampled_from(list(Activity)), min_size=1, unique=True))),
        emergency_numbers=tuple(draw(st.lists(numbers, min_size=1, max_size=4, unique=True))),
        **values,
    )


@st.composite
def valid_versions(draw: st.DrawFn) -> tuple[Policy, ...]:
    society = draw(st.from_regex(r"[A-Z][A-Z0-9-]{1,15}", fullmatch=True))
    days = sorted(draw(st.sets(st.dates(), min_size=1, max_size=3)))
    return tuple(draw(valid_policies(society, day)) for day in days)


@given(valid_versions())
def test_any_policy_that_is_written_down_is_read_back_the_same(
    versions: tuple[Policy, ...],
) -> None:
    assert parse(as_toml(versions), "it.toml") == versions


@given(valid_versions())
def test_a_kiosk_receives_the_policy_that_the_file_says(versions: tuple[Policy, ...]) -> None:
    sent = msgspec.json.encode(versions)
    assert msgspec.json.decode(sent, type=tuple[Policy, ...]) == versions
