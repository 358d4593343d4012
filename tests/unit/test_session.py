"""One tap, from the card to the goodbye: whole lists of effects."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from kiosk import events as ev
from kiosk.events import (
    Ask,
    Consult,
    Idle,
    Indicate,
    Learn,
    Reading,
    Record,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Surroundings,
    Timer,
    TimerName,
    Told,
    Touch,
)
from presence.ids import VisitId
from presence.messages import Arrived, AttemptRefused, Left, Question
from presence.reason import Reason
from presence.roster import CardState, Unsettled
from presence.verdict import Basis, Outcome, RenewalDue, Saying
from tests.builders import KIOSK, NOW, TODAY, arrival, held_card, here, house
from tests.unit.stand import (
    KARI,
    OLA,
    Stand,
    alone,
    answer,
    asked,
    code,
    kari,
    ola,
    presented,
    told,
)

AROUND = Surroundings(house(), is_connected=True)
ALONE = replace(AROUND, is_connected=False)
GLANCE, READ = timedelta(seconds=4), timedelta(seconds=20)


# --- with the server -------------------------------------------------------------------------


def test_a_card_is_answered_at_once_with_the_waiting_lamp_and_a_look_at_the_roster() -> None:
    stand = Stand().at_home()
    assert stand.handle(presented()) == [
        Indicate(Signal.WAIT),
        Show(Reading(), AROUND),
        Consult(stand.tap, KARI),
    ]


def test_the_question_goes_out_with_all_that_is_unsettled() -> None:
    stand = Stand().at_home()
    stand.handle(presented())
    tap = stand.tap
    unsettled = Unsettled((arrival(NOW - timedelta(hours=1), 1),))
    question = Question(
        kiosk=KIOSK,
        presentation=tap,
        evidence=code(),
        presented=NOW,
        uptime_ms=36_000_000,
        unsettled=unsettled,
    )
    assert stand.consulted(kari(), unsettled=unsettled) == [
        Ask(question),
        StartTimer(Timer(TimerName.ANSWER, tap), timedelta(milliseconds=700)),
    ]


def test_the_servers_welcome_is_recorded_before_it_is_spoken() -> None:
    stand = asked(Stand().at_home())
    tap, newer = stand.tap, kari(version=8)
    reply = answer(tap, newer)
    assert stand.handle(ev.Answered(reply)) == [
        StopTimer(TimerName.ANSWER),
        Record(Arrived(KARI, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED)),
        Show(Told(reply.verdict, "Kari", "nb", seen=NOW), AROUND),
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, tap), GLANCE),
        Learn(newer, NOW),
    ]


def test_after_four_seconds_the_screen_is_idle_again_without_a_touch() -> None:
    stand = asked(Stand().at_home())
    stand.handle(ev.Answered(answer(stand.tap, kari())))
    assert stand.later(4).timer(TimerName.IDLE) == [Show(Idle(), AROUND), Indicate(Signal.IDLE)]


def test_the_end_of_an_old_greeting_does_not_cut_a_new_one_short() -> None:
    stand = Stand().at_home(is_up=False)
    stand.handle(presented(OLA))
    old = Timer(TimerName.IDLE, stand.tap)
    stand.consulted(ola())
    stand.later(3.99).handle(presented())
    stand.consulted(kari())
    assert stand.later(0.01).handle(ev.TimerFired(old)) == []


def test_a_late_answer_says_nothing_but_is_learned_from() -> None:
    stand = asked(Stand().at_home())
    tap, newer = stand.tap, kari(version=8)
    stand.answer_over(tap)
    assert stand.handle(ev.Answered(answer(tap, newer))) == [Learn(newer, NOW)]


def test_an_answer_about_another_card_says_nothing_either() -> None:
    stand = Stand().at_home()
    stand.handle(presented(OLA))
    olas = stand.tap
    stand.consulted(ola())
    stand.answer_over(olas)
    asked(stand)
    foreign = answer(olas, ola(), card=OLA)
    assert stand.handle(ev.Answered(foreign)) == [Learn(ola(), NOW)]
    assert stand.handle(ev.Answered(msgspec.structs.replace(foreign, row=None))) == []


def test_an_old_deadline_does_not_cut_a_new_question_short() -> None:
    stand = asked(Stand().at_home())
    old = stand.tap
    stand.handle(ev.Answered(answer(old, kari())))
    stand.later(5).handle(presented(OLA))
    stand.consulted(ola())
    assert stand.answer_over(old) == []


# --- without the server ----------------------------------------------------------------------


def test_without_the_server_the_roster_decides_at_once() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    effects = stand.consulted(kari())
    verdict = told(stand).verdict
    assert (verdict.basis, verdict.as_of) == (Basis.ROSTER, NOW - timedelta(minutes=2))
    assert effects == [
        Record(Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, Outcome.UNCONFIRMED)),
        Show(Told(verdict, "Kari", "nb", seen=NOW), ALONE),
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, tap), GLANCE),
    ]


def test_when_the_server_takes_too_long_the_roster_decides() -> None:
    stand = asked(Stand().at_home())
    tap = stand.tap
    effects = stand.later(0.7).timer(TimerName.ANSWER)
    arrived = Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, Outcome.UNCONFIRMED)
    assert effects[0] == Record(arrived)
    assert told(stand).seen == NOW


def test_when_the_link_goes_while_the_server_is_asked_nobody_waits_for_the_deadline() -> None:
    stand = asked(Stand().at_home())
    effects = stand.handle(ev.LinkChanged(is_up=False))
    assert effects[:2] == [Show(Reading(), ALONE), StopTimer(TimerName.ANSWER)]
    assert told(stand).verdict.saying is Saying.WELCOME


def test_after_thirty_days_alone_the_kiosk_sends_people_to_the_staff_and_counts_them_in() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    stand.consulted(kari(), as_of=NOW - timedelta(days=31))
    assert told(stand).verdict.saying is Saying.SEE_STAFF
    arrived = Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, Outcome.ASK_STAFF)
    assert Record(arrived) in stand.effects


def test_a_kiosk_that_never_heard_of_its_home_records_who_comes_and_sends_them_to_the_staff() -> (
    None
):
    stand = Stand()
    stand.handle(ev.HouseChanged(None, {}))
    assert stand.stage == ev.Starting()
    stand.handle(presented())
    tap = stand.tap
    stand.consulted(None, as_of=None)
    arrived = Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, Outcome.ASK_STAFF)
    assert Record(arrived) in stand.effects
    assert told(stand).verdict.saying is Saying.SEE_STAFF
    stand.timer(TimerName.IDLE)
    assert stand.stage == ev.Starting()


# --- in, out, again --------------------------------------------------------------------------


def test_a_second_tap_within_a_minute_records_nothing() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    inside = here(arrival(NOW - timedelta(seconds=30), 1))
    effects = stand.consulted(kari(here=inside))
    assert told(stand).verdict.saying is Saying.ALREADY_IN
    assert effects == [
        Show(told(stand), ALONE),
        Indicate(Signal.WELCOME),
        StartTimer(Timer(TimerName.IDLE, tap), GLANCE),
    ]


def test_who_is_in_the_house_goes_out() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    effects = stand.consulted(kari(here=here(arrival(NOW - timedelta(hours=2), 1))))
    assert effects == [
        Record(Left(KARI, tap, Basis.ROSTER)),
        Show(told(stand), ALONE),
        Indicate(Signal.GOODBYE),
        StartTimer(Timer(TimerName.IDLE, tap), GLANCE),
    ]
    assert told(stand).verdict.saying is Saying.GOODBYE


def test_going_out_with_a_lost_card_is_recorded_as_doubtful_and_looks_like_any_goodbye() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    lost = held_card(state=CardState.LOST)
    inside = here(arrival(NOW - timedelta(hours=2), 1))
    effects = stand.consulted(kari(cards=(lost,), here=inside))
    assert effects[0] == Record(Left(KARI, tap, Basis.ROSTER, is_doubtful=True))
    assert effects[2] == Indicate(Signal.GOODBYE)


def test_a_refusal_names_nobody_and_is_recorded() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    effects = stand.consulted(kari(cards=(held_card(state=CardState.LOST),)))
    assert told(stand).first_name is None
    assert effects == [
        Record(AttemptRefused(KARI, tap, Basis.ROSTER, Reason.CARD_BLOCKED)),
        Show(told(stand), ALONE),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, tap), READ),
    ]


def test_words_to_be_read_stay_longer_and_longer_still_when_asked() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    stand.consulted(kari(cards=(held_card(valid_until=TODAY - timedelta(days=1)),)))
    for _ in range(10):
        assert stand.later(19).handle(ev.Touched(Touch.MORE_TIME)) == [
            StartTimer(Timer(TimerName.IDLE, tap), READ)
        ]


def test_a_line_about_renewal_stays_long_enough_to_be_read() -> None:
    stand = alone()
    stand.handle(presented())
    tap = stand.tap
    until = TODAY + timedelta(days=30)
    effects = stand.consulted(kari(cards=(held_card(valid_until=until),)))
    assert told(stand).verdict.due == (RenewalDue(until),)
    assert effects[-1] == StartTimer(Timer(TimerName.IDLE, tap), READ)


def test_a_greeting_cannot_be_held_and_other_touches_do_nothing() -> None:
    stand = alone()
    stand.handle(presented())
    stand.consulted(kari())
    assert [stand.handle(ev.Touched(touch)) for touch in Touch] == [[]] * len(Touch)
