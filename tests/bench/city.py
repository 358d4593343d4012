"""The city sample as a file, with the keys that belong to it."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demo.sample import Sample, load
from presence.trust import SigningKey, TrustList
from server import schema
from server.db import make_engine, writing
from server.keys import TRUST_FILE, Keys, open_keys

_KEYS_SINCE = timedelta(days=5 * 365)
"""Older than every card of the sample."""


@dataclass(frozen=True, slots=True)
class City:
    """300 volunteers, 12 homes and a year of visits. `directory` is the server's data too."""

    directory: Path
    sample: Sample
    keys: Keys

    @property
    def database(self) -> Path:
        return self.directory / "city.sqlite"

    @property
    def trust(self) -> TrustList:
        return self.keys.trust

    @property
    def card_key(self) -> SigningKey:
        return self.keys.card

    @property
    def trust_file(self) -> Path:
        return self.directory / "keys" / TRUST_FILE

    def copy(self, name: str) -> Path:
        """The database once more, for someone who writes."""
        return Path(shutil.copy(self.database, self.directory / name))


def build(directory: Path, now: datetime) -> City:
    """Load the sample into a new file. Takes some seconds."""
    keys = open_keys(directory / "keys", now - _KEYS_SINCE)
    engine = make_engine(f"sqlite:///{directory / 'city.sqlite'}")
    schema.upgrade(engine)
    with writing(engine) as session, session.begin():
        sample = load(session, now, keys.card)
    engine.dispose()
    return City(directory, sample, keys)
