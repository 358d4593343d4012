"""What the session knows of the world around it: the home, the wire, the readers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo

from kiosk.events import HouseChanged, Signal, Surroundings, Way
from presence.briefing import Briefing, in_a_fire
from presence.card import Assurance
from presence.ids import InstitutionId
from presence.messages import ReaderState
from presence.policy import Policy
from presence.roster import House

UNKNOWN_HOUSE = House(InstitutionId(""), "", "UTC", Policy())
"""Stands in until the first roster has come. A kiosk without one never had contact, so the rule
answers ASK_STAFF and still records an arrival: who is in the house counts more than who may be."""

FALLBACK_LANGUAGE = "nb"
_BEST_FIRST = tuple(ReaderState)


class Around:
    """Changed by events, read by decisions. `zone_of` gives the time zone of an IANA name, `ways`
    tells how a card is shown to which reader; one that it does not name is held against."""

    def __init__(self, zone_of: Callable[[str], tzinfo], ways: Mapping[str, Way]) -> None:
        self._zone_of, self._way_of = zone_of, ways
        self._house: House | None = None
        self._briefings: Mapping[str, Briefing] = {}
        self._readers: dict[str, ReaderState] = {}
        self.zone: tzinfo = UTC
        self.is_connected = False

    @property
    def house(self) -> House:
        return self._house or UNKNOWN_HOUSE

    @property
    def is_known(self) -> bool:
        return self._house is not None

    def asked_for(self, now: datetime) -> Assurance:
        """What a card must prove here today."""
        return self.house.asked_for(now.astimezone(self.zone).date())

    def move_in(self, event: HouseChanged) -> None:
        self._house, self._briefings = event.house, event.briefings
        self.zone = UTC if event.house is None else self._zone_of(event.house.zone)

    def reader_is(self, reader: str, state: ReaderState) -> None:
        """A reader that worked and is opened afresh still counts as working: that takes less time
        than a sign takes to be read, and would make the screen twitch."""
        before = self._readers.get(reader, ReaderState.READY)
        is_brief = state is ReaderState.RECOVERING and before is ReaderState.READY
        self._readers[reader] = before if is_brief else state

    def resting_signal(self) -> Signal:
        is_one_lost = ReaderState.LOST in self._readers.values()
        return Signal.FAULT if is_one_lost else Signal.IDLE

    def seen(self) -> Surroundings:
        ways: dict[Way, list[ReaderState]] = {}
        for reader in {*self._way_of, *self._readers}:
            way = self._way_of.get(reader, Way.CHIP)
            ways.setdefault(way, []).append(self._readers.get(reader, ReaderState.READY))
        best = {way: min(states, key=_BEST_FIRST.index) for way, states in ways.items()}
        return Surroundings(
            self._house,
            self.is_connected,
            best or {Way.CHIP: ReaderState.READY},
            has_lost_spare=any(
                ReaderState.LOST in states and best[way] is not ReaderState.LOST
                for way, states in ways.items()
            ),
        )

    def what_to_do(self) -> Mapping[str, tuple[str, ...]]:
        """In a fire, by language, as far as the home has said so."""
        lines = {language: in_a_fire(one) for language, one in self._briefings.items()}
        return {language: said for language, said in lines.items() if said}

    def briefing(self, language: str | None) -> Briefing | None:
        """In the reader's language, else in Norwegian, else in any."""
        for wanted in (language, FALLBACK_LANGUAGE, *sorted(self._briefings)):
            if wanted is not None and wanted in self._briefings:
                return self._briefings[wanted]
        return None
