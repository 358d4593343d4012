"""The messages of every release, kept as files: what was once sent can always be read.

The files of this release also say how its messages look. Where one of these tests fails, the
contract has changed: give the message a new version, or keep the old shape.
"""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from presence import codec, cose
from presence.card import Evidence
from presence.messages import Entries, Message, What
from presence.statuslist import LIFE, open_list, table_of
from presence.topics import CHANNELS, Leaf
from presence.trust import trust_list
from presence.verdict import Due
from presence.visit import Fact
from tests.builders import CARD, NOW, trusted
from tests.contract.examples import (
    ENTRIES,
    EXAMPLES,
    GOLDEN,
    LIST_KEY,
    MARKS,
    RECEIVER,
    ROSTER_KEY,
    SIGNED_ROSTER,
    file_name,
    this_release,
)

RELEASES = sorted(path.name for path in GOLDEN.iterdir())
FILES = sorted(GOLDEN.glob("*/*.json"))
LEAVES = {file_name(leaf): leaf for leaf in Leaf}


def golden(path: Path) -> list[Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, list)
    assert found
    return found


def read(leaf: Leaf, message: Any) -> Message:
    channel = CHANNELS[leaf]
    return codec.decode(channel.message, json.dumps(message).encode(), channel.limit)


def test_every_message_of_this_release_has_its_golden_file() -> None:
    assert this_release() in RELEASES
    here = {path.name for path in FILES if path.parent.name == this_release()}
    assert here == set(LEAVES)
    assert set(EXAMPLES) == set(Leaf)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_any_release_sent_can_be_read(path: Path) -> None:
    leaf = LEAVES[path.name]
    for message in golden(path):
        found = read(leaf, message)
        if isinstance(found, Entries):
            assert [codec.decode_entry(one).event for one in found.entries]


@pytest.mark.parametrize("leaf", Leaf)
def test_this_release_reads_its_golden_messages_as_they_were_meant(leaf: Leaf) -> None:
    found = [read(leaf, message) for message in golden(GOLDEN / this_release() / file_name(leaf))]
    if leaf is Leaf.ENTRIES:
        (entries,) = found
        assert isinstance(entries, Entries)
        assert [codec.decode_entry(one) for one in entries.entries] == ENTRIES
    else:
        assert found == EXAMPLES[leaf]


@pytest.mark.parametrize("leaf", Leaf)
def test_this_release_writes_its_golden_messages(leaf: Leaf) -> None:
    written = [json.loads(codec.encode(message)) for message in EXAMPLES[leaf]]
    assert written == golden(GOLDEN / this_release() / file_name(leaf))


@pytest.mark.parametrize("release", RELEASES)
def test_what_any_release_signed_can_be_opened(release: str) -> None:
    raw = bytes.fromhex((GOLDEN / release / "signed_roster.hex").read_text(encoding="ascii"))
    trust = trust_list([trusted(ROSTER_KEY)])
    opened = cose.open_message(raw, ROSTER_KEY.purpose, RECEIVER, trust)
    assert opened.issued == NOW
    assert json.loads(opened.payload) == golden(GOLDEN / release / file_name(Leaf.ROSTER))[1]


@pytest.mark.parametrize("release", RELEASES)
def test_any_releases_status_list_can_be_read(release: str) -> None:
    """How tightly it is packed is zlib's affair; what it says is ours."""
    raw = bytes.fromhex((GOLDEN / release / "signed_status_list.hex").read_text(encoding="ascii"))
    opened = open_list(raw, CARD.list, trust_list([trusted(LIST_KEY)]))
    assert (opened.issued, opened.expires) == (NOW, NOW + LIFE)
    assert opened.table == table_of(MARKS)


def test_this_release_signs_byte_for_byte_as_its_golden_message() -> None:
    """Ed25519 is deterministic, so the whole envelope is."""
    kept = (GOLDEN / this_release() / "signed_roster.hex").read_text(encoding="ascii").strip()
    assert kept == SIGNED_ROSTER.hex()


def test_the_golden_messages_show_every_shape_there_is() -> None:
    """Every kind of evidence, of thing that happens, of reminder: each tagged type by its tag."""
    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    for union in (Evidence, Fact, What, Due):
        for kind in get_args(union):
            assert f'"type": "{kind.__struct_config__.tag}"' in text
