"""What a history is made of: the real parts, or, for a seeded defect, a wrong one among them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.delivery import UploadSchedule
from kiosk.outbox import SqliteOutbox
from kiosk.roster import SqliteRoster
from kiosk.session.machine import ANSWER_TIME
from presence import admission
from presence.facts import Facts
from presence.verdict import Verdict
from server.gateway.gateway import Gateway
from tests.simulation.kiosk_link import SimulatedLink

Decide = Callable[[Facts, datetime], Verdict]


@dataclass(frozen=True)
class Makers:
    outbox: type[SqliteOutbox] = SqliteOutbox
    roster: type[SqliteRoster] = SqliteRoster
    delivery: type[UploadSchedule] = UploadSchedule
    link: type[SimulatedLink] = SimulatedLink
    gateway: type[Gateway] = Gateway
    kiosk_decides: Decide = admission.decide
    server_decides: Decide = admission.decide
    answer_time: timedelta = ANSWER_TIME


REAL = Makers()
