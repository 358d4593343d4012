"""The session: it looks the event up in the table and lets the machine it belongs to answer."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo

from kiosk.events import At, Effect, Event, Way
from kiosk.session import table
from kiosk.session.cases import ImpossibleError
from kiosk.session.decisions import Decisions
from kiosk.session.stages import Stages
from kiosk.session.surroundings import Around
from kiosk.session.table import Deciding, Kind, Showing, Step
from presence import admission
from presence.facts import Facts
from presence.ids import KioskId
from presence.trust import TrustList
from presence.verdict import Verdict

ANSWER_TIME = timedelta(milliseconds=700)
NOT_SAID: Mapping[str, Way] = {}


class Session:
    """Everything the kiosk decides. `handle` is its only door.

    `zone_of` gives the time zone of an IANA name. `ways` tells how a card is shown to which reader,
    by the reader's name; one that it does not name is held against. `decide` is the admission rule;
    it is an argument so that a test can hand in a broken one.
    """

    def __init__(
        self,
        kiosk: KioskId,
        trust: TrustList,
        zone_of: Callable[[str], tzinfo],
        *,
        ways: Mapping[str, Way] = NOT_SAID,
        answer_time: timedelta = ANSWER_TIME,
        decide: Callable[[Facts, datetime], Verdict] = admission.decide,
    ) -> None:
        around = Around(zone_of, ways)
        self._stages = Stages(around)
        self._decisions = Decisions(
            kiosk, trust, around, self._stages, answer_time=answer_time, decide=decide
        )

    @property
    def state(self) -> tuple[Deciding, Showing]:
        return self._decisions.state, self._stages.state

    def handle(self, event: Event, at: At) -> list[Effect]:
        """What to do about it, in this order. Raises ImpossibleError."""
        kind, before = table.kind_of(event), self.state
        step = _step(before, kind)
        if step is table.IMPOSSIBLE:
            raise ImpossibleError(f"{kind} while {before[0]} and {before[1]}")
        machine = self._decisions if kind in table.TABLE[before[0]] else self._stages
        effects: list[Effect] = getattr(machine, step.method)(event, at)
        after = self.state
        if not (step.allows(before[0], after[0]) and step.allows(before[1], after[1])):
            raise ImpossibleError(f"{step.method} led from {before} to {after}")
        return effects


def _step(state: tuple[Deciding, Showing], kind: Kind) -> Step:
    deciding, showing = state
    return table.TABLE[deciding].get(kind) or table.TABLE[showing][kind]
