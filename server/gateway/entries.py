"""From the entries of a kiosk to facts. Each is read by itself, so a bad one spoils no other."""

from dataclasses import dataclass, field

import msgspec

from presence import codec
from presence.errors import MessageError
from presence.ids import EventId, InstitutionId, WireEventId
from presence.messages import Arrived, CameBack, Entries, Entry, Left, Receipt, Settlement
from server.cards.chips import chip_name
from server.cards.sun import ChipKeys, genuine
from server.visits.store import Heard, Told

MAX_REASON = 200


class _Named(msgspec.Struct):
    event: WireEventId


@dataclass(slots=True)
class Delivery:
    """One message of entries: what could be read, and what is answered for each entry."""

    told: list[Told] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    nameless: int = 0
    """Entries that could not be read and do not even say which they are: no receipt names them."""

    def reject(self, event: EventId, reason: str) -> None:
        self.receipts.append(Receipt(event, Settlement.REJECTED, reason[:MAX_REASON]))

    def settle(self, event: EventId, *, is_new: bool) -> None:
        settlement = Settlement.ACCEPTED if is_new else Settlement.DUPLICATE
        self.receipts.append(Receipt(event, settlement))


def read(message: Entries, institution: InstitutionId, chips: ChipKeys) -> Delivery:
    """Read what can be read; reject what cannot but has a name. What a chip said is opened here:
    its keys are known no further in."""
    delivery = Delivery()
    for raw in message.entries:
        content = bytes(raw)
        try:
            entry = codec.decode_entry(content)
        except MessageError as error:
            _reject(delivery, content, str(error))
        else:
            heard = _heard(entry, chips)
            delivery.told.append(Told(message.kiosk, institution, entry, content, heard))
    return delivery


def _heard(entry: Entry, chips: ChipKeys) -> Heard | None:
    what = entry.what
    if not isinstance(what, Arrived | Left | CameBack) or what.sun is None:
        return None
    read = genuine(what.sun, chips)
    return None if read is None else Heard(chip_name(chips, read.uid), read.counter)


def _reject(delivery: Delivery, content: bytes, reason: str) -> None:
    try:
        event = msgspec.json.decode(content, type=_Named).event
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        delivery.nameless += 1
    else:
        delivery.reject(event, reason)
