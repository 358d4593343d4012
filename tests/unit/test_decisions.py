"""The admission rule answers every row of its table (tests/decisions), whole verdict by whole
verdict."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from presence.admission import decide
from presence.card import Assurance
from presence.reason import Reason
from presence.roster import CardState, Elsewhere, MissingCourse
from presence.verdict import TOLD_OF_REFUSAL, Basis, Due, Move, Outcome, Saying
from tests.builders import CARD, NOW, facts, held_card, roster_row
from tests.checks import decision_doc
from tests.decisions.rows import TOMORROW, YESTERDAY, Row

PAIRS = [
    pytest.param(row, basis, id=f"{part.title}: {row.when} ({basis})")
    for question in decision_doc.QUESTIONS
    for part in question.parts
    for row in part.rows
    for basis in row.bases
]
ROWS = decision_doc.every_row()


@pytest.mark.parametrize(("row", "basis"), PAIRS)
def test_the_rule_answers_as_its_table_says(row: Row, basis: Basis) -> None:
    assert decide(row.facts(basis), row.at) == row.answer(basis)


def test_the_plain_case_is_a_valid_card_with_nothing_due() -> None:
    verdict = decide(facts(), NOW)
    assert (verdict.move, verdict.reason, verdict.due) == (Move.IN, Reason.OK, ())
    assert facts().card is not None
    assert facts().card == facts().row.card(CARD)  # type: ignore[union-attr]


def test_each_situation_stands_in_the_table_once() -> None:
    for question in decision_doc.QUESTIONS:
        for part in question.parts:
            words = [row.when for row in part.rows]
            assert len(set(words)) == len(words)


def test_every_word_that_a_verdict_can_say_stands_in_the_table() -> None:
    for basis in Basis:
        answers = [row.answer(basis) for row in ROWS if basis in row.bases]
        possible = {*Reason} - ({Reason.NO_CONTACT} if basis is Basis.LIVE else set())
        said = {one.reason for one in answers} | {one.warning for one in answers}
        assert said - {None} == possible
        assert {one.move for one in answers} == {*Move}
        assert {one.saying for one in answers} == {*Saying}
    every = [row.answer(basis) for row in ROWS for basis in row.bases]
    assert {one.outcome for one in every} == {*Outcome}
    assert {type(due) for one in every for due in one.due} == {*get_args(Due)}


def test_every_state_of_a_card_comes_in_and_goes_out_in_the_table() -> None:
    for move in (Move.OUT, Move.NONE):
        states = {
            card.state
            for row in ROWS
            if row.move is move and (card := row.facts(Basis.ROSTER).card) is not None
        }
        assert states == {*CardState}


def test_every_refusal_in_the_table_is_told_as_an_entry_of_it_is() -> None:
    """A kiosk's entry carries only the reason; the server tells the same people by it."""
    for row in ROWS:
        verdict = row.answer(row.bases[0])
        if verdict.outcome is Outcome.REFUSED:
            assert verdict.tell == TOLD_OF_REFUSAL.get(verdict.reason, ())


def test_the_page_in_the_docs_is_current() -> None:
    assert decision_doc.TARGET.read_text(encoding="utf-8") == decision_doc.document()


# --- several faults at once ------------------------------------------------------------------

FAULTS: list[tuple[Reason, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (Reason.TOO_WEAK, {}, {}, {"assurance": Assurance.A0}),
    (Reason.REPLAYED, {}, {}, {"is_replayed": True}),
    (Reason.CARD_BLOCKED, {"state": CardState.SUSPENDED}, {}, {}),
    (Reason.PAUSED, {}, {"is_paused": True}, {}),
    (Reason.ELSEWHERE, {}, {"elsewhere": Elsewhere(NOW, NOW + timedelta(hours=1))}, {}),
    (Reason.NOT_YET_VALID, {"valid_from": TOMORROW}, {}, {}),
    (Reason.EXPIRED, {"valid_until": YESTERDAY}, {}, {}),
    (Reason.COURSE_MISSING, {}, {"courses": (MissingCourse("Grunnkurs", YESTERDAY),)}, {}),
    (Reason.NO_CONTACT, {}, {}, {"as_of": None}),
]
"""All that can be wrong at once with somebody who comes in, the first to be said first (DOMAIN:
"first match wins"): what differs in the card, in the row, and beside them."""


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("first", range(len(FAULTS)), ids=lambda n: FAULTS[n][0])
def test_of_several_faults_the_first_one_is_said(first: int, basis: Basis) -> None:
    reason = FAULTS[first][0]
    card: dict[str, Any] = {}
    row: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for _, of_card, of_row, beside in FAULTS[first:]:
        card |= of_card
        row |= of_row
        more |= beside
    verdict = decide(facts(basis, row=roster_row(held_card(**card), **row), **more), NOW)
    if reason is Reason.NO_CONTACT and basis is Basis.LIVE:
        assert verdict.reason is Reason.OK
    else:
        assert verdict.reason is reason
