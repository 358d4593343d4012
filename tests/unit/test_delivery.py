"""When entries are sent and sent again; and that no loss on the way keeps any of them here."""

import random
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kiosk.delivery import UploadSchedule
from presence import codec
from presence.ids import EventId, KioskId
from presence.messages import Entries, Receipt, Receipts, Settlement
from presence.topics import UP_LIMIT
from tests.fakes.facts import NOON, arrived, reading, receipt, seeded
from tests.fakes.outbox import MemoryOutbox

KIOSK = KioskId("solbakken-1")
START = timedelta(minutes=5)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def no_jitter() -> float:
    return 0.0


class Bench:
    """An outbox with `count` entries and the schedule over it, the link up since START."""

    def __init__(self, count: int) -> None:
        self.outbox = MemoryOutbox(seeded())
        self.schedule = UploadSchedule(self.outbox, KIOSK, no_jitter)
        for _ in range(count):
            self.record()
        self.schedule.link_changed(is_up=True, uptime=START)

    def record(self, at: timedelta = START) -> str:
        entry = self.outbox.record(arrived(), reading())
        self.schedule.recorded(at)
        return entry.event

    def due(self, at: timedelta) -> list[str]:
        return events(self.schedule.due(at))

    def receipts(self, events: Sequence[str], at: timedelta) -> None:
        self.schedule.settled([receipt(event) for event in events], at)


def events(message: Entries | None) -> list[str]:
    if message is None:
        return []
    return [codec.decode_entry(raw).event for raw in message.entries]


def test_nothing_is_sent_while_the_link_is_down() -> None:
    bench = Bench(1)
    bench.schedule.link_changed(is_up=False, uptime=START)
    bench.record()
    assert bench.schedule.next_at() is None
    assert bench.due(START + seconds(3600)) == []


def test_all_that_waits_goes_at_once_when_the_link_comes_up() -> None:
    bench = Bench(3)
    assert bench.schedule.next_at() == START
    assert bench.due(START) == [entry.event for entry in bench.outbox.entries]


def test_with_nothing_to_send_it_asks_for_no_wake_up() -> None:
    bench = Bench(0)
    assert bench.due(START) == []
    assert bench.schedule.next_at() is None


def test_a_new_entry_goes_at_once_when_nothing_is_on_its_way() -> None:
    bench = Bench(0)
    bench.due(START)
    later = START + seconds(100)
    event = bench.record(later)
    assert bench.schedule.next_at() == later
    assert bench.due(later) == [event]


def test_a_new_entry_waits_for_the_batch_that_is_on_its_way() -> None:
    bench = Bench(1)
    first = bench.due(START)
    second = bench.record(START + seconds(1))
    assert bench.due(START + seconds(1)) == []
    bench.receipts(first, START + seconds(2))
    assert bench.due(START + seconds(2)) == [second]


def test_without_receipts_a_batch_goes_again_after_10_20_40_and_then_every_60_seconds() -> None:
    bench = Bench(1)
    at = START
    pauses = []
    for _ in range(6):
        assert len(bench.due(at)) == 1
        due = bench.schedule.next_at()
        assert due is not None
        assert bench.due(due - timedelta.resolution) == []
        pauses.append((due - at).total_seconds())
        at = due
    assert pauses == [10, 20, 40, 60, 60, 60]


def test_what_the_link_had_no_room_for_goes_again_a_second_later() -> None:
    bench = Bench(1)
    first = bench.due(START)
    bench.schedule.not_sent(START)
    assert bench.due(START + seconds(0.9)) == []
    assert bench.due(START + seconds(1)) == first
    assert bench.schedule.next_at() == START + seconds(11)


def test_the_same_entry_is_sent_in_the_same_bytes_each_time() -> None:
    bench = Bench(2)
    first, second = bench.schedule.due(START), bench.schedule.due(START + seconds(10))
    assert first is not None
    assert first == second


def test_jitter_only_lengthens_a_pause_and_by_a_quarter_at_most() -> None:
    bench = Bench(1)
    schedule = UploadSchedule(bench.outbox, KIOSK, jitter=lambda: 0.999)
    schedule.link_changed(is_up=True, uptime=START)
    schedule.due(START)
    due = schedule.next_at()
    assert due is not None
    assert seconds(12) < due - START < seconds(12.5)


def test_receipts_end_the_growing_of_pauses() -> None:
    bench = Bench(1)
    first = bench.due(START)
    bench.due(START + seconds(10))
    bench.receipts(first, START + seconds(11))
    bench.record(START + seconds(12))
    bench.due(START + seconds(12))
    assert bench.schedule.next_at() == START + seconds(22)


def test_a_batch_that_is_receipted_in_part_goes_again_without_that_part() -> None:
    bench = Bench(3)
    first, second, third = bench.due(START)
    bench.receipts([first, third], START + seconds(1))
    assert bench.due(START + seconds(1)) == []
    assert bench.due(START + seconds(10)) == [second]


def test_what_was_on_its_way_goes_again_when_the_link_comes_back() -> None:
    bench = Bench(2)
    sent = bench.due(START)
    bench.schedule.link_changed(is_up=False, uptime=START + seconds(1))
    bench.schedule.link_changed(is_up=True, uptime=START + seconds(3))
    assert bench.due(START + seconds(3)) == sent


def test_a_rejected_entry_does_not_hold_up_the_next() -> None:
    bench = Bench(2)
    first, second = bench.due(START)
    bench.schedule.settled([receipt(first, Settlement.REJECTED)], START)
    bench.receipts([second], START)
    third = bench.record(START)
    assert bench.due(START) == [third]


def test_a_batch_holds_at_most_100_entries_and_fits_the_channel() -> None:
    bench = Bench(250)
    batches = []
    while batch := bench.schedule.due(START):
        assert len(codec.encode(batch)) <= UP_LIMIT
        batches.append(events(batch))
        bench.receipts(batches[-1], START)
    assert [event for batch in batches for event in batch] == [
        entry.event for entry in bench.outbox.entries
    ]
    assert max(map(len, batches)) <= 100


class LargeEntries(MemoryOutbox):
    """Entries padded with blanks to a length each, so that sizes can be chosen."""

    lengths: Sequence[int] = ()

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        numbers = {str(entry.event): number for number, entry in enumerate(self.entries)}
        return [
            (event, body.ljust(self.lengths[numbers[event]]))
            for event, body in super().waiting(limit)
        ]


def test_a_batch_may_fill_the_channel_to_the_last_byte_and_no_further() -> None:
    room = UP_LIMIT - len(codec.encode(Entries(kiosk=KIOSK, entries=())))
    for excess, expected in ((0, 2), (1, 1)):
        outbox = LargeEntries(seeded())
        for _ in range(2):
            outbox.record(arrived(), reading())
        outbox.lengths = (1000, room - 1000 - len(",") + excess)
        schedule = UploadSchedule(outbox, KIOSK, no_jitter)
        schedule.link_changed(is_up=True, uptime=START)
        batch = schedule.due(START)
        assert batch is not None
        assert len(batch.entries) == expected
        assert len(codec.encode(batch)) <= UP_LIMIT


def test_an_entry_too_large_for_any_message_is_parked_and_blocks_nothing() -> None:
    outbox = LargeEntries(seeded())
    giant = outbox.record(arrived(), reading())
    small = outbox.record(arrived(), reading())
    outbox.lengths = (UP_LIMIT, 0)
    schedule = UploadSchedule(outbox, KIOSK, no_jitter)
    schedule.link_changed(is_up=True, uptime=START)
    assert events(schedule.due(START)) == [small.event]
    assert outbox.parked == {giant.event}


class Wire:
    """A server behind a wire that loses, doubles and reorders, until it is mended."""

    def __init__(self, luck: random.Random, loss: float) -> None:
        self.luck, self.loss = luck, loss
        self.stored: set[str] = set()
        self.rejected: set[str] = set()
        self.on_the_way: list[Entries | Receipts] = []

    def put(self, message: Entries | Receipts) -> None:
        for _ in range(self.luck.choice((1, 1, 2))):
            if self.luck.random() >= self.loss:
                self.on_the_way.insert(self.luck.randint(0, len(self.on_the_way)), message)

    def take(self) -> Entries | Receipts | None:
        return self.on_the_way.pop() if self.on_the_way else None

    def serve(self, batch: Entries) -> None:
        """Store each once and answer, in one message or in two."""
        answers = [self.answer(event) for event in events(batch)]
        cut = self.luck.randint(0, len(answers))
        for part in (answers[:cut], answers[cut:]):
            if part:
                self.put(Receipts(receipts=tuple(part), at=NOON))

    def answer(self, event: str) -> Receipt:
        if event in self.rejected or (event not in self.stored and self.luck.random() < 0.1):
            self.rejected.add(event)
            return Receipt(EventId(event), Settlement.REJECTED, "bad")
        new = event not in self.stored
        self.stored.add(event)
        settlement = Settlement.ACCEPTED if new else Settlement.DUPLICATE
        return Receipt(EventId(event), settlement)


@given(
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.9),
    count=st.integers(1, 300),
    cuts=st.lists(st.integers(1, 300), max_size=5),
)
def test_whatever_the_wire_loses_doubles_or_reorders_every_entry_is_settled(
    seed: int, loss: float, count: int, cuts: list[int]
) -> None:
    luck = random.Random(seed)
    bench, wire, now = Bench(count), Wire(luck, loss), START
    for step in range(2_000):
        if step in cuts:
            bench.schedule.link_changed(is_up=False, uptime=now)
            wire.on_the_way.clear()
            bench.schedule.link_changed(is_up=True, uptime=now)
        if step == 1_000:
            wire.loss = 0.0
        if step < 200 and luck.random() < 0.1:
            bench.record(now)
        batch = bench.schedule.due(now)
        if batch is not None:
            wire.put(batch)
        message = wire.take()
        if isinstance(message, Entries):
            wire.serve(message)
        elif message is not None:
            bench.schedule.settled(message.receipts, now)
        else:
            now += seconds(luck.choice((0.5, 5.0, 30.0)))
    recorded = {entry.event for entry in bench.outbox.entries}
    assert bench.outbox.waiting(1) == []
    assert wire.stored | wire.rejected == recorded
    assert wire.stored == bench.outbox.settled
    assert wire.rejected == bench.outbox.parked
    assert bench.schedule.next_at() is None or bench.due(now) == []
