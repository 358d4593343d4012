"""Invented volunteers: a named cast for the stories, and a crowd drawn at random.

Pure: the same random source and the same day give the same people.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.sample.homes import HOMES, NORDSTRAND, SOLBAKKEN, Home
from demo.sample.names import FIRST_NAMES, SURNAMES
from presence.activity import Activity
from presence.dates import add_months
from presence.policy import Policy
from presence.roster import CardState
from server.people.services import adult_from

FJORDBY = "fjordby"
ELVEMO = "elvemo"

_LANGUAGES = ("nb",) * 9 + ("en",)
_ACTIVITIES = (*((Activity.VISIT,) * 8), *Activity)
"""Most come to visit one person."""
_STATES = {
    CardState.LOST: 6,
    CardState.SUSPENDED: 3,
    CardState.TO_BE_RETURNED: 4,
    CardState.RETURNED: 5,
    CardState.EXCLUDED: 1,
}
"""How many of the crowd have a card in such a state; all others' are active."""
_EXPIRED = 8
_RENEWAL_DUE = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """One volunteer to be made."""

    first_name: str
    last_name: str
    born: date
    homes: tuple[Home, ...]
    activity: Activity = Activity.VISIT
    language: str = "nb"
    chapters: tuple[str, ...] = (FJORDBY,)
    state: CardState = CardState.ACTIVE
    blocked_days: int = 0
    """So many days ago the card came into that state, where it is not active."""
    valid_from: date = date.min
    valid_until: date | None = None
    """Moved by a renewal, or None where the policy says it."""
    key: str | None = None
    """Of the cast only: how the stories call this person."""
    briefed: int | None = None
    """Of the cast only: the major version acknowledged at the first home."""
    also: tuple[Activity, ...] = ()
    """What else this person comes for."""
    has_card: bool = True
    talked: date | None = None
    """Day of the last evaluation conversation."""
    misses_first_aid: bool = False
    """Of the cast only."""
    visits_a_year: int = 0


def cast(today: date) -> tuple[Plan, ...]:
    """The people of the stories. All but one are expected at Solbakken, and all but one, who is
    not old enough until tomorrow, have a card."""

    def one(key: str, first: str, last: str, briefed: int | None, **more: object) -> Plan:
        usual = {"homes": (SOLBAKKEN,), "valid_from": today - timedelta(days=200)}
        plan = {"born": date(1958, 5, 17), **usual, **more}
        return Plan(first, last, key=key, briefed=briefed, **plan)  # type: ignore[arg-type]

    soon, over = today + timedelta(days=30), today - timedelta(days=1)
    almost = add_months(today + timedelta(days=1), -12 * Policy().adult_years)
    expired = {"valid_from": add_months(over, -36), "valid_until": over}
    a_year = {"valid_from": add_months(today, -12)}
    dog = {"activity": Activity.DOG_VISIT, "also": (Activity.VISIT,)}
    return (
        one("astrid", "Astrid", "Moen", None, valid_from=today - timedelta(days=5)),
        one("bjorn", "Bjørn", "Eide", 3),
        one("carin", "Carin", "Holmen", 3),
        one("dag", "Dag", "Ruud", 3),
        one("eli", "Eli", "Utsi", 2),
        one("frode", "Frode", "Brekke", 3, valid_from=add_months(soon, -36), valid_until=soon),
        one("gunn", "Gunn", "Sætre", 3, valid_from=add_months(over, -36), valid_until=over),
        one("hassan", "Hassan", "Warsame", 3, state=CardState.LOST, blocked_days=3),
        one("iben", "Iben", "Lunde", 1, homes=(NORDSTRAND,), activity=Activity.VIGIL),
        one("jon", "Jon", "Balto", 3, homes=(SOLBAKKEN, NORDSTRAND), language="en"),
        one("expired", "Kirsti", "Tangen", 3, talked=add_months(today, -37), **expired),
        one("thirty_days", "Lars", "Alm", 3, valid_from=add_months(soon, -36), valid_until=soon),
        one("seventeen", "Maja", "Lia", None, born=almost, valid_from=today, has_card=False),
        one("grace_course", "Nils", "Vik", 3, misses_first_aid=True, **a_year),
        one("dog", "Oda", "Strand", 3, **dog),
    )


def crowd(random: Random, today: date, count: int) -> list[Plan]:
    """`count` volunteers between 18 and 85 years old with cards in all sorts of states."""
    states = [state for state, times in _STATES.items() for _ in range(times)]
    terms = ["expired"] * _EXPIRED + ["due"] * _RENEWAL_DUE
    special = random.sample(range(count), len(states) + len(terms))
    state_of = dict(zip(special, states, strict=False))
    term_of = dict(zip(special[len(states) :], terms, strict=True))
    return [
        _somebody(random, today, state_of.get(number, CardState.ACTIVE), term_of.get(number))
        for number in range(count)
    ]


def _somebody(random: Random, today: date, state: CardState, term: str | None) -> Plan:
    born = _birth(random, today)
    adult = adult_from(born, Policy().adult_years)
    home = random.choice(HOMES)
    homes = (home, random.choice(HOMES)) if random.random() < 0.15 else (home,)
    chapter = ELVEMO if home.is_neighbour else FJORDBY
    other = FJORDBY if home.is_neighbour else ELVEMO
    valid_from = max(adult, today - timedelta(days=random.randint(20, 34 * 30)))
    valid_until = None
    if term is not None and adult < add_months(today, -36):
        off = -random.randint(1, 90) if term == "expired" else random.randint(1, 55)
        valid_until = today + timedelta(days=off)
        valid_from = max(adult, add_months(valid_until, -36))
    return Plan(
        random.choice(FIRST_NAMES),
        random.choice(SURNAMES),
        born,
        homes=tuple(dict.fromkeys(homes)),
        activity=random.choice(_ACTIVITIES),
        language=random.choice(_LANGUAGES),
        chapters=(chapter, other) if random.random() < 0.04 else (chapter,),
        state=state,
        blocked_days=random.randint(2, min(60, (today - valid_from).days)),
        valid_from=valid_from,
        valid_until=valid_until,
        talked=None if valid_until is None else _talked(today, valid_until),
        visits_a_year=random.choice((12, 18, 24, 26, 30, 40)),
    )


def _talked(today: date, valid_until: date) -> date | None:
    """Half of those whose renewal is near have talked about it."""
    return today - timedelta(days=20) if valid_until.day % 2 else None


def _birth(random: Random, today: date) -> date:
    """Most are over sixty. The youngest turned 18 some days ago, the oldest turns 86 later."""
    age = random.choice((random.randint(18, 85), random.randint(58, 80)))
    return add_months(today, -12 * age) - timedelta(days=random.randint(10, 360))
