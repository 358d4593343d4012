"""What the kiosk tells about itself."""

from datetime import timedelta

from kiosk.health import EVERY, FIRST_AFTER, Condition, Health, Knowledge, Systemd
from kiosk.outbox import Depth
from presence.ids import KioskId
from presence.messages import ClockTrust, Heartbeat, HeldList, ReaderState
from tests.fakes.world import SetClock

KIOSK = KioskId("solbakken-1")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Bench:
    def __init__(self) -> None:
        self.clock = SetClock()
        self.depth = Depth(0, 0, None)
        self.health = Health(
            KIOSK,
            "1.2.3",
            self.clock,
            ["hall", "back door"],
            lambda: self.depth,
            lambda: Knowledge(self.clock.wall - MINUTE, (HeldList(3, self.clock.wall),), 2),
            lambda: 5 * 2**30,
        )

    def beat(self) -> Heartbeat | None:
        return self.health.due(self.clock.uptime)


def test_the_first_heartbeat_waits_for_the_link_and_then_one_comes_each_minute() -> None:
    bench = Bench()
    start = bench.clock.uptime
    beats = []
    for _ in range(150):
        if bench.beat():
            beats.append(bench.clock.uptime - start)
        bench.clock.forward(SECOND)
    assert beats == [FIRST_AFTER, FIRST_AFTER + EVERY, FIRST_AFTER + 2 * EVERY]
    assert bench.health.next_at() == start + FIRST_AFTER + 3 * EVERY


def test_a_heartbeat_says_how_well_the_kiosk_is() -> None:
    bench = Bench()
    bench.depth = Depth(3, 1, bench.clock.wall - 2 * MINUTE)
    bench.health.reader_is("hall", ReaderState.READY)
    bench.health.count_unreadable()
    bench.health.count_unreadable()
    bench.clock.forward(FIRST_AFTER)
    now = bench.clock.read()
    assert bench.beat() == Heartbeat(
        kiosk=KIOSK,
        at=now.wall,
        boot=now.boot,
        program="1.2.3",
        uptime_ms=now.uptime // timedelta(milliseconds=1),
        outbox_depth=3,
        oldest_entry_ms=125_000,
        parked=1,
        unreadable=2,
        trust=ClockTrust.SYNCED,
        readers={"hall": ReaderState.READY, "back door": ReaderState.LOST},
        roster_issued=now.wall - MINUTE,
        free_disk_mb=5 * 1024,
        status_lists=(HeldList(3, now.wall),),
        lists_refused=2,
    )


def test_a_heartbeat_says_whether_the_fire_alarm_is_raised() -> None:
    bench = Bench()
    beats = []
    for is_raised in (True, False):
        bench.health.alarm_is(raised=is_raised)
        bench.clock.forward(EVERY)
        beats.append(bench.beat())
    assert [beat.is_alarm for beat in beats if beat] == [True, False]


def test_whoever_asks_on_this_machine_is_told_how_it_was_at_the_last_look() -> None:
    bench = Bench()
    at_first = Condition(
        program="1.2.3",
        uptime_ms=36_000_000,
        readers={"hall": ReaderState.LOST, "back door": ReaderState.LOST},
        is_connected=False,
        is_alarm=False,
        outbox_depth=0,
        parked=0,
    )
    assert bench.health.condition() == at_first
    bench.depth = Depth(3, 1, bench.clock.wall)
    bench.health.reader_is("hall", ReaderState.RECOVERING)
    bench.health.link_is(up=True)
    bench.health.alarm_is(raised=True)
    bench.clock.forward(MINUTE)
    assert bench.health.condition() == at_first
    bench.health.look()
    assert bench.health.condition() == Condition(
        program="1.2.3",
        uptime_ms=36_060_000,
        readers={"hall": ReaderState.RECOVERING, "back door": ReaderState.LOST},
        is_connected=True,
        is_alarm=True,
        outbox_depth=3,
        parked=1,
    )


def test_an_entry_from_before_the_clock_was_set_back_has_no_negative_age() -> None:
    bench = Bench()
    bench.depth = Depth(1, 0, bench.clock.wall + MINUTE)
    bench.clock.forward(FIRST_AFTER)
    beat = bench.beat()
    assert beat is not None
    assert beat.oldest_entry_ms == 0


def test_without_systemd_nothing_is_told() -> None:
    systemd = Systemd({})
    systemd.ready()
    systemd.alive()
    systemd.close()
