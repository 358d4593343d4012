"""What the admission rule decides on, gathered beforehand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property

from presence.briefing import Acknowledgement
from presence.card import Assurance, Credential, Recognised
from presence.roster import HeldCard, House, RosterRow, Unsettled
from presence.statuslist import Listed
from presence.verdict import Basis
from presence.visit import NOT_HERE, Here, StayRules, Visit, here_after, settled


@dataclass(frozen=True)
class Facts:
    """All that the rule needs, gathered beforehand."""

    credential: Credential | Recognised | None
    """None: what was presented is not genuine."""
    assurance: Assurance
    row: RosterRow | None
    """None: nobody here knows this card."""
    unsettled: Unsettled
    """What the kiosk recorded and `row` may not contain yet; `decide` lays it over the row."""
    house: House
    zone: tzinfo
    """The time zone that `house.zone` names."""
    basis: Basis
    presented: datetime
    """The kiosk's own time of the tap, comparable to the arrivals it recorded."""
    uptime: timedelta
    """For how long the kiosk has been running since its last power-up."""
    as_of: datetime | None = None
    """Basis ROSTER: the last contact with the server; None: never."""
    listed: Listed | None = None
    """What the status list that a kiosk holds says of the card; None: it holds none."""
    is_clock_sure: bool = True
    """False: the decider's clock may be behind, and is never ahead (SECURITY, "Clock")."""
    is_replayed: bool = False
    """The chip's message was made for another presentation: somebody plays it again."""

    @cached_property
    def rules(self) -> StayRules:
        return self.house.stay_rules(self.zone)

    @cached_property
    def here(self) -> Here:
        """The person's presence at this home, with what has just happened laid over the row."""
        known = self.row.here if self.row else NOT_HERE
        own = self.unsettled.facts
        return here_after(known, own, self.rules) if own else known

    @cached_property
    def acknowledged(self) -> Acknowledgement | None:
        """The newest acknowledgement, the row's or the kiosk's own."""
        known = self.row.acknowledged if self.row else None
        own = self.unsettled.acknowledged
        if known is None or own is None:
            return known or own
        return max(known, own, key=lambda one: (one.major, one.at))

    @property
    def card(self) -> HeldCard | None:
        """The card that was presented, as the row has it."""
        if self.row is None or self.credential is None:
            return None
        return self.row.card(self.credential.card)

    @property
    def last_resort(self) -> Listed | None:
        """What the status list says, where it is asked: by a kiosk that is alone. The server knows
        better."""
        return self.listed if self.basis is Basis.ROSTER else None

    def today(self, now: datetime) -> date:
        """The home's own day."""
        return now.astimezone(self.zone).date()

    def tapped(self, now: datetime) -> datetime:
        """When the card was held up, by the best clock there is: the server's own, or the kiosk's
        where it decides alone."""
        return now if self.basis is Basis.LIVE else self.presented

    def visit(self, now: datetime) -> Visit | None:
        """The last visit here that nobody closed, as the tap finds it after the nights since."""
        last = self.here.visit
        return None if last is None else settled(last, self.tapped(now), self.rules)
