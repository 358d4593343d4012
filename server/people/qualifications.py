"""What a person may do: courses and dogs, as the tap reads them from the volunteer's row."""

import msgspec

from presence.activity import DogTeam
from presence.roster import MissingCourse

_courses = msgspec.json.Decoder(tuple[MissingCourse, ...])
_dog = msgspec.json.Decoder(DogTeam)


def courses_from(text: str) -> tuple[MissingCourse, ...]:
    """From `Volunteer.missing_courses`. Raises msgspec.DecodeError."""
    return () if text == "[]" else _courses.decode(text)


def dog_from(text: str | None) -> DogTeam | None:
    """From `Volunteer.dog_team`. Raises msgspec.DecodeError."""
    return None if text is None else _dog.decode(text)
