"""What a chapter writes down about courses, dogs and renewals is what its kiosks know alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence import codec, cose
from presence.activity import DogPlace, DogTeam
from presence.ids import VolunteerId
from presence.messages import Have, Roster
from presence.reason import Reason
from presence.roster import MissingCourse, RosterRow
from presence.topics import Leaf
from presence.trust import Purpose
from presence.verdict import Outcome
from server.broker import Broker
from server.cards.renewal import renew
from server.courses.models import Course, CourseKind, CourseTaken
from server.courses.services import keep_course, take_course
from server.db import writing
from server.dogs.services import keep_team
from server.keys import Keys
from server.people.models import Conversation, HeldBy
from server.people.services import keep_conversation
from server.policies.models import KeptPolicy
from server.policies.services import policy_on
from tests.integration.server_stand import (
    DOOR,
    NOW,
    RawKiosk,
    card_id,
    card_of,
    code,
    gateway,
    question,
    volunteer,
)

TODAY = date(2026, 11, 24)
ACTOR = "chapter"
BASICS = MissingCourse("Grunnkurs", date(2026, 11, 24))


def keep_basics(session: Session) -> None:
    course = Course(
        id="basics",
        society_id="NO",
        name="Grunnkurs",
        kind=CourseKind.BLOCKING,
        required_from=date(2026, 1, 10),
    )
    keep_course(session, NOW, course, ACTOR)


@contextmanager
def writes(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session, session.begin():
        yield session


class Listening:
    """A kiosk that keeps what it is sent, and asks for all where it lacks something."""

    def __init__(self, kiosk: RawKiosk, keys: Keys) -> None:
        self._kiosk, self._keys = kiosk, keys
        self._rows: dict[VolunteerId, RosterRow] = {}

    def row(self, volunteer: VolunteerId) -> RosterRow:
        return self._rows[volunteer]

    def wait_for(self, row: VolunteerId, **wanted: object) -> None:
        """Until that row says so."""
        while True:
            known = self._rows.get(row)
            if known is not None and all(
                getattr(known, name) == value for name, value in wanted.items()
            ):
                return
            self._take(self._next())

    def _take(self, roster: Roster) -> None:
        if roster.whole:
            self._rows = {}
        elif not roster.rows:
            self._kiosk.say(Leaf.HAVE, codec.encode(Have(kiosk=DOOR, roster=None, briefings=None)))
        self._rows |= {row.volunteer: row for row in roster.rows}

    def _next(self) -> Roster:
        message = self._kiosk.next(Leaf.ROSTER)
        assert message is not None, "no roster"
        opened = cose.open_message(bytes(message.payload), Purpose.ROSTER, DOOR, self._keys.trust)
        return msgspec.json.decode(opened.payload, type=Roster)


def test_a_course_is_known_to_the_kiosk_when_it_is_asked_for_and_when_it_is_taken(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with RawKiosk(broker.port) as kiosk, gateway(engine, keys, broker.port):
        held = Listening(kiosk, keys)
        with writes(engine) as session:
            keep_basics(session)
        held.wait_for(volunteer(0), courses=(BASICS,))
        held.wait_for(volunteer(1), courses=(BASICS,))
        asked = kiosk.ask(question(code(keys, 0))).verdict
        assert (asked.outcome, asked.reason, asked.course) == (
            Outcome.REFUSED,
            Reason.COURSE_MISSING,
            "Grunnkurs",
        )
        with writes(engine) as session:
            taken = CourseTaken(volunteer_id=volunteer(0), course_id="basics", day=TODAY)
            take_course(session, NOW, TODAY, taken, ACTOR)
        held.wait_for(volunteer(0), courses=())
        held.wait_for(volunteer(1), courses=(BASICS,))
        assert kiosk.ask(question(code(keys, 0))).verdict.outcome is Outcome.CONFIRMED


def test_a_dog_and_a_renewed_card_are_known_to_the_kiosk(
    engine: sa.Engine, keys: Keys, broker: Broker
) -> None:
    with writes(engine) as session:
        card_of(session, 0).valid_until = date(2026, 11, 23)
        policy = policy_on(session.get_one(KeptPolicy, "NO").versions, TODAY)
    with RawKiosk(broker.port) as kiosk, gateway(engine, keys, broker.port):
        held = Listening(kiosk, keys)
        assert kiosk.ask(question(code(keys, 0))).verdict.reason is Reason.EXPIRED
        with writes(engine) as session:
            until = date(2027, 6, 1)
            keep_team(session, NOW, volunteer(0), until, {DogPlace.WALK: until}, ACTOR)
            talk = Conversation(
                volunteer_id=volunteer(0), day=TODAY, held_by=HeldBy.ACTIVITY_LEADER
            )
            keep_conversation(session, NOW, TODAY, talk, ACTOR)
            renew(session, NOW, TODAY, card_id(0), policy, ACTOR)
        held.wait_for(volunteer(0), dog=DogTeam((DogPlace.WALK,), until))
        (card,) = held.row(volunteer(0)).cards
        assert card.valid_until == date(2029, 11, 24)
        assert kiosk.ask(question(code(keys, 0))).verdict.outcome is Outcome.CONFIRMED
