"""A register of volunteers as a file: every fault with its line and column, and never a crash."""

import csv
import io
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from presence.settings import Fault
from server import sheets
from server.people import names, register
from server.people.register import COLUMNS, OPTIONAL, Entry, Register

TODAY = date(2026, 11, 24)
HEADER = ";".join((*COLUMNS, *OPTIONAL))
ANNA = "Anna;Moen;1958-05-17;nb;Fjordby;2020-03-01;2026-11-24"
ANNA_READ = Entry(
    2,
    "Anna",
    "Moen",
    date(1958, 5, 17),
    "nb",
    "Fjordby",
    date(2020, 3, 1),
    date(2026, 11, 24),
)


def read(*lines: str) -> Register:
    return register.read("\n".join((HEADER, *lines)).encode(), TODAY)


def faults(*lines: str) -> list[tuple[int | None, str]]:
    found = read(*lines)
    return [(fault.line, fault.key) for fault in found.faults]


def with_cell(column: str, cell: str) -> str:
    cells = dict(zip((*COLUMNS, *OPTIONAL), ANNA.split(";"), strict=True)) | {column: cell}
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="").writerow(cells.values())
    return line.getvalue()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_it_is_read_as_spreadsheets_write_it(mark: bytes, delimiter: str, ending: str) -> None:
    text = ending.join((HEADER, ANNA, "")).replace(";", delimiter)
    assert register.read(mark + text.encode(), TODAY) == Register([ANNA_READ], [])


def test_columns_may_stand_in_any_order_and_the_optional_one_may_be_missing() -> None:
    text = (
        " Language ,chapter,last_name,first_name,MEMBER_SINCE,birth_date\n"
        'nb,"Fjord, by",Moen,Anna,2020-03-01,1958-05-17\n'
    )
    (entry,) = register.read(text.encode(), TODAY).entries
    assert (entry.chapter, entry.first_name, entry.card_from) == ("Fjord, by", "Anna", None)


def test_empty_lines_are_nothing_and_lines_are_counted_as_an_editor_does() -> None:
    assert faults("", ANNA, ";;;;;;", '"An\nna";Moen;1958-05-17;nb;Fjordby;2020-03-01;', "x") == [
        (5, "first_name"),
        (7, ""),
    ]


def test_all_faults_of_all_rows_are_told_at_once() -> None:
    assert faults("Anna;;17.5.1958;nn;;2020-03-01;today", ANNA, ";Moen;;nb;Fjordby;;") == [
        (2, "last_name"),
        (2, "birth_date"),
        (2, "language"),
        (2, "chapter"),
        (2, "card_from"),
        (4, "first_name"),
        (4, "birth_date"),
        (4, "member_since"),
    ]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("first_name", "=cmd|' /C calc'!A0"),
        ("first_name", "@SUM(A1)"),
        ("first_name", "-2+3"),
        ("first_name", "-Anna"),
        ("first_name", "."),
        ("first_name", "A" * 10_000),
        ("first_name", "An\x00na"),
        ("first_name", "Anna 🦄"),
        ("first_name", "An\u202ena"),
        ("first_name", "<b>Anna</b>"),
        ("last_name", "\u00a0"),
        ("language", "klingon"),
        ("birth_date", "1958-5-17"),
        ("birth_date", "19580517"),
        ("birth_date", "1958-W20-1"),
        ("birth_date", "1958-02-29"),
        ("birth_date", "1899-12-31"),
        ("birth_date", "2026-11-25"),
        ("birth_date", "٢٠٢٠-٠١-٠١"),
        ("member_since", "2026-11-25"),
        ("member_since", "1958-05-17"),
        ("card_from", "2020-02-29"),
        ("card_from", "9999-12-31"),
    ],
)
def test_a_cell_that_cannot_be_is_one_fault_of_its_column(column: str, cell: str) -> None:
    (fault,) = read(ANNA.replace("Anna", "Per"), with_cell(column, cell)).faults
    assert (fault.line, fault.key) == (3, column)


@pytest.mark.parametrize("name", ["=cmd()", "B" * 500, "Secret\x07"])
def test_what_stands_in_a_cell_is_not_repeated(name: str) -> None:
    found = read(with_cell("first_name", name), with_cell("chapter", "") + ";" + name)
    assert len(found.faults) == 2
    assert all(name not in fault.what + fault.key for fault in found.faults)


@pytest.mark.parametrize(
    "name",
    [
        "Åse-Marie",
        "O’Brien",
        "D'Arc",
        "Ánde",
        "Øyvind H.",
        "李",
        "Фёдор",
        "علی‌رضا",
        "राम",
        "Nguyễn",
    ],
)
def test_people_may_be_called_so(name: str) -> None:
    (entry,) = read(with_cell("first_name", name)).entries
    assert entry.first_name == name


def test_two_ways_to_store_a_letter_are_one_name() -> None:
    stored_apart, stored_as_one = "A\u030ase", "\u00c5SE"
    one, other = read(
        with_cell("first_name", stored_apart), with_cell("first_name", stored_as_one)
    ).entries
    assert one.who == other.who
    assert names.plain(stored_apart) == names.plain(stored_as_one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", [Fault(None, "", "holds no volunteers")]),
        (HEADER.encode(), [Fault(None, "", "holds no volunteers")]),
        (HEADER.encode() + b"\nAnna\xff;", [Fault(2, "", "is not in UTF-8")]),
        ((HEADER + "\n" + ANNA).encode("utf-16"), [Fault(1, "", "is not in UTF-8")]),
        (HEADER.replace("chapter;", "").encode(), [Fault(1, "chapter", "has no column")]),
        ((HEADER + ";language").encode(), [Fault(1, "language", "stands in two columns")]),
    ],
)
def test_a_file_that_is_no_register_says_why(text: bytes, expected: list[Fault]) -> None:
    assert register.read(text, TODAY) == Register([], expected)


def test_a_file_without_a_header_does_not_show_its_first_person() -> None:
    found = register.read(ANNA.encode(), TODAY)
    assert "column 1 is none of first_name, last_name" in found.faults[0].what
    assert all("Moen" not in fault.what for fault in found.faults)


@pytest.mark.parametrize(
    "row",
    [
        ANNA.replace("Anna", '"Anna'),
        ANNA.replace("Anna", '"An"na'),
        ANNA.replace("Anna", "x" * 200_000),
    ],
)
def test_what_is_no_csv_ends_at_its_line(row: str) -> None:
    found = read(ANNA, row)
    assert found.entries == [ANNA_READ]
    assert found.faults[0].line == 3


def test_a_file_without_end_is_not_read() -> None:
    (fault,) = register.read(b"x" * (sheets.MOST_BYTES + 1), TODAY).faults
    assert fault.what == "is longer than 10000000 bytes"


@given(st.binary() | st.text().map(str.encode))
@example(b"\x00")
@example(b"\r")
@example(b'first_name\r"')
def test_no_bytes_are_a_crash(raw: bytes) -> None:
    found = register.read(raw, TODAY)
    assert bool(found.entries) or bool(found.faults)


@given(st.lists(st.text(), min_size=7, max_size=7))
def test_no_cells_are_a_crash_and_every_fault_has_its_place(cells: list[str]) -> None:
    row = io.StringIO()
    csv.writer(row, delimiter=";", lineterminator="\n").writerow(cells)
    found = register.read(f"{HEADER}\n{row.getvalue()}".encode("utf-8", "surrogatepass"), TODAY)
    assert bool(found.entries) != bool(found.faults)
