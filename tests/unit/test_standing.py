"""The ladder that every outage climbs: what is told, and what is done, fault by fault."""

from hypothesis import given
from hypothesis import strategies as st

from kiosk.events import ReaderEvent, ReaderFaltering, ReaderLost, ReaderReady
from kiosk.readers.standing import Pace, Standing
from presence.messages import ReaderState

PACE = Pace()
READY = ReaderReady("hall")
LOST = ReaderLost("hall", "no answer")
SILENT = ReaderFaltering("hall", ReaderState.SILENT)
RECOVERING = ReaderFaltering("hall", ReaderState.RECOVERING)


def story(*steps: str, standing: Standing | None = None) -> list[ReaderEvent]:
    """What is told of a reader that works (+), fails (-), is silent (?) and hangs for good (!)."""
    standing = standing or Standing("hall", PACE)
    told: list[ReaderEvent] = []
    for step in "".join(steps):
        match step:
            case "+":
                told += standing.sound()
            case "?":
                told += standing.silent()
            case "!":
                told += standing.hung("no answer")[0]
            case _:
                told += standing.failed("no answer")[0]
    return told


def test_a_reader_that_works_is_ready_once() -> None:
    assert story("+++") == [READY]


def test_one_that_never_worked_is_lost_at_once() -> None:
    assert story("----") == [LOST]


def test_an_outage_that_passes_soon_is_told_once_in_each_of_its_states() -> None:
    assert story("+--+") == [READY, RECOVERING, READY]
    assert story("+???-+") == [READY, SILENT, RECOVERING, READY]
    assert story("+-?-+") == [READY, RECOVERING, SILENT, READY]


def test_one_that_does_not_is_lost_once() -> None:
    assert story("+----------+") == [READY, RECOVERING, LOST, READY]


def test_a_reader_that_is_lost_is_neither_silent_nor_recovering() -> None:
    assert story("+---?-?!?") == [READY, RECOVERING, LOST]


def test_a_call_that_cannot_be_broken_off_is_a_loss_at_once() -> None:
    assert story("+?!+") == [READY, SILENT, LOST, READY]


def test_many_good_looks_forget_the_faults_before_them() -> None:
    standing = Standing("hall", PACE)
    outage = "-" + "+" * PACE.looks_until_sound
    assert story("+", outage * 5, standing=standing) == [READY, *[RECOVERING, READY] * 5]
    assert LOST in story(("-" + "+" * (PACE.looks_until_sound - 1)) * 3, standing=standing)


@given(st.text("+-?!", max_size=60).filter(lambda steps: steps.count("!") <= 3))
def test_whatever_happens_each_state_is_told_once_in_an_outage_and_none_after_its_loss(
    steps: str,
) -> None:
    outage: list[ReaderEvent] = []
    has_worked = False
    for event in story(steps):
        if event == READY:
            assert outage or not has_worked, "ready twice"
            outage, has_worked = [], True
        else:
            assert event not in outage, "told twice"
            assert LOST not in outage, "told after the loss"
            outage.append(event)
    assert not (steps.endswith("+") and outage), "an outage goes on though a look went well"


def test_attempts_grow_further_apart_up_to_five_seconds() -> None:
    standing = Standing("hall", PACE)
    pauses = [standing.failed("no answer")[1].pause for _ in range(8)]
    assert pauses == [0.05, 0.25, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]


def test_power_is_switched_after_three_faults_and_ten_and_then_every_sixty() -> None:
    standing = Standing("hall", PACE)
    switched = [fault for fault in range(1, 201) if standing.failed("no answer")[1].switches_power]
    assert switched == [3, 10, 70, 130, 190]


def test_power_is_switched_at_once_when_a_call_cannot_be_broken_off() -> None:
    standing = Standing("hall", PACE)
    steps = [standing.hung("no answer")[1] for _ in PACE.after_hangs]
    assert tuple(step.pause for step in steps) == PACE.after_hangs
    assert all(step.switches_power for step in steps)
    assert not standing.may_hang_again
