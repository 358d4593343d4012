"""Chips at a gateway: who has which, and the gateway's two ways into the database."""

from datetime import timedelta

import msgspec
import sqlalchemy as sa

from presence import admission, codec, topics
from presence.card import Evidence, SunMessage
from presence.messages import (
    Answer,
    Entries,
    Entry,
    Question,
    Settlement,
)
from presence.reason import Reason
from presence.verdict import Tell
from server.cards.chips import NewChip, register_chip
from server.cards.models import ChipKind, ChipRead
from server.db import reading, writing
from server.gateway import entries
from server.gateway.answers import Answers
from server.gateway.commits import Fact, commit
from server.keys import Keys
from server.notices.models import Alert, AlertKind
from tests.builders import sun_message
from tests.integration.server_stand import (
    DOOR,
    NOW,
    SOLBAKKEN,
    SettableClock,
    card_id,
    question,
)

CALCULATES = bytes.fromhex("04a1b2c3d4e5f6")
LEGACY = bytes.fromhex("8a1b2c3d")
STRANGE = bytes.fromhex("04ffffffffffff")
MINUTE = timedelta(minutes=1)


def register_chips(engine: sa.Engine, keys: Keys) -> None:
    """Person 0 has a chip that calculates, person 1 a legacy one."""
    with writing(engine) as session, session.begin():
        for new in (
            NewChip(card_id(0), ChipKind.SUN, CALCULATES),
            NewChip(card_id(1), ChipKind.UID, LEGACY),
        ):
            assert register_chip(session, NOW, keys.chips, new, "test")


class Desk:
    """A gateway's two ways into a real database, without the wire: questions, and what is told."""

    def __init__(self, engine: sa.Engine, keys: Keys, clock: SettableClock) -> None:
        self._engine, self._keys, self._clock = engine, keys, clock
        self.answers = Answers(engine, keys.trust, keys.chips, admission.decide)

    def ask(self, question: Question) -> Answer:
        answered = self.answers.answer(question, self._clock())
        if answered.notice is not None:
            commit(self._engine, self._clock(), [answered.notice])
        return codec.decode(Answer, answered.payload, topics.DOWN_LIMIT)

    def tell(self, *told: Entry) -> None:
        raws = tuple(msgspec.Raw(codec.encode_entry(one)) for one in told)
        delivery = entries.read(Entries(kiosk=DOOR, entries=raws), SOLBAKKEN, self._keys.chips)
        commit(self._engine, self._clock(), [Fact(one, delivery) for one in delivery.told])
        assert {one.settlement for one in delivery.receipts} <= {
            Settlement.ACCEPTED,
            Settlement.DUPLICATE,
        }


def asked(evidence: Evidence, kiosk: str = DOOR) -> Question:
    return msgspec.structs.replace(question("", kiosk=kiosk), evidence=evidence)  # type: ignore[arg-type]


def read(keys: Keys, counter: int, text: str | None = None) -> SunMessage:
    return sun_message(keys.chips, CALCULATES, counter, text)


def alerts(engine: sa.Engine) -> list[tuple[AlertKind, Reason | None, Tell]]:
    with reading(engine) as session:
        rows = session.execute(sa.select(Alert.kind, Alert.reason, Alert.told).order_by(Alert.id))
        return [(kind, reason, told) for kind, reason, told in rows]


def claimed(engine: sa.Engine) -> list[tuple[int, str]]:
    with reading(engine) as session:
        rows = session.execute(
            sa.select(ChipRead.counter, ChipRead.presentation).order_by(ChipRead.counter)
        )
        return [(counter, presentation) for counter, presentation in rows]


def told_of(kind: AlertKind) -> list[tuple[AlertKind, Reason | None, Tell]]:
    return [(kind, Reason.REPLAYED, Tell.INSTITUTION), (kind, Reason.REPLAYED, Tell.CHAPTER)]
