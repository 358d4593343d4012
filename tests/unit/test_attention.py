"""Which code of those in the picture counts as the card that is held up."""

import pytest

from kiosk.readers.attention import LOOKS_UNTIL_TOLD, Attention

GONE = 4
NOTHING = [""]
UNTOLD, TOLD = LOOKS_UNTIL_TOLD - 1, LOOKS_UNTIL_TOLD


def chosen(looks: list[str]) -> str:
    """Each look is a word with a letter for every code in the picture: capitals are ours. Answers
    with the letters chosen, a point for none."""
    attention = Attention(GONE)
    answer = ""
    for look in looks:
        texts = [f"TS1:{letter}" if letter.isupper() else letter for letter in look]
        answer += (attention.choose(texts) or ".")[-1]
    return answer


@pytest.mark.parametrize(
    ("looks", "answer"),
    [
        (["", "A", "A"], ".AA"),
        (["A", "", "", "A"], "A..A"),
        (["AB", "BA", "B", "A"], "AA.A"),
        (["A", *["B"] * GONE, "B"], "A" + "." * GONE + "B"),
        (["A", "B", "B", "A", "B", "B", "A"], "A..A..A"),
        (["A", *NOTHING * GONE, "B", "A"], "A" + "." * GONE + "B."),
    ],
)
def test_one_of_ours_counts_until_it_is_gone(looks: list[str], answer: str) -> None:
    assert chosen(looks) == answer


@pytest.mark.parametrize(
    ("looks", "answer"),
    [
        (["w"] * UNTOLD, "." * UNTOLD),
        (["w"] * TOLD, "." * UNTOLD + "w"),
        (["w"] * (TOLD + 2), "." * UNTOLD + "www"),
        (["w"] * UNTOLD + ["A"], "." * UNTOLD + "A"),
        (["w"] * TOLD + ["wA", "Aw"], "." * UNTOLD + "wAA"),
        (["w", ""] * TOLD, ".." * UNTOLD + "w."),
    ],
)
def test_what_is_none_of_ours_counts_when_nothing_of_ours_comes(
    looks: list[str], answer: str
) -> None:
    assert chosen(looks) == answer


def test_what_has_been_told_is_scenery_for_as_long_as_it_stays() -> None:
    after = ["wA"] * 3 + ["w"] * 20 + ["wB"]
    assert chosen(["w"] * TOLD + after) == "." * UNTOLD + "w" + "AAA" + "." * 20 + "B"


def test_what_was_seen_beside_one_of_ours_is_never_told() -> None:
    assert chosen(["Aw"] + ["w"] * 30) == "A" + "." * 30


def test_what_was_gone_is_told_again() -> None:
    once = "." * UNTOLD + "w"
    assert chosen(["w"] * TOLD + NOTHING * GONE + ["w"] * TOLD) == once + "." * GONE + once


def test_two_strangers_are_told_one_after_the_other_and_each_once() -> None:
    looks = ["w"] * TOLD + ["wx"] * (TOLD + 1) + ["w"] * 10
    assert chosen(looks) == "." * UNTOLD + "w" + "w" * UNTOLD + "xx" + "." * 10


def test_a_code_that_is_too_long_is_no_card_of_ours() -> None:
    attention = Attention(GONE)
    long = "TS1:" + "A" * 297
    assert [attention.choose([long, "TS1:A"]), attention.choose([long])] == ["TS1:A", None]
    assert [Attention(GONE).choose([long]) for _ in range(3)] == [None] * 3


def test_what_is_gone_is_not_kept_in_memory() -> None:
    attention = Attention(GONE)
    for number in range(1000):
        attention.choose([str(number), str(-number)])
    assert len(attention._strangers) <= 2 * GONE
