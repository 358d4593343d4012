"""What is read in a picture: on a set of pictures made from a seed, and on anything at all."""

import random

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.readers.attention import Attention
from kiosk.readers.codes import our_code
from kiosk.readers.frames import EAGER, EVERY, Frame, Stillness
from kiosk.readers.qr import QrDecoder
from presence.card import MAX_CODE_CHARACTERS
from tests.hardware_mocks.qr_frames import (
    GRADES,
    HEIGHT,
    KINDS,
    WIDTH,
    Light,
    Pose,
    card_frame,
    empty_frame,
    genuine_code,
    photograph,
    seeded_frames,
)

CODE = genuine_code(7)
HALL = empty_frame(5)
HELPED = ("noisy", "dark", "faded", "rough paper", "everything at once")
GONE = 3
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CASES = 20 * settings.default.max_examples if settings.default else 2000
LOOKS = 2
"""One at the picture as it is, one blurred."""


def bare(frame: Frame) -> list[str]:
    """zxing-cpp by itself (HARDWARE: without rotation, smaller pictures and inversion)."""
    found = zxingcpp.read_barcodes(
        frame,
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]),
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    return [code.text for code in found]


def looked_at(frame: Frame) -> list[str]:
    decoder = QrDecoder()
    return [text for _ in range(LOOKS) for text in decoder.texts(frame)]


def is_looked_at_twice(frame: Frame) -> bool:
    """When it comes into the picture of a hall that has been empty for a while."""
    stillness = Stillness()
    for _ in range(EAGER + EVERY):
        stillness.is_worth_a_look(HALL)
    return all(stillness.is_worth_a_look(frame) for _ in range(LOOKS))


@pytest.mark.parametrize("kind", KINDS)
def test_no_fewer_codes_are_read_than_zxing_reads_by_itself(kind: str) -> None:
    by_itself = ours = 0
    for _, code, frame in seeded_frames(kinds=[kind]):
        assert is_looked_at_twice(frame)
        texts = looked_at(frame)
        assert set(texts) <= {code}, "a text that is on no card"
        ours += code in texts
        by_itself += code in bare(frame)
    assert ours >= by_itself > GRADES // 5
    assert ours < GRADES or kind not in ("tilted", "under a thumb"), "this kind tests nothing"
    if kind in HELPED:
        assert ours > by_itself, "blurring brings these back"


def test_a_picture_that_rests_is_looked_at_as_it_is_and_blurred_in_turns() -> None:
    found = set()
    for _, code, frame in seeded_frames(kinds=["far away", "noisy"]):
        decoder = QrDecoder()
        found.add(tuple(code in decoder.texts(frame) for _ in range(4)))
    sharp, blurred = (True, False, True, False), (False, True, False, True)
    assert {sharp, blurred} <= found <= {sharp, blurred, (True,) * 4, (False,) * 4}


def test_the_set_is_the_same_for_the_same_seed_and_every_picture_is_another() -> None:
    kinds = ["as most people hold it"]
    first, again = list(seeded_frames(3, kinds)), list(seeded_frames(3, kinds))
    assert all((one.frame == two.frame).all() for one, two in zip(first, again, strict=True))
    assert [one.code for one in first] == [two.code for two in again]
    other = next(iter(seeded_frames(4, kinds)))
    assert (other.frame != first[0].frame).any()
    assert len({one.code for one in [*first, other]}) == GRADES + 1


def test_pictures_are_what_a_camera_gives() -> None:
    for frame in (card_frame(CODE), empty_frame(), next(iter(seeded_frames())).frame):
        assert frame.shape == (HEIGHT, WIDTH)
        assert frame.dtype == np.uint8


def test_every_code_in_the_picture_is_read_the_nearest_first() -> None:
    held = [(genuine_code(n), Pose(180 + 60 * n, centre=(190 + 380 * n, 360))) for n in range(3)]
    assert QrDecoder().texts(photograph(held)) == [code for code, _ in reversed(held)]


@pytest.mark.parametrize("way", [0, 90, 180, 270, 45, 200])
def test_a_card_may_be_held_any_way_up(way: float) -> None:
    assert QrDecoder().texts(photograph([(CODE, Pose(turn=way))])) == [CODE]


@pytest.mark.parametrize("centre", [(0, 360), (1280, 360), (640, 0), (640, 720), (1250, 700)])
def test_a_code_that_is_half_out_of_the_picture_says_nothing(centre: tuple[float, float]) -> None:
    assert looked_at(photograph([(CODE, Pose(centre=centre))])) == []


def test_an_empty_room_says_nothing() -> None:
    assert [text for seed in range(10) for text in looked_at(empty_frame(seed))] == []


def test_the_longest_code_is_read_to_its_last_character() -> None:
    longest = "TS1:" + "0123456789ABCDEF" * 18 + "%*+-./: "
    assert len(longest) == MAX_CODE_CHARACTERS
    assert QrDecoder().texts(photograph([(longest, Pose(size=500))])) == [longest]


def drawn(dice: random.Random) -> str:
    """What may be in somebody's QR code, up to the largest."""
    kind = dice.choice(["ours", "ours, damaged", "digits", "letters", "bytes", "words"])
    long = dice.random() < 0.02
    match kind:
        case "ours":
            return "TS1:" + "".join(dice.choices(ALPHABET, k=dice.randrange(320)))
        case "ours, damaged":
            at = dice.randrange(len(CODE))
            return (
                CODE[:at] + dice.choice(["", "\0", "ø", "TS1:", "ts1:", "]Q3", "\r\n"]) + CODE[at:]
            )
        case "digits":
            return "7" * (7089 if long else dice.randrange(1, 300))
        case "letters":
            return "A" * (4296 if long else dice.randrange(1, 300))
        case "bytes":
            count = 2953 if long else dice.randrange(1, 150)
            return dice.randbytes(count).decode("latin-1") if count < 150 else "x" * count
        case _:
            return dice.choice(
                ["https://example.org/", "BEGIN:VCARD\nFN:Ola\n", "Blåbær", "鍵", " "]
            )


def test_whatever_a_code_says_it_has_one_outcome_and_the_next_card_works() -> None:
    dice, decoder, attention = random.Random(5), QrDecoder(), Attention(GONE)
    good = drawn_as_code(CODE)
    for case in range(CASES):
        texts = decoder.texts(drawn_as_code(drawn(dice)))
        outcomes = [our_code(text) for text in texts]
        assert len(outcomes) <= 1, case
        attention.choose(texts)
        for _ in range(GONE):
            attention.choose([])
        assert attention.choose(decoder.texts(good)) == CODE, case
        for _ in range(GONE):
            attention.choose([])


def drawn_as_code(text: str) -> Frame:
    """A picture that is nothing but the code."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    return np.pad(np.array(code.to_image(scale=3)), 20, constant_values=255)


SIZES = st.one_of(st.integers(0, 3), st.integers(4, 120))
SHAPES = st.one_of(
    st.tuples(SIZES, SIZES),
    st.tuples(SIZES, SIZES, st.integers(0, 5)),
    st.lists(st.integers(0, 4), max_size=5).map(tuple),
    st.sampled_from([(1, 4000), (4000, 1), (2, 3, 3), (1, 1, 3), (1, 1, 4)]),
)
DTYPES = st.sampled_from(["uint8", "uint8", "uint8", "uint16", "int8", "float32", "bool"])


@settings(max_examples=200)
@given(SHAPES, DTYPES, st.integers(0, 2**32 - 1))
def test_any_picture_at_all_is_borne(shape: tuple[int, ...], dtype: str, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)
    assert looked_at(frame) == []


@settings(max_examples=60)
@given(st.data(), st.integers(0, 2**16))
def test_of_a_damaged_picture_the_code_is_read_or_nothing(data: st.DataObject, seed: int) -> None:
    frame = card_frame(CODE).copy()
    rng = np.random.default_rng(seed)
    for _ in range(data.draw(st.integers(1, 12), label="patches")):
        top, left = rng.integers(150, 550), rng.integers(300, 950)
        high, wide = rng.integers(5, 90, 2)
        patch = frame[top : top + high, left : left + wide]
        patch[:] = rng.integers(0, 256, patch.shape) if rng.random() < 0.5 else rng.integers(256)
    step = data.draw(st.sampled_from([1, 1, 1, 2, -1]), label="step")
    assert set(looked_at(frame[::step, ::step])) <= {CODE}


def test_pictures_may_change_size_and_colour_from_one_to_the_next() -> None:
    decoder, frame = QrDecoder(), card_frame(CODE)
    forms = [
        frame,
        frame[60:, 100:],
        np.zeros((0, 0), np.uint8),
        np.dstack([frame] * 3),
        np.dstack([frame] * 4),
        frame[:, :, None],
        np.asfortranarray(frame),
        frame[::-1],
        np.zeros((720, 0, 3), np.uint8),
        np.kron(frame, np.ones((2, 2), np.uint8)),
    ]
    assert [decoder.texts(form) for form in forms] == [
        [CODE] if form.size else [] for form in forms
    ]


def test_a_code_on_a_screen_in_the_dark_is_read() -> None:
    shot = photograph([(CODE, Pose(ink=5, paper=250))], Light(exposure=0.9, noise=25))
    assert CODE in looked_at(shot)
