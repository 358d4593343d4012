"""The doctor on an emulated kiosk: every part as it should be, and each one missing in its turn."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kiosk import app
from kiosk.config import Config, load
from kiosk.doctor import network, readers
from kiosk.doctor.examination import examine
from kiosk.doctor.finding import Finding, State
from kiosk.doctor.machine import Machine
from kiosk.link import Address, probe
from presence.ids import KioskId
from server.broker import Broker
from tests.fakes.machine import healthy, put
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.fake_lgpio import FakeLgpio, emulated_pi
from tests.hardware_mocks.hid_scanner import EmulatedHidScanner
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import card_frame
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner
from tests.hardware_mocks.video import write_video
from tests.integration.kiosk_process import Home, KioskProcess, kiosk
from tests.integration.scripted_broker import Script, ScriptedBroker

AMBER, RED, BUZZER, BUTTON, ALARM, RESET = 27, 22, 18, 23, 24, 25
CLOSED_PORT = 9  # discard: nobody listens
ROOT = Path(__file__).parents[2]
WIRED = """
[indicator]
factory = "lgpio"
[switches]
button = {button}
alarm = {alarm}
[[reader]]
family = "pn532"
device = "{pn532}"
name = "hall"
reset_pin = {reset}
[[reader]]
family = "pcsc"
device = "Virtual"
[[reader]]
family = "serial_scanner"
device = "{scanner}"
[[reader]]
family = "camera"
device = "{camera}"
"""


def raspberry_pi(folder: Path) -> Machine:
    """Healthy, and with the clock by which the kiosk's keys are valid."""
    return healthy(folder / "machine", wall=lambda: datetime.now(UTC))


class Stand:
    """A kiosk with one of everything, that does not run."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.home = Home(folder)
        self.machine = raspberry_pi(folder)
        self.broker = stack.enter_context(Broker(folder / "broker"))
        self.chip: FakeLgpio = stack.enter_context(emulated_pi())
        self.pn532 = stack.enter_context(EmulatedPn532())
        self.pcscd = stack.enter_context(Pcscd())
        self.scanner = stack.enter_context(EmulatedSerialScanner())
        self.camera = folder / "camera.avi"
        self.show(card_frame(self.home.code()))
        self.chip.ground(ALARM)
        self.port = free_port()

    def show(self, frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        write_video(self.camera, [frame] * 8)

    def config(self, broker_port: int | None = None) -> Config:
        path = self.home.config(broker_port or self.broker.port)
        wired = WIRED.format(
            button=BUTTON,
            alarm=ALARM,
            reset=RESET,
            pn532=self.pn532.path,
            scanner=self.scanner.path,
            camera=self.camera,
        )
        text = path.read_text().replace("port = 0", f"port = {self.port}")
        path.write_text(text + wired)
        return load(path, app.CHOICES)

    def findings(self) -> list[Finding]:
        return list(examine(self.config(), self.machine))

    def only_fault(self) -> Finding:
        """Of all parts one is at fault, and the doctor says how to mend it."""
        [fault] = [one for one in self.findings() if one.state is not State.OK]
        assert fault.state is State.FAULT
        assert fault.mend
        return fault


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with ExitStack() as stack:
        yield Stand(tmp_path, stack)


def test_a_kiosk_that_lacks_nothing_is_found_fine_and_left_as_it_was(stand: Stand) -> None:
    findings = stand.findings()
    assert [one for one in findings if one.state is not State.OK] == []
    assert [one.name for one in findings if one.part == "reader"] == [
        "hall",
        "pcsc",
        "serial_scanner",
        "camera",
    ]
    told = {(one.part, one.name): one.found for one in findings}
    assert told["attached", "pcscd"] == "pcscd serves: Tilstede Virtual PICC 00 00"
    assert told["camera", "camera"].startswith("1280x720, brightness ")
    assert told["broker", ""] == f"127.0.0.1:{stand.broker.port} takes this kiosk in"
    assert {line.state for line in stand.chip.lines} == {"free"}
    assert not (stand.home.folder / "data").exists()
    again = stand.findings()
    assert [one for one in again if one.state is not State.OK] == []


def test_a_reader_whose_cable_is_out_is_named(stand: Stand) -> None:
    stand.pn532.unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "hall")


def test_a_scanner_whose_cable_is_out_is_named(stand: Stand) -> None:
    stand.scanner.unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "serial_scanner")


def test_a_usb_reader_that_is_out_is_named(stand: Stand) -> None:
    stand.pcscd.readers[0].unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "pcsc")
    assert fault.found.startswith("it does not work: the reader ")


def test_a_pcscd_that_does_not_run_is_named(stand: Stand) -> None:
    stand.pcscd.stop()
    bad = [one for one in stand.findings() if one.state is not State.OK]
    assert [(one.part, one.name) for one in bad] == [("reader", "pcsc"), ("attached", "pcscd")]
    assert all("systemctl start pcscd.socket" in one.found for one in bad)


def test_a_camera_that_is_out_is_named(stand: Stand) -> None:
    stand.camera.unlink()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "camera")


@pytest.mark.parametrize(
    ("grey", "size", "state", "found"),
    [
        (0, (720, 1280), State.FAULT, "black"),
        (128, (720, 1280), State.WARN, "shows nothing"),
        (None, (480, 640), State.WARN, "small"),
    ],
)
def test_a_picture_that_shows_no_codes_is_named(
    stand: Stand, grey: int | None, size: tuple[int, int], state: State, found: str
) -> None:
    frame = np.full(size, grey or 0, np.uint8)
    if grey is None:
        frame[::2] = 255
    stand.show(frame)
    [finding] = [one for one in stand.findings() if one.state is not State.OK]
    assert (finding.part, finding.state) == ("camera", state)
    assert found in finding.found


def test_a_pin_that_another_program_has_is_named(stand: Stand) -> None:
    stand.chip.busy.add(RED)
    fault = stand.only_fault()
    assert fault.part == "lamps"
    assert "GPIO busy" in fault.found


def test_a_fire_alarm_whose_wire_is_cut_is_named(stand: Stand) -> None:
    stand.chip.let_go(ALARM)
    assert stand.only_fault().part == "fire alarm"


def test_a_broker_that_is_away_is_named(stand: Stand) -> None:
    stand.broker.stop()
    fault = stand.only_fault()
    assert fault.part == "broker"
    assert "Connection refused" in fault.found


def test_a_broker_that_does_not_take_the_kiosk_in_is_named(stand: Stand) -> None:
    refusing = ScriptedBroker(Script(connack=0x87))
    try:
        findings = list(examine(stand.config(refusing.port), stand.machine))
    finally:
        refusing.stop()
    [fault] = [one for one in findings if one.state is not State.OK]
    assert fault.part == "broker"
    assert "refused the connection: Not authorized" in fault.found
    assert "server.password" in fault.mend


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("while True: server.accept()[0].close()", "ended the connection"),
        ("kept = [server.accept(), input()]", "says nothing"),
    ],
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


def test_a_reader_that_says_nothing_at_all_is_given_up(stand: Stand) -> None:
    config = next(one for one in stand.config().readers if one.family == "pcsc")
    stand.pcscd.freeze()
    try:
        [fault] = readers.reader(stand.machine, config, None, seconds=0.5)
    finally:
        stand.pcscd.thaw()
    assert fault.state is State.FAULT
    assert fault.found.startswith("it has said nothing")


def test_what_takes_readers_from_pcscd_and_what_must_not_serve_it_is_told(stand: Stand) -> None:
    put(stand.machine.root, "/proc/modules", "pn533_usb 1 0 - Live 0x0\nnfc 1 0 - Live 0x0\n")
    put(stand.machine.root, "/etc/reader.conf.d/vpcd", "")
    bad = [one for one in stand.findings() if one.state is not State.OK]
    assert [(one.name, one.state) for one in bad] == [
        ("modules", State.WARN),
        ("vpcd", State.FAULT),
    ]
    assert "pn533_usb, nfc" in bad[0].found


def test_a_port_that_somebody_keeps_without_listening_is_named(stand: Stand) -> None:
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", stand.port))
        fault = stand.only_fault()
    assert (fault.part, fault.name) == ("screen", "page")
    assert "Address already in use" in fault.found


def test_a_port_that_another_program_has_is_named(stand: Stand) -> None:
    with Stranger(stand.port):
        fault = stand.only_fault()
    assert (fault.part, fault.name) == ("screen", "page")
    assert f"another program has port {stand.port}" in fault.found


HANGS_UP = "while True: server.accept()[0].close()"


class Stranger:
    """Something else on a port; if not told otherwise, it answers every call with nothing."""

    def __init__(self, port: int, program: str = HANGS_UP) -> None:
        program = (
            "import socket\n"
            f"server = socket.create_server(('127.0.0.1', {port}))\n"
            "print('ready', flush=True)\n"
            f"{program}\n"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_whoever_tries_everything_sees_lamps_hears_sounds_and_holds_a_card(stand: Stand) -> None:
    asked: list[str] = []

    def say(what: str) -> None:
        asked.append(what)
        if "'hall'" in what:
            stand.pn532.hold(card_with_text(stand.home.code()))
        elif "'pcsc'" in what:
            stand.pcscd.readers[0].hold(card_with_text("TS1:"))
        elif "'serial_scanner'" in what:
            stand.scanner.hold(b"https://example.org/\r")
        elif "button" in what:
            stand.chip.bounce(BUTTON, grounded=True)
            stand.chip.pass_time(0.1)
            stand.chip.bounce(BUTTON, grounded=False)
            stand.chip.pass_time(0.1)

    told = {(one.part, one.name): one for one in examine(stand.config(), stand.machine, say)}
    assert len(asked) == 10
    assert told["reader", "hall card"].found.startswith("a card with our code was read")
    assert told["reader", "camera card"].found.startswith("a card with our code was read")
    assert told["reader", "serial_scanner card"].state is State.WARN
    assert told["button", ""].state is State.OK
    assert "out 1" in stand.chip.lines[AMBER].states
    assert "out 1" in stand.chip.lines[RED].states
    tones = {state for state in stand.chip.lines[BUZZER].states if state.startswith("tone")}
    assert {"tone 660", "tone 990", "tone 520", "tone 1800"} <= tones
    assert stand.home.code() not in str(told)


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
