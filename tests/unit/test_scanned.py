"""From what a scanner sends to one code at a time, whatever it is set to send besides."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.readers.scanned import LONGEST_QR, Held, Lines, Scan, scans_in
from presence.base45 import encode
from presence.card import Evidence, SignedCode, Unreadable
from tests.hardware_mocks.qr_frames import genuine_code

ADA, BO = genuine_code(1), genuine_code(2)
QUIET = 2


def outcomes(scans: list[Scan]) -> list[Evidence | Unreadable]:
    return [scan.outcome for scan in scans]


def said(*pieces: bytes) -> list[Evidence | Unreadable]:
    """What is made of these pieces, and of the silence after them."""
    lines = Lines(QUIET)
    scans = [scan for piece in pieces for scan in lines.feed(piece)]
    for _ in range(QUIET):
        scans += lines.quiet()
    assert not lines.is_busy
    return outcomes(scans)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (ADA, SignedCode(ADA)),
        ("]Q3" + ADA, SignedCode(ADA)),
        ("]Q1s" + ADA, SignedCode(ADA)),
        ("s" + ADA, SignedCode(ADA)),
        ("\x02" + ADA, SignedCode(ADA)),
        (ADA + "~", SignedCode(ADA)),
        (ADA + "\x1d\x04", SignedCode(ADA)),
        ("\xff\x00\xfe" + ADA, SignedCode(ADA)),
        (ADA[:50] + "\0" + ADA[50:], SignedCode(ADA)),
        (ADA[:50] + "ø" + ADA[50:], Unreadable.GARBLED),
        ("TS1:", SignedCode("TS1:")),
        ("TS1:" + "A" * 297, Unreadable.TOO_LONG),
        ("ABCD" + ADA, Unreadable.UNSUPPORTED),
        (" " + ADA, Unreadable.UNSUPPORTED),
        (ADA.lower(), Unreadable.UNSUPPORTED),
        ("https://example.org/", Unreadable.UNSUPPORTED),
        ("7" * LONGEST_QR, Unreadable.UNSUPPORTED),
    ],
)
def test_a_code_is_found_between_what_a_scanner_adds(
    text: str, outcome: Evidence | Unreadable
) -> None:
    assert outcomes(scans_in(text)) == [outcome]


@pytest.mark.parametrize("text", ["", " ", "\0\0", "\xff\xf8\x00", "\x1d", " \t "])
def test_noise_on_the_line_is_no_scan(text: str) -> None:
    assert scans_in(text) == []


def test_codes_that_are_glued_together_are_taken_apart() -> None:
    assert outcomes(scans_in(ADA + BO)) == [SignedCode(ADA), SignedCode(BO)]
    assert outcomes(scans_in("]Q3" + ADA + "]Q3" + ADA)) == [SignedCode(ADA)] * 2
    one, two = "TS1:" + "000" * 60, "TS1:00" + "000" * 50  # together they are base45, and too long
    assert outcomes(scans_in(one + two)) == [SignedCode(one), SignedCode(two)]
    half = ADA[: len(ADA) // 2]
    assert outcomes(scans_in(half + BO)) == [SignedCode(half), SignedCode(BO)]


PAIRS = st.lists(st.integers(0, 65535), max_size=48).map(
    lambda pairs: encode(b"".join(pair.to_bytes(2) for pair in pairs))
)


@given(PAIRS, PAIRS)
def test_a_code_that_happens_to_hold_the_prefix_is_one_code(before: str, after: str) -> None:
    """`TS1:` is base45 itself: one genuine code in some 20,000 holds it."""
    code = "TS1:" + before + "TS1:00" + after
    assert outcomes(scans_in(code)) == [SignedCode(code)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\r\r\n\n", b""])
def test_any_terminator_ends_a_scan_and_so_does_silence(end: bytes) -> None:
    assert said(ADA.encode() + end) == [SignedCode(ADA)]


def test_a_code_that_comes_slowly_is_one_as_long_as_no_silence_is_too_long() -> None:
    lines = Lines(QUIET)
    for byte in ADA.encode():
        assert lines.feed(bytes([byte])) == []
        assert lines.quiet() == []
        assert lines.is_busy
    assert outcomes(lines.feed(b"\r")) == [SignedCode(ADA)]


PIECE = st.one_of(
    st.sampled_from([ADA.encode(), BO.encode(), b"\r", b"\n", b"]Q3", b"TS1:", b"\0", b"\xff"]),
    st.binary(max_size=40),
)
SENT = st.lists(PIECE, max_size=12).map(b"".join)


@given(SENT, st.lists(st.integers(0, 500), max_size=8))
def test_it_does_not_matter_in_which_pieces_bytes_arrive(sent: bytes, cuts: list[int]) -> None:
    at = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    parts = [sent[start:end] for start, end in pairwise(at)]
    assert said(*parts) == said(sent)


@given(SENT)
def test_whatever_came_before_the_next_card_works(sent: bytes) -> None:
    assert said(sent, b"\r", BO.encode(), b"\r")[-1] == SignedCode(BO)


def test_what_never_ends_takes_no_room() -> None:
    lines = Lines(QUIET)
    for _ in range(2000):
        assert lines.feed(b"7" * 4096) == []
    assert len(lines._begun) <= LONGEST_QR + 10
    assert outcomes(lines.feed(b"\r" + ADA.encode() + b"\r")) == [
        Unreadable.TOO_LONG,
        SignedCode(ADA),
    ]


def looks(*steps: str) -> str:
    """What is held up, look by look: a letter scans that card, `.` is a quiet look, `b` a busy
    one. A card is held up for three looks."""
    held = Held(3)
    seen = ""
    for step in steps:
        held.add(Scan(letter.encode(), SignedCode(letter)) for letter in step if letter.isupper())
        scan = held.look(step == "b")
        seen += "." if scan is None else scan.card.decode()
    return seen


@pytest.mark.parametrize(
    ("steps", "seen"),
    [
        ("...", "..."),
        ("A.....", "AAA..."),
        ("A..A...", "AAAAAA."),
        ("Abbbbb...", "AAAAAAAA."),
        ("AB....", "ABBB.."),
        ("bbA", "..A"),
    ],
)
def test_what_was_scanned_is_held_up_for_a_moment(steps: str, seen: str) -> None:
    assert looks(*steps) == seen


def test_several_scans_that_come_at_once_are_seen_one_after_the_other() -> None:
    assert looks("AB", ".", ".", ".", ".") == "ABBB."
