"""The doctor beside a kiosk that runs, at brokers of all kinds, and as a program."""

import json
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kiosk import app
from kiosk.config import load
from kiosk.doctor import network
from kiosk.doctor.examination import examine
from kiosk.doctor.finding import State
from kiosk.doctor.machine import Machine
from kiosk.link import Address, probe
from presence.ids import KioskId
from server.broker import Broker
from tests.hardware_mocks.hid_scanner import EmulatedHidScanner
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.integration.doctor_stand import CLOSED_PORT, ROOT, Stranger, free_port, raspberry_pi
from tests.integration.kiosk_process import Home, KioskProcess, kiosk


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("while True: server.accept()[0].close()", "ended the connection"),
        ("kept = [server.accept(), input()]", "says nothing"),
    ],
    ids=["hangs up", "is silent"],
)
def test_whatever_answers_in_the_brokers_place_is_told(
    tmp_path: Path, program: str, found: str
) -> None:
    port = free_port()
    config = load(Home(tmp_path).config(port), app.CHOICES)
    with Stranger(port, program):
        [fault] = network.broker(config, None)
    assert fault.state is State.FAULT
    assert found in fault.found
    assert "is it an MQTT broker?" in fault.found


def test_the_broker_is_told_name_and_password_under_another_client_id() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        address = Address("127.0.0.1", listener.getsockname()[1], "kari", "a secret")
        asked = pool.submit(probe, KioskId("solbakken-1"), address)
        peer, _ = listener.accept()
        with peer:
            greeting = peer.recv(1000)
            peer.sendall(bytes.fromhex("2003000000"))  # CONNACK: success (MQTT 5, section 3.2)
            asked.result(20)
    for word in (b"solbakken-1-doctor", b"kari", b"a secret"):
        assert word in greeting


# ---- beside a kiosk that runs


def test_a_running_kiosk_keeps_its_reader_and_says_how_it_is(
    tmp_path: Path, broker: Broker
) -> None:
    home, port = Home(tmp_path), free_port()
    with EmulatedPn532() as pn532:
        path = home.config(broker.port, pn532.path)
        path.write_text(path.read_text().replace("port = 0", f"port = {port}"))
        with kiosk(path) as process:
            await_ready(process, path, tmp_path)
            findings = examine(load(path, app.CHOICES), raspberry_pi(tmp_path))
            told = {(one.part, one.name): one for one in findings}
            code, log = process.end()
    assert told["reader", "pn532"].found == "the running kiosk says that this pn532 is ready"
    assert told["broker", ""].found.startswith("the running kiosk is connected")
    assert told["outbox", ""].found == "0 entries wait for the server"
    assert told["screen", "page"].found.endswith(f"shows it at http://127.0.0.1:{port}/")
    assert code == 0
    assert "afresh" not in log
    assert "is lost" not in log


def await_ready(process: KioskProcess, path: Path, folder: Path) -> None:
    """Reader and link are there; the kiosk tells systemd that it lives once a second."""
    machine = raspberry_pi(folder)
    for _ in range(20):
        assert process.told() == "WATCHDOG=1"
        findings = examine(load(path, app.CHOICES), machine)
        bad = [one for one in findings if one.state in (State.FAULT, State.WARN)]
        if {one.part for one in bad} <= {"lamps", "sound"}:
            return
    raise AssertionError(bad)


def test_a_kiosk_whose_port_nobody_knows_is_noticed_all_the_same(tmp_path: Path) -> None:
    with EmulatedPn532() as pn532:
        path = Home(tmp_path).config(CLOSED_PORT, pn532.path)
        with kiosk(path) as process:
            findings = examine(load(path, app.CHOICES), raspberry_pi(tmp_path))
            told = {(one.part, one.name): one for one in findings}
            code, _ = process.end()
    assert told["reader", "pn532"].state is State.NOT_CHECKED
    assert told["outbox", ""].state is State.NOT_CHECKED
    assert code == 0


def test_a_kiosk_that_runs_on_another_port_than_is_configured_is_told(tmp_path: Path) -> None:
    path = Home(tmp_path).config(CLOSED_PORT)
    with kiosk(path):
        path.write_text(path.read_text().replace("port = 0", f"port = {free_port()}"))
        findings = examine(load(path, app.CHOICES), raspberry_pi(tmp_path))
        told = {(one.part, one.name): one for one in findings}
    assert told["screen", "page"].state is State.FAULT
    assert told["screen", "page"].mend == "restart the kiosk"


# ---- as a program


def doctor(config: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "kiosk.cli", "doctor", "--config", str(config)]
        + (["--json"] if environment.pop("json", "") else []),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=ROOT,
        env=environment or None,
    )


def test_the_program_tells_line_by_line_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    ended = doctor(Home(tmp_path).config(CLOSED_PORT))
    assert ended.returncode == 1
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert re.match(r"Tilstede \S+, kiosk solbakken-1, 20\d\d-", lines[0])
    broken = lines.index("FAULT        broker: nobody answers at 127.0.0.1:9: Connection refused")
    assert lines[broken + 1].startswith("             -> look at server.host")
    assert re.fullmatch(r"\d+ at fault, \d+ warnings, \d+ fine, \d+ not checked", lines[-1])


def test_the_program_prints_one_document_for_other_programs(tmp_path: Path) -> None:
    ended = doctor(Home(tmp_path).config(CLOSED_PORT), json="yes")
    assert (ended.returncode, ended.stderr) == (1, "")
    told = json.loads(ended.stdout)
    assert told.keys() == {"program", "at", "kiosk", "findings"}
    assert {"fault", "ok"} <= {one["state"] for one in told["findings"]}
    assert {"part", "name", "state", "found", "mend"} == told["findings"][0].keys()


@pytest.mark.parametrize("is_plugged", [True, False])
def test_a_scanner_that_types_is_tried_and_missed(tmp_path: Path, is_plugged: bool) -> None:
    with EmulatedHidScanner() as scanner:
        path = Home(tmp_path).config(CLOSED_PORT)
        path.write_text(
            f'{path.read_text()}[[reader]]\nfamily = "hid_scanner"\ndevice = "{scanner.path}"\n'
        )
        if not is_plugged:
            scanner.unplug()
        told = json.loads(doctor(path, json="yes", **scanner.environment).stdout)
    [reader] = [one for one in told["findings"] if one["part"] == "reader"]
    if is_plugged:
        assert reader["state"] == "ok"
        assert reader["found"] == f"the hid_scanner at {scanner.path} answers"
    else:
        assert reader["state"] == "fault"
        assert reader["found"] == f"there is no {scanner.path}"


def test_this_machine_can_be_examined_whatever_it_is(tmp_path: Path) -> None:
    """No check may fail by itself, on a desk or a Raspberry Pi."""
    config = load(Home(tmp_path).config(CLOSED_PORT), app.CHOICES)
    findings = list(examine(config, Machine()))
    assert not [one for one in findings if "could not be made" in one.found]
    assert len(findings) > 10
