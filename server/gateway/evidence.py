"""What was held to a reader, examined: which card it is, how sure that is, whether it is new."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from msgspec import Struct

from presence.card import (
    Assurance,
    CardRef,
    ChipUid,
    Credential,
    Recognised,
    SignedCode,
    SunMessage,
)
from presence.credential import verify_code
from presence.errors import CredentialError
from presence.messages import Question
from presence.trust import TrustList
from server.cards.chips import KnownChip, chip_name, known_chip, uid_from
from server.cards.models import ChipKind
from server.cards.reads import Claim, claim_now
from server.cards.services import CardError
from server.cards.sun import ChipKeys, Read, genuine
from server.db import impatient

REMEMBERED_CODES = 20_000
"""So many verified codes are remembered; checking a signature again gives the same."""
PATIENCE_SECONDS = 0.5
"""So long the claim of a read waits for another writer. Who asks waits little longer, and the
questions of others wait behind it."""


class Examined(Struct, frozen=True):
    """What the evidence of a question is worth."""

    credential: Credential | Recognised | None = None
    """None: it is not genuine."""
    assurance: Assurance = Assurance.A0
    is_replayed: bool = False

    @property
    def card(self) -> CardRef | None:
        """Which card it is, where it has no code that tells a kiosk."""
        return self.credential.card if isinstance(self.credential, Recognised) else None


NOT_GENUINE = Examined()


class Examiner:
    """Examines, on one thread. Only a chip's message is written down, and that before the answer:
    the database is what gateways have in common."""

    def __init__(self, engine: sa.Engine, trust: TrustList, keys: ChipKeys) -> None:
        self._engine = engine
        self._keys = keys
        self._verified = _verifier(trust)
        self._claiming: sa.Connection | None = None

    def trust(self, trust: TrustList) -> None:
        """Believe other keys from now on; what was verified with the old ones is forgotten."""
        self._verified = _verifier(trust)

    def close(self) -> None:
        if self._claiming is not None:
            self._claiming.close()
            self._claiming = None

    def examine(self, connection: sa.Connection, question: Question, now: datetime) -> Examined:
        """`connection` is in AUTOCOMMIT. Raises sqlalchemy.exc.SQLAlchemyError when the database
        cannot be read, or cannot be written in time."""
        match question.evidence:
            case SignedCode(text):
                credential = self._credential(text)
                return NOT_GENUINE if credential is None else Examined(credential, Assurance.A1)
            case ChipUid(uid):
                return self._by_uid(connection, uid)
            case SunMessage() as message:
                return self._by_message(connection, question, message, now)

    def _credential(self, text: str) -> Credential | None:
        try:
            return self._verified(text)
        except CredentialError:
            return None

    def _by_uid(self, connection: sa.Connection, text: str) -> Examined:
        """Only a legacy chip is known by its UID: that of one that calculates would be a way around
        what it calculates."""
        try:
            uid = uid_from(text)
        except CardError:
            return NOT_GENUINE
        chip = known_chip(connection, chip_name(self._keys, uid))
        if chip is None or chip.kind is not ChipKind.UID:
            return NOT_GENUINE
        return Examined(Recognised(chip.card, chip.expires), Assurance.A0)

    def _by_message(
        self, connection: sa.Connection, question: Question, message: SunMessage, now: datetime
    ) -> Examined:
        """A message that no chip of ours made is worth nothing, whatever code stands beside it: a
        copied code could be put onto any chip. A chip that nobody registered adds nothing to its
        code."""
        read = genuine(message, self._keys)
        if read is None:
            return NOT_GENUINE
        credential = None if message.code is None else self._credential(message.code)
        if message.code is not None and credential is None:
            return NOT_GENUINE
        chip = known_chip(connection, chip_name(self._keys, read.uid))
        if chip is None:
            return NOT_GENUINE if credential is None else Examined(credential, Assurance.A1)
        if credential is not None and credential.card != chip.card:
            return NOT_GENUINE
        return Examined(
            credential or Recognised(chip.card, chip.expires),
            Assurance.A2,
            is_replayed=not self._claim(question, chip, read, now),
        )

    def _claim(self, question: Question, chip: KnownChip, read: Read, now: datetime) -> bool:
        if self._claiming is None:
            self._claiming = impatient(self._engine, PATIENCE_SECONDS)
        claim = Claim(chip.name, read.counter, question.presentation, now)
        with self._claiming.begin():
            return claim_now(self._claiming, claim)


def _verifier(trust: TrustList) -> Callable[[str], Credential]:
    """Verification is pure, so what was genuine once under these keys stays genuine. What was not
    is not remembered: strangers could make any number of those."""

    def verify(text: str) -> Credential:
        return verify_code(text, trust)

    return lru_cache(maxsize=REMEMBERED_CODES)(verify)
