"""The loop and chips: looked up before the server is asked, learnt when it has named the card."""

from datetime import timedelta

import msgspec
import pytest

from kiosk import events as ev
from kiosk.events import CannotRead, Reading, Told
from presence.card import ChipUid
from presence.messages import Arrived
from presence.policy import Policy
from presence.roster import House
from presence.statuslist import Listed, Status
from presence.verdict import Saying
from tests.builders import NOW, TODAY, house
from tests.fakes.world import Shown
from tests.unit.stand import KARI, READER, answer, kari
from tests.unit.test_loop import Bench

CHIP = ChipUid("04A1B2C3D4E5F6")
ACCEPTING = house(policy=Policy(uid_only_until=TODAY))


def bench(home: House = ACCEPTING) -> Bench:
    made = Bench()
    made.roster.house = home
    return made


def hold_up(bench: Bench) -> None:
    bench.tell(ev.Presented(READER, CHIP))


def test_a_chip_that_an_answer_has_named_is_known_without_the_server() -> None:
    door = bench().begun()
    hold_up(door)
    (question,) = door.link.questions
    assert question.evidence == CHIP
    named = answer(question.presentation, kari(version=8))
    door.receive(msgspec.structs.replace(named, card=KARI))
    assert door.stages == [Reading, Told]
    assert door.chips.known == {CHIP.uid: KARI}
    door.tell(ev.LinkChanged(is_up=False))
    door.later(1.5 * 3600)
    door.noted.clear()
    hold_up(door)
    assert [one.card for one in door.noted if isinstance(one, Arrived)] == []
    last = [one.stage for one in door.noted if isinstance(one, Shown)][-1]
    assert isinstance(last, Told)
    assert last.verdict.saying is Saying.GOODBYE
    assert last.first_name == "Kari"


def test_an_unknown_chip_without_the_server_is_counted_and_nothing_is_written_down() -> None:
    door = bench().begun(is_up=False)
    hold_up(door)
    assert door.stages == [Reading, CannotRead]
    assert (door.health.unreadable, door.outbox.entries) == (1, [])


def test_a_known_chip_that_the_status_list_blocks_is_refused() -> None:
    door = bench().begun(is_up=False)
    door.chips.known[CHIP.uid] = KARI
    door.statuses.known[KARI] = Listed(Status.INVALID, NOW, NOW + timedelta(days=30))
    hold_up(door)
    last = [one.stage for one in door.noted if isinstance(one, Shown)][-1]
    assert isinstance(last, Told)
    assert last.verdict.saying is Saying.SEE_STAFF


@pytest.mark.parametrize("is_up", [True, False])
def test_a_phone_at_a_home_that_wants_more_is_neither_looked_up_nor_asked_about(
    is_up: bool,
) -> None:
    door = bench(house()).begun(is_up=is_up)
    hold_up(door)
    assert (door.chips.looked_up, door.link.questions, door.outbox.entries) == (0, [], [])
    assert door.health.unreadable == 1


def test_a_question_about_a_chip_that_cannot_be_handed_over_is_not_waited_for() -> None:
    door = bench().begun()
    door.link.is_up = False
    hold_up(door)
    assert door.stages == [Reading, CannotRead]
