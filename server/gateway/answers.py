"""From a question to its answer: gather the facts, ask the one rule, say the verdict.

This is what a person at a door waits for: one look into the database, nothing written. Only for a
chip's message two more are taken, and the read is written down (docs/adr/0026).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from presence import codec
from presence.facts import Facts
from presence.ids import InstitutionId
from presence.messages import Answer, Question
from presence.trust import TrustList
from presence.verdict import Basis, Verdict
from server.cards.sun import ChipKeys
from server.gateway.evidence import Examiner
from server.institutions.services import zone_of
from server.kiosks import roster
from server.notices.models import AlertKind
from server.notices.services import Tapped

Decide = Callable[[Facts, datetime], Verdict]


@dataclass(frozen=True, slots=True)
class Notice:
    """Someone is to be told of a verdict."""

    tapped: Tapped
    kind: AlertKind
    verdict: Verdict
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    payload: bytes
    notice: Notice | None


class UnknownKioskError(LookupError):
    """A question of a kiosk that nobody let in."""


class Answers:
    """Answers questions, on one thread."""

    def __init__(
        self, engine: sa.Engine, trust: TrustList, chips: ChipKeys, decide: Decide
    ) -> None:
        self._engine = engine
        self._decide = decide
        self._connection: sa.Connection | None = None
        self._examiner = Examiner(engine, trust, chips)

    def trust(self, trust: TrustList) -> None:
        """Believe other keys from now on; what was verified with the old ones is forgotten."""
        self._examiner.trust(trust)

    def answer(self, question: Question, now: datetime) -> Answered:
        """Raises UnknownKioskError, or sqlalchemy.exc.SQLAlchemyError when the database cannot
        be read, or cannot be written though it must; then nothing is answered and the kiosk
        decides alone."""
        examined = self._examiner.examine(self._connected(), question, now)
        credential = examined.credential
        card = credential.card if credential else None
        tap = roster.tap(self._connected(), question.kiosk, card, now)
        if tap is None:
            raise UnknownKioskError("no such kiosk")
        facts = Facts(
            credential=credential,
            assurance=examined.assurance,
            row=tap.row,
            unsettled=question.unsettled,
            house=tap.house,
            zone=zone_of(tap.house.zone),
            basis=Basis.LIVE,
            presented=question.presented,
            uptime=timedelta(milliseconds=question.uptime_ms),
            is_replayed=examined.is_replayed,
        )
        verdict = self._decide(facts, now)
        answer = Answer(
            presentation=question.presentation,
            verdict=verdict,
            at=now,
            row=tap.row,
            card=examined.card,
        )
        return Answered(codec.encode(answer), _notice(question, facts, verdict, now, tap.last_home))

    def close(self) -> None:
        """Give the connections back; the next question opens others."""
        self._examiner.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            # One statement is one state of the database: no transaction is needed around it.
            self._connection = self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
        return self._connection


def _notice(
    question: Question,
    facts: Facts,
    verdict: Verdict,
    now: datetime,
    last_home: InstitutionId | None,
) -> Notice | None:
    if not verdict.tell or facts.credential is None:
        return None
    tapped = Tapped(facts.credential.card, question.kiosk, facts.house.institution, last_home)
    return Notice(tapped, _kind(verdict), verdict, now)


def _kind(verdict: Verdict) -> AlertKind:
    if verdict.is_doubtful:
        return AlertKind.LEFT_IN_DOUBT
    return AlertKind.REFUSED if verdict.warning is None else AlertKind.LET_IN_WITH_WARNING
