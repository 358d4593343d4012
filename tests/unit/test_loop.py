"""The loop performs what the session decides, in that order, and passes on what comes in."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from kiosk import events as ev
from kiosk.delivery import UploadSchedule
from kiosk.events import Idle, Reading, Signal, Told
from kiosk.loop import Inbox, Loop, Ports
from presence import codec
from presence.card import CardRef, Unreadable
from presence.messages import (
    Arrived,
    Briefings,
    Entries,
    Entry,
    Have,
    Message,
    ReaderState,
    Receipt,
    Receipts,
    Roster,
    Settlement,
    What,
)
from presence.statuslist import Listed, SignedList, Status
from presence.verdict import Outcome
from presence.visit import Arrival
from tests.builders import KIOSK, NOW, held_card, house
from tests.fakes.facts import seeded
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.world import (
    MemoryChips,
    MemoryHealth,
    MemoryLink,
    MemoryRoster,
    MemoryStatusLists,
    SetClock,
    Shown,
    Witness,
)
from tests.unit.stand import KARI, OLA, READER, answer, briefing, kari, new_session, presented

NO_TIME = timedelta(0)


class NotingOutbox(MemoryOutbox):
    """Notes what is recorded between what is shown and signalled."""

    def __init__(self, noted: list[object]) -> None:
        super().__init__(seeded())
        self._noted = noted

    def record(self, what: What, at: ev.ClockReading) -> Entry:
        self._noted.append(what)
        return super().record(what, at)


class FullDisk(MemoryOutbox):
    def record(self, what: What, at: ev.ClockReading) -> Entry:
        raise OSError(28, "No space left on device")


@dataclass
class Bench:
    """A loop whose world is in memory."""

    noted: list[object] = field(default_factory=list)
    clock: SetClock = field(default_factory=SetClock)
    link: MemoryLink = field(default_factory=MemoryLink)
    health: MemoryHealth = field(default_factory=MemoryHealth)
    statuses: MemoryStatusLists = field(default_factory=MemoryStatusLists)
    chips: MemoryChips = field(default_factory=MemoryChips)
    inbox: Inbox = field(default_factory=Inbox)

    def __post_init__(self) -> None:
        self.roster = MemoryRoster(house(), kari())
        self.roster.heard(NOW)
        self.wire(NotingOutbox(self.noted))

    def wire(self, outbox: MemoryOutbox) -> None:
        self.outbox = outbox
        witness = Witness(self.noted.append)
        world = Ports(
            clock=self.clock,
            outbox=outbox,
            roster=self.roster,
            home=self.roster,
            chips=self.chips,
            statuses=self.statuses,
            link=self.link,
            delivery=UploadSchedule(outbox, KIOSK, jitter=lambda: 0.0),
            health=self.health,
            screen=witness,
            indicator=witness,
        )
        self.loop = Loop(KIOSK, new_session(), world, self.inbox, seeded())

    def begun(self, *, is_up: bool = True) -> "Bench":
        self.loop.begin()
        self.tell(ev.LinkChanged(is_up))
        self.noted.clear()
        return self

    def tell(self, *events: ev.Event) -> None:
        for event in events:
            self.inbox.report(event)
            self.loop.step(NO_TIME)

    def receive(self, message: Message | SignedList, issued: bool = False) -> None:
        self.inbox.received(message, NOW if issued else None)
        self.loop.step(NO_TIME)

    def later(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        self.loop.step(NO_TIME)

    @property
    def stages(self) -> list[type[ev.Stage]]:
        return [type(one.stage) for one in self.noted if isinstance(one, Shown)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_tap_with_the_server_is_asked_recorded_shown_and_sent(bench: Bench) -> None:
    bench.begun().tell(presented())
    (question,) = bench.link.questions
    bench.receive(answer(question.presentation, kari(version=8)))
    signals_and_facts = [one for one in bench.noted if not isinstance(one, Shown)]
    assert [type(one) for one in signals_and_facts] == [Signal, Arrived, Signal]
    assert bench.stages == [Reading, Told]
    assert isinstance(bench.noted[2], Arrived)  # WAIT, Reading, Arrived, Told, WELCOME
    sent = bench.link.sent[-1]
    assert isinstance(sent, Entries)
    assert codec.decode_entry(sent.entries[0]).what == bench.noted[2]
    assert bench.roster.rows[kari().volunteer].version == 8


def test_without_a_link_the_same_tap_needs_no_time_at_all(bench: Bench) -> None:
    bench.begun(is_up=False).tell(presented())
    assert bench.stages == [Reading, Told]
    assert bench.link.questions == []


def test_a_question_that_cannot_be_handed_over_is_not_waited_for(bench: Bench) -> None:
    bench.begun()
    bench.link.is_up = False  # the link has gone and has not said so yet
    bench.tell(presented())
    assert bench.stages == [Reading, Told]


def test_after_700_milliseconds_without_an_answer_the_roster_decides(bench: Bench) -> None:
    bench.begun().tell(presented())
    bench.later(0.699)
    assert bench.stages == [Reading]
    bench.later(0.001)
    assert bench.stages == [Reading, Told]
    bench.later(4)
    assert bench.stages == [Reading, Told, Idle]


def test_a_second_tap_is_judged_with_the_first_one_that_no_row_knows_yet(bench: Bench) -> None:
    bench.begun(is_up=False).tell(presented())
    bench.later(10)
    bench.tell(presented())
    told = [one.stage for one in bench.noted if isinstance(one, Shown)][-1]
    assert isinstance(told, Told)
    assert told.verdict.saying == "already_in"
    assert len(bench.outbox.entries) == 1


def test_the_question_carries_what_is_unsettled_of_all_cards_of_the_person(bench: Bench) -> None:
    both = kari(cards=(held_card(), held_card(ref=OLA)))
    bench.roster.rows = {both.volunteer: both}
    bench.begun(is_up=False).tell(presented(KARI))
    bench.tell(ev.LinkChanged(is_up=True), presented(OLA))
    (question,) = bench.link.questions
    assert [type(fact) for fact in question.unsettled.facts] == [Arrival]


def test_a_receipt_settles_its_entry_and_the_servers_time_is_learned(bench: Bench) -> None:
    bench.begun(is_up=False).tell(presented())
    (entry,) = bench.outbox.entries
    bench.receive(Receipts(receipts=(Receipt(entry.event, Settlement.ACCEPTED),), at=NOW))
    assert bench.outbox.settled == {entry.event}
    assert bench.clock.learned == [(NOW, False)]


def test_only_an_answer_that_comes_at_once_may_set_the_clock_back(bench: Bench) -> None:
    bench.begun().tell(presented())
    (question,) = bench.link.questions
    said = answer(question.presentation, kari())
    bench.receive(said)
    bench.later(1.1)
    bench.receive(said)
    assert bench.clock.learned == [(NOW, True), (NOW, False)]


def test_after_a_briefing_older_than_the_one_held_the_server_is_asked_again(bench: Bench) -> None:
    bench.begun()
    bench.roster.is_as_meant = False
    bench.receive(Briefings(kiosk=KIOSK, briefings=(briefing(),)))
    assert [type(message) for message in bench.link.sent] == [Have, Have]


def test_what_waits_is_sent_when_the_link_comes_and_again_when_no_receipt_comes(
    bench: Bench,
) -> None:
    bench.begun(is_up=False).tell(presented())
    bench.tell(ev.LinkChanged(is_up=True))
    bench.later(9.9)
    assert [type(message) for message in bench.link.sent] == [Have, Entries]
    bench.later(0.1)
    assert [type(message) for message in bench.link.sent] == [Have, Entries, Entries]


def test_on_every_connection_and_once_a_day_the_server_hears_what_is_held_here(
    bench: Bench,
) -> None:
    bench.begun()
    have = Have(kiosk=KIOSK, roster="roster", briefings=None)
    assert bench.link.sent == [have]
    bench.later(24 * 3600 - 1)
    assert bench.link.sent == [have]
    bench.later(1)
    bench.tell(ev.LinkChanged(is_up=False), ev.LinkChanged(is_up=True))
    assert bench.link.sent == [have] * 3


def test_what_the_link_has_no_room_for_is_tried_again_a_second_later(bench: Bench) -> None:
    bench.link.is_up = False
    bench.begun().tell(presented())
    bench.later(0.9)
    assert bench.link.sent == []
    bench.link.is_up = True
    bench.later(0.1)
    assert [type(message) for message in bench.link.sent] == [Have, Entries]


def test_a_roster_is_taken_over_and_shown(bench: Bench) -> None:
    bench.begun()
    moved = house(name="Nordstrand")
    bench.receive(Roster(kiosk=KIOSK, whole=True, house=moved, rows=()), issued=True)
    assert [one.around.house for one in bench.noted if isinstance(one, Shown)] == [moved]
    assert bench.roster.rows == {}


def test_a_roster_that_does_not_add_up_is_asked_for_again(bench: Bench) -> None:
    bench.begun()
    bench.roster.is_as_meant = False
    bench.receive(Roster(kiosk=KIOSK, whole=False, house=house(), rows=()), issued=True)
    assert [type(message) for message in bench.link.sent] == [Have, Have]


def test_a_roster_that_never_adds_up_is_asked_for_less_and_less(bench: Bench) -> None:
    bench.begun()
    differs = Roster(kiosk=KIOSK, whole=True, house=house(), rows=(), digest="another")
    bench.roster.is_as_meant = False
    asked: list[int] = []
    for minute in range(150):
        bench.receive(differs, issued=True)
        asked += [minute] * (len(haves(bench)) - 1 - len(asked))
        bench.later(60)
    assert asked == [0, 2, 7, 22, 82, 142]
    bench.roster.is_as_meant = True
    bench.receive(differs, issued=True)
    bench.roster.is_as_meant = False
    bench.receive(differs, issued=True)
    assert len(haves(bench)) == 1 + len(asked) + 1, "at once again"


def haves(bench: Bench) -> list[Have]:
    return [message for message in bench.link.sent if isinstance(message, Have)]


def test_briefings_are_kept_and_read_by_the_next_who_needs_them(bench: Bench) -> None:
    bench.begun(is_up=False)
    bench.roster.rows = {kari().volunteer: kari(acknowledged=None)}
    bench.receive(Briefings(kiosk=KIOSK, briefings=(briefing("nb"),)))
    bench.tell(presented())
    bench.later(2.5)
    assert bench.stages[-1] is ev.BriefingOpen


def test_what_the_status_list_says_of_a_card_is_asked_when_it_is_held_up(bench: Bench) -> None:
    """Names have been wiped: the signature and the list are all that is left."""
    bench.roster.rows.clear()
    lost, ends = bench.statuses.known, NOW + timedelta(days=30)
    lost[KARI] = Listed(Status.INVALID, NOW, ends)
    bench.begun(is_up=False).tell(presented(KARI))
    told = [one.stage for one in bench.noted if isinstance(one, Shown)][-1]
    assert isinstance(told, Told)
    assert told.verdict.outcome is Outcome.REFUSED
    lost[KARI] = Listed(Status.VALID, NOW, ends)
    bench.later(10)
    bench.tell(presented(KARI))
    told = [one.stage for one in bench.noted if isinstance(one, Shown)][-1]
    assert isinstance(told, Told)
    assert told.verdict.outcome is Outcome.UNCONFIRMED


def test_a_status_list_that_comes_in_is_offered_to_those_that_are_held(bench: Bench) -> None:
    offered = SignedList(3, b"token")
    bench.begun().receive(offered)
    assert bench.statuses.offered == [offered]


def test_a_status_list_that_is_kept_is_a_contact_with_the_server(bench: Bench) -> None:
    bench.begun()
    bench.statuses.issued = NOW + timedelta(hours=24)
    bench.receive(SignedList(3, b"the next day's"))
    assert bench.roster.as_of() == NOW + timedelta(hours=24)


def test_a_status_list_that_is_not_kept_is_no_contact(bench: Bench) -> None:
    bench.begun().receive(SignedList(3, b"an old one, or somebody else's"))
    assert bench.roster.as_of() == NOW


def test_what_is_unreadable_and_which_reader_works_is_told_to_the_heartbeat(bench: Bench) -> None:
    bench.begun()
    bench.tell(ev.Presented(READER, Unreadable.EMPTY), ev.ReaderLost("camera", "unplugged"))
    bench.tell(ev.ReaderReady(READER))
    assert bench.health.unreadable == 1
    assert bench.health.readers == {"camera": ReaderState.LOST, READER: ReaderState.READY}


def test_every_state_of_a_reader_reaches_the_heartbeat_and_only_news_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kiosk.loop")
    bench.begun()
    states = []
    for event in (
        ev.ReaderReady(READER),
        ev.ReaderFaltering(READER, ReaderState.SILENT),
        ev.ReaderFaltering(READER, ReaderState.RECOVERING),
        ev.ReaderLost(READER, "no answer"),
        ev.ReaderLost(READER, "still no answer"),
        ev.ReaderReady(READER),
        ev.ReaderReady(READER),
    ):
        bench.tell(event)
        states.append(bench.health.readers[READER])
    assert states == [
        ReaderState.READY,
        ReaderState.SILENT,
        ReaderState.RECOVERING,
        ReaderState.LOST,
        ReaderState.LOST,
        ReaderState.READY,
        ReaderState.READY,
    ]
    assert [(one.levelno, one.message) for one in caplog.records] == [
        (logging.INFO, "reader door works"),
        (logging.INFO, "reader door is silent"),
        (logging.INFO, "reader door is recovering"),
        (logging.ERROR, "reader door is lost: no answer"),
        (logging.INFO, "reader door works again"),
    ]


def test_the_fire_alarm_is_logged_once_and_told_to_the_heartbeat(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kiosk.loop")
    bench.begun()
    told = []
    for is_raised in (False, True, True, False):
        bench.tell(ev.AlarmChanged(is_raised))
        told.append(bench.health.is_alarm)
    assert told == [False, True, True, False]
    assert [one.message for one in caplog.records] == [
        "the fire alarm is raised",
        "the fire alarm is over",
    ]


def test_whether_there_is_a_link_is_told_to_whoever_asks(bench: Bench) -> None:
    bench.begun()
    assert bench.health.is_connected
    bench.tell(ev.LinkChanged(is_up=False))
    assert not bench.health.is_connected


def test_a_heartbeat_goes_out_when_it_is_due(bench: Bench) -> None:
    bench.begun()
    bench.health.beat = Have(kiosk=KIOSK, roster=None, briefings=None)
    bench.health.beat_at = bench.clock.uptime + timedelta(seconds=60)
    bench.later(60)
    assert bench.link.sent[-1] is bench.health.beat


def test_what_could_not_be_recorded_is_not_spoken_and_ends_the_process(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.wire(FullDisk(seeded()))
    bench.inbox.report(presented())
    with pytest.raises(OSError, match="No space left"):
        bench.loop.run(alive=lambda: None)
    assert bench.stages == [Idle, Reading]
    assert [(one.levelno, one.message) for one in caplog.records] == [
        (logging.ERROR, "the kiosk stops here and is to be started afresh")
    ]


def test_the_loop_wakes_at_once_for_an_event_from_another_thread_and_ends_when_told() -> None:
    bench = Bench()
    alive = []
    thread = threading.Thread(target=bench.loop.run, args=(lambda: alive.append(1),))
    thread.start()
    bench.inbox.report(ev.LinkChanged(is_up=False))
    bench.inbox.report(presented())
    bench.inbox.end()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert bench.stages[-2:] == [Reading, Told]
    assert len(alive) == 3


def test_no_name_or_code_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.begun().tell(presented(), presented(CardRef(3, 99)), ev.ReaderLost(READER, "no answer"))
    bench.later(1)
    text = caplog.text
    assert "no answer" in text
    assert "TS1" not in text
    assert "Kari" not in text
    assert str(KARI.index) not in text
