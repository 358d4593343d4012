"""What a person may do: courses and dogs, as the tap reads them from the volunteer's row."""

import msgspec

from presence.activity import DogTeam
from presence.roster import MissingCourse

_courses = msgspec.json.Decoder(tuple[MissingCourse, ...])
_dog = msgspec.json.Decoder(DogTeam)


def courses_from(text: str) -> tuple[MissingCourse, ...]:
    """From `Volunteer.missing_courses`. Raises msgspec.DecodeError."""
    return () if text == "[]" else _courses.decode(text)


def courses_text(courses: tuple[MissingCourse, ...]) -> str:
    """As `courses_from` reads it."""
    return msgspec.json.encode(courses).decode()


def dog_from(text: str | None) -> DogTeam | None:
    """From `Volunteer.dog_team`. Raises msgspec.DecodeError."""
    return None if text is None else _dog.decode(text)


def dog_text(team: DogTeam | None) -> str | None:
    """As `dog_from` reads it."""
    return None if team is None else msgspec.json.encode(team).decode()
