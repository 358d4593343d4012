"""One presentation on its way to its verdict, and what a verdict makes the kiosk do."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from kiosk.events import Consulted, Presented, Signal
from presence.card import Assurance, CardRef, Credential, Evidence, SignedCode
from presence.credential import verify_code
from presence.errors import CredentialError
from presence.facts import Facts
from presence.ids import KioskId, PresentationId, VisitId
from presence.messages import Arrived, AttemptRefused, CameBack, Left, Question, What
from presence.reason import Reason
from presence.roster import House, RosterRow
from presence.trust import TrustList
from presence.verdict import Basis, Move, Saying, Verdict


class ImpossibleError(RuntimeError):
    """Something that cannot happen now. The kiosk ends and starts afresh."""


@dataclass(frozen=True, slots=True)
class Held:
    """A card was held up at this moment."""

    presented: Presented
    id: PresentationId
    wall: datetime
    uptime: timedelta
    is_clock_sure: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A genuine card that waits for its verdict."""

    held: Held
    evidence: Evidence
    credential: Credential
    consulted: Consulted | None = None

    @property
    def card(self) -> CardRef:
        return self.credential.card

    @property
    def id(self) -> PresentationId:
        return self.held.id


def genuine(held: Held, trust: TrustList) -> Case | None:
    """None: nothing that we can believe, whatever it is."""
    evidence = held.presented.evidence
    if not isinstance(evidence, SignedCode):
        return None
    try:
        return Case(held, evidence, verify_code(evidence.text, trust))
    except CredentialError:
        return None


def question(case: Case, consulted: Consulted, kiosk: KioskId) -> Question:
    return Question(
        kiosk=kiosk,
        presentation=case.id,
        evidence=case.evidence,
        presented=case.held.wall,
        uptime_ms=case.held.uptime // timedelta(milliseconds=1),
        unsettled=consulted.unsettled,
    )


def facts(case: Case, consulted: Consulted, house: House, zone: tzinfo) -> Facts:
    """All that the kiosk knows when it decides alone."""
    return Facts(
        credential=case.credential,
        assurance=Assurance.A1,
        row=consulted.row,
        unsettled=consulted.unsettled,
        house=house,
        zone=zone,
        basis=Basis.ROSTER,
        presented=case.held.wall,
        uptime=case.held.uptime,
        as_of=consulted.as_of,
        listed=consulted.listed,
        is_clock_sure=case.held.is_clock_sure,
    )


def to_record(case: Case, verdict: Verdict, row: RosterRow | None) -> What | None:
    """The fact behind the words. None: nothing has changed."""
    card, basis = case.card, verdict.basis
    match verdict.move:
        case Move.IN:
            is_vigil = row is not None and row.keeps_vigil
            return Arrived(card, VisitId(case.id), case.id, basis, verdict.outcome, is_vigil)
        case Move.BACK:
            return CameBack(card, case.id, basis)
        case Move.OUT:
            return Left(card, case.id, basis, verdict.is_doubtful)
        case Move.STAY:
            return None
        case Move.NONE:
            if verdict.reason is Reason.NOT_GENUINE:
                return None
            return AttemptRefused(card, case.id, basis, verdict.reason)


_SIGNALS = {
    Saying.WELCOME: Signal.WELCOME,
    Saying.ALREADY_IN: Signal.WELCOME,
    Saying.WELCOME_BACK: Signal.WELCOME,
    Saying.GOODBYE: Signal.GOODBYE,
}


def signal_of(verdict: Verdict) -> Signal:
    return _SIGNALS.get(verdict.saying, Signal.ASK_STAFF)
