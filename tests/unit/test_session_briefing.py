"""The briefing: after the welcome, in the reader's own time, recorded before the thanks."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from kiosk import events as ev
from kiosk.events import (
    BriefingOpen,
    BriefingRead,
    Idle,
    Indicate,
    Record,
    Show,
    Signal,
    StartTimer,
    Surroundings,
    Timer,
    TimerName,
    Told,
    Touch,
)
from presence.briefing import BriefingVersion
from presence.card import Unreadable
from presence.messages import BriefingAcknowledged, Left, What
from presence.roster import RosterRow
from presence.verdict import Basis, Saying
from tests.builders import NOW, acknowledged, arrival, here, house, presentation_id
from tests.unit.stand import KARI, OLA, Stand, briefing, kari, ola, presented

ALONE = Surroundings(house(), is_connected=False)
NEW = kari(acknowledged=None)


def welcomed(row: RosterRow = NEW, *languages: str) -> Stand:
    """She has been welcomed, without the server, and has a briefing to read."""
    stand = Stand().at_home(*(languages or ("nb", "en")), is_up=False)
    stand.handle(presented())
    stand.consulted(row)
    return stand


def reading(row: RosterRow = NEW, *languages: str) -> Stand:
    stand = welcomed(row, *languages).later(2.5)
    stand.timer(TimerName.IDLE)
    return stand


def page(stand: Stand) -> BriefingOpen:
    assert isinstance(stand.stage, BriefingOpen)
    return stand.stage


def touch(stand: Stand, *touches: Touch) -> Stand:
    for one in touches:
        stand.handle(ev.Touched(one))
    return stand


def taps(stand: Stand, row: RosterRow) -> Stand:
    stand.handle(presented(row.cards[0].ref))
    stand.consulted(row)
    return stand


def recorded(stand: Stand) -> list[What]:
    return [effect.what for effect in stand.effects if isinstance(effect, Record)]


def test_the_welcome_is_said_at_once_and_the_briefing_opens_after_it() -> None:
    stand = welcomed()
    tap = stand.tap
    assert isinstance(stand.stage, Told)
    assert stand.stage.has_briefing
    assert stand.effects[-2:] == [
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, tap), timedelta(seconds=2.5)),
    ]
    opened = BriefingOpen(
        version=BriefingVersion(3),
        sections=briefing("nb").sections,
        page=0,
        language="nb",
        first_name="Kari",
        card=KARI,
        opened=stand.uptime,
        is_unconfirmed=True,
    )
    assert stand.timer(TimerName.IDLE) == [Show(opened, ALONE), Indicate(Signal.IDLE)]


def test_the_arrival_is_on_record_before_the_briefing_is_read() -> None:
    assert [type(what).__name__ for what in recorded(reading())] == ["Arrived"]


def test_pages_turn_only_by_her_touch_and_never_beyond_the_ends() -> None:
    stand = reading()
    pages = [
        page(touch(stand, one)).page
        for one in (Touch.BACK, Touch.NEXT, Touch.NEXT, Touch.BACK, Touch.NEXT)
    ]
    assert pages == [0, 1, 1, 0, 1]
    assert stand.later(3600).handle(ev.TimerFired(Timer(TimerName.IDLE, stand.tap))) != []
    assert page(stand).page == 1


def test_what_was_read_is_recorded_before_she_is_thanked() -> None:
    stand = touch(reading(), Touch.NEXT).later(80)
    effects = stand.handle(ev.Touched(Touch.UNDERSTOOD))
    assert effects == [
        Record(BriefingAcknowledged(KARI, 3, 0, "nb", 80)),
        Show(BriefingRead("Kari", "nb"), ALONE),
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, presentation_id(stand.count)), timedelta(seconds=4)),
    ]
    assert stand.timer(TimerName.IDLE) == [Show(Idle(), ALONE), Indicate(Signal.IDLE)]


def test_nothing_is_understood_before_the_last_page() -> None:
    stand = reading()
    assert stand.handle(ev.Touched(Touch.UNDERSTOOD)) == []
    assert [type(what).__name__ for what in recorded(stand)] == ["Arrived"]


def test_later_closes_it_and_nothing_is_acknowledged() -> None:
    stand = reading()
    assert stand.handle(ev.Touched(Touch.LATER)) == [Show(Idle(), ALONE), Indicate(Signal.IDLE)]
    assert [type(what).__name__ for what in recorded(stand)] == ["Arrived"]


@pytest.mark.parametrize(
    ("wanted", "held", "shown"),
    [
        ("en", ("nb", "en"), "en"),
        ("sv", ("nb", "en"), "nb"),
        ("sv", ("en", "da"), "da"),
    ],
)
def test_it_is_in_her_language_or_in_norwegian_or_in_any(
    wanted: str, held: tuple[str, ...], shown: str
) -> None:
    assert page(reading(kari(acknowledged=None, language=wanted), *held)).language == shown


def test_of_a_new_version_only_the_news_is_shown() -> None:
    stand = Stand()
    text = briefing("nb", major=4, pages=3)
    first, second, third = text.sections
    news = msgspec.structs.replace(second, since=4)
    text = msgspec.structs.replace(text, sections=(first, news, third))
    stand.handle(ev.HouseChanged(house(briefing=BriefingVersion(4)), {"nb": text}))
    taps(stand, kari(acknowledged=acknowledged(3))).later(3).timer(TimerName.IDLE)
    assert page(stand).sections == (news,)


def test_while_the_newer_text_has_not_come_the_older_one_is_not_asked_for_again() -> None:
    stand = Stand()
    stand.handle(ev.HouseChanged(house(briefing=BriefingVersion(4)), {"nb": briefing("nb", 3)}))
    taps(stand, kari(acknowledged=acknowledged(3))).later(3).timer(TimerName.IDLE)
    assert stand.stage == Idle()


def test_while_only_an_older_text_is_here_that_is_what_is_read_and_recorded() -> None:
    stand = Stand()
    stand.handle(ev.HouseChanged(house(briefing=BriefingVersion(4)), {"nb": briefing("nb", 3)}))
    taps(stand, NEW).later(3).timer(TimerName.IDLE)
    touch(stand, Touch.NEXT, Touch.UNDERSTOOD)
    assert recorded(stand)[-1] == BriefingAcknowledged(KARI, 3, 0, "nb", 0)


def test_a_text_that_never_came_leaves_the_welcome_a_welcome() -> None:
    stand = Stand().at_home(is_up=False)
    welcome = taps(stand, NEW).stage
    assert isinstance(welcome, Told)
    assert not welcome.has_briefing
    stand.later(4).timer(TimerName.IDLE)
    assert stand.stage == Idle()


def test_a_new_text_does_not_change_the_one_that_is_being_read() -> None:
    stand = reading()
    before = page(stand)
    stand.handle(ev.HouseChanged(house(briefing=BriefingVersion(4)), {"nb": briefing("nb", 4)}))
    assert page(stand) == before


# --- others come meanwhile -------------------------------------------------------------------


def test_someone_elses_tap_is_recorded_and_greeted_in_one_line_while_the_reading_goes_on() -> None:
    stand = touch(reading(), Touch.NEXT).later(30)
    opened = page(stand)
    assert stand.handle(presented(OLA))[0] == Indicate(Signal.WAIT)
    stand.consulted(ola())
    notice = page(stand).notice
    assert isinstance(notice, Told)
    assert (notice.first_name, notice.verdict.saying) == ("Ola", Saying.WELCOME)
    assert replace(page(stand), notice=None) == opened
    assert [what.card for what in recorded(stand)] == [KARI, OLA]
    assert stand.later(4).timer(TimerName.IDLE) == [Show(opened, ALONE), Indicate(Signal.IDLE)]


def test_a_card_that_cannot_be_read_is_said_in_one_line_too() -> None:
    stand = reading()
    stand.handle(ev.Presented("door", Unreadable.EMPTY))
    assert page(stand).notice == ev.CannotRead(Unreadable.EMPTY)


def test_the_readers_own_second_tap_changes_nothing() -> None:
    stand = reading().later(20)
    before = page(stand)
    taps(stand, kari(acknowledged=None, here=here(arrival(NOW, 1))))
    assert replace(page(stand), notice=None) == before
    assert [type(what).__name__ for what in recorded(stand)] == ["Arrived"]


def test_the_reader_who_is_welcomed_again_is_not_given_the_same_briefing_twice() -> None:
    stand = taps(reading().later(20), NEW)
    touch(stand, Touch.NEXT, Touch.UNDERSTOOD).timer(TimerName.IDLE)
    assert stand.stage == Idle()


def test_the_reader_who_goes_closes_her_briefing() -> None:
    stand = reading().later(90)
    taps(stand, kari(acknowledged=None, here=here(arrival(NOW, 1))))
    assert isinstance(stand.stage, Told)
    assert recorded(stand)[-1] == Left(KARI, stand.tap, Basis.ROSTER)


def test_who_was_welcomed_meanwhile_and_has_a_briefing_too_reads_it_next() -> None:
    stand = reading().later(30)
    taps(stand, ola(acknowledged=None)).later(4).timer(TimerName.IDLE)
    touch(stand, Touch.NEXT, Touch.UNDERSTOOD).timer(TimerName.IDLE)
    assert (page(stand).first_name, page(stand).opened) == ("Ola", stand.uptime)


def test_who_has_gone_meanwhile_is_not_waited_for() -> None:
    stand = reading().later(10)
    taps(stand, ola(acknowledged=None)).later(90)
    taps(stand, ola(acknowledged=None, here=here(arrival(NOW, 1))))
    touch(stand, Touch.LATER)
    assert stand.stage == Idle()


def test_who_was_welcomed_long_ago_is_not_waited_for_either() -> None:
    stand = touch(reading(), Touch.NEXT).later(10)
    taps(stand, ola(acknowledged=None))
    touch(stand.later(200), Touch.BACK)
    touch(stand.later(200), Touch.LATER)
    assert stand.stage == Idle()


def test_a_briefing_left_alone_for_more_than_five_minutes_yields_to_the_next_person() -> None:
    stand = reading().later(301)
    taps(stand, ola())
    assert isinstance(stand.stage, Told)
    assert stand.stage.first_name == "Ola"


def test_alone_a_reader_may_take_an_hour_for_a_page() -> None:
    stand = touch(reading().later(3600), Touch.NEXT).later(3600)
    touch(stand, Touch.UNDERSTOOD)
    assert recorded(stand)[-1] == BriefingAcknowledged(KARI, 3, 0, "nb", 7200)
