"""The page about policies says what the code and the shipped files say."""

import re

from presence.policy import Policy
from tests.checks import policies_doc

_ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)


def page() -> str:
    return policies_doc.TARGET.read_text(encoding="utf-8")


def test_what_differs_between_the_societies_is_as_their_files_say() -> None:
    assert page() == policies_doc.document(page())


def test_every_key_is_explained_with_its_range_and_its_default() -> None:
    told = _ROW.findall(page().partition("## Every key")[2])
    said = [(key, default) for key, _, default, _, _ in told]
    asked = sorted((key, default) for key, _, default in policies_doc.every_key())
    assert sorted(said) == asked
    ranges = {key: may_be for key, may_be, *_ in told}
    assert {
        key: may_be for key, may_be, _ in policies_doc.every_key() if may_be not in ranges[key]
    } == {}


def test_every_field_of_a_policy_is_a_key_but_its_society() -> None:
    keys = {key for key, _, _ in policies_doc.every_key()}
    assert keys == {*Policy.__struct_fields__} - {"society", "version"} | {"from"}


def test_every_choice_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", page()))
    assert named >= policies_doc.choices()
