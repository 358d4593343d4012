"""What is done at the server for which there is no page yet: through its own operations, in another
process than the server's."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import SystemRandom

from sqlalchemy.orm import Session

from demo.clock import DeskClock
from demo.desk import Person
from demo.sample.homes import SOLBAKKEN
from demo.sample.people import FJORDBY
from demo.sample.visiting import ZONE
from presence import admission
from presence.activity import DogPlace
from presence.briefing import BriefingVersion, Section
from presence.card import Assurance, Recognised
from presence.facts import Facts
from presence.ids import RANDOM_BYTES, ChapterId, InstitutionId, VolunteerId, uuid7
from presence.policy import Policy
from presence.roster import NOTHING_UNSETTLED
from presence.verdict import ActivityDue, Basis
from server import changes
from server.briefings.services import publish
from server.cards.models import Card
from server.cards.places import free_places
from server.cards.renewal import renew
from server.cards.services import CardError, NewCard, code_of, issue_card
from server.changes import ChangeKind
from server.courses.models import Course
from server.courses.services import keep_course
from server.db import make_engine, reading, writing
from server.dogs.services import keep_team
from server.institutions.models import Institution
from server.institutions.services import house
from server.keys import open_keys
from server.kiosks.roster import row_of
from server.people.models import Conversation, HeldBy
from server.people.services import keep_conversation

CHAPTER, INSTITUTION = "chapter", "institution"
IMPORT_SECONDS = 60
_CONFIGURATION = """\
[data]
directory = "{directory}"
"""


class Office:
    """Somebody with the right to do all that. `directory` is the server's own."""

    def __init__(self, directory: Path, clock: DeskClock) -> None:
        self._directory, self._clock = directory, clock
        self._engine = make_engine(f"sqlite:///{directory / 'tilstede.sqlite3'}")
        self._random = SystemRandom()

    def close(self) -> None:
        self._engine.dispose()

    # --- the home ----------------------------------------------------------------------------

    def publish(
        self,
        home: InstitutionId,
        version: BriefingVersion,
        texts: Mapping[str, Sequence[Section]],
    ) -> None:
        """Put a version of a home's briefing in force."""
        with writing(self._engine) as session, session.begin():
            publish(session, self._clock.now(), home, version, texts, INSTITUTION)

    def demand(self, home: InstitutionId, assurance: Assurance) -> None:
        """Ask this much of every card at a home, beyond what the society asks."""
        with writing(self._engine) as session, session.begin():
            session.get_one(Institution, home).lowest_assurance = int(assurance)
            changes.record(session, ChangeKind.HOUSE, self._clock.now(), institution=home)

    def offered(self, person: Person, home: InstitutionId) -> ActivityDue:
        """What the server would offer somebody who came to a home now: the rule, on what is in the
        database."""
        now = self._clock.now()
        with reading(self._engine) as session:
            row = row_of(session, home, VolunteerId(person.volunteer), now)
            card = session.get_one(Card, person.card)
            facts = Facts(
                credential=Recognised(card.ref, card.expires_at),
                assurance=Assurance.A1,
                row=row,
                unsettled=NOTHING_UNSETTLED,
                house=house(session, home, now),
                zone=ZONE,
                basis=Basis.LIVE,
                presented=now,
                uptime=timedelta(days=1),
            )
        due = admission.decide(facts, now).due
        return next((one for one in due if isinstance(one, ActivityDue)), ActivityDue(()))

    # --- the chapter -------------------------------------------------------------------------

    def issue(self, person: Person) -> Person:
        """Give somebody a card that is valid from today. Raises CardError."""
        now = self._clock.now()
        with writing(self._engine) as session, session.begin():
            new = NewCard(
                id=uuid7(now, self._random.randbytes(RANDOM_BYTES)),
                volunteer=VolunteerId(person.volunteer),
                chapter=ChapterId(FJORDBY),
                place=next(free_places(session, self._random)),
                cti=self._random.randbytes(8),
                valid_from=self._today,
            )
            card = issue_card(session, now, new, self._policy(session), CHAPTER)
            code = code_of(card, open_keys(self._directory / "keys", now).card)
            return replace(person, card=card.id, code=code)

    def converse(self, person: Person, day: date) -> None:
        """Note the day of an evaluation conversation."""
        held = Conversation(
            volunteer_id=VolunteerId(person.volunteer), day=day, held_by=HeldBy.ACTIVITY_LEADER
        )
        with writing(self._engine) as session, session.begin():
            keep_conversation(session, self._clock.now(), self._today, held, CHAPTER)

    def renew(self, person: Person) -> date | str:
        """The new last day of somebody's card, or why it was not renewed."""
        try:
            with writing(self._engine) as session, session.begin():
                policy, now = self._policy(session), self._clock.now()
                return renew(session, now, self._today, person.card, policy, CHAPTER).valid_until
        except CardError as error:
            return str(error)

    def approve_dog(self, person: Person, places: Sequence[DogPlace], until: date) -> None:
        """Insure somebody's dog, and approve it for these places, until that day."""
        with writing(self._engine) as session, session.begin():
            volunteer, approvals = VolunteerId(person.volunteer), dict.fromkeys(places, until)
            keep_team(session, self._clock.now(), volunteer, until, approvals, CHAPTER)

    def ask_for_course(self, course: Course) -> None:
        """Put a course into the society's register."""
        with writing(self._engine) as session, session.begin():
            keep_course(session, self._clock.now(), course, "national")

    def take_over(self, register: str) -> subprocess.CompletedProcess[str]:
        """Import a register of volunteers, as whoever looks after the server does."""
        file = self._directory / "register.csv"
        file.write_text(register, encoding="utf-8")
        config = self._directory / "server.toml"
        config.write_text(_CONFIGURATION.format(directory=self._directory), encoding="utf-8")
        command = ["import", "volunteers", str(file), "--config", str(config)]
        return subprocess.run(
            [sys.executable, "-m", "server.cli", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=IMPORT_SECONDS,
        )

    @property
    def _today(self) -> date:
        return self._clock.now().astimezone(ZONE).date()

    def _policy(self, session: Session) -> Policy:
        return house(session, SOLBAKKEN.id, self._clock.now()).policy
