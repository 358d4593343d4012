"""Roster row = answer row: a tap with the server and one without differ only in how sure they are.

Both rows come over the real broker, out of the same database.
"""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec
from presence.activity import Activity, DogPlace, DogTeam
from presence.admission import decide
from presence.card import Assurance
from presence.credential import verify_code
from presence.facts import Facts
from presence.messages import Have, Question
from presence.reason import Reason
from presence.roster import NOTHING_UNSETTLED, CardState, House, MissingCourse, RosterRow
from presence.topics import Leaf
from presence.verdict import Basis, Move, Outcome, Verdict
from server.broker import Broker
from server.cards.services import set_state
from server.changes import ChangeKind
from server.db import writing
from server.institutions.models import Assignment, Institution
from server.institutions.services import assign, pause, zone_of
from server.keys import Keys
from server.people.models import Volunteer
from server.people.services import touch
from server.visits.services import keep_entries
from server.visits.store import Told
from tests.integration.server_stand import (
    CHAPTER,
    DOOR,
    NORDSTRAND,
    NOW,
    OTHER_DOOR,
    SOLBAKKEN,
    RawKiosk,
    arrived,
    card_id,
    card_of,
    code,
    entry,
    gateway,
    question,
    volunteer,
)
from tests.integration.test_gateway_publications import Held, next_roster

HOUR = timedelta(hours=1)


def plain(_session: Session) -> None:
    """A valid card, nothing due."""


def on_site(session: Session) -> None:
    one = entry(arrived(0), NOW - HOUR)
    keep_entries(session, NOW, [Told(DOOR, SOLBAKKEN, one, codec.encode_entry(one))])


def forgot_to_leave(session: Session) -> None:
    one = entry(arrived(0), NOW - 20 * HOUR)
    keep_entries(session, NOW, [Told(DOOR, SOLBAKKEN, one, codec.encode_entry(one))])


def just_seen_elsewhere(session: Session) -> None:
    for home, latitude in ((SOLBAKKEN, 60.0), (NORDSTRAND, 60.1)):
        row = session.get_one(Institution, home)
        row.latitude, row.longitude = latitude, 5.0
    one = entry(arrived(0), NOW - timedelta(minutes=5))
    keep_entries(session, NOW, [Told(OTHER_DOOR, NORDSTRAND, one, codec.encode_entry(one))])


def lost(session: Session) -> None:
    set_state(session, NOW, card_id(0), CardState.LOST, "test")


def paused(session: Session) -> None:
    pause(session, NOW, SOLBAKKEN, volunteer(0), "test")


def expired(session: Session) -> None:
    card_of(session, 0).valid_until = date(2026, 11, 23)
    touch(session, NOW, volunteer(0), ChangeKind.CARD)


def renewal_due(session: Session) -> None:
    card_of(session, 0).valid_until = date(2026, 12, 24)
    touch(session, NOW, volunteer(0), ChangeKind.CARD)


def _courses(session: Session, stops_on: date) -> None:
    missing = (MissingCourse("Førstehjelp", stops_on),)
    session.get_one(Volunteer, volunteer(0)).missing_courses = msgspec.json.encode(missing).decode()
    touch(session, NOW, volunteer(0), ChangeKind.VOLUNTEER)


def course_in_grace(session: Session) -> None:
    _courses(session, date(2027, 1, 11))


def course_missing(session: Session) -> None:
    _courses(session, date(2026, 11, 24))


def with_a_dog_and_at_night(session: Session) -> None:
    team = DogTeam((DogPlace.WALK, DogPlace.COMMON_ROOM), date(2027, 5, 1))
    session.get_one(Volunteer, volunteer(0)).dog_team = msgspec.json.encode(team).decode()
    for activity in (Activity.DOG_VISIT, Activity.VIGIL):
        expected = Assignment(
            volunteer_id=volunteer(0),
            institution_id=SOLBAKKEN,
            chapter_id=CHAPTER,
            activity=activity,
            started_on=date(2026, 1, 1),
        )
        assign(session, NOW, expected)


SITUATIONS: dict[Callable[[Session], None], tuple[Move, Reason]] = {
    plain: (Move.IN, Reason.OK),
    on_site: (Move.OUT, Reason.OK),
    forgot_to_leave: (Move.IN, Reason.OK),
    just_seen_elsewhere: (Move.NONE, Reason.ELSEWHERE),
    lost: (Move.NONE, Reason.CARD_BLOCKED),
    paused: (Move.NONE, Reason.PAUSED),
    expired: (Move.NONE, Reason.EXPIRED),
    renewal_due: (Move.IN, Reason.OK),
    course_in_grace: (Move.IN, Reason.OK),
    course_missing: (Move.NONE, Reason.COURSE_MISSING),
    with_a_dog_and_at_night: (Move.IN, Reason.OK),
}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__)
def test_with_and_without_the_server_differ_only_in_how_sure_they_are(
    engine: sa.Engine, keys: Keys, broker: Broker, situation: Callable[[Session], None]
) -> None:
    with writing(engine) as session, session.begin():
        situation(session)
    asked = question(code(keys, 0))
    with gateway(engine, keys, broker.port), RawKiosk(broker.port) as kiosk:
        kiosk.say(Leaf.HAVE, codec.encode(Have(kiosk=DOOR, roster=None, briefings=None)))
        roster = next_roster(kiosk, keys)
        held = Held()
        assert held.apply(roster)
        answer = kiosk.ask(asked)
    row = held.rows[volunteer(0)]
    assert answer.row == row
    alone = decide(facts(asked, keys, row, roster.house), NOW)
    assert sureness(answer.verdict) in ((Basis.LIVE, Outcome.CONFIRMED), REFUSED_LIVE)
    assert sureness(alone) in ((Basis.ROSTER, Outcome.UNCONFIRMED), REFUSED_ALONE)
    assert but_for_sureness(alone) == but_for_sureness(answer.verdict)
    assert (alone.move, alone.reason) == SITUATIONS[situation]


REFUSED_LIVE = (Basis.LIVE, Outcome.REFUSED)
REFUSED_ALONE = (Basis.ROSTER, Outcome.REFUSED)


def facts(asked: Question, keys: Keys, row: RosterRow, house: House) -> Facts:
    """What the kiosk knows, had it no connection."""
    return Facts(
        credential=verify_code(code(keys, 0), keys.trust),
        assurance=Assurance.A1,
        row=row,
        unsettled=NOTHING_UNSETTLED,
        house=house,
        zone=zone_of(house.zone),
        basis=Basis.ROSTER,
        presented=asked.presented,
        uptime=HOUR,
        as_of=NOW,
    )


def sureness(verdict: Verdict) -> tuple[Basis, Outcome]:
    return verdict.basis, verdict.outcome


def but_for_sureness(verdict: Verdict) -> Verdict:
    return msgspec.structs.replace(verdict, basis=Basis.LIVE, outcome=Outcome.CONFIRMED, as_of=None)
