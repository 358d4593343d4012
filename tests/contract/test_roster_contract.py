"""What the loop may rely on, whichever roster it has (ports `Roster` and `Home`)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.events import HouseChanged
from kiosk.roster import SqliteRoster
from presence.briefing import Briefing, BriefingVersion, Section, SectionKind
from presence.card import CardRef
from presence.ids import VolunteerId
from presence.messages import Briefings, Roster
from presence.roster import RosterRow
from tests.builders import CARD, KIOSK, NOW, held_card, house, roster_row
from tests.fakes.world import MemoryRoster

AnyRoster = MemoryRoster | SqliteRoster
OTHER = CardRef(3, 77)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", "sqlite"])
def roster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyRoster]:
    if request.param == "memory":
        yield MemoryRoster()
        return
    opened = SqliteRoster(tmp_path / "roster.db")
    yield opened
    opened.close()


def other(**changes: object) -> RosterRow:
    plain = {"volunteer": VolunteerId("v-0002"), "first_name": "Ola", **changes}
    return roster_row(held_card(ref=OTHER), **plain)


def whole(*rows: RosterRow) -> Roster:
    return Roster(kiosk=KIOSK, whole=True, house=house(), rows=rows)


def test_a_new_roster_knows_nothing(roster: AnyRoster) -> None:
    assert roster.row(CARD) is None
    assert roster.as_of() is None
    assert roster.known() == HouseChanged(None, {})
    assert roster.digests() == (None, None)


def test_a_person_is_found_by_any_of_her_cards(roster: AnyRoster) -> None:
    row = roster_row(cards=(held_card(), held_card(ref=OTHER)))
    roster.learn(row, NOW)
    assert (roster.row(CARD), roster.row(OTHER)) == (row, row)


def test_an_older_row_does_not_replace_a_newer_one(roster: AnyRoster) -> None:
    newer, older = roster_row(version=8), roster_row(version=7, first_name="Nobody")
    roster.learn(newer, NOW)
    roster.learn(older, NOW)
    assert roster.row(CARD) == newer


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_answer_that_was_long_on_its_way_does_not_bring_back_what_a_roster_took_away(
    roster: AnyRoster, is_whole: bool
) -> None:
    gone = () if is_whole else (other().volunteer,)
    taking = Roster(kiosk=KIOSK, whole=is_whole, house=house(), rows=(), gone=gone)
    roster.learn(other(version=44), NOW)
    roster.apply(taking, NOW + MINUTE)
    roster.learn(other(version=39), NOW - MINUTE)
    assert roster.row(OTHER) is None
    back = other(version=45)
    roster.learn(back, NOW + 2 * MINUTE)
    assert roster.row(OTHER) == back


def test_a_whole_roster_replaces_all_and_changed_rows_are_merged(roster: AnyRoster) -> None:
    roster.learn(other(), NOW)
    assert roster.apply(whole(roster_row()), NOW)
    assert roster.row(OTHER) is None
    change = Roster(kiosk=KIOSK, whole=False, house=house(name="Nordstrand"), rows=(other(),))
    assert roster.apply(change, NOW + MINUTE)
    assert (roster.row(CARD), roster.row(OTHER)) == (roster_row(), other())
    assert roster.known() == HouseChanged(house(name="Nordstrand"), {})


def test_who_is_gone_is_forgotten_and_an_older_row_in_a_roster_does_no_harm(
    roster: AnyRoster,
) -> None:
    roster.apply(whole(roster_row(version=8), other()), NOW)
    change = Roster(
        kiosk=KIOSK,
        whole=False,
        house=house(),
        rows=(roster_row(version=7, first_name="Nobody"),),
        gone=(VolunteerId("v-0002"),),
    )
    roster.apply(change, NOW + MINUTE)
    assert (roster.row(CARD), roster.row(OTHER)) == (roster_row(version=8), None)


def test_the_last_contact_is_the_latest_time_of_the_server(roster: AnyRoster) -> None:
    roster.heard(NOW)
    roster.heard(NOW - MINUTE)
    assert roster.as_of() == NOW
    roster.apply(whole(), NOW + MINUTE)
    assert roster.as_of() == NOW + MINUTE


def test_briefings_are_kept_by_language(roster: AnyRoster) -> None:
    section = Section((SectionKind.LIFT,), "Heis", ("Ikke bruk heis.",))
    texts = {
        language: Briefing(BriefingVersion(3), language, (section,)) for language in ("nb", "en")
    }
    roster.keep(Briefings(kiosk=KIOSK, briefings=tuple(texts.values())))
    assert roster.known() == HouseChanged(None, texts)
    assert roster.digests()[1] is not None
