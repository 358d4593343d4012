"""Takes a register over: all of its volunteers, or none."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.ids import RANDOM_BYTES, VolunteerId, uuid7
from presence.settings import Fault
from server import audit
from server.cards.places import free_places
from server.cards.services import CardError, NewCard, issue_card
from server.institutions.models import Chapter, Society
from server.people import names
from server.people.models import Volunteer
from server.people.register import Entry, Register, RegisterError
from server.people.services import add_volunteer
from server.policies.models import KeptPolicy
from server.policies.services import policy_on

ACTOR = "register"
_AT_ONCE = 500
"""Birth dates in one question: databases bound the number of its parameters."""
_CTI_BYTES = 8


@dataclass(frozen=True, slots=True)
class TakenOver:
    volunteers: int
    cards: int


@dataclass(frozen=True, slots=True)
class _Branch:
    """A chapter, and the policy of its society."""

    chapter: Chapter
    versions: str


def take_over(
    session: Session, now: datetime, register: Register, where: str, random: Random
) -> TakenOver:
    """Add every volunteer of a register, with a card where one is asked for, by the same operations
    as a page would. `where` is what the register is called; `random` must be one that nobody can
    foresee.

    Raises RegisterError with every fault, of the file and against what is there already. The caller
    must roll back then.
    """
    desk = _Desk(session, now, random, free_places(session, random))
    faults = [*register.faults, *_repeated(register.entries), *_known(session, register.entries)]
    lines = {fault.line for fault in faults}
    branches = _branches(session)
    cards = 0
    for entry in register.entries:
        found = branches.get(names.plain(entry.chapter), ())
        if len(found) != 1:
            what = "several chapters are called so: use the id" if found else "no such chapter"
            faults.append(Fault(entry.line, "chapter", what))
        elif entry.line not in lines:
            try:
                cards += desk.add(entry, found[0])
            except CardError as error:
                faults.append(Fault(entry.line, "card_from", str(error)))
    if faults:
        raise RegisterError(where, faults)
    audit.write(session, now, ACTOR, "take_over_register", "volunteers")
    return TakenOver(len(register.entries), cards)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What each entry is written with."""

    session: Session
    now: datetime
    random: Random
    places: Iterator[CardRef]

    def add(self, entry: Entry, branch: _Branch) -> bool:
        """True: with a card. Raises CardError where the card may not be issued."""
        person = Volunteer(
            id=VolunteerId(self._new_id()),
            first_name=entry.first_name,
            last_name=entry.last_name,
            birth_date=entry.birth_date,
            language=entry.language,
        )
        chapter = branch.chapter.id
        add_volunteer(self.session, self.now, person, chapter, entry.member_since)
        if entry.card_from is None:
            return False
        new = NewCard(
            id=self._new_id(),
            volunteer=person.id,
            chapter=chapter,
            place=next(self.places),
            cti=self.random.randbytes(_CTI_BYTES),
            valid_from=entry.card_from,
        )
        policy = policy_on(branch.versions, entry.card_from)
        issue_card(self.session, self.now, new, policy, ACTOR)
        return True

    def _new_id(self) -> str:
        return uuid7(self.now, self.random.randbytes(RANDOM_BYTES))


def _repeated(entries: Sequence[Entry]) -> Iterator[Fault]:
    first: dict[tuple[object, ...], int] = {}
    for entry in entries:
        line = first.setdefault(entry.who, entry.line)
        if line != entry.line:
            what = f"the same person, born on the same day, stands in line {line}"
            yield Fault(entry.line, "last_name", what)


def _known(session: Session, entries: Sequence[Entry]) -> Iterator[Fault]:
    births = sorted({entry.birth_date for entry in entries})
    known = set()
    for number in range(0, len(births), _AT_ONCE):
        some = births[number : number + _AT_ONCE]
        wanted = sa.select(Volunteer.first_name, Volunteer.last_name, Volunteer.birth_date)
        for first, last, born in session.execute(wanted.where(Volunteer.birth_date.in_(some))):
            known.add((names.plain(first), names.plain(last), born))
    for entry in entries:
        if entry.who in known:
            what = "somebody of that name, born on the same day, is a volunteer already"
            yield Fault(entry.line, "last_name", what)


def _branches(session: Session) -> Mapping[str, Sequence[_Branch]]:
    """By id and by name, as `names.plain` writes them."""
    found: dict[str, list[_Branch]] = defaultdict(list)
    rows = session.execute(
        sa.select(Chapter, KeptPolicy.versions)
        .join(Society, Society.id == Chapter.society_id)
        .join(KeptPolicy, KeptPolicy.id == Society.policy_id)
        .order_by(Chapter.id)
    )
    for chapter, versions in rows:
        for name in {names.plain(chapter.id), names.plain(chapter.name)}:
            found[name].append(_Branch(chapter, versions))
    return found
