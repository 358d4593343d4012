"""Which chip is in which card: registered one by one or as a list, and never readable as a UID."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from presence.card import CardRef
from presence.roster import CardState
from server import cli
from server.audit import AuditRow
from server.cards import chip_list
from server.cards.chip_list import ChipListError
from server.cards.chips import (
    ChipError,
    NewChip,
    chip_name,
    forget_chip,
    known_chip_of,
    legacy_cards,
    register_chip,
    uid_from,
)
from server.cards.models import Card, Chip, ChipKind
from server.cards.services import set_state
from server.cards.sun import ChipKeys
from server.db import writing
from tests.databases import Databases
from tests.integration.pages_stand import Site
from tests.integration.server_stand import CHAPTER, NOW, card_id, make_database, place

KEYS = ChipKeys(meta=bytes(16), file=bytes(16), index=bytes(range(32)))
UID = bytes.fromhex("04a1b2c3d4e5f6")
OLD = bytes.fromhex("8a1b2c3d")
SUN, LEGACY = ChipKind.SUN, ChipKind.UID


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


def register(session: Session, number: int, kind: ChipKind, uid: bytes) -> bool:
    return register_chip(session, NOW, KEYS, NewChip(card_id(number), kind, uid), "chapter")


def card_of(session: Session, uid: bytes) -> CardRef | None:
    known = known_chip_of(session, chip_name(KEYS, uid))
    return None if known is None else known.card


def acts(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        sa.select(AuditRow.act, AuditRow.record).where(AuditRow.act.like("%chip")).order_by("id")
    )
    return [(act, record) for act, record in rows]


# --- one -------------------------------------------------------------------------------------


def test_a_card_may_have_one_chip_of_each_kind(session: Session) -> None:
    assert register(session, 0, SUN, UID)
    assert register(session, 0, LEGACY, OLD)
    assert (card_of(session, UID), card_of(session, OLD)) == (place(0), place(0))
    assert acts(session) == [
        ("register_sun_chip", "card/card-0"),
        ("register_uid_chip", "card/card-0"),
    ]


def test_what_is_registered_again_changes_nothing(session: Session) -> None:
    assert register(session, 0, SUN, UID)
    assert not register(session, 0, SUN, UID)
    assert len(acts(session)) == 1


def test_no_uid_stands_in_the_database(session: Session) -> None:
    register(session, 0, SUN, UID)
    register(session, 1, LEGACY, OLD)
    stored = [str(tuple(row)) for row in session.execute(sa.select(Chip.__table__))]
    stored += [str(tuple(row)) for row in session.execute(sa.select(AuditRow.__table__))]
    for uid in (UID, OLD):
        assert [row for row in stored if uid.hex() in row.lower() or repr(uid) in row] == []
        assert uid.hex() not in repr(NewChip("card-0", SUN, uid)).lower()


def test_another_secret_knows_no_chip_by_its_uid() -> None:
    other = ChipKeys(meta=KEYS.meta, file=KEYS.file, index=bytes(32))
    assert chip_name(other, UID) != chip_name(KEYS, UID)


def test_a_chip_is_in_one_card_only(session: Session) -> None:
    register(session, 0, LEGACY, UID)
    with pytest.raises(ChipError, match="another card that is in use"):
        register(session, 1, LEGACY, UID)
    with pytest.raises(ChipError, match="for this card as uid"):
        register(session, 0, SUN, UID)
    assert card_of(session, UID) == place(0)


def test_a_card_has_no_two_chips_of_one_kind(session: Session) -> None:
    register(session, 0, LEGACY, UID)
    with pytest.raises(ChipError, match="another chip of the kind uid"):
        register(session, 0, LEGACY, OLD)


@pytest.mark.parametrize("state", CardState)
def test_only_the_chip_of_a_card_that_nobody_holds_may_go_into_another_one(
    session: Session, state: CardState
) -> None:
    register(session, 0, LEGACY, OLD)
    set_state(session, NOW, card_id(0), state, "chapter")
    if state in (CardState.RETURNED, CardState.DESTROYED, CardState.REPLACED):
        with pytest.raises(ChipError, match=f"that is {state} gets no chip"):
            register(session, 0, SUN, UID)
        assert register(session, 1, LEGACY, OLD)
        assert card_of(session, OLD) == place(1)
    else:
        with pytest.raises(ChipError, match="in use"):
            register(session, 1, LEGACY, OLD)
        assert register(session, 0, SUN, UID)


def test_no_chip_is_registered_for_a_card_that_is_not_there(session: Session) -> None:
    with pytest.raises(LookupError, match="no such card"):
        register(session, 99, SUN, UID)
    with pytest.raises(LookupError, match="no such card"):
        forget_chip(session, NOW, card_id(99), SUN, "chapter")


def test_a_mistake_can_be_taken_back(session: Session) -> None:
    register(session, 0, LEGACY, OLD)
    assert forget_chip(session, NOW, card_id(0), LEGACY, "chapter")
    assert not forget_chip(session, NOW, card_id(0), LEGACY, "chapter")
    assert card_of(session, OLD) is None
    assert register(session, 1, LEGACY, OLD)
    assert acts(session)[1] == ("forget_uid_chip", "card/card-0")


def test_a_chip_that_calculates_has_a_uid_of_seven_bytes(session: Session) -> None:
    with pytest.raises(ChipError, match="7 bytes"):
        register(session, 0, SUN, OLD)


@pytest.mark.parametrize(
    "text", ["04a1b2c3d4e5f6", "04 A1 B2 C3 D4 E5 F6", " 04:a1:b2:c3-D4-e5-f6\n"]
)
def test_a_uid_is_read_as_people_write_it(text: str) -> None:
    assert uid_from(text) == UID


@pytest.mark.parametrize(
    "text",
    ["", "04", "04a1b2c3d4", "04a1b2c3d4e5f", "hello!!", "0x8a1b2c3d", "\u0661" * 8, "8a" * 11],
)
def test_what_is_no_uid_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ChipError) as raised:
        uid_from(text)
    assert str(raised.value) == "a UID has 4, 7 or 10 bytes in hexadecimal digits"


def test_a_uid_that_is_made_up_at_every_touch_is_refused() -> None:
    with pytest.raises(ChipError, match="another one at every touch"):
        uid_from("08a1b2c3")


# --- how many rely on an old one -------------------------------------------------------------


def test_cards_in_use_that_have_nothing_but_a_legacy_chip_are_counted(session: Session) -> None:
    for number in range(3):
        register(session, number, LEGACY, OLD[:3] + bytes([number]))
    assert legacy_cards(session, CHAPTER) == legacy_cards(session, None) == 3
    register(session, 0, SUN, UID)
    set_state(session, NOW, card_id(1), CardState.LOST, "chapter")
    session.flush()
    assert legacy_cards(session, CHAPTER) == 1


def test_a_chapters_page_tells_how_many_cards_rely_on_an_old_chip(
    story: Site, client: FlaskClient
) -> None:
    assert "gammel brikke" not in client.get("/alerts").text
    with story.writes() as session:
        card = session.scalars(sa.select(Card).where(Card.state == CardState.ACTIVE)).first()
        assert card is not None
        chapter = card.chapter_id
        register_chip(session, NOW, KEYS, NewChip(card.id, LEGACY, OLD), "chapter")
    assert "1 kort i bruk har en gammel brikke" in client.get(f"/alerts?chapter={chapter}").text


# --- a list ----------------------------------------------------------------------------------


def take(session: Session, *rows: str, header: str = "card;uid;kind") -> int:
    found = chip_list.read("\n".join((header, *rows)).encode())
    return chip_list.take_over(session, NOW, KEYS, found, "chips.csv", "chapter")


def refused(session: Session, *rows: str, header: str = "card;uid;kind") -> list[str]:
    with pytest.raises(ChipListError) as raised:
        take(session, *rows, header=header)
    session.rollback()
    return str(raised.value).split("\n")


def test_a_list_is_taken_over_and_may_be_brought_again(session: Session) -> None:
    rows = ("card-0;04a1b2c3d4e5f6;sun", "", " card-0 ; 8A1B2C3D ;", "card-1;8a1b2c3e;uid")
    assert take(session, *rows) == 3
    assert take(session, *rows) == 0
    assert take(session, "8A:1B:2C:3F,card-2", header="UID,card") == 1
    assert card_of(session, bytes.fromhex("8a1b2c3f")) == place(2)


def test_every_fault_of_a_list_is_told_with_its_line_and_nothing_of_it_is_kept(
    session: Session,
) -> None:
    register(session, 1, LEGACY, UID)
    session.commit()
    assert refused(
        session,
        "card-0;8a1b2c3d;uid",
        "card-0;8a1b2c3e;uid",
        "card-2;8a1b2c3d;uid",
        ";zz;nfc",
        "card-99;8a1b2c40;uid",
        "card-2;04a1b2c3d4e5f6;sun",
        "card-2;8a1b2c41",
    ) == [
        "chips.csv:3: card: the same card has a chip of this kind in line 2",
        "chips.csv:4: uid: the same chip stands in line 2",
        "chips.csv:5: card: must be a card's id",
        "chips.csv:5: kind: must be one of: sun, uid",
        "chips.csv:5: uid: a UID has 4, 7 or 10 bytes in hexadecimal digits",
        "chips.csv:6: card: no such card",
        "chips.csv:7: uid: this chip is registered for another card that is in use",
        "chips.csv:8: has 2 cells, and the first line has 3",
    ]
    assert session.scalars(sa.select(Chip.card_id)).all() == ["card-1"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "chips.csv: holds no chips"),
        (b"card;uid\n", "chips.csv: holds no chips"),
        (b"card;uid\n\xff", "chips.csv:2: is not in UTF-8"),
        (b"card\n", "chips.csv:1: uid: has no column"),
        (b'card;uid\n"a;b', "chips.csv:2: a cell is not closed, is too long, or ends wrongly"),
    ],
)
def test_a_file_that_is_no_list_is_refused(session: Session, content: bytes, fault: str) -> None:
    with pytest.raises(ChipListError) as raised:
        chip_list.take_over(session, NOW, KEYS, chip_list.read(content), "chips.csv", "chapter")
    assert str(raised.value) == fault


# --- the commands ----------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, sqlite: Databases) -> Path:
    url = make_database(sqlite)
    written = tmp_path / "server.toml"
    written.write_text(f'[data]\ndirectory = "{tmp_path}"\n[database]\nurl = "{url}"\n')
    return written


def run(config: Path, *asked: str) -> int:
    return cli.main([*asked, "--config", str(config)])


def test_a_chip_is_registered_and_forgotten_by_a_command(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ("card", "chip", "--card", "card-0", "--kind", "uid", "--uid", "8A:1B:2C:3D")
    assert [run(config, *one), run(config, *one)] == [0, 0]
    forget = ("card", "forget-chip", "--card", "card-0", "--kind", "uid")
    assert [run(config, *forget), run(config, *forget)] == [0, 0]
    assert capsys.readouterr().out.splitlines() == [
        "the chip is registered",
        "the chip was registered already",
        "the chip is forgotten",
        "the card had no such chip",
    ]


@pytest.mark.parametrize(
    ("card", "uid", "kind", "fault"),
    [
        ("card-9", "8a1b2c3d", "uid", "no such card"),
        ("card-0", "8a1b2c3", "uid", "a UID has 4, 7 or 10 bytes in hexadecimal digits"),
        ("card-0", "8a1b2c3d", "sun", "a chip that calculates has a UID of 7 bytes"),
    ],
)
def test_a_chip_that_cannot_be_registered_is_an_error_and_no_traceback(
    config: Path, capsys: pytest.CaptureFixture[str], card: str, uid: str, kind: str, fault: str
) -> None:
    assert run(config, "card", "chip", "--card", card, "--uid", uid, "--kind", kind) == 1
    assert capsys.readouterr().err == f"{fault}\n"


def test_a_list_is_taken_over_by_a_command_and_the_server_knows_its_chips(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brought = config.parent / "chips.csv"
    brought.write_text("card;uid\ncard-0;8a1b2c3d\ncard-1;8a1b2c3e\n")
    assert run(config, "import", "chips", str(brought)) == 0
    assert capsys.readouterr().out == (
        f"{brought}: 2 chips were added; 0 were registered already\n"
    )
    brought.write_text("card;uid\ncard-2;8a1b2c3d\n")
    assert run(config, "import", "chips", str(brought)) == 1
    assert "chips.csv:2: uid: this chip is registered" in capsys.readouterr().err
    assert run(config, "import", "chips", str(brought.with_name("nowhere.csv"))) == 1
    assert "nowhere.csv" in capsys.readouterr().err
