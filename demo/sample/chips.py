"""What is in the cards of the cast beside their codes: a chip that calculates, or an old one.

Everybody else's card is a plain tag with the signed code on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from random import Random

from sqlalchemy.orm import Session

from demo.sample.desk import ACTOR
from demo.sample.load import SEED, Sample
from server.cards.chips import NewChip, register_chip
from server.cards.models import ChipKind
from server.cards.sun import ChipKeys

_KINDS: Mapping[str, ChipKind] = {
    "astrid": ChipKind.SUN,
    "bjorn": ChipKind.SUN,
    "hassan": ChipKind.SUN,
    "iben": ChipKind.SUN,
    "dog": ChipKind.UID,
}
_MAKER = b"\x04"
"""Begins the UIDs of seven bytes of the maker of most such chips."""
_OLD = b"\x9c"
_POLICY = "no.toml"
_VERSION = "[[version]]\n"


@dataclass(frozen=True, slots=True)
class PocketChip:
    """The chip in somebody's card."""

    kind: ChipKind
    uid: bytes = field(repr=False)


def add_chips(
    session: Session, now: datetime, keys: ChipKeys, sample: Sample
) -> Mapping[str, PocketChip]:
    """Register the cast's chips, by the key of each person. The caller commits."""
    random, found = Random(SEED), {}
    for key, kind in _KINDS.items():
        uid = _MAKER + random.randbytes(6) if kind is ChipKind.SUN else _OLD + random.randbytes(3)
        found[key] = PocketChip(kind, uid)
        register_chip(session, now, keys, NewChip(sample.cast[key].card_id, kind, uid), ACTOR)
    return found


def write_policies(folder: Path, today: date) -> None:
    """The society's policy as it is shipped, but that old chips are accepted for the rest of this
    year."""
    shipped = (files("presence") / "policies" / _POLICY).read_text(encoding="utf-8")
    last_day = f"uid_only_until = {today.year}-12-31\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _POLICY).write_text(shipped.replace(_VERSION, _VERSION + last_day), encoding="utf-8")
