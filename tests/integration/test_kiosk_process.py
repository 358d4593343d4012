"""The kiosk as a whole process: from its start, over a tap on its reader, to its end."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.outbox import SqliteOutbox
from presence.messages import Arrived, Have, Heartbeat, Question
from presence.verdict import Basis
from server.broker import Broker
from tests.fakes.facts import CARD
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.integration.kiosk_process import Home, KioskProcess, ServerScript, kiosk
from tests.integration.link_bench import server_end

CLOSED_PORT = 9  # discard: nobody listens


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def reader() -> Iterator[EmulatedPn532]:
    with EmulatedPn532() as emulated:
        yield emulated


def test_a_kiosk_gets_ready_without_a_server_and_ends_when_asked(home: Home) -> None:
    with kiosk(home.config(CLOSED_PORT)) as process:
        assert process.told() == "WATCHDOG=1"
        code, log = process.end()
    assert code == 0
    assert "Traceback" not in log
    assert "WARNING kiosk.link.mqtt: no link to the server at 127.0.0.1:9: " in log


def page_of(process: KioskProcess) -> str:
    assert process.process.stderr is not None
    line = process.process.stderr.readline()
    while "the page is at" not in line:
        line = process.process.stderr.readline()
    address = re.search(r"http://\S+", line)
    assert address is not None
    return address[0]


def test_its_page_is_there_when_it_is_ready(home: Home) -> None:
    with (
        kiosk(home.config(CLOSED_PORT)) as process,
        urllib.request.urlopen(page_of(process), timeout=10) as page,
    ):
        assert page.status == 200


def test_a_running_kiosk_says_how_it_is(home: Home, reader: EmulatedPn532) -> None:
    with kiosk(home.config(CLOSED_PORT, reader.path)) as process:
        address = page_of(process) + "health.json"
        told: dict[str, object] = {}
        for _ in range(20):  # seconds: the reader is opened, and looked at again
            assert process.told() == "WATCHDOG=1"
            with urllib.request.urlopen(address, timeout=10) as answer:
                told = json.load(answer)
            if told["readers"] == {"pn532": "ready"}:
                break
    assert told.pop("program")
    assert told.pop("uptime_ms")
    assert told == {
        "readers": {"pn532": "ready"},
        "is_connected": False,
        "is_alarm": False,
        "outbox_depth": 0,
        "parked": 0,
    }


def test_a_tap_that_the_server_never_answers_is_recorded_and_delivered(
    home: Home, broker: Broker, reader: EmulatedPn532
) -> None:
    with server_end(broker.port) as end, kiosk(home.config(broker.port, reader.path)) as process:
        server = ServerScript(end, home)
        server.next(Have)
        reader.hold(card_with_text(home.code()))
        question = server.next(Question)
        entries = server.next_entries()
        assert isinstance(question, Question)
        (arrival,) = entries
        assert isinstance(arrival.what, Arrived)
        assert (arrival.what.card, arrival.what.basis) == (CARD, Basis.ROSTER)
        assert arrival.what.presentation == question.presentation
        server.accept(entries)
        heartbeat = server.next(Heartbeat)
        assert isinstance(heartbeat, Heartbeat)
        assert (heartbeat.outbox_depth, heartbeat.parked) == (0, 0)
        code, log = process.end()
    assert code == 0
    assert "Sonja" not in log


def test_a_tap_survives_the_power_cut_that_follows_it(
    home: Home, broker: Broker, reader: EmulatedPn532
) -> None:
    config = home.config(broker.port, reader.path)
    with server_end(broker.port) as end:
        server = ServerScript(end, home)
        with kiosk(config) as process:
            server.next(Have)
            reader.hold(card_with_text(home.code()))
            before = server.next_entries()
            process.kill()
        with kiosk(config):
            assert server.next_entries() == before


def test_the_power_cut_finds_entry_and_roster_on_the_disk(
    home: Home, broker: Broker, reader: EmulatedPn532
) -> None:
    with (
        server_end(broker.port) as end,
        kiosk(home.config(broker.port, reader.path)) as process,
    ):
        server = ServerScript(end, home)
        server.next(Have)
        reader.hold(card_with_text(home.code()))
        (entry,) = server.next_entries()
        process.kill()
    outbox = SqliteOutbox(home.folder / "data" / "outbox.db", os.urandom)
    assert [event for event, _ in outbox.waiting(10)] == [entry.event]
    outbox.close()
    files = {path.name: path.stat().st_mode & 0o777 for path in (home.folder / "data").iterdir()}
    assert set(files.values()) == {0o600}


def test_a_second_kiosk_on_the_same_data_is_turned_away(home: Home) -> None:
    config = home.config(CLOSED_PORT)
    with kiosk(config):
        second = KioskProcess(config)
        try:
            code, log = second.wait()
        finally:
            second.close()
    assert code == 1
    assert "outbox.db cannot be opened: database is locked" in log
    assert "Traceback" not in log


def test_a_page_whose_port_is_taken_is_a_fault_and_told(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = home.config(CLOSED_PORT)
        port = taken.getsockname()[1]
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        ended = run("--config", str(config))
    assert ended.returncode == 1
    assert "the kiosk cannot run: " in ended.stderr
    assert "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_broken_configuration_tells_every_fault_with_its_line_and_exits_2(
    home: Home, check: list[str]
) -> None:
    config = home.config(70_000)
    config.write_text(config.read_text() + "[[reader]]\nfamly = 'pn532'\n")
    ended = run("--config", str(config), *check)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"{config}:6: server.port: must be a whole number from 1 to 65535",
        f"{config}:9: reader[0].family: is missing",
        f"{config}:10: reader[0].famly: unknown key; did you mean family?",
    ]
    assert not (home.folder / "data").exists()


def test_what_only_the_parts_can_tell_is_a_configuration_fault_too(home: Home) -> None:
    config = home.config(CLOSED_PORT)
    config.write_text(config.read_text().replace("trust.json", "kiosk.toml"))
    ended = run("--config", str(config), "--check")
    assert ended.returncode == 2
    assert "the trust list cannot be read" in ended.stderr


def test_a_good_configuration_passes_the_check(home: Home) -> None:
    ended = run("--config", str(home.config(CLOSED_PORT)), "--check")
    assert (ended.returncode, ended.stderr) == (0, "")
