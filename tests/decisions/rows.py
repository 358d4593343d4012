"""What a row of the decision table is made of, and short ways to write one down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from presence.card import Assurance
from presence.facts import Facts
from presence.policy import Policy, in_force
from presence.reason import Reason
from presence.roster import HeldCard, Unsettled
from presence.verdict import Basis, Due, LeavingDue, Move, Outcome, Saying, Tell, Verdict
from presence.visit import Fact, Here
from server.policies.files import shipped
from tests.builders import NOW, TODAY, arrival, departure, facts, here, oslo, roster_row

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
LIVE, ALONE = (Basis.LIVE,), (Basis.ROSTER,)
CHAPTER, LEADER_TOLD = (Tell.CHAPTER,), (Tell.LEADER,)
BY_CHIP: dict[str, Any] = {"assurance": Assurance.A2}
REPLAYED: dict[str, Any] = {**BY_CHIP, "is_replayed": True}
HOME_AND_CHAPTER = (Tell.INSTITUTION, Tell.CHAPTER)
CARD_IS_UNSURE = {"reason": Reason.CARD_BLOCKED, "is_doubtful": True, "tell": CHAPTER}

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A situation and its answer."""

    when: str
    changes: Changes
    """What is different from the plain case."""
    says: Saying
    move: Move
    outcome: Outcome | None = None
    """None: as sure as its basis allows."""
    due: tuple[Due, ...] = ()
    bases: tuple[Basis, ...] = tuple(Basis)
    """Who can be in this situation: the server, a kiosk alone, or both."""
    at: datetime = NOW
    more: Mapping[str, Any] = field(default_factory=dict)
    """All else that the verdict holds."""

    def facts(self, basis: Basis) -> Facts:
        as_of = None if basis is Basis.LIVE else self.at - timedelta(minutes=2)
        return facts(basis, **{"presented": self.at, "as_of": as_of} | dict(self.changes))

    def answer(self, basis: Basis) -> Verdict:
        """What the table says, in full."""
        situation = self.facts(basis)
        found = situation.visit(self.at)
        plain: dict[str, Any] = {"reason": Reason.OK}
        return Verdict(
            move=self.move,
            outcome=self.sure(basis),
            saying=self.says,
            basis=basis,
            assurance=situation.assurance,
            visit=found if found is not None and found.is_current else None,
            as_of=situation.as_of,
            due=self.due,
            **plain | dict(self.more),
        )

    def sure(self, basis: Basis) -> Outcome:
        sure = Outcome.CONFIRMED if basis is Basis.LIVE else Outcome.UNCONFIRMED
        return self.outcome or sure


@dataclass(frozen=True)
class Part:
    """Some rows that answer one question."""

    title: str
    about: str
    rows: Sequence[Row]


def welcome(when: str, changes: Changes, *due: Due, **more: Any) -> Row:
    return _row(when, changes, Saying.WELCOME, Move.IN, more, due=due)


def goodbye(when: str, changes: Changes, **more: Any) -> Row:
    return _row(when, changes, Saying.GOODBYE, Move.OUT, more)


def already_in(when: str, changes: Changes, **more: Any) -> Row:
    return _row(when, changes, Saying.ALREADY_IN, Move.STAY, more)


def welcome_back(when: str, changes: Changes, **more: Any) -> Row:
    return _row(when, changes, Saying.WELCOME_BACK, Move.BACK, more)


def refused(when: str, changes: Changes, reason: Reason, **more: Any) -> Row:
    """Not let in: with the one neutral text, and the chapter told, unless `more` says otherwise."""
    says = more.pop("says", Saying.SEE_STAFF)
    plain = {"reason": reason, "outcome": Outcome.REFUSED, "tell": CHAPTER}
    return _row(when, changes, says, Move.NONE, plain | more)


def ask_staff(when: str, changes: Changes, **more: Any) -> Row:
    """Present all the same, so it is recorded as an arrival."""
    plain = {"reason": Reason.NO_CONTACT, "outcome": Outcome.ASK_STAFF, "bases": ALONE}
    return _row(when, changes, Saying.SEE_STAFF, Move.IN, plain | more)


def _row(
    when: str,
    changes: Changes,
    says: Saying,
    move: Move,
    more: dict[str, Any],
    due: tuple[Due, ...] = (),
) -> Row:
    named = {name: more.pop(name) for name in ("outcome", "bases", "at") if name in more}
    return replace(Row(when, changes, says, move, due=due, more=more), **named)


@cache
def policy_of(society: str) -> Policy:
    """The one that is in force on the day of the plain case."""
    return in_force(shipped()[society], TODAY)


# --- differences from the plain case ---------------------------------------------------------


def with_row(card: HeldCard | None = None, **changes: Any) -> dict[str, Any]:
    return {"row": roster_row(card, **changes)}


def known(*happened: Fact) -> dict[str, Any]:
    """What the row says has happened at this home."""
    return with_row(here=here(*happened))


def own(*happened: Fact) -> dict[str, Any]:
    """What this kiosk alone knows."""
    return {"unsettled": Unsettled(happened)}


def came(at: str, day: date = TODAY) -> Here:
    return here(arrival(oslo(at, day), 1))


def left_in_doubt() -> Here:
    """At nine, with a card that was lost."""
    return here(arrival(oslo("08:00"), 1), departure(oslo("09:00"), 2, doubtful=True))


def when_did_you_leave(at: str, day: date = TODAY) -> LeavingDue:
    return LeavingDue(oslo(at, day))
