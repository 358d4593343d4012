"""From the server's cards to written ones: `tilstede-server card codes` and `tilstede card encode`,
as processes, with a terminal and without one."""

import os
import pty
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import sqlalchemy as sa

from kiosk.cli import main as tilstede
from presence.card import SignedCode
from presence.roster import CardState
from server import cli
from server.audit import AuditRow
from server.cards.models import Card as CardRow
from server.cards.services import set_state
from server.db import make_engine, writing
from server.keys import Keys, open_keys
from tests.databases import Databases
from tests.hardware_mocks.card_model import Card, blank_card, card_with_text
from tests.hardware_mocks.card_type4 import Type4Card
from tests.hardware_mocks.pcscd import Pcscd
from tests.integration.server_stand import NOW, card_id, code, make_database
from tests.unit.encoding_wire import evidence_on

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


@pytest.fixture
def url(sqlite: Databases) -> sa.URL:
    return make_database(sqlite)


@pytest.fixture
def config(tmp_path: Path, url: sa.URL, keys: Keys) -> Path:
    """A server's, whose keys are those of `keys`."""
    written = tmp_path / "server.toml"
    written.write_text(f'[data]\ndirectory = "{tmp_path}"\n[database]\nurl = "{url}"\n')
    return written


def codes(config: Path, *asked: str) -> int:
    batch = str(config.parent / "batch.csv")
    return cli.main(["card", "codes", "--config", str(config), "--to", batch, *asked])


def change(url: sa.URL, number: int, state: CardState) -> None:
    engine = make_engine(url)
    with writing(engine) as session, session.begin():
        set_state(session, NOW, card_id(number), state, "chapter")
    engine.dispose()


@pytest.fixture
def batch(config: Path) -> Path:
    assert codes(config, "--chapter", "fjordby") == 0
    return config.parent / "batch.csv"


# --- the server --------------------------------------------------------------------------------


def test_a_chapters_codes_are_written_without_a_name_and_for_nobody_else(
    batch: Path, keys: Keys
) -> None:
    lines = [f"{card_id(number)},{code(keys, number)}" for number in range(3)]
    assert batch.read_text().splitlines() == ["card,code", *lines]
    assert stat.S_IMODE(batch.stat().st_mode) == 0o600


def test_chosen_cards_come_in_the_order_they_were_asked_for(config: Path) -> None:
    assert codes(config, "--card", "card-2", "--card", "card-0") == 0
    written = (config.parent / "batch.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in written] == ["card", "card-2", "card-0"]


def test_who_gave_which_code_to_a_desk_is_in_the_journal(batch: Path, url: sa.URL) -> None:
    engine = make_engine(url)
    with writing(engine) as session:
        rows = session.scalars(sa.select(AuditRow).where(AuditRow.act == "give_code_to_desk"))
        assert [row.record for row in rows] == ["card/card-0", "card/card-1", "card/card-2"]
    engine.dispose()


@pytest.mark.parametrize("state", CardState)
def test_only_cards_that_may_be_carried_are_written(
    config: Path, url: sa.URL, capsys: pytest.CaptureFixture[str], state: CardState
) -> None:
    change(url, 0, state)
    may_be = state in (CardState.ORDERED, CardState.ACTIVE)
    assert codes(config, "--card", "card-0") == (0 if may_be else 1)
    batch = config.parent / "batch.csv"
    assert batch.exists() is may_be
    if not may_be:
        assert capsys.readouterr().err == f"card card-0: it is {state}\n"
    batch.unlink(missing_ok=True)
    assert codes(config, "--chapter", "fjordby") == 0
    assert ("card-0," in batch.read_text()) is may_be


def test_every_card_that_is_in_the_way_is_told_and_nothing_is_written(
    config: Path, url: sa.URL, capsys: pytest.CaptureFixture[str]
) -> None:
    change(url, 0, CardState.LOST)
    engine = make_engine(url)
    with writing(engine) as session, session.begin():
        session.get_one(CardRow, "card-1").valid_until = NOW.date().replace(year=2025)
    engine.dispose()
    asked = ["card-0", "card-1", "card-2", "card-2", "card-9"]
    assert codes(config, *(part for card in asked for part in ("--card", card))) == 1
    assert capsys.readouterr().err.splitlines() == [
        "card card-0: it is lost",
        "card card-1: its last day was 2025-11-24",
        "card card-2: asked for twice",
        "card card-9: no such card",
    ]
    assert not (config.parent / "batch.csv").exists()


def test_a_file_that_is_there_already_is_never_overwritten(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = config.parent / "batch.csv"
    batch.write_text("mine")
    assert codes(config, "--chapter", "fjordby") == 1
    assert capsys.readouterr().err == f"{batch} is there already; choose another name\n"
    assert batch.read_text() == "mine"


@pytest.mark.parametrize("chapter", ["nowhere", ""])
def test_a_chapter_that_is_not_there_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], chapter: str
) -> None:
    assert codes(config, "--chapter", chapter) == 1
    assert capsys.readouterr().err == f"no such chapter: {chapter}\n"
    assert not (config.parent / "batch.csv").exists()


def test_a_server_without_keys_makes_none_for_this(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = config.parent / "keys"
    keys.rename(config.parent / "elsewhere")
    assert codes(config, "--chapter", "fjordby") == 1
    assert capsys.readouterr().err == f"there are no keys in {keys}: start the server once\n"
    assert not keys.exists()


def test_a_code_that_no_kiosk_would_believe_is_given_to_nobody(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys were lost, and made anew after the cards."""
    keys = config.parent / "keys"
    keys.rename(config.parent / "elsewhere")
    open_keys(keys, NOW)
    assert codes(config, "--card", "card-0") == 1
    assert capsys.readouterr().err == (
        "card card-0: no kiosk would believe it: the key was not valid when the card was issued\n"
    )
    assert not (config.parent / "batch.csv").exists()


# --- the desk ----------------------------------------------------------------------------------


class Console:
    """`tilstede card encode` at a terminal."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._own, theirs = pty.openpty()
        self._seen = ""
        command = [sys.executable, "-m", "kiosk.cli", "card", "encode", *arguments]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)

    def until(self, words: str) -> str:
        """What stands there up to these words, since the last ones."""
        while words not in self._seen:
            ready, _, _ = select.select([self._own], [], [], PATIENCE)
            more = self._read() if ready else b""
            assert more, f"{words!r} did not come, but {self._seen!r}"
            self._seen += more.decode().replace("\r\n", "\n")
        before, _, self._seen = self._seen.partition(words)
        return before

    def type(self, words: str) -> None:
        os.write(self._own, words.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, list[str]]:
        """Its exit code, and the rest of what it said."""
        while more := self._read():
            self._seen += more.decode().replace("\r\n", "\n")
        return self.process.wait(PATIENCE), self._seen.splitlines()

    def _read(self) -> bytes:
        try:
            return os.read(self._own, 4096)
        except OSError:  # the other end is closed
            return b""


def quiet(*arguments: str) -> tuple[int, str, str]:
    """The command without a terminal: its exit code, what it said, and its errors."""
    command = [sys.executable, "-m", "kiosk.cli", "card", "encode", *arguments]
    came = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False
    )
    return came.returncode, came.stdout, came.stderr


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The errors of a command that ends before it has looked for a reader."""
    capsys.readouterr()
    assert tilstede(["card", "encode", *arguments]) == 2
    said, errors = capsys.readouterr()
    assert said == ""
    return errors


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as pcscd:
        yield pcscd


def uid(number: int) -> bytes:
    return bytes([4, number]) + bytes(5)


def test_a_batch_from_the_server_is_written_at_a_terminal(
    batch: Path, keys: Keys, pcscd: Pcscd
) -> None:
    [antenna] = pcscd.readers
    cards: list[Card] = [
        blank_card(uid=uid(1)),
        card_with_text("TS1:OF SOMEBODY", uid=uid(2)),
        Type4Card(),
    ]
    with Console([str(batch), "--trust", str(batch.parent / "keys" / "trust.json")]) as console:
        for number, card in enumerate(cards):
            console.until(f"Lay card card-{number} ({number + 1} of 3) on the reader.")
            antenna.hold(card)
            if number == 1:
                console.until("belongs to somebody")
                console.until("leave it as it is: ")
                console.type("yes\n")
            console.until(f"Card card-{number} is written and verified. Take it away.")
            antenna.lift()
        assert console.end() == (0, ["", "Written and verified: 3"])
    assert [evidence_on(card) for card in cards] == [
        SignedCode(code(keys, number)) for number in range(3)
    ]
    assert quiet(str(batch)) == (0, "Written and verified: 0\nWritten before: 3\n", "")


def test_what_was_typed_before_the_question_is_no_answer(batch: Path, pcscd: Pcscd) -> None:
    card = card_with_text("TS1:OF SOMEBODY")
    with Console([str(batch), "--card", "card-0"]) as console:
        console.type("yes\n")
        console.until("yes")
        console.until("on the reader.")
        pcscd.readers[0].hold(card)
        console.until("leave it as it is: ")
        console.type("\n")
        console.until("or type skip to go on without this one: ")
        console.type("skip\n")
        returned, lines = console.end()
    assert returned == 1
    assert lines[-1].startswith("Not written: card-0. This card belongs to somebody")
    assert evidence_on(card) == SignedCode("TS1:OF SOMEBODY")


def test_ctrl_c_ends_it_and_tells_what_is_left(batch: Path, pcscd: Pcscd) -> None:
    with Console([str(batch)]) as console:
        console.until("Lay card card-0")
        pcscd.readers[0].hold(blank_card())
        console.until("Lay card card-1")
        console.interrupt()
        returned, lines = console.end()
    assert returned == 1
    assert lines[-2:] == ["Written and verified: 1", "Left: 2. Run the same command to go on."]


def test_ctrl_c_is_an_answer_to_a_question(batch: Path, pcscd: Pcscd) -> None:
    card = card_with_text("TS1:OF SOMEBODY")
    with Console([str(batch)]) as console:
        pcscd.readers[0].hold(card)
        console.until("leave it as it is: ")
        console.interrupt()
        returned, lines = console.end()
    assert returned == 1
    assert lines[-1] == "Left: 3. Run the same command to go on."
    assert evidence_on(card) == SignedCode("TS1:OF SOMEBODY")


def test_a_second_ctrl_c_ends_it_though_pcscd_does_not_answer(batch: Path, pcscd: Pcscd) -> None:
    with Console([str(batch)]) as console:
        console.until("Lay card card-0")
        pcscd.freeze()
        console.interrupt()
        console.until("Ending after this card.")
        console.interrupt()
        assert console.end()[0] == 1
        pcscd.thaw()


def test_without_a_terminal_nothing_is_overwritten(batch: Path, pcscd: Pcscd) -> None:
    card = card_with_text("TS1:OF SOMEBODY")
    pcscd.readers[0].hold(card)
    returned, said, errors = quiet(str(batch), "--card", "card-0")
    assert (returned, errors) == (1, "")
    assert said.splitlines()[-2:] == [
        "Written and verified: 0",
        "Not written: card-0. This card belongs to somebody: it carries a code that is not in this"
        " batch. It was left as it was.",
    ]
    assert evidence_on(card) == SignedCode("TS1:OF SOMEBODY")


def test_a_card_is_written_again_when_that_is_asked_for(
    batch: Path, keys: Keys, pcscd: Pcscd
) -> None:
    for asked in (["--card", "card-1"], ["--again", "card-1"]):
        card = blank_card()
        pcscd.readers[0].hold(card)
        returned, said, _ = quiet(str(batch), *asked)
        assert (returned, said.splitlines()[-1]) == (0, "Written and verified: 1")
        assert evidence_on(card) == SignedCode(code(keys, 1))
    assert quiet(str(batch), "--card", "card-1")[1].splitlines()[-1] == "Written before: 1"


def test_a_card_is_made_read_only_with_a_warning(batch: Path, pcscd: Pcscd) -> None:
    card = blank_card()
    pcscd.readers[0].hold(card)
    returned, said, _ = quiet(str(batch), "--card", "card-1", "--lock")
    assert returned == 0
    assert said.splitlines()[0] == "Each card will be read-only for good."
    assert card.locks == b"\xff\xff"


def test_a_batch_with_a_fault_touches_no_card(
    batch: Path, pcscd: Pcscd, capsys: pytest.CaptureFixture[str]
) -> None:
    with batch.open("a") as file:
        file.write("card-0,TS1:NONSENSE\n")
    pcscd.readers[0].hold(blank_card())
    before = list(pcscd.readers[0].apdus)
    fault = f"{batch}:5: code: is damaged: not a whole code\n"
    assert refused(capsys, str(batch)) == fault
    assert list(pcscd.readers[0].apdus) == before
    assert not batch.with_name("batch.csv.done").exists()


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (["--card", "card-7"], "batch.csv: has no card 'card-7'"),
        (["--again", "card-7"], "batch.csv: has no card 'card-7'"),
        (["--trust", "/nowhere/trust.json"], "/nowhere/trust.json: No such file or directory"),
        (["--trust", "/dev/null"], "/dev/null: the trust list cannot be read"),
    ],
)
def test_what_cannot_be_begun_is_told(
    batch: Path, capsys: pytest.CaptureFixture[str], asked: list[str], fault: str
) -> None:
    assert fault in refused(capsys, str(batch), *asked)


def test_a_batch_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere.csv"
    assert refused(capsys, str(missing)) == f"{missing}: No such file or directory\n"


def test_without_pcscd_it_says_what_to_do(batch: Path, pcscd: Pcscd) -> None:
    pcscd.stop()
    why = "pcscd is not running: sudo systemctl start pcscd.socket"
    assert quiet(str(batch)) == (2, "", f"tilstede card: {why}\n")


def test_of_several_readers_one_has_to_be_named(batch: Path) -> None:
    with Pcscd(["ACS ACR1252", "HID Omnikey 5022 CL"]) as pcscd:
        returned, _, errors = quiet(str(batch))
        assert returned == 2
        assert "several readers, " in errors
        assert "--reader" in errors
        pcscd.readers[1].hold(blank_card())
        assert quiet(str(batch), "--card", "card-0", "--reader", "omnikey")[0] == 0
        assert "no reader named 'none'" in quiet(str(batch), "--reader", "none")[2]


def test_two_desks_do_not_write_one_batch(
    batch: Path, pcscd: Pcscd, capsys: pytest.CaptureFixture[str]
) -> None:
    with Console([str(batch)]) as console:
        console.until("Lay card card-0")
        errors = refused(capsys, str(batch))
        assert "another `tilstede card encode` is at work on this batch" in errors
