"""Hypothesis strategies of whole taps: whoever it is, whatever is known, whatever the card."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from presence.activity import Activity, DogPlace, DogTeam
from presence.card import Assurance, Credential
from presence.facts import Facts
from presence.policy import Policy
from presence.roster import CardState, Elsewhere, MissingCourse, RosterRow, Unsettled
from presence.statuslist import Listed, Status
from presence.verdict import Basis
from tests.builders import NOW, TODAY, acknowledged, credential, held_card, here, house, roster_row
from tests.strategies import facts_of_one_person

ZONES = tuple(map(ZoneInfo, ("Europe/Oslo", "Pacific/Kiritimati", "America/St_Johns")))

days = st.dates(TODAY - timedelta(days=4), TODAY + timedelta(days=4))
moments = st.one_of(
    st.timedeltas(timedelta(hours=-1), timedelta(hours=6)),
    st.timedeltas(timedelta(hours=-30), timedelta(days=5)),
).map(lambda after: NOW + after)
assurances = st.sampled_from(Assurance)
cards = st.builds(
    lambda state, start, end: held_card(state=state, valid_from=start, valid_until=end),
    st.just(CardState.ACTIVE) | st.sampled_from(CardState),
    st.just(date(2020, 1, 1)) | days,
    st.just(date(2029, 1, 1)) | days,
)
elsewheres = st.builds(
    lambda at, minutes: Elsewhere(at, at + timedelta(minutes=minutes)),
    moments,
    st.integers(0, 90),
)
dogs = st.builds(DogTeam, st.lists(st.sampled_from(DogPlace), unique=True).map(tuple), days)
acknowledgements = st.builds(acknowledged, st.integers(1, 5), moments)
rows: st.SearchStrategy[RosterRow] = st.builds(
    lambda card, facts, **changes: roster_row(card, here=here(*facts), **changes),
    cards,
    facts_of_one_person(max_size=4),
    courses=st.lists(st.builds(MissingCourse, st.just("Grunnkurs"), days), max_size=2).map(tuple),
    is_paused=st.sampled_from((False, False, False, True)),
    activities=st.lists(st.sampled_from(Activity), max_size=4, unique=True).map(tuple),
    dog=st.none() | dogs,
    elsewhere=st.none() | elsewheres,
    acknowledged=st.none() | acknowledgements,
)
unsettled = st.builds(
    lambda facts, known: Unsettled(tuple(facts), known),
    facts_of_one_person(max_size=3),
    st.none() | acknowledgements,
)
policies = st.builds(
    Policy,
    lowest_assurance=st.just(Assurance.A1) | assurances,
    uid_only_until=st.none() | days,
    same_tap_seconds=st.sampled_from((60, 300)),
    renewal_notice_days=st.sampled_from((3, 60)),
)
houses = st.builds(
    house,
    policy=policies,
    lowest_assurance=st.just(Assurance.A0) | assurances,
    has_dogs=st.booleans(),
)
lists = st.builds(
    lambda status, ends: Listed(status, ends - timedelta(days=30), ends),
    st.none() | st.sampled_from(Status),
    moments,
)
credentials: st.SearchStrategy[Credential] = st.just(credential()) | st.builds(
    lambda at: credential(expires=at), moments
)


@st.composite
def taps(
    draw: st.DrawFn,
    row: st.SearchStrategy[RosterRow | None] = st.none() | rows,  # noqa: B008 - only described here
) -> tuple[Facts, datetime]:
    """A genuine card and the time at which its verdict is made."""
    now = draw(moments)
    behind = draw(st.sampled_from((timedelta(0), timedelta(0), timedelta(minutes=3))))
    return (
        Facts(
            credential=draw(credentials),
            assurance=draw(assurances),
            row=draw(row),
            unsettled=draw(unsettled),
            house=draw(houses),
            zone=draw(st.sampled_from(ZONES)),
            basis=draw(st.sampled_from(Basis)),
            presented=now - behind,
            uptime=draw(st.sampled_from((timedelta(0), timedelta(seconds=60), timedelta(hours=9)))),
            as_of=draw(st.none() | st.just(now - timedelta(days=31)) | st.just(now)),
            listed=draw(st.none() | lists),
            is_clock_sure=draw(st.booleans()),
        ),
        now,
    )


any_tap = taps()
tap_of_somebody_known = taps(rows)
