"""What the kiosk must not forget, and the way to the server: each check finds its fault."""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.config import Config, Server
from kiosk.doctor import network, records
from kiosk.doctor.finding import Finding, State
from kiosk.doctor.running import Running
from kiosk.health import Condition
from kiosk.outbox import SqliteOutbox
from presence.ids import KioskId
from presence.messages import Receipt, Settlement
from presence.trust import Purpose, TrustedKey, encode_trust
from tests.fakes import facts
from tests.fakes.machine import NO_IPV6_ROUTE, NOW, healthy, put

MIB = 2**20
IPV6_ROUTE = " ".join(
    ["0" * 32, "00", "0" * 32, "00", "f" * 32, "1", "3", "0", "00000003", "wlan0"]
)


def one(findings: Iterable[Finding]) -> Finding:
    [finding] = findings
    assert (finding.mend != "") or finding.state in (State.OK, State.NOT_CHECKED)
    return finding


def config(folder: Path, host: str = "tilstede.example.org") -> Config:
    return Config(KioskId("solbakken-1"), folder, folder / "trust.json", Server(host, 1883))


@pytest.mark.parametrize(
    ("free", "state"), [(10 * MIB, State.FAULT), (200 * MIB, State.WARN), (900 * MIB, State.OK)]
)
def test_a_full_disk_is_told(tmp_path: Path, free: int, state: State) -> None:
    machine = healthy(tmp_path, free=lambda _: free)
    assert one(records.disk(machine, tmp_path / "not" / "yet")).state is state


def test_a_folder_that_cannot_be_written_to_is_a_fault(tmp_path: Path) -> None:
    assert one(records.folder(healthy(tmp_path), tmp_path)).state is State.OK
    assert "will be made" in one(records.folder(healthy(tmp_path), tmp_path / "new")).found
    machine = healthy(tmp_path, may_use=lambda _: False)
    finding = one(records.folder(machine, tmp_path))
    assert finding.state is State.FAULT
    assert finding.found == f"kari may not write to {tmp_path}"


def test_a_folder_that_is_somebody_elses_is_not_checked_and_says_whose(tmp_path: Path) -> None:
    machine = healthy(tmp_path, may_use=lambda _: False, owner_of=lambda _: "tilstede")
    finding = one(records.folder(machine, tmp_path))
    assert finding.state is State.NOT_CHECKED
    assert finding.mend == "sudo -u tilstede tilstede doctor ..."


def test_files_that_were_set_aside_are_counted_without_what_belongs_to_them(tmp_path: Path) -> None:
    assert one(records.damaged(tmp_path)).state is State.OK
    for name in ("outbox.db.damaged-1", "outbox.db.damaged-1-wal", "roster.db.damaged-2"):
        (tmp_path / name).touch()
    finding = one(records.damaged(tmp_path))
    assert finding.state is State.WARN
    assert finding.found.startswith("2 damaged files")


# ---- the outbox


def outbox(folder: Path) -> SqliteOutbox:
    return SqliteOutbox(folder / "outbox.db", os.urandom)


def test_an_outbox_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
    assert one(records.outbox(healthy(tmp_path), tmp_path, None)).state is State.OK


def test_what_waits_is_counted_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    opened = outbox(data)
    opened.record(facts.arrived(), facts.reading(NOW - facts.NOON))
    files = {path.name: path.read_bytes() for path in data.iterdir()}
    finding = one(records.outbox(healthy(tmp_path), data, None))  # as after a power cut
    opened.close()
    assert finding.state is State.OK
    assert finding.found == "1 entries wait for the server"
    assert files.keys() == {"outbox.db", "outbox.db-wal"}


def test_entries_that_wait_for_more_than_a_day_are_a_warning(tmp_path: Path) -> None:
    opened = outbox(tmp_path)
    opened.record(facts.arrived(), facts.reading())
    opened.close()
    finding = one(records.outbox(healthy(tmp_path), tmp_path, None))
    assert finding.state is State.WARN
    assert "the oldest for 45 hours" in finding.found


def test_entries_that_the_server_refused_are_a_warning(tmp_path: Path) -> None:
    opened = outbox(tmp_path)
    entry = opened.record(facts.arrived(), facts.reading(NOW - facts.NOON))
    opened.settle([Receipt(entry.event, Settlement.REJECTED)])
    opened.close()
    finding = one(records.outbox(healthy(tmp_path), tmp_path, None))
    assert finding.state is State.WARN
    assert "the server refused 1" in finding.found


def test_a_damaged_outbox_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"no database" * 200)
    finding = one(records.outbox(healthy(tmp_path), tmp_path, None))
    assert finding.state is State.FAULT
    assert "damaged" in finding.found
    assert (tmp_path / "outbox.db").read_bytes() == b"no database" * 200


def test_an_outbox_of_another_version_is_told(tmp_path: Path) -> None:
    opened = outbox(tmp_path)
    opened._db.execute("PRAGMA user_version = 99")
    opened.close()
    finding = one(records.outbox(healthy(tmp_path), tmp_path, None))
    assert finding.state is State.FAULT
    assert "version 99" in finding.found


@pytest.mark.parametrize(
    ("waiting", "parked", "state"),
    [(3, 0, State.OK), (3, 1, State.WARN), (20_000, 0, State.FAULT)],
)
def test_a_running_kiosk_tells_of_its_outbox(
    tmp_path: Path, waiting: int, parked: int, state: State
) -> None:
    condition = Condition("0.1.0", 1, {}, True, False, waiting, parked)
    machine = healthy(tmp_path)
    assert one(records.outbox(machine, tmp_path, Running(condition))).state is state
    assert one(records.outbox(machine, tmp_path, Running())).state is State.NOT_CHECKED


# ---- whom it believes


def trusted(from_days: int, to_days: int) -> bytes:
    public = Ed25519PrivateKey.generate().public_key()
    begin, end = NOW + timedelta(days=from_days), NOW + timedelta(days=to_days)
    return encode_trust([TrustedKey(b"k1", public, Purpose.CARD, begin, end)])


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (trusted(-1, 1), State.OK),
        (trusted(-9, -1), State.FAULT),
        (trusted(1, 9), State.FAULT),
        (b"{}", State.FAULT),
        (b"", State.FAULT),
    ],
    ids=["valid", "over", "to come", "no list", "empty"],
)
def test_a_trust_list_without_a_key_for_now_is_a_fault(
    tmp_path: Path, content: bytes, state: State
) -> None:
    (tmp_path / "trust.json").write_bytes(content)
    assert one(records.trust(healthy(tmp_path), config(tmp_path))).state is state


# ---- the way out


def test_the_way_out_is_named_by_either_protocol(tmp_path: Path) -> None:
    machine = healthy(tmp_path)
    assert one(network.route(machine, config(tmp_path))).found == "there is a way out by eth0"
    put(tmp_path, "/proc/net/route", "Iface\n")
    put(tmp_path, "/proc/net/ipv6_route", f"{NO_IPV6_ROUTE}\n{IPV6_ROUTE}\n")
    assert one(network.route(machine, config(tmp_path))).found == "there is a way out by wlan0"


@pytest.mark.parametrize(
    ("host", "state"), [("tilstede.example.org", State.FAULT), ("127.0.0.1", State.WARN)]
)
def test_a_machine_without_a_way_out_is_told(tmp_path: Path, host: str, state: State) -> None:
    machine = healthy(tmp_path)
    put(tmp_path, "/proc/net/route", "Iface\n")
    assert one(network.route(machine, config(tmp_path, host))).state is state


def test_a_server_whose_name_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    def unknown(_host: str) -> object:
        raise OSError("Name or service not known")

    assert one(network.server_name(healthy(tmp_path), config(tmp_path))).state is State.OK
    machine = healthy(tmp_path, resolve=unknown)
    finding = one(network.server_name(machine, config(tmp_path)))
    assert finding.state is State.FAULT
    assert "tilstede.example.org has no address" in finding.found
