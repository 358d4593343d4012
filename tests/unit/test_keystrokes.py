"""From the keys that a scanner presses to what it has read, whatever layout it was set to."""

import random

import pytest
from evdev import ecodes
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.readers import keystrokes
from kiosk.readers.keystrokes import GAPS, QUIET_LOOKS, Keystrokes
from kiosk.readers.scanned import LONGEST_QR
from presence.card import MAX_CODE_CHARACTERS, Evidence, SignedCode, Unreadable
from tests.hardware_mocks.keyboard import (
    CAPS_LOCK,
    LAYOUTS,
    SHIFT,
    TAB,
    Keys,
    stroke,
    typed,
    typed_by_number,
    with_caps_lock,
)
from tests.hardware_mocks.qr_frames import genuine_code

ADA = genuine_code(1)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CODES = (
    st.text(ALPHABET, max_size=MAX_CODE_CHARACTERS - 4)
    .filter(lambda text: "TS1:" not in text)
    .map(lambda text: "TS1:" + text)
)
CASES = 20 * settings.default.max_examples if settings.default else 2000
ALL = sorted(LAYOUTS)
DOWN, UP = 1, 0
CTRL = 29


def read(keys: Keys, into: Keystrokes | None = None) -> list[Evidence | Unreadable]:
    """What is made of these keys."""
    strokes = into or Keystrokes()
    found: list[Evidence | Unreadable] = []
    for key, value in keys:
        if value == DOWN:
            found += [scan.outcome for scan in strokes.press(key)]
        elif value == UP:
            strokes.release(key)
    return found


def test_the_numbers_of_keys_are_those_of_the_kernel() -> None:
    names = {
        "KEY_TAB": keystrokes.TAB,
        "KEY_ENTER": keystrokes.ENTER,
        "KEY_KPENTER": keystrokes.KEYPAD_ENTER,
        "KEY_LEFTALT": keystrokes.ALT,
        "KEY_RIGHTALT": keystrokes.ALT_GR,
        "KEY_J": keystrokes._J,
        "KEY_M": keystrokes._M,
    }
    assert {name: ecodes.ecodes[name] for name in names} == names
    assert {ecodes.KEY_LEFTCTRL, ecodes.KEY_RIGHTCTRL} == keystrokes.CTRL
    assert {ecodes.KEY_LEFTSHIFT, ecodes.KEY_RIGHTSHIFT} == keystrokes.SHIFT
    common = {ecodes.ecodes[f"KEY_{char.upper()}"]: char for char in ALPHABET.lower()[:36]}
    assert {**common, ecodes.KEY_SPACE: " "} == keystrokes._COMMON
    keypad = {ecodes.ecodes[f"KEY_KP{digit}"]: str(digit) for digit in range(10)}
    assert keypad == keystrokes.KEYPAD_DIGITS
    signs = {"MINUS": "-", "PLUS": "+", "DOT": ".", "ASTERISK": "*", "SLASH": "/"}
    others = {ecodes.ecodes[f"KEY_KP{name}"]: sign for name, sign in signs.items()}
    assert {**keypad, **others} == keystrokes._KEYPAD


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=50)
@given(code=CODES)
def test_a_code_is_read_in_whatever_layout_it_was_typed(layout: str, code: str) -> None:
    found = read(typed(code, layout))
    swapped = code.translate(str.maketrans("YZ", "ZY"))
    nordic = layout == "de" and not set(code) & set("+*$")
    assert found in ([SignedCode(code)], [SignedCode(swapped if nordic else code)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_genuine_code_is_read_as_it_is_in_every_layout(layout: str) -> None:
    for number in range(20):
        code = genuine_code(number)
        assert read(typed(code, layout)) == [SignedCode(code)]


@settings(max_examples=50)
@given(code=CODES)
def test_a_scanner_that_types_numbers_needs_no_layout(code: str) -> None:
    assert read(typed_by_number(code)) == [SignedCode(code)]


def test_caps_lock_that_a_scanner_switches_or_was_left_on_changes_nothing() -> None:
    assert read(with_caps_lock(typed(ADA.lower()))) == [SignedCode(ADA)]
    assert read(typed(ADA.lower())) == [SignedCode(ADA)]
    strokes = Keystrokes()
    read([*stroke(CAPS_LOCK)], strokes)
    assert read(typed(ADA.lower()), strokes) == [SignedCode(ADA)]
    assert read(typed(ADA), strokes) == [SignedCode(ADA)]


@pytest.mark.parametrize(
    ("keys", "outcomes"),
    [
        (typed(ADA, end=TAB), [SignedCode(ADA)]),
        (typed(ADA, end=keystrokes.KEYPAD_ENTER), [SignedCode(ADA)]),
        ([*typed(ADA, end=None), *stroke(keystrokes._M, (29,))], [SignedCode(ADA)]),
        ([*(4 * [*stroke(48, (29,))]), *typed(ADA)], [SignedCode(ADA)]),  # Ctrl+B in front: STX
        ([*stroke(69), *typed(ADA)], [SignedCode(ADA)]),  # Num Lock
        ([(key, 2) for key, _ in typed(ADA)] + list(typed(ADA)), [SignedCode(ADA)]),
        ([*typed(ADA), *stroke(28), *stroke(28)], [SignedCode(ADA)]),
        (typed("https://example.org/"), [Unreadable.UNSUPPORTED]),
        (typed("TS1:" + "A" * 297), [Unreadable.TOO_LONG]),
        (typed("7" * LONGEST_QR), [Unreadable.UNSUPPORTED]),
        (typed("7" * (LONGEST_QR + 100)), [Unreadable.TOO_LONG]),
        ([*stroke(SHIFT), *stroke(28)], []),
    ],
)
def test_what_scanners_are_set_to_type(keys: Keys, outcomes: list[Evidence | Unreadable]) -> None:
    assert read(keys) == outcomes


def test_without_a_terminator_a_scan_ends_when_nothing_comes() -> None:
    strokes = Keystrokes()
    assert read(typed(ADA, end=None), strokes) == []
    quiet = [scan.outcome for _ in range(QUIET_LOOKS + 5) for scan in strokes.quiet()]
    assert quiet == [SignedCode(ADA)]
    assert not strokes.is_busy


def test_a_scanner_that_takes_its_time_is_waited_for() -> None:
    strokes, gap = Keystrokes(), QUIET_LOOKS - 1
    found: list[Evidence | Unreadable] = []
    for key in typed(ADA):
        found += read([key], strokes)
        found += [scan.outcome for _ in range(gap) for scan in strokes.quiet()]
    assert found == [SignedCode(ADA)]
    read(typed("TS1:A", end=None)[:2], strokes)
    for _ in range(gap):
        strokes.quiet()
    read(typed("TS1:A", end=None)[2:], strokes)
    assert [scan for _ in range(GAPS * gap - 1) for scan in strokes.quiet()] == []
    assert len(strokes.quiet()) == 1


def test_a_scan_of_which_keys_were_lost_is_garbled_and_the_next_one_works() -> None:
    strokes = Keystrokes()
    keys = typed(ADA)
    read(keys[:40], strokes)
    strokes.lost()
    assert read(keys[60:], strokes) == [Unreadable.GARBLED]
    assert read(keys, strokes) == [SignedCode(ADA)]
    read([(CTRL, DOWN)], strokes)
    strokes.lost()  # and with it that the key went up
    read([(28, DOWN), (28, UP)], strokes)
    assert read(keys, strokes) == [SignedCode(ADA)]


def anything(dice: random.Random) -> Keys:
    """Keys at random, codes in all layouts, and both mixed up."""
    keys: list[tuple[int, int]] = []
    for _ in range(dice.randrange(1, 4)):
        if dice.random() < 0.5:
            keys += typed("".join(dice.choices(ALPHABET, k=30)), dice.choice(ALL), end=None)
        else:
            some = [28, 29, 42, 56, 58, 100, 79, dice.randrange(1, 256)]
            keys += [(dice.choice(some), dice.randrange(3)) for _ in range(dice.randrange(40))]
    if dice.random() < 0.2:
        dice.shuffle(keys)
    return keys


def test_whatever_is_typed_the_next_card_works() -> None:
    dice = random.Random(6)
    for case in range(CASES):
        strokes = Keystrokes()
        before = read(anything(dice), strokes)
        held = [(key, UP) for key in sorted(strokes._down)]
        end = read([*held, *stroke(28)], strokes)
        assert all(isinstance(outcome, SignedCode | Unreadable) for outcome in [*before, *end])
        assert read(typed(ADA, dice.choice(ALL)), strokes) == [SignedCode(ADA)], case
