"""Readers by name, and cards by their answer to reset."""

import pytest

from kiosk.readers.smartcards import Kind, ReaderGoneError, State, choose, kind_of

ACR1252 = [
    "ACS ACR1252 1S CL Reader [ACR1252 1S CL Reader PICC] (0123456789) 00 00",
    "ACS ACR1252 1S CL Reader [ACR1252 1S CL Reader SAM] (0123456789) 01 00",
]
ACR1552 = ["ACS ACR1552 1S CL Reader PICC 00 00", "ACS ACR1552 1S CL Reader SAM 01 00"]
OMNIKEY = [
    "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] 00 00",
    "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] 01 00",
]
TWINS = ["ACS ACR122U PICC Interface 00 00", "ACS ACR122U PICC Interface 01 00"]


@pytest.mark.parametrize(
    ("names", "device", "chosen"),
    [
        (ACR1252, "", ACR1252[0]),
        (ACR1252, "acr1252", ACR1252[0]),
        (ACR1252, "SAM", ACR1252[1]),
        (ACR1552, "", ACR1552[0]),
        (OMNIKEY, "OMNIKEY", OMNIKEY[1]),
        (TWINS, "Interface 01", TWINS[1]),
        (ACR1252 + TWINS, "ACR1252", ACR1252[0]),
        (["Alcor Link AK9563 00 00"], "", "Alcor Link AK9563 00 00"),
    ],
)
def test_a_part_of_the_name_is_enough_and_the_slot_with_the_antenna_is_meant(
    names: list[str], device: str, chosen: str
) -> None:
    assert choose(names, device) == chosen


@pytest.mark.parametrize(
    ("names", "device", "why"),
    [
        ([], "", "no reader is plugged in"),
        (TWINS, "", f"several readers, configure which: {TWINS[0]}; {TWINS[1]}"),
        (
            [ACR1252[0], OMNIKEY[0]],
            "",
            f"several readers, configure which: {ACR1252[0]}; {OMNIKEY[0]}",
        ),
        (TWINS[:1], "ACR1252", f"no reader named 'ACR1252', but: {TWINS[0]}"),
    ],
)
def test_where_it_is_not_clear_which_reader_is_meant_the_choices_are_named(
    names: list[str], device: str, why: str
) -> None:
    with pytest.raises(ReaderGoneError) as raised:
        choose(names, device)
    assert str(raised.value) == why


@pytest.mark.parametrize(
    ("atr", "kind"),
    [
        ("3b8f8001804f0ca0000003060300030000000068", Kind.TYPE2),
        ("3b8f8001804f0ca0000003060300010000000069", Kind.SERIAL),
        ("3b8f8001804f0ca000000306030026000000004d", Kind.SERIAL),
        ("3b8180018080", Kind.TYPE4),
        ("3b85800173c821100eb6", Kind.TYPE4),
        ("3b80800101", Kind.TYPE4),
        ("3b6500002063cb6800", Kind.OTHER),
        ("3f", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_the_answer_to_reset_tells_how_to_speak_to_a_card(atr: str, kind: Kind) -> None:
    assert kind_of(bytes.fromhex(atr)) is kind


PRESENT, EMPTY = 0x20, 0x10


@pytest.mark.parametrize(
    ("before", "moves_before", "after", "moves_after", "is_same"),
    [
        (EMPTY, 0, EMPTY, 0, True),
        (EMPTY, 4, PRESENT, 5, False),
        (EMPTY, 4, PRESENT, 4, False),  # shown, but not counted yet
        (PRESENT, 4, PRESENT, 5, True),  # now it is
        (PRESENT, 5, PRESENT, 7, False),  # another one, swapped between two looks
        (PRESENT, 0xFFFF, PRESENT, 0, True),
        (PRESENT, 0xFFFF, PRESENT, 1, False),
        (PRESENT, 5, EMPTY, 6, False),
        (EMPTY, 6, EMPTY, 8, False),  # a card that came and went
    ],
)
def test_cards_that_came_and_went_are_counted(
    before: int, moves_before: int, after: int, moves_after: int, *, is_same: bool
) -> None:
    earlier = State(moves_before << 16 | before, b"")
    later = State(moves_after << 16 | after, b"")
    assert later.is_same_card(earlier) is is_same
