"""Cards that only the server can tell apart: chips with a fresh message, legacy chips."""

from datetime import timedelta

import msgspec
import pytest

from kiosk import events as ev
from kiosk.events import (
    Ask,
    CannotRead,
    Consult,
    CountUnreadable,
    Effect,
    Indicate,
    Learn,
    LearnChip,
    Reading,
    Record,
    Show,
    Signal,
    StartTimer,
    StopTimer,
    Timer,
    TimerName,
)
from presence.admission import decide
from presence.card import Assurance, CardRef, ChipUid, Evidence, SunMessage, Unreadable
from presence.ids import PresentationId, VisitId
from presence.messages import Answer, Arrived, AttemptRefused, CameBack, Left, Question
from presence.policy import Policy
from presence.reason import Reason
from presence.roster import CardState, House, RosterRow, Unsettled
from presence.verdict import Basis, Outcome, Saying
from tests.builders import (
    NOW,
    TODAY,
    acknowledged,
    arrival,
    facts,
    held_card,
    here,
    house,
    went_out,
)
from tests.unit.stand import KARI, OLA, READER, Stand, answer, code, kari, presented, told

CHIP = ChipUid("04A1B2C3D4E5F6")
PICC, CMAC = "EF963FF7828658A599F3041510671E88", "94EED9EE65337086"
BARE = SunMessage(PICC, CMAC)
SUN = SunMessage(PICC, CMAC, code().text)
HOUR = timedelta(hours=1)
PRESENT = here(arrival(NOW - HOUR, 1))
WELCOME_HERE = house(policy=Policy(uid_only_until=TODAY))
DISBELIEVED = decide(facts(credential=None), NOW)


def at_home(*, is_up: bool = True, home: House = WELCOME_HERE) -> Stand:
    return Stand().at_home(home=home, is_up=is_up)


def hold_up(stand: Stand, evidence: Evidence) -> list[Effect]:
    return stand.handle(ev.Presented(READER, evidence))


def asked_about(stand: Stand, evidence: Evidence, known: CardRef | None = None) -> PresentationId:
    hold_up(stand, evidence)
    stand.consulted(kari() if known else None, card=known)
    assert any(isinstance(effect, Ask) for effect in stand.effects)
    return stand.tap


def named(tap: PresentationId, row: RosterRow | None = None, card: CardRef = KARI) -> ev.Answered:
    """The server's answer that tells which card it was."""
    plain = answer(tap, row or kari(version=8), card=card)
    return ev.Answered(msgspec.structs.replace(plain, card=card))


def disbelieved(tap: PresentationId) -> ev.Answered:
    return ev.Answered(Answer(presentation=tap, verdict=DISBELIEVED, at=NOW))


def recorded(stand: Stand) -> list[object]:
    return [effect.what for effect in stand.effects if isinstance(effect, Record)]


def question(stand: Stand) -> Question:
    asks = [effect for effect in stand.effects if isinstance(effect, Ask)]
    return asks[-1].question


# --- a chip that makes a message anew, with its code beside it -------------------------------


def test_a_chips_message_goes_to_the_server_whole() -> None:
    stand = at_home()
    assert hold_up(stand, SUN) == [
        Indicate(Signal.WAIT),
        Show(Reading(), stand.around),
        Consult(stand.tap, KARI),
    ]
    effects = stand.consulted(kari())
    assert question(stand).evidence == SUN
    assert effects[1] == StartTimer(Timer(TimerName.ANSWER, stand.tap), timedelta(milliseconds=700))


def test_what_the_server_has_checked_is_not_recorded_for_it_to_check_again() -> None:
    stand = at_home()
    tap = asked_about(stand, SUN, KARI)
    stand.handle(named(tap))
    assert recorded(stand) == [Arrived(KARI, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED)]


def test_alone_such_a_chip_is_believed_by_its_code_and_its_message_is_kept_for_the_server() -> None:
    stand = at_home(is_up=False)
    hold_up(stand, SUN)
    tap = stand.tap
    stand.consulted(kari())
    assert told(stand).verdict.assurance is Assurance.A1
    outcome = Outcome.UNCONFIRMED
    arrived = Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, outcome, sun=BARE)
    assert recorded(stand) == [arrived]


def test_who_goes_or_comes_back_alone_leaves_the_chips_message_too() -> None:
    out = here(arrival(NOW - 2 * HOUR, 1), went_out(NOW - HOUR, 2))
    for place, kind in ((PRESENT, Left), (out, CameBack)):
        stand = at_home(is_up=False)
        hold_up(stand, SUN)
        stand.consulted(kari(here=place))
        (what,) = recorded(stand)
        assert isinstance(what, kind)
        assert what.sun == BARE


def test_when_the_server_is_too_slow_the_chips_message_is_recorded_with_the_arrival() -> None:
    stand = at_home()
    tap = asked_about(stand, SUN, KARI)
    stand.answer_over(tap)
    (what,) = recorded(stand)
    assert isinstance(what, Arrived)
    assert (what.basis, what.sun) == (Basis.ROSTER, BARE)


def test_a_signed_code_and_a_refusal_carry_no_message() -> None:
    stand = at_home(is_up=False)
    stand.handle(presented())
    stand.consulted(kari())
    hold_up(stand, SUN)
    stand.consulted(kari(cards=(held_card(state=CardState.LOST),)))
    arrived, refused = recorded(stand)
    assert isinstance(arrived, Arrived)
    assert arrived.sun is None
    assert refused == AttemptRefused(KARI, stand.tap, Basis.ROSTER, Reason.CARD_BLOCKED)


def test_a_message_beside_a_forged_code_is_not_even_asked_about() -> None:
    stand = at_home()
    effects = hold_up(stand, msgspec.structs.replace(SUN, code=code(key_number=2).text))
    assert effects[:3] == [
        CountUnreadable(),
        Show(CannotRead(None), stand.around),
        Indicate(Signal.ASK_STAFF),
    ]


# --- a chip's message alone ------------------------------------------------------------------


def test_a_message_without_a_code_is_for_the_server_alone_which_gets_more_time() -> None:
    stand = at_home()
    assert hold_up(stand, BARE)[-1] == Consult(stand.tap, None)
    effects = stand.consulted(None)
    assert question(stand).evidence == BARE
    assert effects[1] == StartTimer(Timer(TimerName.ANSWER, stand.tap), timedelta(seconds=3))


def test_the_servers_word_on_whose_card_it_is_is_looked_up_recorded_and_greeted() -> None:
    stand = at_home()
    tap, newer = asked_about(stand, BARE), kari(version=8)
    assert stand.handle(named(tap, newer)) == [
        StopTimer(TimerName.ANSWER),
        Learn(newer, NOW),
        Consult(tap, KARI),
    ]
    effects = stand.consulted(newer, card=KARI)
    arrived = Arrived(KARI, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED)
    assert effects[0] == Record(arrived)
    assert told(stand).first_name == "Kari"
    assert Indicate(Signal.WELCOME) in effects


def test_where_the_server_judged_without_what_is_recorded_here_it_is_asked_once_more() -> None:
    stand = at_home()
    tap = asked_about(stand, BARE)
    stand.handle(named(tap))
    unsettled = Unsettled((arrival(NOW - HOUR, 1),))
    effects = stand.consulted(kari(version=8), unsettled=unsettled, card=KARI)
    assert recorded(stand) == []
    assert [type(effect) for effect in effects] == [Ask, StartTimer]
    assert question(stand).unsettled == unsettled
    stand.handle(named(tap, kari(version=8, here=PRESENT)))
    assert recorded(stand) == [Left(KARI, tap, Basis.LIVE)]
    assert told(stand).verdict.saying is Saying.GOODBYE


def test_when_the_second_answer_does_not_come_the_kiosk_knows_enough_to_decide_alone() -> None:
    stand = at_home()
    tap = asked_about(stand, BARE)
    stand.handle(named(tap))
    stand.consulted(kari(version=8), unsettled=Unsettled((arrival(NOW - HOUR, 1),)), card=KARI)
    stand.answer_over(tap)
    assert recorded(stand) == [Left(KARI, tap, Basis.ROSTER, sun=BARE)]


@pytest.mark.parametrize("is_here", [False, True])
def test_a_replay_stays_one_when_the_second_answer_does_not_come(is_here: bool) -> None:
    stand = at_home()
    tap = asked_about(stand, BARE)
    row = kari(version=8, here=PRESENT) if is_here else kari(version=8)
    said = decide(facts(row=row, is_replayed=True), NOW)
    plain = named(tap, row).answer
    stand.handle(ev.Answered(msgspec.structs.replace(plain, verdict=said)))
    stand.consulted(row, unsettled=Unsettled(acknowledged=acknowledged()), card=KARI)
    stand.answer_over(tap)
    refused = AttemptRefused(KARI, tap, Basis.ROSTER, Reason.REPLAYED)
    in_doubt = Left(KARI, tap, Basis.ROSTER, is_doubtful=True, sun=BARE)
    assert recorded(stand) == [in_doubt if is_here else refused]


@pytest.mark.parametrize("evidence", [BARE, CHIP])
def test_what_only_the_server_can_tell_is_told_to_see_the_staff_without_a_network(
    evidence: Evidence,
) -> None:
    stand = at_home(is_up=False)
    effects = hold_up(stand, evidence)
    assert Indicate(Signal.WAIT) not in effects
    effects = stand.consulted(None)
    assert effects == [
        CountUnreadable(),
        Show(CannotRead(None, is_unanswered=True), stand.around),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, stand.tap), timedelta(seconds=20)),
    ]
    assert recorded(stand) == []


@pytest.mark.parametrize("evidence", [BARE, CHIP])
def test_what_only_the_server_can_tell_is_told_so_when_no_answer_comes(evidence: Evidence) -> None:
    for end in (ev.TimerFired(Timer(TimerName.ANSWER)), ev.LinkChanged(is_up=False)):
        stand = at_home()
        tap = asked_about(stand, evidence)
        if isinstance(end, ev.TimerFired):
            stand.answer_over(tap)
        else:
            stand.handle(end)
        assert stand.stage == CannotRead(None, is_unanswered=True)
        assert recorded(stand) == []


@pytest.mark.parametrize("evidence", [BARE, CHIP])
def test_what_the_server_does_not_believe_is_counted_and_nobody_is_named(
    evidence: Evidence,
) -> None:
    stand = at_home()
    tap = asked_about(stand, evidence)
    effects = stand.handle(disbelieved(tap))
    assert effects[:3] == [
        StopTimer(TimerName.ANSWER),
        CountUnreadable(),
        Show(CannotRead(None), stand.around),
    ]
    assert recorded(stand) == []


def test_a_welcome_to_nobodys_card_is_not_spoken_for_it_cannot_be_recorded() -> None:
    stand = at_home()
    tap = asked_about(stand, CHIP)
    stand.handle(ev.Answered(answer(tap, kari())))
    assert stand.stage == CannotRead(None)
    assert recorded(stand) == []


# --- legacy chips ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "home",
    [
        house(),
        house(policy=Policy(uid_only_until=TODAY - timedelta(days=1))),
        house(policy=Policy(uid_only_until=TODAY), lowest_assurance=Assurance.A1),
        house(policy=Policy(uid_only_until=TODAY, lowest_assurance=Assurance.A2)),
    ],
    ids=["never", "until yesterday", "not at this home", "only fresh messages"],
)
def test_where_numbers_alone_are_not_accepted_a_phone_leaves_no_trace(home: House) -> None:
    stand = at_home(home=home)
    assert hold_up(stand, CHIP) == [
        CountUnreadable(),
        Show(CannotRead(Unreadable.UNSUPPORTED), stand.around),
        Indicate(Signal.ASK_STAFF),
        StartTimer(Timer(TimerName.IDLE, stand.tap), timedelta(seconds=20)),
    ]


def test_a_number_that_was_made_up_for_this_touch_is_nobodys_and_is_not_asked_about() -> None:
    stand = at_home()
    hold_up(stand, ChipUid("08A1B2C3"))
    assert stand.stage == CannotRead(Unreadable.UNSUPPORTED)
    assert hold_up(stand, ChipUid("08A1B2C3D4E5F6"))[-1] == Consult(
        stand.tap, ChipUid("08A1B2C3D4E5F6")
    )


def test_a_kiosk_that_does_not_know_its_home_accepts_no_number_alone() -> None:
    stand = Stand()
    stand.handle(ev.HouseChanged(None, {}))
    hold_up(stand, CHIP)
    assert stand.stage == CannotRead(Unreadable.UNSUPPORTED)


def test_the_last_day_of_numbers_alone_is_the_homes_own_day() -> None:
    stand = at_home()
    stand.wall = NOW.replace(hour=22, minute=59)  # one minute to midnight in Oslo
    assert hold_up(stand, CHIP)[-1] == Consult(stand.tap, CHIP)
    stand.consulted(None)
    stand.answer_over(stand.tap)
    stand.later(61)
    hold_up(stand, CHIP)
    assert stand.stage == CannotRead(Unreadable.UNSUPPORTED)


def test_the_first_answer_about_a_chip_teaches_the_kiosk_which_card_it_is() -> None:
    stand = at_home()
    tap = asked_about(stand, CHIP)
    assert question(stand).evidence == CHIP
    assert stand.handle(named(tap))[-1] == LearnChip(CHIP, KARI)
    effects = stand.consulted(kari(version=8), card=KARI)
    assert effects[0] == Record(Arrived(KARI, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED))


def test_a_chip_that_is_known_is_asked_about_with_what_is_unsettled_and_not_learnt_again() -> None:
    stand = at_home()
    hold_up(stand, CHIP)
    tap, unsettled = stand.tap, Unsettled((arrival(NOW - HOUR, 1),))
    effects = stand.consulted(kari(), unsettled=unsettled, card=KARI)
    assert question(stand).unsettled == unsettled
    assert effects[1] == StartTimer(Timer(TimerName.ANSWER, tap), timedelta(milliseconds=700))
    effects = stand.handle(named(tap, kari(version=8, here=PRESENT)))
    assert effects[1] == Record(Left(KARI, tap, Basis.LIVE))
    assert not any(isinstance(effect, LearnChip) for effect in effects)


def test_alone_a_known_chip_is_decided_on_at_once_as_the_weakest_proof() -> None:
    stand = at_home(is_up=False)
    hold_up(stand, CHIP)
    tap = stand.tap
    stand.consulted(kari(), card=KARI)
    assert told(stand).verdict.assurance is Assurance.A0
    outcome = Outcome.UNCONFIRMED
    assert recorded(stand) == [Arrived(KARI, VisitId(tap), tap, Basis.ROSTER, outcome)]


def test_alone_a_known_chip_of_a_lost_card_is_refused() -> None:
    stand = at_home(is_up=False)
    hold_up(stand, CHIP)
    stand.consulted(kari(cards=(held_card(state=CardState.LOST),)), card=KARI)
    expected = AttemptRefused(KARI, stand.tap, Basis.ROSTER, Reason.CARD_BLOCKED)
    assert recorded(stand) == [expected]


def test_a_chip_that_was_given_to_another_card_is_recorded_and_learnt_as_that_card() -> None:
    stand = at_home()
    tap = asked_about(stand, CHIP, KARI)
    effects = stand.handle(named(tap, card=OLA))
    assert effects[-2:] == [Consult(tap, OLA), LearnChip(CHIP, OLA)]
    stand.consulted(None, card=OLA)
    (what,) = recorded(stand)
    assert isinstance(what, Arrived | AttemptRefused)
    assert what.card == OLA


def test_a_chip_that_the_server_believes_no_more_is_forgotten() -> None:
    stand = at_home()
    tap = asked_about(stand, CHIP, KARI)
    effects = stand.handle(disbelieved(tap))
    assert effects[-1] == LearnChip(CHIP, None)
    assert recorded(stand) == []


def test_an_answer_that_does_not_name_the_card_of_a_known_chip_takes_nothing_away() -> None:
    stand = at_home()
    tap = asked_about(stand, CHIP, KARI)
    effects = stand.handle(ev.Answered(answer(tap, kari())))
    assert not any(isinstance(effect, LearnChip) for effect in effects)
    assert recorded(stand) == [Arrived(KARI, VisitId(tap), tap, Basis.LIVE, Outcome.CONFIRMED)]


def test_an_answer_that_comes_too_late_still_teaches_row_and_chip() -> None:
    stand = at_home()
    tap, newer = asked_about(stand, CHIP), kari(version=8)
    stand.answer_over(tap)
    late = named(tap, newer)
    assert stand.handle(late) == [Learn(newer, NOW), LearnChip(CHIP, KARI)]
    assert stand.handle(late) == [Learn(newer, NOW)]


def test_of_chips_without_an_answer_only_the_last_are_remembered() -> None:
    stand = at_home()
    taps = []
    for number in range(9):
        taps.append(asked_about(stand, ChipUid(f"04{number:012X}")))
        stand.answer_over(taps[-1])
    assert LearnChip(ChipUid("04000000000008"), KARI) in stand.handle(named(taps[8]))
    assert not [e for e in stand.handle(named(taps[0])) if isinstance(e, LearnChip)]


def test_in_a_crowd_an_unknown_chip_is_sent_to_the_staff_and_holds_up_nobody() -> None:
    stand = at_home()
    first = asked_about(stand, CHIP)
    for _ in range(8):
        stand.handle(presented())
    assert CountUnreadable() in stand.effects
    assert Show(CannotRead(None, is_unanswered=True), stand.around) in stand.effects
    assert isinstance(stand.effects[-1], Consult)
    assert stand.handle(named(first))[-1] == LearnChip(CHIP, KARI)


def test_a_chip_in_a_line_is_looked_up_when_its_turn_comes() -> None:
    stand = at_home()
    stand.handle(presented(OLA))
    olas = stand.tap
    stand.consulted(None)
    assert hold_up(stand, CHIP) == [Indicate(Signal.WAIT)]
    assert stand.answer_over(olas)[-1] == Consult(stand.tap, CHIP)
