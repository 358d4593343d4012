"""Reads a society's policy: a TOML text with its versions, each with its first day.

Every version stands for itself: a key that it leaves out has the default of `Policy`, not the value
of the version before. What each key means, its unit and its source stand in docs/policies.md.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from presence.activity import Activity
from presence.card import Assurance
from presence.policy import Emergency, EmergencyNumber, Policy
from presence.reason import Reason
from presence.settings import Settings, Table

WHOLE: Mapping[str, tuple[int, int]] = {
    "adult_years": (16, 99),
    "validity_months": (1, 120),
    "conversation_max_age_days": (1, 366),
    "renewal_notice_days": (1, 366),
    "return_reminder_days": (1, 366),
    "return_list_days": (1, 366),
    "return_escalation_days": (1, 366),
    "briefing_max_age_months": (1, 120),
    "same_tap_seconds": (1, 600),
    "two_doors_minutes": (1, 240),
    "fastest_kmh": (5, 300),
    "refusal_counts_minutes": (1, 1440),
    "alert_every_minutes": (1, 1440),
    "long_visit_minutes": (10, 1440),
    "footnote_after_hours": (1, 168),
    "tell_of_silence_hours": (1, 336),
    "forget_names_days": (1, 29),
    "ask_staff_after_days": (1, 30),
    "visits_kept_months": (3, 36),
    "refused_kept_days": (1, 366),
    "statistics_min_visits": (1, 100),
    "statistics_min_volunteers": (1, 100),
}
"""Every length and count, with the least and the most that it may be."""

MANDATORY = (
    "from",
    "validity_months",
    "renewal_needs_conversation",
    "activities",
    "emergency_numbers",
)
"""What every version must say: no default of ours is right for another society."""

CAN_BE_LET_IN = (
    Reason.UNKNOWN_CARD,
    Reason.TOO_WEAK,
    Reason.PAUSED,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.COURSE_MISSING,
    Reason.NO_CONTACT,
)
"""A blocked card is not among them: it is lost, or its holder is excluded everywhere."""

CAN_BE_ASKED = tuple(one.name for one in Assurance if one > Assurance.A0)
"""An identifier alone proves nothing; it is accepted for a time only, by `uid_only_until`."""

_SOCIETY = r"[A-Z][A-Z0-9-]{1,15}"
_NUMBER = r"\+?[0-9]{2,15}"
_SHORTEST_MONTH = 28
_MOST_REMINDERS = 10
_MOST_NUMBERS = 6
"""More would not fit on a kiosk's screen."""
_DEFAULT = Policy()


def parse(text: str, where: str) -> tuple[Policy, ...]:
    """The versions in a text that faults call `where`, the oldest first.

    Raises `presence.settings.SettingsError` with every fault.
    """
    settings = Settings(text, where)
    society = settings.text(
        "society", pattern=_SOCIETY, must_be="a short name in capital letters, such as NO"
    )
    tables = settings.tables("version")
    if not tables:
        settings.fault("version", "is missing: one [[version]] for each first day")
    versions = tuple(_version(table, society) for table in tables)
    _compare(tables, versions)
    settings.finish()
    return versions


def _version(table: Table, society: str) -> Policy:
    policy = Policy(
        society=society,
        version=table.day("from", is_needed=True),
        uid_only_until=table.day("uid_only_until"),
        lowest_assurance=_assurance(table),
        renewal_needs_conversation=table.boolean("renewal_needs_conversation"),
        prints_expiry=table.boolean("prints_expiry", _DEFAULT.prints_expiry),
        reminder_days=table.wholes("reminder_days", 1, 366, _DEFAULT.reminder_days),
        night_question=table.clock("night_question", _DEFAULT.night_question),
        night_ends=table.clock("night_ends", _DEFAULT.night_ends),
        let_in=tuple(map(Reason, table.texts("let_in", _DEFAULT.let_in, choices=CAN_BE_LET_IN))),
        activities=_activities(table),
        emergency_numbers=_emergency_numbers(table),
        **_lengths(table),
    )
    for one in _CONTRADICTIONS:
        if table.is_sound(one.key, *one.others) and not one.is_right(policy):
            table.fault(one.key, one.what)
    return policy


def _lengths(table: Table) -> Mapping[str, Any]:
    return {
        key: table.whole(key, lowest, highest, None if key in MANDATORY else getattr(_DEFAULT, key))
        for key, (lowest, highest) in WHOLE.items()
    }


def _assurance(table: Table) -> Assurance:
    name = table.text("lowest_assurance", _DEFAULT.lowest_assurance.name, choices=CAN_BE_ASKED)
    return Assurance[name] if name in CAN_BE_ASKED else _DEFAULT.lowest_assurance


def _activities(table: Table) -> tuple[Activity, ...]:
    found = table.texts("activities", None, choices=tuple(Activity))
    if not found:
        table.fault("activities", "must name at least one")
    return tuple(map(Activity, found))


def _emergency_numbers(table: Table) -> tuple[EmergencyNumber, ...]:
    tables = table.tables("emergency_numbers")
    if not tables:
        table.fault("emergency_numbers", "is missing: a number that can be called must be shown")
    return tuple(map(_emergency_number, tables))


def _emergency_number(table: Table) -> EmergencyNumber:
    number = table.text("number", pattern=_NUMBER, must_be='a number to call, such as "112"')
    what = table.text("what", choices=tuple(Emergency))
    return EmergencyNumber(number, Emergency(what) if what in tuple(Emergency) else Emergency.ALL)


def _compare(tables: Sequence[Table], versions: Sequence[Policy]) -> None:
    """Each version begins after the one before it."""
    for number in range(1, len(versions)):
        before, first = versions[number - 1].version, versions[number].version
        if before is not None and first is not None and first <= before:
            tables[number].fault("from", f"must be after {before}, when the version before begins")


# --- what cannot hold together ---------------------------------------------------------------


class Contradiction(NamedTuple):
    """`key` is told to be wrong; it is compared once it and `others` are right by themselves."""

    key: str
    others: tuple[str, ...]
    is_right: Callable[[Policy], bool]
    what: str


def _is_in_order(first: date | None, last: date | None) -> bool:
    return first is None or last is None or first <= last


def _falls(days: Sequence[int]) -> bool:
    return all(later < earlier for earlier, later in pairwise(days))


def _has_no_twin(values: Sequence[object]) -> bool:
    return len(set(values)) == len(values)


_CONTRADICTIONS = (
    Contradiction(
        "uid_only_until",
        ("from",),
        lambda one: (
            None in (one.version, one.uid_only_until) or str(one.uid_only_until) >= str(one.version)
        ),
        "is over before this version begins",
    ),
    Contradiction(
        "uid_only_until",
        ("lowest_assurance",),
        lambda one: one.uid_only_until is None or one.lowest_assurance <= Assurance.A1,
        "cannot be while lowest_assurance asks for more than A1",
    ),
    Contradiction(
        "renewal_notice_days",
        ("validity_months",),
        lambda one: one.renewal_notice_days < one.validity_months * _SHORTEST_MONTH,
        "must be shorter than the validity (validity_months)",
    ),
    Contradiction(
        "reminder_days",
        (),
        lambda one: _falls(one.reminder_days),
        "must fall, such as [60, 30, 7]: days before the last day",
    ),
    Contradiction(
        "reminder_days",
        (),
        lambda one: len(one.reminder_days) <= _MOST_REMINDERS,
        f"must be {_MOST_REMINDERS} days at most",
    ),
    Contradiction(
        "reminder_days",
        ("validity_months",),
        lambda one: max(one.reminder_days, default=0) < one.validity_months * _SHORTEST_MONTH,
        "must be shorter than the validity (validity_months)",
    ),
    Contradiction(
        "return_list_days",
        ("return_reminder_days",),
        lambda one: one.return_reminder_days < one.return_list_days,
        "must be more than return_reminder_days",
    ),
    Contradiction(
        "return_escalation_days",
        ("return_list_days",),
        lambda one: one.return_list_days < one.return_escalation_days,
        "must be more than return_list_days",
    ),
    Contradiction(
        "two_doors_minutes",
        ("same_tap_seconds",),
        lambda one: one.same_tap < one.two_doors,
        "must be longer than same_tap_seconds",
    ),
    Contradiction(
        "long_visit_minutes",
        ("two_doors_minutes",),
        lambda one: one.two_doors < one.long_visit,
        "must be longer than two_doors_minutes",
    ),
    Contradiction(
        "night_ends",
        ("night_question",),
        lambda one: one.night_ends < one.night_question,
        "must be an earlier hour than night_question: it is that of the next morning",
    ),
    Contradiction(
        "forget_names_days",
        ("tell_of_silence_hours",),
        lambda one: one.tell_of_silence_hours < one.forget_names_days * 24,
        "must be longer than tell_of_silence_hours",
    ),
    Contradiction(
        "ask_staff_after_days",
        ("forget_names_days",),
        lambda one: one.forget_names_days < one.ask_staff_after_days,
        "must be longer than forget_names_days",
    ),
    Contradiction("let_in", (), lambda one: _has_no_twin(one.let_in), "names one of them twice"),
    Contradiction(
        "activities", (), lambda one: _has_no_twin(one.activities), "names one of them twice"
    ),
    Contradiction(
        "emergency_numbers",
        (),
        lambda one: len(one.emergency_numbers) <= _MOST_NUMBERS,
        f"must be {_MOST_NUMBERS} at most",
    ),
    Contradiction(
        "emergency_numbers",
        (),
        lambda one: _has_no_twin(one.emergency_numbers),
        "names one of them twice",
    ),
)
