"""Keys are made once, readable by nobody else, and never quietly replaced."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from presence.trust import Purpose, decode_trust
from server.keys import KeysError, open_keys, open_secret

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_keys_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = open_keys(tmp_path, NOW)
    again = open_keys(tmp_path, datetime(2030, 1, 1, tzinfo=UTC))
    assert {one.kid for one in again.signing.values()} == {
        one.kid for one in first.signing.values()
    }
    assert (tmp_path / "trust.json").read_bytes() != b""
    assert decode_trust((tmp_path / "trust.json").read_bytes()) == again.trust


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, NOW)
    assert keys.card.purpose is Purpose.CARD
    assert keys.roster.purpose is Purpose.ROSTER
    assert keys.status_list.purpose is Purpose.STATUS_LIST
    assert len({keys.card.kid, keys.roster.kid, keys.status_list.kid}) == 3
    assert set(keys.trust) == {(one.purpose, one.kid) for one in keys.signing.values()}


def test_private_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    open_keys(tmp_path, NOW)
    open_secret(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes.pop("trust.json") in (0o644, 0o600)
    names = ("card.pem", "roster.pem", "status_list.pem", "chips.json", "web.key")
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize("name", ["card.pem", "chips.json", "web.key"])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    open_keys(tmp_path, NOW)
    open_secret(tmp_path)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(KeysError, match=r"chmod 600"):
        _open_both(tmp_path)


def test_a_key_is_not_replaced_when_the_trust_list_is_missing(tmp_path: Path) -> None:
    open_keys(tmp_path, NOW)
    before = (tmp_path / "card.pem").read_bytes()
    (tmp_path / "trust.json").unlink()
    with pytest.raises(KeysError, match="backup"):
        open_keys(tmp_path, NOW)
    assert (tmp_path / "card.pem").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_damaged_key_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    open_keys(tmp_path, NOW)
    (tmp_path / "roster.pem").write_bytes(content)
    with pytest.raises(KeysError, match=r"roster\.pem"):
        open_keys(tmp_path, NOW)


def test_a_key_of_another_trust_list_is_an_error(tmp_path: Path) -> None:
    open_keys(tmp_path / "one", NOW)
    open_keys(tmp_path / "two", NOW)
    (tmp_path / "two" / "card.pem").rename(tmp_path / "one" / "card.pem")
    with pytest.raises(KeysError, match="not in the trust list"):
        open_keys(tmp_path / "one", NOW)


def test_a_missing_key_is_an_error(tmp_path: Path) -> None:
    open_keys(tmp_path, NOW)
    (tmp_path / "card.pem").unlink()
    with pytest.raises(KeysError, match=r"card\.pem cannot be read"):
        open_keys(tmp_path, NOW)


def test_a_damaged_trust_list_is_an_error(tmp_path: Path) -> None:
    open_keys(tmp_path, NOW)
    (tmp_path / "trust.json").write_text("{}", encoding="utf-8")
    with pytest.raises(KeysError, match="trust list"):
        open_keys(tmp_path, NOW)


def test_the_web_secret_is_kept(tmp_path: Path) -> None:
    first = open_secret(tmp_path)
    assert len(first) == 64
    assert open_secret(tmp_path) == first


def test_no_private_key_is_ever_printed(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, NOW)
    secret = keys.card.private_key.private_bytes_raw().hex()
    assert secret not in repr(keys) + str(keys)
    for chip_secret in (keys.chips.meta, keys.chips.file, keys.chips.index):
        assert repr(chip_secret) not in repr(keys) + str(keys)


def test_the_secrets_of_the_chips_are_made_once_and_differ(tmp_path: Path) -> None:
    first = open_keys(tmp_path, NOW).chips
    assert open_keys(tmp_path, NOW).chips == first
    assert (len(first.meta), len(first.file), len(first.index)) == (16, 16, 32)
    assert len({first.meta, first.file, first.index[:16], bytes(16)}) == 4


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        "{}",
        '{"meta": 1, "file": 2, "index": 3}',
        '{"meta": "xy", "file": "xy", "index": "xy"}',
        '{"meta": "aa", "file": "bb", "index": "cc"}',
    ],
)
def test_damaged_secrets_of_the_chips_are_told_without_repeating_them(
    tmp_path: Path, content: str
) -> None:
    open_keys(tmp_path, NOW)
    (tmp_path / "chips.json").write_text(content, encoding="utf-8")
    with pytest.raises(KeysError, match=r"chips\.json") as raised:
        open_keys(tmp_path, NOW)
    assert raised.value.__cause__ is None
    assert "xy" not in str(raised.value)


def _open_both(folder: Path) -> None:
    open_keys(folder, NOW)
    open_secret(folder)
