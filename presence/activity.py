"""What a volunteer comes for, and where a dog may go along."""

from datetime import date
from enum import StrEnum

from msgspec import Struct


class Activity(StrEnum):
    """What a volunteer comes for: a closed list, for no free text about people is kept."""

    VISIT = "visit"
    WALK = "walk"
    DOG_VISIT = "dog_visit"
    SONG_HOUR = "song_hour"
    READING = "reading"
    CAFE = "cafe"
    GAMES = "games"
    VIGIL = "vigil"


class DogPlace(StrEnum):
    """What a team of volunteer and dog can be approved for (DOMAIN, "Becoming and being")."""

    WALK = "walk"
    COMMON_ROOM = "common_room"
    SINGLE_ROOM = "single_room"
    HOME = "home"


class DogTeam(Struct, frozen=True, omit_defaults=True):
    """A dog that may come along: where to, and the last day on which approval and insurance both
    hold."""

    places: tuple[DogPlace, ...]
    until: date
    ends: dict[DogPlace, date] = {}
    """The last day of those places that end before `until`."""

    def last_day(self, place: DogPlace) -> date:
        return min(self.until, self.ends.get(place, self.until))
