"""Watches every machine all the time: what it committed, what it said, and whether it may."""

import sqlite3
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kiosk import events as ev
from kiosk.events import Signal
from kiosk.roster import SqliteRoster
from kiosk.session.decisions import ONLY_SERVER
from presence import codec
from presence.card import ChipUid, Evidence, SunMessage
from presence.ids import EventId, KioskId, PresentationId, VolunteerId
from presence.messages import Answer, Entry, Question
from presence.topics import DOWN_LIMIT
from tests.simulation import cast, verdicts
from tests.simulation.cast import Person
from tests.simulation.rule import Rule
from tests.simulation.story import Story
from tests.simulation.timeline import Timeline

_GREETINGS = (Signal.WELCOME, Signal.GOODBYE)


@dataclass(frozen=True, slots=True)
class Broken:
    rule: Rule
    how: str


@dataclass(frozen=True, slots=True)
class Committed:
    """An entry that no power cut can lose any more."""

    kiosk: KioskId
    entry: Entry
    body: bytes

    @property
    def person(self) -> Person:
        return cast.BY_CARD[self.entry.what.card]


@dataclass(frozen=True, slots=True)
class HeldUp:
    """A card that waits for its verdict."""

    person: Person
    evidence: Evidence
    due: timedelta
    takes: timedelta
    """At most, once it is its turn."""
    uptime: timedelta
    """The kiosk's, when it was held up."""


@dataclass
class Door:
    """What is known of one kiosk."""

    committed: list[Committed] = field(default_factory=list)
    poison: int = 0
    last_sequence: int = 0
    held_up: deque[HeldUp] = field(default_factory=deque)
    told: ev.Told | None = None
    thanks: ev.BriefingRead | None = None
    unread: ev.CannotRead | None = None
    unsignalled: int = 0
    """Greetings shown and not signalled yet."""
    versions: dict[VolunteerId, int] = field(default_factory=dict)


class Watch:
    """Remembers the first rule that was broken; the history ends there."""

    def __init__(self, story: Story, timeline: Timeline, answer_time: timedelta) -> None:
        self.story = story
        self.broken: Broken | None = None
        self.entries: dict[EventId, Committed] = {}
        self.doors = {door: Door() for door in cast.DOORS}
        self._timeline, self._answer_time = timeline, answer_time
        self._asked: dict[PresentationId, Person] = {}
        self._answers: list[Answer] = []
        self._lost_since: dict[str, datetime] = {}
        self._counted: dict[SunMessage, tuple[KioskId, datetime]] = {}
        """At which presentation each message of a chip was taken for a fresh one."""

    def broke(self, rule: Rule, how: str) -> None:
        if self.broken is None:
            self.broken = Broken(rule, how)

    # --- what a kiosk writes down ---

    def wrote(self, kiosk: KioskId, connection: sqlite3.Connection) -> None:
        """The outbox has committed something."""
        door = self.doors[kiosk]
        query = "SELECT sequence, body FROM entry WHERE sequence > ? ORDER BY sequence"
        new = sqlite3.Connection.execute(connection, query, (door.last_sequence,)).fetchall()
        for sequence, body in new:
            door.last_sequence = sequence
            self._committed(kiosk, body)

    def _committed(self, kiosk: KioskId, body: bytes) -> None:
        try:
            entry = codec.decode_entry(body)
        except ValueError:
            self.doors[kiosk].poison += 1
            self.story.tell(kiosk, "has on its disk: an entry that nobody can read")
            return
        kept = Committed(kiosk, entry, body)
        self.doors[kiosk].committed.append(kept)
        self.entries[entry.event] = kept
        what = f"{kept.person.name} {verdicts.fact_in_words(entry.what)}"
        self.story.tell(kiosk, f"has on its disk: {what}")

    # --- what happens at a door ---

    def held_up(
        self, kiosk: KioskId, person: Person, evidence: Evidence, uptime: timedelta
    ) -> None:
        waiting = self.doors[kiosk].held_up
        takes = self._answer_time
        if isinstance(evidence, ChipUid):  # the server may be asked whose it is, and then once more
            takes += ONLY_SERVER
        due = self._timeline.now + sum((one.takes for one in waiting), takes)
        waiting.append(HeldUp(person, evidence, due, takes, uptime))

    def went_dark(self, kiosk: KioskId) -> None:
        door = self.doors[kiosk]
        door.held_up.clear()
        door.told, door.unread, door.unsignalled = None, None, 0

    def shown(self, kiosk: KioskId, stage: ev.Stage, around: ev.Surroundings) -> None:
        """Every verdict comes by here at least once, for each is shown before the next."""
        door = self.doors[kiosk]
        if isinstance(stage, ev.BriefingRead):
            self._thanked(kiosk, stage)
        words = stage.notice if isinstance(stage, ev.BriefingOpen) else stage
        if isinstance(words, ev.CannotRead) and words is not door.unread:
            self._unread(kiosk, words, around)
        if not isinstance(words, ev.Told) or words.seen == (door.told and door.told.seen):
            return
        door.told = words
        door.unsignalled += words.is_greeting
        if not door.held_up:
            self.broke(Rule.TOLD_ONCE, f"{kiosk} tells a verdict that nobody waits for")
            return
        held = door.held_up.popleft()
        self.story.tell(kiosk, f"tells {held.person.name}: {verdicts.in_words(words)}")
        self._check(kiosk, held, words)

    def _unread(self, kiosk: KioskId, words: ev.CannotRead, around: ev.Surroundings) -> None:
        """Only an old chip's card may stay unknown: where the server does not say which it is, and
        at a kiosk that has not heard yet that its home accepts old chips."""
        door = self.doors[kiosk]
        door.unread = words
        held = door.held_up.popleft() if door.held_up else None
        is_right = words.is_unanswered or around.house is None
        if held is None or not isinstance(held.evidence, ChipUid) or not is_right:
            self.broke(Rule.TOLD_ONCE, f"{kiosk} cannot read a good card")
            return
        why = "no answer tells who it is" if words.is_unanswered else "chips mean nothing to it yet"
        self.story.tell(kiosk, f"sends {held.person.name} to the staff: {why}")

    def signalled(self, kiosk: KioskId, signal: Signal) -> None:
        door = self.doors[kiosk]
        if signal in _GREETINGS:
            door.unsignalled -= 1
            if door.unsignalled < 0:
                self.broke(Rule.RECORD_FIRST, f"{kiosk} signals {signal} before it may say so")

    def overdue(self) -> None:
        """Somebody stands before a kiosk that has nothing to say."""
        for kiosk, door in self.doors.items():
            if door.held_up and door.held_up[0].due < self._timeline.now:
                who = door.held_up[0].person.name
                self.broke(Rule.IN_TIME, f"{kiosk} has not told {who} anything in its time")

    def knows(self, kiosk: KioskId, roster: SqliteRoster) -> None:
        """What a kiosk holds after each thing that happened to it."""
        versions = self.doors[kiosk].versions
        for person in cast.PEOPLE:
            row = roster.row(person.card)
            if row is None:
                continue
            before = versions.get(person.id, 0)
            if row.version < before:
                how = f"{kiosk} knew version {before} of {person.name} and now {row.version}"
                self.broke(Rule.KNOWLEDGE_GROWS, how)
            versions[person.id] = row.version

    def _thanked(self, kiosk: KioskId, stage: ev.BriefingRead) -> None:
        door = self.doors[kiosk]
        if stage is door.thanks:
            return
        door.thanks = stage
        door.unsignalled += 1
        self.story.tell(kiosk, f"thanks {stage.first_name} for reading")
        if not (door.committed and verdicts.is_acknowledgement(door.committed[-1].entry)):
            self.broke(Rule.RECORD_FIRST, f"{kiosk} thanks for what it has not committed")

    def _check(self, kiosk: KioskId, held: HeldUp, told: ev.Told) -> None:
        own = [one.entry for one in self.doors[kiosk].committed]
        who, now = held.person, self._timeline.now
        if now > held.due:
            self.broke(Rule.IN_TIME, f"{kiosk} tells {who.name} {now - held.due} too late")
        if not verdicts.is_committed(told, own):
            self.broke(Rule.RECORD_FIRST, f"{kiosk} tells {who.name} what it has not committed")
        if not verdicts.is_answered(told, who.card, self._answers):
            self.broke(Rule.ANSWERED, f"{kiosk} tells {who.name} what no server has answered")
        self._count(kiosk, held, told)
        everywhere = [one for one in self.entries.values() if one.person == who]
        if all(one.kiosk == kiosk for one in everywhere):
            wrong = verdicts.forgets(told, [one.entry for one in everywhere], held.uptime)
            if wrong:
                self.broke(Rule.OWN_DOOR, f"{kiosk} tells {who.name} {wrong}")

    def _count(self, kiosk: KioskId, held: HeldUp, told: ev.Told) -> None:
        if isinstance(held.evidence, SunMessage) and verdicts.takes_for_fresh(told.verdict):
            mine = (kiosk, told.seen)
            if self._counted.setdefault(held.evidence, mine) != mine:
                how = f"{kiosk} believes what {held.person.name}'s chip had said to another"
                self.broke(Rule.ONE_READ, how)

    # --- what goes to and fro ---

    def asked(self, question: Question) -> None:
        self._asked[question.presentation] = cast.shows(question.evidence)

    def answered(self, payload: bytes) -> None:
        """A gateway hands an answer to its wire."""
        answer = codec.decode(Answer, payload, DOWN_LIMIT)
        self._answers.append(answer)
        person = self._asked[answer.presentation]
        lost_since = self._lost_since.get(person.card_id)
        if lost_since is not None and lost_since < answer.at and verdicts.welcomes(answer.verdict):
            how = f"the server welcomes {person.name}, whose card is reported lost"
            self.broke(Rule.LOST_IS_LOST, how)

    def reported_lost(self, person: Person) -> None:
        """Committed on the server, now."""
        self._lost_since.setdefault(person.card_id, self._timeline.wall)
