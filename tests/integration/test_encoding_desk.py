"""The desk where cards are written, with a real pcscd: cards laid there, lifted, mixed up, and a
reader that goes away."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from queue import Empty, SimpleQueue

import ndef
import pytest

from kiosk.encoding.batch import Batch, BatchCard
from kiosk.encoding.choice import SOMEBODYS
from kiosk.encoding.desk import MOVED, NO_MESSAGES, SAME, STUCK, Desk, Summary, Surroundings
from kiosk.encoding.found import READ_ONLY
from kiosk.encoding.progress import Progress
from kiosk.encoding.type4 import NO_TAG
from kiosk.events import Presented, ReaderReady
from kiosk.ports import Reader
from kiosk.readers.card_desk import ReaderGoneError, open_card_reader
from kiosk.readers.nfc_pn532 import Pn532Reader
from kiosk.readers.pcsc import PcscReader
from presence.card import SignedCode, Unreadable
from tests.builders import NOW
from tests.hardware_mocks.card_isodep import BankCard
from tests.hardware_mocks.card_model import (
    NTAG216,
    Card,
    Type2Card,
    UidOnlyCard,
    blank_card,
    card_with_records,
    card_with_text,
    read_only_card,
    unformatted_card,
)
from tests.hardware_mocks.card_type4 import Type4Card
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pcsc_antenna import ContactCard
from tests.hardware_mocks.pcsc_reader import EmulatedPcscReader
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.witness import Witness
from tests.unit.encoding_wire import evidence_on

BATCH = tuple(
    BatchCard(f"card-{number}", f"TS1:{number}" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 6)
    for number in (1, 2, 3)
)
FIRST, SECOND, THIRD = BATCH
PATIENCE = 20.0
UPDATE = 0xD6


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as pcscd:
        yield pcscd


@pytest.fixture
def antenna(pcscd: Pcscd) -> EmulatedPcscReader:
    return pcscd.readers[0]


class Clerk:
    """Whoever stands at the desk: lays cards there as told and answers what is asked."""

    def __init__(self, done: Path, batch: Batch, *, locks: bool = False) -> None:
        self.stop = threading.Event()
        self.answers: list[str | None] = []
        self.asked: list[str] = []
        self._said: SimpleQueue[str] = SimpleQueue()
        self._work = (done, batch, locks)
        self._came_to: Summary | Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        self._thread.start()

    def until(self, words: str) -> list[str]:
        """All that is said until this is."""
        heard: list[str] = []
        while not heard or words not in heard[-1]:
            try:
                heard.append(self._said.get(timeout=PATIENCE))
            except Empty:
                raise TimeoutError(f"{words!r} was not said, but {heard}") from None
        return heard

    def summary(self) -> Summary:
        self._thread.join(PATIENCE)
        if isinstance(self._came_to, Exception):
            raise self._came_to
        assert self._came_to is not None
        return self._came_to

    def rest(self) -> list[str]:
        """What was said since."""
        heard = []
        while not self._said.empty():
            heard.append(self._said.get())
        return heard

    def end(self) -> None:
        self.stop.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        done, batch, locks = self._work
        around = Surroundings(open_card_reader, self._said.put, self._ask, lambda: NOW, self.stop)
        try:
            with Progress(done) as progress:
                self._came_to = Desk(batch, progress, around, locks=locks).run(batch)
        except Exception as error:  # noqa: BLE001
            self._came_to = error

    def _ask(self, question: str) -> str | None:
        self.asked.append(question)
        self._said.put(question)
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def done(tmp_path: Path) -> Path:
    return tmp_path / "batch.csv.done"


@contextmanager
def clerk(done: Path, batch: Batch = BATCH, *, locks: bool = False) -> Iterator[Clerk]:
    made = Clerk(done, batch, locks=locks)
    try:
        yield made
    finally:
        made.end()


def encode(done: Path, antenna: EmulatedPcscReader, card: Card, due: BatchCard) -> Summary:
    """One card, from beginning to end."""
    with clerk(done, (due,)) as person:
        person.begin()
        person.until("Lay card")
        antenna.hold(card)
        found = person.summary()
    antenna.lift()
    return found


def uid(number: int) -> bytes:
    return bytes([4, number]) + bytes(5)


def test_a_batch_is_written_card_after_card_and_every_reader_reads_it(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    cards: list[Card] = [
        blank_card(uid=uid(1)),
        Type2Card(uid=uid(2), chip=NTAG216),
        Type4Card(uid=uid(3), room=512),
    ]
    with clerk(done) as person:
        person.begin()
        for due, card in zip(BATCH, cards, strict=True):
            person.until(f"Lay card {due.card}")
            antenna.hold(card)
            person.until(f"Card {due.card} is written and verified.")
            antenna.lift()
        assert person.summary() == Summary(done=["card-1", "card-2", "card-3"])
    assert person.asked == []
    wanted = [SignedCode(due.code) for due in BATCH]
    assert [presented(PcscReader("desk", ""), antenna, card) for card in cards] == wanted
    with EmulatedPn532() as pn532:
        door = [presented(Pn532Reader("door", str(pn532.path)), pn532, card) for card in cards]
    assert door == wanted


def presented(
    reader: Reader, antenna: EmulatedPcscReader | EmulatedPn532, card: Card
) -> SignedCode | object:
    witness = Witness()
    reader.start(witness.tell)
    try:
        assert isinstance(witness.await_ready(), ReaderReady)
        antenna.hold(card)
        [event] = witness.next(1)
        assert isinstance(event, Presented)
        return event.evidence
    finally:
        reader.stop()
        antenna.lift()


def test_a_batch_goes_on_where_it_was_left(done: Path, antenna: EmulatedPcscReader) -> None:
    with clerk(done) as person:
        person.begin()
        person.until("Lay card card-1")
        antenna.hold(blank_card())
        person.until("Lay card card-2")
        person.stop.set()
        assert person.summary() == Summary(done=["card-1"], left=["card-2", "card-3"])
    antenna.lift()
    with clerk(done) as person:
        person.begin()
        assert "card-2" in person.until("Lay card")[0]
        person.stop.set()
        assert person.summary() == Summary(skipped=["card-1"], left=["card-2", "card-3"])


def test_a_batch_that_is_done_needs_no_reader(done: Path, pcscd: Pcscd) -> None:
    with Progress(done) as progress:
        for due in BATCH:
            progress.written(due, NOW)
    pcscd.stop()
    with clerk(done) as person:
        person.begin()
        assert person.summary() == Summary(skipped=["card-1", "card-2", "card-3"])


def test_a_card_that_was_written_and_never_recorded_is_known_by_its_code(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    card = card_with_text(FIRST.code)
    assert encode(done, antenna, card, FIRST) == Summary(done=["card-1"])
    assert card.pages_written == []
    with Progress(done) as progress:
        assert progress.is_done(FIRST)


@pytest.mark.parametrize("answer", [None, "", "y", "no", "yes please"])
def test_somebody_elses_card_is_left_alone_unless_yes_is_typed(
    done: Path, antenna: EmulatedPcscReader, answer: str | None
) -> None:
    card = card_with_text("TS1:OF SOMEBODY")
    with clerk(done, (FIRST,)) as person:
        person.answers = [answer, "skip"]
        antenna.hold(card)
        person.begin()
        found = person.summary()
    assert found == Summary(refused={"card-1": f"{SOMEBODYS} It was left as it was."})
    assert evidence_on(card) == SignedCode("TS1:OF SOMEBODY")
    assert person.asked[0].startswith(SOMEBODYS)


def test_yes_is_said_to_what_is_on_the_card_and_to_nothing_else(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    card = card_with_text("TS1:OF SOMEBODY")
    with clerk(done, (FIRST,)) as person:
        person.answers = ["yes", None]
        antenna.fault(Trouble.GARBLE, on=0xB0, skip=1)  # the text that the question is about
        antenna.hold(card)
        person.begin()
        assert list(person.summary().refused) == ["card-1"]
    assert [question.startswith(SOMEBODYS) for question in person.asked] == [True, True, False]
    assert card.pages_written == []


@pytest.mark.parametrize(
    "card",
    [
        card_with_text("TS1:OF SOMEBODY"),
        card_with_records([ndef.UriRecord("https://example.org/")]),
        unformatted_card(),
    ],
)
def test_what_is_on_a_card_is_overwritten_when_yes_is_typed(
    done: Path, antenna: EmulatedPcscReader, card: Type2Card
) -> None:
    with clerk(done, (FIRST,)) as person:
        person.answers = ["Yes\n"]
        antenna.hold(card)
        person.begin()
        assert person.summary() == Summary(done=["card-1"])
    assert evidence_on(card) == SignedCode(FIRST.code)


def test_a_card_of_this_batch_that_is_overwritten_is_asked_for_again(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    mixed, other = card_with_text(FIRST.code, uid=uid(1)), blank_card(uid=uid(2))
    with Progress(done) as progress:
        progress.written(FIRST, NOW)
    with clerk(done, BATCH[:2]) as person:
        person.answers = ["yes"]
        person.begin()
        person.until("Lay card card-2")
        antenna.hold(mixed)
        assert "This is card card-1 of this batch." in person.until("Lay card card-1")[0]
        antenna.hold(other)
        assert person.summary() == Summary(done=["card-2", "card-1"])
    assert evidence_on(mixed) == SignedCode(SECOND.code)
    assert evidence_on(other) == SignedCode(FIRST.code)


def test_a_card_of_this_batch_is_not_done_from_the_moment_it_may_be_overwritten(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    with Progress(done) as progress:
        progress.written(FIRST, NOW)
    mixed = card_with_text(FIRST.code)
    with clerk(done, BATCH[:2]) as person:
        person.answers = ["yes"]
        antenna.fault(Trouble.LIFT, on=UPDATE)
        antenna.hold(mixed)
        person.begin()
        person.until(MOVED)
        person.stop.set()
        assert person.summary() == Summary(left=["card-2", "card-1"])
    with Progress(done) as progress:
        assert not progress.is_done(FIRST)


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (BankCard(), NO_TAG),
        (UidOnlyCard(), NO_MESSAGES),
        (read_only_card("TS1:OF SOMEBODY"), READ_ONLY),
        (ContactCard(b""), "It is no card that can be spoken to without contact."),
    ],
)
def test_a_card_that_cannot_be_written_is_told_and_the_next_one_is_taken(
    done: Path, antenna: EmulatedPcscReader, card: Card, why: str
) -> None:
    with clerk(done, (FIRST,)) as person:
        person.answers = ["\n"]
        antenna.hold(card)
        person.begin()
        assert why in person.until("or type skip")[-2]
        antenna.hold(blank_card())
        assert person.summary() == Summary(done=["card-1"])


def test_a_card_that_is_set_aside_is_in_the_summary_with_its_reason(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    with clerk(done, BATCH[:2]) as person:
        person.answers = ["SKIP\n"]
        antenna.hold(UidOnlyCard())
        person.begin()
        person.until("Lay card card-2")
        antenna.hold(blank_card())
        found = person.summary()
    assert found == Summary(done=["card-2"], refused={"card-1": NO_MESSAGES})
    assert found.lines() == ["Written and verified: 1", f"Not written: card-1. {NO_MESSAGES}"]
    assert not found.is_complete


def test_a_card_that_wobbles_while_it_is_taken_away_is_not_the_next_one(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    card = blank_card(uid=uid(1))
    with clerk(done, BATCH[:2]) as person:
        antenna.hold(card)
        person.begin()
        person.until("Lay card card-2")
        antenna.hold(card)
        person.until(SAME)
        antenna.hold(blank_card(uid=uid(2)))
        assert person.summary() == Summary(done=["card-1", "card-2"])
    assert person.asked == []


def commands(done: Path, antenna: EmulatedPcscReader, card: Card) -> int:
    """How many are sent to write it from beginning to end, once it has been found."""
    antenna.apdus.clear()
    encode(done.with_name("trial"), antenna, card, FIRST)
    return len(antenna.apdus)


def lifted_under_each(done: Path, antenna: EmulatedPcscReader, blank: Callable[[], Card]) -> None:
    harmless = (Unreadable.EMPTY, Unreadable.GARBLED, SignedCode(FIRST.code))
    count = commands(done, antenna, blank())
    for at in range(count):
        card = blank()
        with clerk(done.with_name(f"{at}.done"), (FIRST,)) as person:
            person.begin()
            person.until("Lay card")
            antenna.fault(Trouble.LIFT, skip=at)
            antenna.hold(card)
            antenna.await_faults()
            if at:  # before, it had not even told its number
                person.until(MOVED)
            assert evidence_on(deepcopy(card)) in harmless, at
            antenna.hold(card)
            assert person.summary() == Summary(done=["card-1"]), at
        assert person.asked == []
        assert evidence_on(card) == SignedCode(FIRST.code)
        antenna.lift()


def test_a_type_4_card_lifted_under_any_command_is_written_when_it_is_back(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    lifted_under_each(done, antenna, lambda: Type4Card(room=512))


def test_a_type_2_card_lifted_under_any_command_is_written_when_it_is_back(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    lifted_under_each(done, antenna, blank_card)


@pytest.mark.parametrize("trouble", [Trouble.DROP, Trouble.RF_ERROR, Trouble.GARBLE, Trouble.DELAY])
@pytest.mark.parametrize("skip", [0, 3, 20, 60])
@pytest.mark.parametrize("card", [blank_card(), Type4Card(room=512)])
def test_an_answer_that_fails_once_costs_no_card(
    done: Path, antenna: EmulatedPcscReader, trouble: Trouble, skip: int, card: Card
) -> None:
    card = deepcopy(card)
    antenna.fault(trouble, skip=skip, seconds=0.05)
    with clerk(done, (FIRST,)) as person:
        person.answers = ["yes"] * 3  # to what a garbled answer may make of a card
        antenna.hold(card)
        person.begin()
        heard: list[str] = []
        while not heard or not heard[-1].startswith("Card card-1 is written"):
            heard += person.until("")
            if heard[-1].startswith("Press Enter"):
                antenna.hold(card)
        assert person.summary() == Summary(done=["card-1"])
    if trouble is not Trouble.GARBLE:
        assert person.asked == []
    assert evidence_on(card) == SignedCode(FIRST.code)


def test_a_card_that_never_answers_has_to_be_taken_away(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    for _ in range(200):
        antenna.fault(Trouble.DROP, on=0xB0)
    with clerk(done, (FIRST,)) as person:
        antenna.hold(blank_card())
        person.begin()
        told = ["Lay card card-1 (1 of 1) on the reader.", MOVED, STUCK]
        assert person.until(STUCK) == told
        antenna.lift()
        antenna.forgive()
        assert person.rest() == []
        antenna.hold(blank_card())
        assert person.summary() == Summary(done=["card-1"])


@pytest.mark.parametrize("skip", [0, 5, 30])
def test_a_reader_that_is_unplugged_is_waited_for(
    done: Path, antenna: EmulatedPcscReader, skip: int
) -> None:
    card = blank_card()
    with clerk(done, (FIRST,)) as person:
        person.begin()
        person.until("Lay card")
        antenna.fault(Trouble.UNPLUG, skip=skip)
        antenna.hold(card)
        person.until("The reader is gone: ")
        antenna.plug()
        person.until("The reader is back.")
        assert person.summary() == Summary(done=["card-1"])
    assert evidence_on(card) == SignedCode(FIRST.code)


def test_a_pcscd_that_is_restarted_is_waited_for(done: Path, pcscd: Pcscd) -> None:
    with clerk(done, (FIRST,)) as person:
        person.begin()
        person.until("Lay card")
        pcscd.stop()
        gone = person.until("The reader is gone: ")[-1]
        assert "Waiting for it." in gone
        pcscd.start()
        person.until("The reader is back.")
        pcscd.readers[0].hold(blank_card())
        assert person.summary() == Summary(done=["card-1"])


def test_without_a_reader_nothing_is_begun(done: Path, pcscd: Pcscd) -> None:
    pcscd.stop()
    with clerk(done) as person:
        person.begin()
        with pytest.raises(ReaderGoneError, match="pcscd is not running: sudo systemctl start"):
            person.summary()
    assert person.rest() == []


def test_a_card_is_made_read_only_when_that_is_wanted(
    done: Path, antenna: EmulatedPcscReader
) -> None:
    card = blank_card()
    with clerk(done, (FIRST,), locks=True) as person:
        antenna.hold(card)
        person.begin()
        assert person.summary() == Summary(done=["card-1"])
    assert evidence_on(card) == SignedCode(FIRST.code)
    assert card.capability == b"\xe1\x10\x3e\x0f"
    antenna.lift()
    assert encode(done, antenna, card, SECOND).refused == {"card-2": READ_ONLY}
