"""One row carries all that the rule needs, in the answer and in the roster: whoever decides by it
gives one answer, and names arrive as they were written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.events import Surroundings, Told
from kiosk.roster import SqliteRoster
from kiosk.screen.view import view
from presence import codec
from presence.admission import decide
from presence.messages import Answer, Roster
from presence.roster import RosterRow, digest
from presence.topics import CHANNELS, Leaf
from presence.verdict import Basis, Outcome
from tests.builders import (
    CARD,
    KIOSK,
    NOW,
    OSLO,
    facts,
    held_card,
    house,
    presentation_id,
    roster_row,
)
from tests.checks.decision_doc import every_row
from tests.decisions.rows import Row

BOTH = [row for row in every_row() if len(row.bases) == 2 and row.facts(Basis.LIVE).row]


def over_the_wire(leaf: Leaf, message: Any) -> Any:
    channel = CHANNELS[leaf]
    return codec.decode(channel.message, codec.encode(message), channel.limit)


def in_a_roster(row: RosterRow) -> RosterRow:
    sent = Roster(kiosk=KIOSK, whole=True, house=house(), rows=(row,))
    (received,) = over_the_wire(Leaf.ROSTER, sent).rows
    assert isinstance(received, RosterRow)
    return received


@pytest.mark.parametrize("row", BOTH, ids=lambda row: row.when)
def test_online_and_offline_one_tap_differs_only_in_basis_outcome_and_age(row: Row) -> None:
    """The server's verdict and row go out in an answer. Later the kiosk decides alone, by the same
    row out of a roster."""
    live, alone = row.facts(Basis.LIVE), row.facts(Basis.ROSTER)
    assert live.row is not None
    sent = Answer(
        presentation=presentation_id(1), verdict=decide(live, row.at), at=row.at, row=live.row
    )
    received = over_the_wire(Leaf.ANSWER, sent)
    assert received.row == in_a_roster(live.row)
    by_itself = decide(replace(alone, row=in_a_roster(live.row)), row.at)
    assert by_itself == msgspec.structs.replace(
        received.verdict,
        basis=Basis.ROSTER,
        outcome=row.sure(Basis.ROSTER),
        as_of=alone.as_of,
    )
    if row.outcome is None:
        assert (received.verdict.outcome, by_itself.outcome) == (
            Outcome.CONFIRMED,
            Outcome.UNCONFIRMED,
        )


# --- names in any script ---------------------------------------------------------------------

NAMES = {
    "Norwegian": "Bjørn Åsmund",
    "composed": "Zo\u00eb",
    "decomposed": "Zoe\u0308",
    "many marks": "Z\u0336\u0310\u0489a\u0321\u0302l\u0338g\u0334o\u0315",
    "Arabic": "محمد",
    "Arabic with a direction mark": "\u200fمحمد\u200e",
    "an override of direction": "Kari\u202enimda",
    "Hebrew and Latin": "רות Ruth",
    "Chinese": "小明",
    "Thai": "สมชาย",
    "Devanagari with a joiner": "क्\u200dष",
    "emoji": "\U0001f469\u200d\U0001f9b3",
    "beyond the first plane": "\U00020bb7田",
    "zero width": "Ka\u200bri\ufeff",
    "quotes, markup and a backslash": "O'Neil <b>&\"\\",
    "control characters": "Ka\tri\nN",
    "one letter": "Å",
    "nothing": "",
    "long": "Wolfeschlegelsteinhausenbergerdorff " * 4,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_arrives_as_it_was_written_in_any_script(name: str, tmp_path: Path) -> None:
    row = roster_row(first_name=name, initial=name[:1])
    answer = Answer(presentation=presentation_id(1), verdict=decide(facts(), NOW), at=NOW, row=row)
    assert over_the_wire(Leaf.ANSWER, answer).row == row
    assert in_a_roster(row) == row
    kept = SqliteRoster(tmp_path / "roster.db")
    home = house(briefing=None)
    sent = Roster(kiosk=KIOSK, whole=True, house=home, rows=(row,), digest=digest(home, [row]))
    assert kept.apply(over_the_wire(Leaf.ROSTER, sent), NOW)
    kept.close()
    again = SqliteRoster(tmp_path / "roster.db")
    assert again.row(CARD) == row
    again.close()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_name_changes_what_is_decided_and_the_screen_says_it_as_it_is(name: str) -> None:
    plain, theirs = (decide(facts(row=roster_row(first_name=one)), NOW) for one in ("Kari", name))
    assert theirs == plain
    told = Told(theirs, name, "nb", seen=NOW)
    around = Surroundings(house(), is_connected=True)
    title = view(told, around, "nb", NOW.astimezone(OSLO)).title
    assert title == (f"Velkommen, {name}" if name else "Velkommen")


def test_two_ways_to_write_one_name_are_two_rosters() -> None:
    """What the register holds is not rewritten on its way."""
    composed, decomposed = (
        roster_row(first_name=NAMES[which]) for which in ("composed", "decomposed")
    )
    assert digest(house(), [composed]) != digest(house(), [decomposed])


def test_what_is_no_text_cannot_be_sent() -> None:
    """Half a character, as a program that cuts names by bytes would leave behind."""
    row = roster_row(first_name="Kari\ud83d")
    with pytest.raises(UnicodeEncodeError):
        codec.encode(Roster(kiosk=KIOSK, whole=True, house=house(), rows=(row,)))


def test_a_person_with_many_cards_is_one_row_and_each_card_is_found() -> None:
    cards = tuple(
        held_card(ref=msgspec.structs.replace(CARD, index=CARD.index + number))
        for number in range(40)
    )
    row = in_a_roster(roster_row(cards=cards))
    assert all(row.card(card.ref) == card for card in cards)
    assert decide(facts(row=row), NOW).reason == "ok"
