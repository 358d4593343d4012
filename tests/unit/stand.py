"""A stand for the session: a home, its volunteers' cards, and a settable moment."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kiosk import events as ev
from kiosk.events import At, Effect, Timer, TimerName
from kiosk.session import Session
from presence.admission import decide
from presence.briefing import Briefing, BriefingVersion, Section, SectionKind
from presence.card import CardRef, SignedCode
from presence.credential import issue_code, verify_code
from presence.facts import Facts
from presence.ids import PresentationId
from presence.messages import Answer
from presence.roster import NOTHING_UNSETTLED, House, RosterRow
from presence.trust import TrustList, trust_list
from presence.verdict import Verdict
from tests.builders import (
    KIOSK,
    NOW,
    facts,
    held_card,
    house,
    presentation_id,
    roster_row,
    signing_key,
    trusted,
)

TRUST: TrustList = trust_list([trusted(signing_key())])
READER = "door"
KARI, OLA = CardRef(3, 123456), CardRef(3, 77)


def code(card: CardRef = KARI, key_number: int = 1) -> SignedCode:
    """A card's text. Every key but number 1 is foreign here."""
    issued, expires = datetime(2026, 1, 10, tzinfo=UTC), datetime(2031, 1, 10, tzinfo=UTC)
    key = signing_key(number=key_number)
    return SignedCode(issue_code(key, card, card.index.to_bytes(8), issued, expires))


def presented(card: CardRef = KARI) -> ev.Presented:
    return ev.Presented(READER, code(card))


def forged() -> ev.Presented:
    return ev.Presented(READER, code(key_number=2))


def briefing(language: str = "nb", major: int = 3, pages: int = 2) -> Briefing:
    kinds = list(SectionKind)
    sections = [Section((kinds[n],), f"{language} {n + 1}", ("En linje.",)) for n in range(pages)]
    return Briefing(BriefingVersion(major), language, tuple(sections))


def kari(**changes: Any) -> RosterRow:
    return roster_row(**changes)


def ola(**changes: Any) -> RosterRow:
    plain = {"volunteer": "v-0002", "first_name": "Ola", "version": 1}
    return roster_row(held_card(ref=OLA), **{**plain, **changes})


def new_session(decide: Callable[[Facts, datetime], Verdict] = decide) -> Session:
    return Session(KIOSK, TRUST, ZoneInfo, decide=decide)


@dataclass
class Stand:
    """Feeds one session and keeps what it said. Time moves only by `later`."""

    session: Session = field(default_factory=new_session)
    wall: datetime = NOW
    is_clock_sure: bool = True
    uptime: timedelta = timedelta(hours=10)
    count: int = 0
    effects: list[Effect] = field(default_factory=list)
    tap: PresentationId = field(default_factory=lambda: presentation_id(0))
    """The id given to the card that was held up last."""

    def later(self, seconds: float) -> "Stand":
        self.wall += timedelta(seconds=seconds)
        self.uptime += timedelta(seconds=seconds)
        return self

    def handle(self, event: ev.Event) -> list[Effect]:
        self.count += 1
        fresh = presentation_id(self.count)
        if isinstance(event, ev.Presented):
            self.tap = fresh
        effects = self.session.handle(event, At(self.wall, self.uptime, fresh, self.is_clock_sure))
        self.effects += effects
        return effects

    @property
    def stage(self) -> ev.Stage:
        return next(e.stage for e in reversed(self.effects) if isinstance(e, ev.Show))

    @property
    def around(self) -> ev.Surroundings:
        return next(e.around for e in reversed(self.effects) if isinstance(e, ev.Show))

    def at_home(self, *languages: str, home: House | None = None, is_up: bool = True) -> "Stand":
        """Past the start: the home is known, with a briefing in these languages."""
        texts = {language: briefing(language) for language in languages}
        self.handle(ev.HouseChanged(home or house(), texts))
        self.handle(ev.LinkChanged(is_up))
        return self

    def consulted(
        self, row: RosterRow | None, presentation: PresentationId | None = None, **changes: Any
    ) -> list[Effect]:
        plain = ev.Consulted(
            presentation or self.tap,
            row,
            NOTHING_UNSETTLED,
            self.wall - timedelta(minutes=2),
        )
        return self.handle(replace(plain, **changes))

    def timer(self, name: TimerName) -> list[Effect]:
        """The newest timer of this name fires."""
        starts = [e.timer for e in self.effects if isinstance(e, ev.StartTimer)]
        return self.handle(ev.TimerFired(next(t for t in reversed(starts) if t.name is name)))

    def answer_over(self, presentation: PresentationId) -> list[Effect]:
        return self.handle(ev.TimerFired(Timer(TimerName.ANSWER, presentation)))


def told(stand: Stand) -> ev.Told:
    assert isinstance(stand.stage, ev.Told)
    return stand.stage


def asked(stand: Stand) -> Stand:
    """Kari's card was held up and the server has been asked."""
    stand.handle(presented())
    stand.consulted(kari())
    return stand


def alone(*, is_clock_sure: bool = True) -> Stand:
    return Stand(is_clock_sure=is_clock_sure).at_home(is_up=False)


def live_verdict(
    row: RosterRow | None, at: datetime = NOW, card: CardRef = KARI, **changes: Any
) -> Verdict:
    """What the server would say."""
    genuine = verify_code(code(card).text, TRUST)
    return decide(facts(row=row, credential=genuine, presented=at, **changes), at)


def answer(
    presentation: PresentationId,
    row: RosterRow | None,
    at: datetime = NOW,
    card: CardRef = KARI,
    **changes: Any,
) -> Answer:
    verdict = live_verdict(row, at, card, **changes)
    return Answer(presentation=presentation, verdict=verdict, at=at, row=row)
