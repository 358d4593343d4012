"""The words on the screen, one catalogue for each language, all with the same keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from kiosk.screen.words import da, en, nb, sv

CATALOGUES: Mapping[str, Mapping[str, str]] = {
    "nb": nb.WORDS,
    "en": en.WORDS,
    "sv": sv.WORDS,
    "da": da.WORDS,
}
FALLBACK = "nb"


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `say` raises KeyError for words that no catalogue has."""

    language: str

    def say(self, key: str, **blanks: object) -> str:
        return CATALOGUES[self.language][key].format(**blanks)

    def to(self, key: str, name: str | None) -> str:
        """To somebody by name, or to somebody whose name is not known."""
        return self.say(key, name=name) if name else self.say(f"{key}_somebody")

    def time(self, local: datetime) -> str:
        """A time of day by the 24-hour clock."""
        return local.strftime(CATALOGUES[self.language]["time"])

    def day(self, day: date) -> str:
        """A date written out, with its year."""
        return self.say("date", day=day.day, month=self._month(day), year=day.year)

    def today(self, day: date) -> str:
        weekday = self.say("weekdays").split()[day.weekday()]
        return self.say("today", weekday=weekday, day=day.day, month=self._month(day))

    def _month(self, day: date) -> str:
        return self.say("months").split()[day.month - 1]


def words_in(language: str | None) -> Words:
    """That language's words; Norwegian where there is no such catalogue."""
    return Words(language if language is not None and language in CATALOGUES else FALLBACK)
