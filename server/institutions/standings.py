"""A person's presence at a home, between the columns of a standing and the rule's own words."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from presence.activity import Activity
from presence.ids import EventId, VisitId
from presence.visit import NOT_HERE, Here, Moment, Visit
from server.institutions.models import Standing

PRESENCE = (
    Standing.visit,
    Standing.visit_state,
    Standing.arrived,
    Standing.last_arrival,
    Standing.doubt,
    Standing.doubted,
    Standing.confirmed,
    Standing.is_vigil,
    Standing.is_out,
    Standing.latest_at,
    Standing.latest_event,
)
"""The columns that `here_from` reads, in its order."""


def here_from(row: Sequence[Any]) -> Here:
    """The presence that the columns of PRESENCE hold; NOT_HERE where there is no such row."""
    visit, state, arrived, last_arrival, doubt, doubted, confirmed, *rest = row
    is_vigil, is_out, latest_at, latest_event = rest
    if latest_at is None or latest_event is None:
        return NOT_HERE
    current = None
    if visit is not None and state is not None:
        current = Visit(
            id=VisitId(visit),
            state=state,
            arrived=arrived,
            last_arrival=last_arrival,
            doubt=doubt,
            doubted=doubted,
            confirmed=confirmed,
            is_vigil=bool(is_vigil),
            is_out=bool(is_out),
        )
    return Here(current, Moment(latest_at, EventId(latest_event)))


def activities_from(text: str | None) -> tuple[Activity, ...]:
    """The activities of a standing's column, in its order."""
    return _activities(text) if text else ()


@lru_cache(maxsize=512)
def _activities(text: str) -> tuple[Activity, ...]:
    return tuple(map(Activity, text.split(",")))


def here_of(standing: Standing) -> Here:
    return here_from([getattr(standing, column.key) for column in PRESENCE])


def keep(standing: Standing, here: Here) -> None:
    """Write a presence into what the home knows of the volunteer."""
    values: dict[str, Any] = dict.fromkeys(column.key for column in PRESENCE)
    values |= {"is_vigil": False, "is_out": False}
    visit, latest = here.visit, here.latest
    if visit is not None:
        values |= {
            "visit": visit.id,
            "visit_state": visit.state,
            "arrived": visit.arrived,
            "last_arrival": visit.last_arrival,
            "doubt": visit.doubt,
            "doubted": visit.doubted,
            "confirmed": visit.confirmed,
            "is_vigil": visit.is_vigil,
            "is_out": visit.is_out,
        }
    if latest is not None:
        values |= {"latest_at": latest.at, "latest_event": latest.event}
    for name, value in values.items():
        setattr(standing, name, value)
