"""Which policy holds: what the files say is kept in the database, and asked for by the day.

Every process that opens the database, and every tap, finds the same versions there, whichever of
several servers was started last.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from presence.errors import PresenceError
from presence.policy import Policy, in_force
from server import changes
from server.changes import ChangeKind
from server.institutions.models import Society
from server.policies.models import KeptPolicy


class UnknownPolicyError(PresenceError, LookupError):
    """A society names a policy that no file has."""


def keep(session: Session, now: datetime, read: Mapping[str, Sequence[Policy]]) -> None:
    """Hold what was read, and tell every home where something is new.

    Raises UnknownPolicyError when a society names none of `read`; nothing is kept then, once the
    caller rolls back.
    """
    named = sa.select(Society.id, Society.policy_id).where(Society.policy_id.not_in(list(read)))
    if missing := session.execute(named.order_by(Society.id)).first():
        raise UnknownPolicyError(
            f"society {missing.id} has the policy {missing.policy_id}, which no file has;"
            f" choose one of: {', '.join(sorted(read))}"
        )
    texts = {name: msgspec.json.encode(versions).decode() for name, versions in read.items()}
    known = {one.id: one for one in session.scalars(sa.select(KeptPolicy))}
    for name in known.keys() - texts.keys():
        session.delete(known[name])
    is_new = False
    for name, text in texts.items():
        if name not in known:
            session.add(KeptPolicy(id=name, versions=text))
        elif known[name].versions != text:
            known[name].versions = text
            is_new = True
    if is_new:
        changes.record(session, ChangeKind.HOUSE, now)
    session.flush()


@lru_cache(maxsize=256)
def policy_on(versions: str, day: date) -> Policy:
    """The version of a KeptPolicy in force on `day`. Raises msgspec.DecodeError."""
    return in_force(_read(versions), day)


@lru_cache(maxsize=64)
def _read(versions: str) -> tuple[Policy, ...]:
    return msgspec.json.decode(versions, type=tuple[Policy, ...])
