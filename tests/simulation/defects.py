"""Wrong parts, each wrong in one small way, to show that the simulation sees it.

They are handed in where the real part would stand. `breaks` are the rules of which one is found
broken: the same fault may show in several ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from kiosk.delivery import UploadSchedule
from kiosk.events import ClockReading
from kiosk.outbox import SqliteOutbox
from kiosk.roster import SqliteRoster
from presence import admission, codec
from presence.card import CardRef
from presence.facts import Facts
from presence.ids import EventId, KioskId
from presence.messages import Entries, Entry, Receipt, Receipts, Settlement, What
from presence.roster import NOTHING_UNSETTLED, CardState, RosterRow, Unsettled
from presence.topics import DOWN_LIMIT, Leaf
from presence.verdict import Move, Saying, Verdict
from server.gateway.gateway import Gateway
from server.gateway.ports import Incoming
from server.gateway.worker import Job
from tests.simulation.broker import Packet
from tests.simulation.kiosk_link import SimulatedLink
from tests.simulation.makers import Makers
from tests.simulation.rule import Rule


@dataclass(frozen=True)
class Defect:
    name: str
    makers: Makers
    breaks: tuple[Rule, ...]


# --- the kiosk -------------------------------------------------------------------------------


class OutboxThatCommitsLater(SqliteOutbox):
    """Writes an entry down when it is next asked for what waits."""

    def __init__(self, path: Path, *arguments: Any, **options: Any) -> None:
        super().__init__(path, *arguments, **options)
        self._later: list[tuple[What, ClockReading]] = []

    def record(self, what: What, at: ClockReading) -> Entry:
        self._later.append((what, at))
        return None  # type: ignore[return-value]

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        for what, at in self._later:
            super().record(what, at)
        self._later.clear()
        return super().waiting(limit)


class OutboxThatForgets(SqliteOutbox):
    """Begins empty whenever it is opened."""

    def __init__(self, path: Path, *arguments: Any, **options: Any) -> None:
        super().__init__(path, *arguments, **options)
        self._db.execute("DELETE FROM entry WHERE state = 0")
        self._waiting = 0


class OutboxThatKeepsTheRejected(SqliteOutbox):
    """Sends what was rejected again and again."""

    def settle(self, receipts: Sequence[Receipt]) -> None:
        super().settle([one for one in receipts if one.settlement is not Settlement.REJECTED])


class OutboxThatTellsNothing(SqliteOutbox):
    """Sends no unsettled facts with a question, and knows none when the kiosk decides alone."""

    def unsettled(self, cards: Sequence[CardRef]) -> Unsettled:
        return NOTHING_UNSETTLED


class OutboxThatDropsTheParked(SqliteOutbox):
    """Throws away what was rejected instead of keeping it for people to look at."""

    def settle(self, receipts: Sequence[Receipt]) -> None:
        super().settle(
            [Receipt(one.event, Settlement.DUPLICATE) for one in receipts],
        )


class RosterWithoutVersions(SqliteRoster):
    """Takes whatever row comes."""

    def learn(self, row: RosterRow, at: datetime) -> None:
        self._write([row])
        self._take_over({**self._rows, row.volunteer: row})


class ScheduleThatGivesUp(UploadSchedule):
    """Sends a batch once, and waits for its receipts for ever."""

    def _pause(self) -> timedelta:
        return timedelta(days=365)


class LinkThatSettlesOnPuback(SimulatedLink):
    """Takes the broker's acknowledgement for the server's receipt."""

    def published(self, packet: Packet) -> None:
        super().published(packet)
        if packet.topic.endswith(Leaf.ENTRIES):
            told = codec.decode(Entries, packet.payload, DOWN_LIMIT)
            events = [EventId(msgspec.json.decode(raw)["event"]) for raw in told.entries]
            receipts = tuple(Receipt(event, Settlement.ACCEPTED) for event in events)
            now = self._broker.timeline.wall
            self._received(Receipts(receipts=receipts, at=now), None)


def always_lets_in(facts: Facts, now: datetime) -> Verdict:
    """Nobody ever leaves."""
    verdict = admission.decide(facts, now)
    if verdict.move is not Move.OUT:
        return verdict
    return msgspec.structs.replace(verdict, move=Move.IN, saying=Saying.WELCOME)


def always_lets_out(facts: Facts, now: datetime) -> Verdict:
    """Nobody ever arrives."""
    verdict = admission.decide(facts, now)
    if verdict.move is not Move.IN:
        return verdict
    return msgspec.structs.replace(verdict, move=Move.OUT, saying=Saying.GOODBYE)


# --- the server ------------------------------------------------------------------------------


def welcomes_any_card(facts: Facts, now: datetime) -> Verdict:
    """Takes every card for a good one."""
    row = facts.row
    if row is not None:
        cards = tuple(msgspec.structs.replace(one, state=CardState.ACTIVE) for one in row.cards)
        facts = replace(facts, row=msgspec.structs.replace(row, cards=cards))
    return admission.decide(facts, now)


def believes_replays(facts: Facts, now: datetime) -> Verdict:
    """Takes a chip's message for good as often as it is played."""
    return admission.decide(replace(facts, is_replayed=False), now)


class GatewayThatReceiptsFirst(Gateway):
    """Sends receipts for what it has not committed yet."""

    def receive(self, incoming: Incoming) -> None:
        message = self._read(incoming)
        if isinstance(message, Entries):
            events = [msgspec.json.decode(raw)["event"] for raw in message.entries]
            receipts = tuple(Receipt(EventId(one), Settlement.ACCEPTED) for one in events)
            self.publish(
                message.kiosk,
                Leaf.RECEIPTS,
                codec.encode(Receipts(receipts=receipts, at=self._clock())),
            )
        super().receive(incoming)


class GatewayThatStoresTwice(Gateway):
    """Gives facts ids of its own, so that the same one told again is another one."""

    def receive(self, incoming: Incoming) -> None:
        message = self._read(incoming)
        if isinstance(message, Entries):
            self._copies = getattr(self, "_copies", 0) + 1
            renamed = tuple(msgspec.Raw(self._renamed(bytes(raw))) for raw in message.entries)
            copy = msgspec.structs.replace(message, entries=renamed)
            self.worker.put(Job(copy, lambda: None))
        super().receive(incoming)

    def _renamed(self, raw: bytes) -> bytes:
        event = msgspec.json.decode(raw)["event"].encode()
        return raw.replace(event, event[:-8] + b"%08x" % self._copies)


class GatewayThatTrustsArrival(Gateway):
    """Takes the time at which a fact reached it for the time at which it happened."""

    def _read(self, incoming: Incoming) -> Any:
        message = super()._read(incoming)
        if not isinstance(message, Entries):
            return message
        entries = tuple(msgspec.Raw(self._stamped(bytes(raw))) for raw in message.entries)
        return msgspec.structs.replace(message, entries=entries)

    def _stamped(self, raw: bytes) -> bytes:
        fact = msgspec.json.decode(raw)
        fact["stamp"]["wall"] = self._clock()
        return msgspec.json.encode(fact)


class _GatewayWithOtherReceipts(Gateway):
    """Changes receipts on their way."""

    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        if leaf is Leaf.RECEIPTS:
            message = codec.decode(Receipts, payload, DOWN_LIMIT)
            receipts = tuple(map(self._changed, message.receipts))
            payload = codec.encode(msgspec.structs.replace(message, receipts=receipts))
        super().publish(kiosk, leaf, payload)

    def _changed(self, receipt: Receipt) -> Receipt:
        raise NotImplementedError


class GatewayThatRejectsDuplicates(_GatewayWithOtherReceipts):
    """Says of what it has already that it cannot be taken."""

    def _changed(self, receipt: Receipt) -> Receipt:
        if receipt.settlement is Settlement.DUPLICATE:
            return Receipt(receipt.event, Settlement.REJECTED, "known already")
        return receipt


class GatewayThatIsSilentAboutDuplicates(Gateway):
    """Sends no receipt for what it has already."""

    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        if leaf is Leaf.RECEIPTS:
            message = codec.decode(Receipts, payload, DOWN_LIMIT)
            new = [one for one in message.receipts if one.settlement is not Settlement.DUPLICATE]
            payload = codec.encode(msgspec.structs.replace(message, receipts=tuple(new)))
        super().publish(kiosk, leaf, payload)


class GatewayThatAcceptsAll(_GatewayWithOtherReceipts):
    """Accepts what it could not read."""

    def _changed(self, receipt: Receipt) -> Receipt:
        return Receipt(receipt.event, Settlement.ACCEPTED)


class GatewayThatKeepsQuiet(Gateway):
    """Tells kiosks of no change; they learn only by asking."""

    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        if leaf not in (Leaf.ROSTER, Leaf.BRIEFING):
            super().publish(kiosk, leaf, payload)


DEFECTS = (
    Defect("commits after speaking", Makers(outbox=OutboxThatCommitsLater), (Rule.RECORD_FIRST,)),
    Defect(
        "forgets on restart",
        Makers(outbox=OutboxThatForgets),
        (Rule.EXACTLY_ONCE, Rule.OWN_DOOR, Rule.OUTBOX_EMPTIES),
    ),
    Defect(
        "keeps sending the rejected",
        Makers(outbox=OutboxThatKeepsTheRejected),
        (Rule.RESTS, Rule.OUTBOX_EMPTIES),
    ),
    Defect(
        "throws the rejected away", Makers(outbox=OutboxThatDropsTheParked), (Rule.OUTBOX_EMPTIES,)
    ),
    Defect("tells no unsettled facts", Makers(outbox=OutboxThatTellsNothing), (Rule.OWN_DOOR,)),
    Defect("takes older rows", Makers(roster=RosterWithoutVersions), (Rule.KNOWLEDGE_GROWS,)),
    Defect(
        "sends once", Makers(delivery=ScheduleThatGivesUp), (Rule.EXACTLY_ONCE, Rule.OUTBOX_EMPTIES)
    ),
    Defect(
        "settles on PUBACK",
        Makers(link=LinkThatSettlesOnPuback),
        (Rule.EXACTLY_ONCE, Rule.OUTBOX_EMPTIES),
    ),
    Defect("kiosk always lets in", Makers(kiosk_decides=always_lets_in), (Rule.OWN_DOOR,)),
    Defect("server always lets out", Makers(server_decides=always_lets_out), (Rule.OWN_DOOR,)),
    Defect("waits too long", Makers(answer_time=timedelta(seconds=5)), (Rule.IN_TIME,)),
    Defect(
        "server welcomes any card", Makers(server_decides=welcomes_any_card), (Rule.LOST_IS_LOST,)
    ),
    Defect("believes replays", Makers(server_decides=believes_replays), (Rule.ONE_READ,)),
    Defect(
        "receipts before the commit",
        Makers(gateway=GatewayThatReceiptsFirst),
        (Rule.EXACTLY_ONCE, Rule.OUTBOX_EMPTIES),
    ),
    Defect("stores twice", Makers(gateway=GatewayThatStoresTwice), (Rule.EXACTLY_ONCE,)),
    Defect(
        "last arrival wins",
        Makers(gateway=GatewayThatTrustsArrival),
        (Rule.EXACTLY_ONCE, Rule.VISITS),
    ),
    Defect(
        "rejects duplicates", Makers(gateway=GatewayThatRejectsDuplicates), (Rule.OUTBOX_EMPTIES,)
    ),
    Defect(
        "is silent about duplicates",
        Makers(gateway=GatewayThatIsSilentAboutDuplicates),
        (Rule.OUTBOX_EMPTIES,),
    ),
    Defect("accepts the unreadable", Makers(gateway=GatewayThatAcceptsAll), (Rule.OUTBOX_EMPTIES,)),
    Defect("publishes nothing", Makers(gateway=GatewayThatKeepsQuiet), (Rule.ROSTERS_AGREE,)),
)
