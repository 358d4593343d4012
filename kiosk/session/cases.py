"""One presentation on its way to its verdict, and what a verdict makes the kiosk do."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from msgspec.structs import replace

from kiosk.events import Consulted, Presented, Signal
from presence.card import (
    Assurance,
    CardRef,
    ChipUid,
    Credential,
    Evidence,
    Recognised,
    SignedCode,
    SunMessage,
    Unreadable,
)
from presence.credential import verify_code
from presence.errors import CredentialError
from presence.facts import Facts
from presence.ids import KioskId, PresentationId, VisitId
from presence.messages import Answer, Arrived, AttemptRefused, CameBack, Left, Question, What
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
    """Something that may be a card of ours and waits for its verdict."""

    held: Held
    evidence: Evidence
    known: Credential | Recognised | None
    """None: nobody here knows which card it is."""
    consulted: Consulted | None = None
    answer: Answer | None = None
    """What the server said before the kiosk knew which card it is."""

    @property
    def card(self) -> CardRef | None:
        return None if self.known is None else self.known.card

    @property
    def is_replayed(self) -> bool:
        """So the server has said. It stands when the kiosk decides alone in the end."""
        said = None if self.answer is None else self.answer.verdict
        return said is not None and Reason.REPLAYED in (said.reason, said.warning)

    @property
    def about(self) -> CardRef | ChipUid | None:
        """What the kiosk can look up."""
        if self.card is None and isinstance(self.evidence, ChipUid):
            return self.evidence
        return self.card

    @property
    def id(self) -> PresentationId:
        return self.held.id


def taken_up(held: Held, trust: TrustList, asked_for: Assurance) -> Case | Unreadable | None:
    """Unreadable: it cannot be a card of ours. None: it says that it is one, and is not genuine.

    A chip's identifier is looked at only where the home accepts cards that have nothing else, so
    that a phone or a bank card leaves no trace anywhere (CREDENTIALS, "Old chips").
    """
    evidence = held.presented.evidence
    match evidence:
        case SignedCode(text) | SunMessage(code=str(text)):
            genuine = _verified(text, trust)
            return None if genuine is None else Case(held, evidence, genuine)
        case SunMessage():
            return Case(held, evidence, known=None)
        case ChipUid():
            is_enough = asked_for is Assurance.A0 and not evidence.is_random
            return Case(held, evidence, known=None) if is_enough else Unreadable.UNSUPPORTED
        case Unreadable():
            return evidence


def _verified(text: str, trust: TrustList) -> Credential | None:
    try:
        return verify_code(text, trust)
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
        credential=case.known,
        assurance=Assurance.A0 if isinstance(case.evidence, ChipUid) else Assurance.A1,
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
        is_replayed=case.is_replayed,
    )


def to_record(case: Case, card: CardRef, verdict: Verdict, row: RosterRow | None) -> What | None:
    """The fact behind the words. None: nothing has changed."""
    basis, sun = verdict.basis, _to_be_checked(case, verdict)
    match verdict.move:
        case Move.IN:
            is_vigil = row is not None and row.keeps_vigil
            visit, outcome = VisitId(case.id), verdict.outcome
            return Arrived(card, visit, case.id, basis, outcome, is_vigil, sun)
        case Move.BACK:
            return CameBack(card, case.id, basis, sun)
        case Move.OUT:
            return Left(card, case.id, basis, verdict.is_doubtful, sun)
        case Move.STAY:
            return None
        case Move.NONE:
            if verdict.reason is Reason.NOT_GENUINE:
                return None
            return AttemptRefused(card, case.id, basis, verdict.reason)


def _to_be_checked(case: Case, verdict: Verdict) -> SunMessage | None:
    """What the server has not seen yet and alone can check. The code has been checked here."""
    if verdict.basis is Basis.LIVE or not isinstance(case.evidence, SunMessage):
        return None
    return replace(case.evidence, code=None)


_SIGNALS = {
    Saying.WELCOME: Signal.WELCOME,
    Saying.ALREADY_IN: Signal.WELCOME,
    Saying.WELCOME_BACK: Signal.WELCOME,
    Saying.GOODBYE: Signal.GOODBYE,
}


def signal_of(verdict: Verdict) -> Signal:
    return _SIGNALS.get(verdict.saying, Signal.ASK_STAFF)
