"""How soon somebody can be at another home."""

from datetime import timedelta
from math import asin, cos, radians, sin, sqrt

from msgspec import Struct

EARTH_KM = 6371.0
"""Mean radius of the Earth (IUGG)."""


class Place(Struct, frozen=True):
    """A point on the Earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


def place(latitude: float | None, longitude: float | None) -> Place | None:
    """None: nobody has said where it is."""
    return None if latitude is None or longitude is None else Place(latitude, longitude)


def distance_km(here: Place, there: Place) -> float:
    """Along the surface, by the haversine formula; never more than the way by road."""
    north = radians(there.latitude - here.latitude) / 2
    east = radians(there.longitude - here.longitude) / 2
    chord = sin(north) ** 2 + cos(radians(here.latitude)) * cos(radians(there.latitude)) * (
        sin(east) ** 2
    )
    return 2 * EARTH_KM * asin(min(1.0, sqrt(chord)))


def travel_time(here: Place | None, there: Place | None, fastest_kmh: float) -> timedelta:
    """The least time between two places; none where one of them is not known."""
    if here is None or there is None:
        return timedelta()
    return timedelta(hours=distance_km(here, there) / fastest_kmh)
