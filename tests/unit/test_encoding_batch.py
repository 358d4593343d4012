"""The file of a batch, with everything that can be wrong about it, and what is kept beside it."""

import resource
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.encoding.batch import MOST_BYTES, MOST_CARDS, BatchCard, BatchError, read_batch
from kiosk.encoding.progress import Progress, ProgressError
from presence.card import CardRef
from presence.credential import issue_code
from presence.trust import Purpose, trust_list
from tests.builders import NOW, signing_key, trusted


def code(number: int, key: int = 1) -> str:
    signed = NOW.replace(microsecond=0)
    return issue_code(
        signing_key(number=key),
        CardRef(1, number),
        number.to_bytes(8),
        signed,
        signed + timedelta(days=999),
    )


TRUST = trust_list([trusted(signing_key())])
ONE, TWO = code(1), code(2)
CARDS = (BatchCard("card-1", ONE), BatchCard("card-2", TWO))


def faults(content: str | bytes, *, trust: bool = False) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(BatchError) as raised:
        read_batch(raw, "batch.csv", TRUST if trust else None)
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    "content",
    [
        f"card,code\ncard-1,{ONE}\ncard-2,{TWO}\n",
        f"\ufeffcard;code\r\ncard-1;{ONE}\r\n;\r\n card-2 ;{TWO}\r\n",
        f'code,Card,note\n"{ONE}",card-1,x\n{TWO},card-2,y',
    ],
)
def test_a_batch_is_read_as_the_server_or_a_spreadsheet_writes_it(content: str) -> None:
    assert read_batch(content.encode(), "batch.csv") == CARDS
    assert read_batch(content.encode(), "batch.csv", TRUST) == CARDS


@given(st.integers(0, 10_000))
def test_every_code_comes_through_a_batch_as_it_is(number: int) -> None:
    """Some end in a space."""
    raw = f"card,code\nA,{code(number)}\n".encode()
    assert read_batch(raw, "batch.csv", TRUST) == (BatchCard("A", code(number)),)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "batch.csv: holds no cards"),
        ("card,code\n", "batch.csv: holds no cards"),
        ("card\n", "batch.csv:1: code: has no column"),
        ("name;code\n", "batch.csv:1: card: has no column"),
        ("card,code,code\n", "batch.csv:1: code: stands in two columns"),
        (b"card,code\ncard-1,\xff\n", "batch.csv:2: is not in UTF-8"),
        (
            'card,code\n"a,b\n',
            "batch.csv:2: a cell is not closed, is too long, or ends wrongly",
        ),
        (f"card,code\n{ONE}\n", "batch.csv:2: has 1 cells, and the first line has 2"),
        (f"card,code\n,{ONE}\n", "batch.csv:2: card: must be a card's id"),
        (f"card,code\n\x1b[2J,{ONE}\n", "batch.csv:2: card: must be a card's id"),
        ("card,code\na,\n", "batch.csv:2: code: must begin with TS1:"),
        ("card,code\na,TS1:\n", "batch.csv:2: code: is damaged: not a whole code"),
        ("card,code\na,TS1:abc\n", "batch.csv:2: code: is damaged: not a whole code"),
        (f"card,code\na,{ONE[:-3]}\n", "batch.csv:2: code: is damaged: not a whole code"),
        (
            f"card,code\na,{ONE}{'A' * 300}\n",
            "batch.csv:2: code: is longer than 300 characters",
        ),
        (
            f"card,code\na,{ONE}\na,{TWO}\n",
            "batch.csv:3: card: the same card stands in line 2",
        ),
        (
            f"card,code\na,{ONE}\nb,{ONE}\n",
            "batch.csv:3: code: the same code stands in line 2",
        ),
        (b"\0" * (MOST_BYTES + 1), f"batch.csv: is longer than {MOST_BYTES} bytes"),
    ],
)
def test_a_fault_is_told_with_its_line(content: str | bytes, fault: str) -> None:
    assert faults(content) == [fault]


def test_all_faults_are_told_at_once_and_no_code_is_repeated() -> None:
    told = faults(f"card,code\n,{ONE}\nb,{TWO[:-1]}\nc,https://example.org/\nd,{code(9, key=2)}\n")
    assert [line.split(":")[1] for line in told] == ["2", "3", "4"]
    assert "example" not in " ".join(told)
    assert TWO[4:20] not in " ".join(told)


def test_with_a_trust_list_only_genuine_codes_are_let_in() -> None:
    forged = code(9, key=2)
    told = faults(f"card,code\na,{ONE}\nb,{forged}\n", trust=True)
    assert told == ["batch.csv:3: code: is not genuine: no key 02 for card"]
    wrong = ONE[:-5] + ("A" if ONE[-5] != "A" else "B") + ONE[-4:]
    assert "is not genuine" in faults(f"card,code\na,{wrong}\n", trust=True)[0]


def test_a_key_for_something_else_makes_no_card() -> None:
    other = trust_list([trusted(signing_key(Purpose.ROSTER))])
    with pytest.raises(BatchError, match="is not genuine"):
        read_batch(f"card,code\na,{ONE}\n".encode(), "batch.csv", other)


def test_no_more_cards_are_read_than_a_desk_can_write() -> None:
    bogus = [f"card-{number},{ONE}" for number in range(MOST_CARDS + 1)]
    told = faults("card,code\n" + "\n".join(bogus[: MOST_BYTES // len(bogus[-1]) - 100]))
    assert any("holds more than 2000 cards" in line for line in told)


@given(st.binary(max_size=400))
def test_no_file_whatever_makes_a_traceback(raw: bytes) -> None:
    for content in (raw, b"card,code\n" + raw):
        with pytest.raises(BatchError, match=r"batch\.csv"):
            read_batch(content, "batch.csv")


# --- what is kept ------------------------------------------------------------------------------


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def done(tmp_path: Path) -> Path:
    return tmp_path / "batch.csv.done"


def test_what_is_done_is_known_to_the_next_run(done: Path) -> None:
    with Progress(done) as progress:
        assert not progress.is_done(CARDS[0])
        progress.written(CARDS[0], NOW)
        assert progress.is_done(CARDS[0])
    with Progress(done) as progress:
        assert [progress.is_done(due) for due in CARDS] == [True, False]


def test_nobody_else_may_read_it_and_no_code_stands_in_it(done: Path) -> None:
    with Progress(done) as progress:
        progress.written(CARDS[0], NOW)
    assert stat.S_IMODE(done.stat().st_mode) == 0o600
    assert (
        done.read_text() == f"card-1,{done.read_text().split(',')[1]},written,{NOW:%FT%T}+00:00\n"
    )
    assert ONE not in done.read_text()


def test_a_card_with_another_code_is_not_done(done: Path) -> None:
    with Progress(done) as progress:
        progress.written(CARDS[0], NOW)
        assert not progress.is_done(BatchCard("card-1", TWO))


def test_a_card_that_was_overwritten_is_not_done_until_it_is_written_again(done: Path) -> None:
    with Progress(done) as progress:
        progress.written(CARDS[0], NOW)
        progress.overwritten(CARDS[0], NOW)
        assert not progress.is_done(CARDS[0])
    with Progress(done) as progress:
        assert not progress.is_done(CARDS[0])
        progress.written(CARDS[0], NOW)
    with Progress(done) as progress:
        assert progress.is_done(CARDS[0])


def test_a_power_cut_in_the_middle_of_a_line_costs_that_line_only(done: Path) -> None:
    with Progress(done) as progress:
        progress.written(CARDS[0], NOW)
        first = done.stat().st_size
        progress.written(CARDS[1], NOW)
    whole = done.read_bytes()
    for size in range(len(whole)):
        done.write_bytes(whole[:size])
        with Progress(done) as progress:
            assert [progress.is_done(due) for due in CARDS] == [size >= first, False]
            progress.written(CARDS[1], NOW)
        with Progress(done) as progress:
            assert [progress.is_done(due) for due in CARDS] == [size >= first, True]


def test_a_full_disk_leaves_no_half_line(done: Path) -> None:
    with Progress(done) as progress:
        progress.written(CARDS[0], NOW)
        size = done.stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            with pytest.raises(ProgressError, match="no space left"):
                progress.written(CARDS[1], NOW)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert done.stat().st_size == size
        assert not progress.is_done(CARDS[1])
        progress.written(CARDS[1], NOW)
    with Progress(done) as progress:
        assert [progress.is_done(due) for due in CARDS] == [True, True]


def test_two_processes_do_not_write_one_batch(done: Path) -> None:
    with Progress(done), pytest.raises(ProgressError, match="is at work on this batch"):
        Progress(done)
    with Progress(done):
        pass


def test_a_file_that_somebody_has_changed_is_not_guessed_at(done: Path) -> None:
    for content in (b"card-1,done\n", b"\xff\n"):
        done.write_bytes(content)
        with pytest.raises(ProgressError, match="move it away"):
            Progress(done)


def test_a_place_where_nothing_can_be_kept_is_told_and_leaves_nothing_open(tmp_path: Path) -> None:
    before = descriptors()
    with pytest.raises(ProgressError, match="No such file or directory"):
        Progress(tmp_path / "nowhere" / "batch.csv.done")
    with pytest.raises(ProgressError, match="Is a directory"):
        Progress(tmp_path)
    assert descriptors() == before
