"""What the session knows of the world around it: the home, the wire, the readers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo

from kiosk.events import HouseChanged, Signal, Surroundings
from presence.briefing import Briefing
from presence.card import Assurance
from presence.ids import InstitutionId
from presence.policy import Policy
from presence.roster import House

UNKNOWN_HOUSE = House(InstitutionId(""), "", "UTC", Policy())
"""Stands in until the first roster has come. A kiosk without one never had contact, so the rule
answers ASK_STAFF and still records an arrival: who is in the house counts more than who may be."""

FALLBACK_LANGUAGE = "nb"


class Around:
    """Changed by events, read by decisions. `zone_of` gives the time zone of an IANA name."""

    def __init__(self, zone_of: Callable[[str], tzinfo]) -> None:
        self._zone_of = zone_of
        self._house: House | None = None
        self._briefings: Mapping[str, Briefing] = {}
        self._ready: set[str] = set()
        self._lost: set[str] = set()
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

    def reader_is_ready(self, reader: str) -> None:
        self._ready.add(reader)
        self._lost.discard(reader)

    def reader_is_lost(self, reader: str) -> None:
        self._lost.add(reader)
        self._ready.discard(reader)

    def resting_signal(self) -> Signal:
        return Signal.FAULT if self._lost else Signal.IDLE

    def seen(self) -> Surroundings:
        can_read = bool(self._ready) or not self._lost
        return Surroundings(self._house, self.is_connected, frozenset(self._lost), can_read)

    def briefing(self, language: str | None) -> Briefing | None:
        """In the reader's language, else in Norwegian, else in any."""
        for wanted in (language, FALLBACK_LANGUAGE, *sorted(self._briefings)):
            if wanted is not None and wanted in self._briefings:
                return self._briefings[wanted]
        return None
