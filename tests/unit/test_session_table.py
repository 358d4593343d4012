"""The transition table is whole, and is what the session does."""

from itertools import product
from typing import get_args

import pytest

from kiosk import events as ev
from kiosk.session import table
from kiosk.session.cases import ImpossibleError
from kiosk.session.decisions import Decisions
from kiosk.session.stages import Stages
from kiosk.session.table import Deciding, Kind, Showing
from presence.roster import NOTHING_UNSETTLED
from tests.builders import presentation_id
from tests.checks import session_doc
from tests.unit.stand import Stand, kari, presented


@pytest.mark.parametrize("pair", list(product(Deciding, Showing)), ids=str)
def test_every_kind_of_event_has_one_answer_in_every_pair_of_states(
    pair: tuple[Deciding, Showing],
) -> None:
    deciding, showing = pair
    listed = [*table.TABLE[deciding], *table.TABLE[showing]]
    assert sorted(listed) == sorted(Kind)


def test_every_answer_is_a_method_of_the_machine_it_belongs_to() -> None:
    missing = [
        (state, step.method)
        for state, row in table.TABLE.items()
        for step in row.values()
        if step is not table.IMPOSSIBLE
        and not hasattr(Decisions if isinstance(state, Deciding) else Stages, step.method)
    ]
    assert missing == []


def test_every_event_is_of_one_kind_and_every_stage_shows_one_state() -> None:
    timers = {table.kind_of(ev.TimerFired(ev.Timer(name))) for name in ev.TimerName}
    others = set(get_args(ev.Event)) - {ev.TimerFired}
    assert {kind for kind in Kind if kind not in timers} == {
        table.kind_of(object.__new__(event)) for event in others
    }
    assert {table.showing(object.__new__(stage)) for stage in get_args(ev.Stage)} == set(Showing)


def test_an_answer_to_a_question_that_was_never_asked_of_the_roster_stops_the_kiosk() -> None:
    stand = Stand().at_home()
    with pytest.raises(ImpossibleError, match="consulted while free"):
        stand.consulted(kari())
    stand.handle(presented())
    stand.consulted(kari())
    with pytest.raises(ImpossibleError, match="consulted while asking"):
        stand.consulted(kari())


def test_what_is_known_of_another_presentation_stops_the_kiosk() -> None:
    stand = Stand().at_home()
    stand.handle(presented())
    other = ev.Consulted(presentation_id(999), kari(), NOTHING_UNSETTLED, None)
    with pytest.raises(ImpossibleError, match="another presentation"):
        stand.handle(other)


def test_the_drawing_in_the_docs_is_current() -> None:
    assert session_doc.TARGET.read_text(encoding="utf-8") == session_doc.document()
